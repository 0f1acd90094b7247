"""Designer: a graph of steps, from the table to the model at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import FileResponse, PlainTextResponse, StreamingResponse

from hortus.errors import RunError
from hortus.run import open_run
from hortus.run.graph import Graph, kinds, problems, refusal
from hortus.run.graph.from_run import from_run
from hortus.run.graph.script import to_script
from hortus.run.graph.templates import TEMPLATES, from_template
from hortus.studio.briefs import brief
from hortus.studio.decided import decided
from hortus.studio.designer_bodies import (
    After,
    Begin,
    DesignBody,
    DesignLine,
    Edit,
    GraphBody,
    KindBody,
    NodeState,
    Only,
    Palette,
    ProblemBody,
    Refusal,
    Restore,
    RevisionLine,
    TableBody,
    TemplateBody,
    Title,
    Wanted,
)
from hortus.studio.designs import Columns, Design, Designs
from hortus.studio.events import stream
from hortus.studio.home import absent
from hortus.studio.kept import kept
from hortus.studio.mends import plan
from hortus.studio.replies import Trouble
from hortus.studio.runs import require_over
from hortus.studio.state import Here, Id, Studio

router = APIRouter(prefix="/api/designer", tags=["designer"])

NodeId = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("/palette")
def palette() -> Palette:
    """Every kind of node, with the form of its settings, and the graphs to begin with."""
    made = [KindBody.model_validate(asdict(kind)) for kind in kinds().values()]
    return Palette(kinds=made, templates=[TemplateBody(name=t.name, title=t.title, about=t.about) for t in TEMPLATES])


@router.get("/tables")
def tables(request: Request, studio: Here) -> list[TableBody]:
    """The tables that a graph can begin with, and their columns."""
    found = [stored for stored in studio.tables.all() if stored.kind == "table"]
    return [
        TableBody(
            id=stored.id,
            name=stored.name,
            columns=kept(request, Columns).of(studio.tables, stored.id),
            target=stored.note.get("target"),
            ignore=list(plan(stored.note).ignore),
            keep=list(plan(stored.note).keep),
        )
        for stored in found
    ]


@router.get("/graphs")
def graphs(request: Request, studio: Here) -> list[DesignLine]:
    """Every graph, the one that was changed last first."""
    here = kept(request, Designs)
    found = [
        DesignLine(
            id=one.id,
            name=one.name,
            nodes=len(one.now.graph.nodes),
            changed=one.revisions[-1].at,
            running=here.running(one),
        )
        for one in here.all(studio.home)
    ]
    return sorted(found, key=lambda line: -line.changed)


@router.post("/graphs")
def begin(request: Request, studio: Here, asked: Begin) -> DesignBody:
    """Keep a new graph: empty, from a template, or a finished run's."""
    here = kept(request, Designs)
    source = "" if asked.table is None else studio.tables.get(asked.table).id
    if asked.run is not None:
        run = studio.runs.get(asked.run)
        require_over(run, studio.runs.state(run))
        table = asked.table or run.note.get("table")
        if run.kind == "image" or not isinstance(table, str):
            raise RunError(
                f"The table of {run.name} is not in the studio.",
                mend="Bring it in, and choose it for this graph.",
                code="graph-no-table",
            )
        made = from_run(open_run(run.folder), source=studio.tables.get(table).id, which=asked.which)
        name = f"{run.name}, drawn"
    elif asked.template:
        made = from_template(asked.template, source=source, target=asked.target)
        if asked.table is not None:
            made = decided(made, plan(studio.tables.get(asked.table).note), asked.target)
        name = made.title
    else:
        made, name = Graph(title="New graph"), "New graph"
    return body(here, studio, here.begin(studio.home, made, name=name))


@router.get("/graphs/{graph}")
def one(request: Request, studio: Here, graph: Id) -> DesignBody:
    """A graph as it is now."""
    here = kept(request, Designs)
    return body(here, studio, here.get(studio.home, graph))


@router.patch("/graphs/{graph}")
def rename(request: Request, studio: Here, graph: Id, title: Title) -> DesignBody:
    """Call a graph something else."""
    here = kept(request, Designs)
    return body(here, studio, here.rename(studio.home, graph, title.name))


@router.post("/graphs/{graph}/edit")
def edit(request: Request, studio: Here, graph: Id, asked: Edit) -> DesignBody:
    """Append an edit."""
    here = kept(request, Designs)
    made = Graph.from_json(asked.graph.model_dump())
    return body(here, studio, here.edit(studio.home, graph, made, label=asked.label, after=asked.after))


@router.post("/graphs/{graph}/undo")
def undo(request: Request, studio: Here, graph: Id, asked: After) -> DesignBody:
    """Take the last edit back."""
    here = kept(request, Designs)
    return body(here, studio, here.move(studio.home, graph, "undo", after=asked.after))


@router.post("/graphs/{graph}/redo")
def redo(request: Request, studio: Here, graph: Id, asked: After) -> DesignBody:
    """Do again what was undone."""
    here = kept(request, Designs)
    return body(here, studio, here.move(studio.home, graph, "redo", after=asked.after))


