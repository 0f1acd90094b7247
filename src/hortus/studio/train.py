"""Train: begin a run, watch it, stop it, go on with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse

from hortus.data.image_files import class_folders
from hortus.errors import SettingError
from hortus.explain.metric_words import is_loss, words
from hortus.studio.board import board, guess
from hortus.studio.choices import MATTERS, groups, times
from hortus.studio.events import stream, told
from hortus.studio.home import ID
from hortus.studio.mends import plan
from hortus.studio.replies import Trouble
from hortus.studio.runs import Run
from hortus.studio.state import Here, Id, Studio
from hortus.studio.train_bodies import Answer, Board, BoardLine, MatterView, More, Questions, RunLine, RunWanted

router = APIRouter(prefix="/api/train", tags=["train"])


@router.get("/questions")
def questions(
    studio: Here,
    table: Annotated[str, Query(pattern=ID)],
    target: Annotated[str | None, Query(max_length=1000)] = None,
) -> Questions:
    """What can be asked of a table; the answers that its findings call for are chosen."""
    stored = studio.tables.get(table)
    if stored.kind == "image":
        return Questions(
            table=table,
            name=stored.name,
            kind="image",
            target=None,
            targets=[],
            matters=[MatterView(**vars(matter)) for matter in MATTERS["image"]],
            matter=MATTERS["image"][0].metric,
            use="random",
            column=None,
            times=[],
            groups=[],
        )
    found, sampled = studio.tables.profile(table)
    wish = plan(stored.note)
    target = target or stored.note.get("target")
    asked = {p.column.name: p.question for p in found if p.question.kind}
    kind = asked[target].kind if target in asked else None
    matters = MATTERS[kind] if kind else ()
    preferred = next((m.metric for m in matters if m.metric == wish.metric), None)
    return Questions(
        table=table,
        name=stored.name,
        kind=kind or None,
        target=target if kind else None,
        targets=[Answer(name=name, kind=q.kind or "binary", told=q.told) for name, q in asked.items()],
        matters=[MatterView(**vars(matter)) for matter in matters],
        matter=preferred or (matters[0].metric if matters else None),
        use="later" if wish.order else "groups" if wish.group else "random",
        column=wish.order or wish.group,
        times=times(found, target),
        groups=groups(found, target, sampled),
    )


@router.post("/runs", status_code=201)
def begin(studio: Here, wanted: RunWanted) -> RunLine:
    """Begin a run, in a process of its own: the same command that could be typed."""
    stored = studio.tables.get(wanted.table)
    metric = () if wanted.metric is None else ("--metric", wanted.metric)
    line_ = ["fit", str(studio.tables.source(wanted.table)), "--time", f"{wanted.seconds:g}", *metric]
    note: dict[str, Any] = {"table": stored.id, "kind": stored.kind, "seconds": wanted.seconds, "use": wanted.use}
    note["column"] = wanted.column if wanted.use != "random" else None
    if stored.kind == "image":
        class_folders(stored.path)
        run = studio.runs.begin([*line_, "--task", "image"], note | {"name": stored.name})
        return line(studio, run)
    if wanted.target is None:
        raise SettingError("No column to predict is chosen.", mend="Choose one.", code="target-not-given")
    if wanted.target != stored.note.get("target"):
        stored = studio.tables.change(stored.id, target=wanted.target, decisions=[])
    wish = plan(stored.note)
    kinds = {p.column.name: p.question.kind for p in studio.tables.profile(stored.id)[0]}
    for name in [wanted.target, *([wanted.column] if wanted.column else [])]:
        if name not in kinds:
            raise SettingError(f"There is no column {name[:80]!r}.", mend="Choose another.", code="column-missing")
    sides = _sides(wanted)
    left_out = [name for name in wish.ignore if name not in sides and name != wanted.target]
    kept = [name for name in wish.keep if name not in sides and name != wanted.target]
    options = [*(f"--ignore={name}" for name in left_out), *(f"--keep={name}" for name in kept)]
    options += [f"--text={name}" for name in wish.text if name not in {*left_out, *sides, wanted.target}]
    # The question that was shown is the one that is answered.
    task = kinds[wanted.target]
    options += [f"--task={task}"] if task in ("binary", "multiclass", "regression") else []
    run = studio.runs.begin(
        [*line_, f"--target={wanted.target}", *options, *sides.values()],
        note | {"name": f"{stored.name}: {wanted.target}", "target": wanted.target},
    )
    return line(studio, run)


@router.get("/runs/{run}/board")
def leaders(studio: Here, run: Id) -> Board:
    """Every candidate so far, the best first, and what guessing scores."""
    found = studio.runs.get(run)
    standing = board(found.folder)
    return Board(
        lines=[BoardLine(**vars(candidate)) for candidate in standing.lines],
        guess=studio.runs.remembered(run, "guess", lambda: guess(found.folder)),
        first=standing.first,
        chosen=standing.chosen,
    )


@router.get("/runs")
def runs(studio: Here) -> list[RunLine]:
    """Every run, the newest first."""
    return [line(studio, run) for run in studio.runs.all()]


@router.get("/runs/{run}")
def one(studio: Here, run: Id) -> RunLine:
    """One run."""
    return line(studio, studio.runs.get(run))


@router.post("/runs/{run}/stop")
def stop(studio: Here, run: Id) -> RunLine:
    """Ask a run to end now; the best so far is kept."""
    studio.runs.stop(run)
    return line(studio, studio.runs.get(run))


@router.post("/runs/{run}/resume")
def resume(studio: Here, run: Id, more: More) -> RunLine:
    """Go on with a run."""
    return line(studio, studio.runs.resume(run, seconds=more.seconds))


@router.get("/runs/{run}/events", response_class=StreamingResponse)
async def events(
    studio: Here, run: Id, last_event_id: Annotated[str | None, Header(max_length=30)] = None
) -> StreamingResponse:
    """What a run says, as server-sent events; with ``Last-Event-ID`` from there on."""
    found = studio.runs.get(run)

    async def lines() -> AsyncIterator[bytes]:
        async for block in stream(found.folder, last_event_id, lambda: studio.runs.state(found)):
            yield block

    return StreamingResponse(lines(), media_type="text/event-stream")


def line(studio: Studio, run: Run) -> RunLine:
    """A run as the list shows it."""
    said = told(run.folder)
    state = studio.runs.state(run, said)
    begun, finished = said.begun, said.finished
    metric = begun.get("metric")
    trouble = studio.runs.trouble(run) if state in ("failed", "interrupted") else None
    if trouble is not None and trouble[2] == "file-missing":
        # The path is the studio's own, and says nothing to whoever brought the file in.
        trouble = ("The file that it was to learn from is gone.", "Bring it in again under Data.", trouble[2])
    return RunLine(
        id=run.id,
        name=run.name,
        kind=run.kind,
        state=state,
        table=run.note.get("table"),
        target=begun.get("target") or run.note.get("target"),
        created=float(run.note.get("created") or 0.0),
        metric=metric,
        metric_name=words(metric).name if metric else None,
        metric_meaning=words(metric, things="pictures" if run.kind == "image" else "rows").meaning if metric else None,
        matter=_matter(metric, begun.get("kind") if run.kind == "table" else "image"),
        loss=bool(metric) and is_loss(str(metric)),
        best=said.best,
        score=_number(finished.get("score")),
        low=_number(finished.get("low")),
        high=_number(finished.get("high")),
        elapsed=said.elapsed,
        time=_number(begun.get("time")),
        seconds=_number(run.note.get("seconds")),
        use=run.note.get("use", "random"),
        column=run.note.get("column"),
        trials=said.trials,
        phase=said.phase,
        trouble=None if trouble is None else Trouble(what=trouble[0], mend=trouble[1], code=trouble[2]),
    )


def _matter(metric: str | None, kind: str | None) -> str | None:
    return next((matter.label for matter in MATTERS.get(kind or "", ()) if matter.metric == metric), None)


def _sides(wanted: RunWanted) -> dict[str, str]:
    """The option that splits as the model will be used, by the column that it names."""
    if wanted.use == "random":
        return {}
    if wanted.column is None:
        raise SettingError(
            "How rows are judged needs a column.", mend="Choose the column of time, or of groups.", code="use-column"
        )
    if wanted.column == wanted.target:
        raise SettingError(f"{wanted.column!r} is what is predicted.", mend="Choose another column.", code="use-column")
    return {wanted.column: f"--{'order' if wanted.use == 'later' else 'group'}={wanted.column}"}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