@router.get("/graphs/{graph}/revisions")
def revisions(request: Request, studio: Here, graph: Id) -> list[RevisionLine]:
    """Every edit there was, the newest first."""
    found = kept(request, Designs).get(studio.home, graph)
    return [
        RevisionLine(
            number=r.number, label=r.label, at=r.at, nodes=len(r.told["nodes"]), current=r.number == found.now.number
        )
        for r in reversed(found.revisions)
    ]


@router.post("/graphs/{graph}/restore")
def restore(request: Request, studio: Here, graph: Id, asked: Restore) -> DesignBody:
    """Make an earlier version the one in force, as an edit of its own."""
    here = kept(request, Designs)
    found = here.get(studio.home, graph)
    known = next((revision for revision in found.revisions if revision.number == asked.revision), None)
    if known is None:
        raise absent("graphs", str(asked.revision))
    label = f"Back to version {known.number}"
    return body(here, studio, here.edit(studio.home, graph, known.graph, label=label, after=asked.after))


@router.post("/graphs/{graph}/refusal")
def why_not(request: Request, studio: Here, graph: Id, asked: Wanted) -> Refusal:
    """Why there can be no such edge."""
    found = kept(request, Designs).get(studio.home, graph).now.graph
    if {asked.source, asked.target} - {node.id for node in found.nodes}:
        raise absent("graphs", asked.target)
    return Refusal(why=refusal(found, asked.source, asked.target))


@router.post("/graphs/{graph}/run")
def run(request: Request, studio: Here, graph: Id, asked: Only) -> DesignBody:
    """Run the graph as it is now, in a process of its own."""
    here = kept(request, Designs)
    found = here.get(studio.home, graph)
    here.run(found, studio.tables, [name for name in asked.only if any(n.id == name for n in found.now.graph.nodes)])
    return body(here, studio, found)


@router.post("/graphs/{graph}/stop")
def stop(request: Request, studio: Here, graph: Id) -> DesignBody:
    """Ask the run to end; what is done is kept."""
    here = kept(request, Designs)
    found = here.get(studio.home, graph)
    here.stop(found)
    return body(here, studio, found)


@router.get("/graphs/{graph}/events", response_class=StreamingResponse)
async def events(
    request: Request,
    studio: Here,
    graph: Id,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    last_event_id: Annotated[str | None, Header(max_length=30)] = None,
) -> StreamingResponse:
    """What a run of the graph says, from a place in its file on; with ``Last-Event-ID`` from there."""
    here = kept(request, Designs)
    found = here.get(studio.home, graph)

    async def lines() -> AsyncIterator[bytes]:
        state = lambda: "running" if here.running(found) else "over"  # noqa: E731 -- said where it is used
        async for block in stream(found.out, last_event_id or str(after), state):
            yield block

    return StreamingResponse(lines(), media_type="text/event-stream")


@router.get("/graphs/{graph}/preview")
def preview(request: Request, studio: Here, graph: Id, node: NodeId) -> dict[str, Any]:
    """What a node gave: facts, rows, scores or a comparison."""
    found = kept(request, Designs).states(kept(request, Designs).get(studio.home, graph), studio.tables)
    known = found.get(node, {}).get("summary")
    if known is None:
        raise absent("graphs", node)
    return dict(known)


@router.get("/graphs/{graph}/script", response_class=PlainTextResponse)
def script(request: Request, studio: Here, graph: Id) -> PlainTextResponse:
    """The graph as the Python script that it is."""
    found = kept(request, Designs).get(studio.home, graph)
    names = {stored.id: stored.name for stored in studio.tables.all()}
    return PlainTextResponse(to_script(found.now.graph, sources=names))


@router.get("/graphs/{graph}/model", response_class=FileResponse)
def model(request: Request, studio: Here, graph: Id, node: NodeId) -> FileResponse:
    """The file of a model that the graph deployed."""
    here = kept(request, Designs)
    found = here.get(studio.home, graph)
    known = here.states(found, studio.tables).get(node, {})
    if known.get("summary", {}).get("kind") != "deployment":
        raise absent("graphs", node)
    path = found.out / "results" / known["digest"] / "model.hortus"
    return FileResponse(path, media_type="application/octet-stream", filename="model.hortus")


def body(here: Designs, studio: Studio, found: Design) -> DesignBody:
    """A graph as the page draws it."""
    graph = found.now.graph
    # First: a run that ends meanwhile is told as over by what follows, and asked about once more.
    running = here.running(found)
    states = {
        name: NodeState(
            state="done" if one["state"] == "kept" else one["state"],
            digest=one.get("digest"),
            seconds=one.get("seconds"),
            share=one.get("share"),
            doing=one.get("doing"),
            error=None if one.get("error") is None else Trouble(**one["error"]),
            brief=brief(one["summary"]) if one.get("summary") else None,
        )
        for name, one in here.states(found, studio.tables).items()
    }
    return DesignBody(
        id=found.id,
        name=found.name,
        graph=GraphBody.model_validate(graph.to_json()),
        revision=found.now.number,
        undo=found.now.label if len(found.back) > 1 else None,
        redo=bool(found.ahead),
        running=running,
        offset=here.offset(found),
        problems=[ProblemBody(**asdict(problem)) for problem in problems(graph)],
        states=states,
    )
