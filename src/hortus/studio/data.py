"""Data: what was brought in, what is in it, and what was noticed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from hortus.data.checks import examine
from hortus.errors import InputError, SettingError, nearest
from hortus.studio.cells import written
from hortus.studio.data_bodies import (
    ColumnChange,
    Findings,
    FindingView,
    Kind,
    Said,
    SampleLine,
    TableLine,
    TableRows,
    TableView,
    Target,
)
from hortus.studio.data_views import as_png, column_view, evidence, image_view, table_line
from hortus.studio.incoming import receive
from hortus.studio.mends import MENDS, decisions, matches, plan
from hortus.studio.samples import SAMPLES
from hortus.studio.security import UPLOAD
from hortus.studio.state import Here, Id

router = APIRouter(prefix="/api/data", tags=["data"])

# Seconds that the checks may take before a person waits too long.
CHECKING = 8.0
# Kinds that a column can be read as where it was guessed to be another.
READ_AS: tuple[Kind, ...] = ("numeric", "categorical", "date", "boolean")
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


@router.get("/tables")
def tables(studio: Here) -> list[TableLine]:
    """Every table and image set, the newest first."""
    return [TableLine(**table_line(stored)) for stored in studio.tables.all()]


@router.get("/samples")
def samples() -> list[SampleLine]:
    """What there is to begin with."""
    return [SampleLine(name=s.name, title=s.title, question=s.question, kind=s.kind, rows=s.rows) for s in SAMPLES]


@router.post("/samples/{name}")
def take_sample(studio: Here, name: str) -> TableLine:
    """Bring in a sample, as if its file had been dropped; its question is chosen."""
    found = next((sample for sample in SAMPLES if sample.name == name), None)
    if found is None:
        raise SettingError(
            f"There is no sample {name[:40]!r}.", mend=nearest(name, [s.name for s in SAMPLES]), code="sample"
        )
    there = next((stored for stored in studio.tables.all() if stored.note.get("sample") == name), None)
    if there is None:
        identity, place = studio.tables.arriving()
        place.write_bytes(found.make())
        there = studio.tables.arrived(identity, found.name)
        there = studio.tables.change(identity, sample=name, target=found.target or None)
    return TableLine(**table_line(there))


@router.post(
    "/tables",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def bring(studio: Here, request: Request, name: Annotated[str, Query(max_length=300)] = "table.csv") -> TableLine:
    """Bring in a file: a table, or a zip that has a folder of images for each class. The body is the file."""
    identity, place = await run_in_threadpool(studio.tables.arriving)
    try:
        await receive(request.stream(), place, UPLOAD)
        stored = await run_in_threadpool(studio.tables.arrived, identity, name)
    except BaseException:
        await run_in_threadpool(_forget, studio, identity)
        raise
    return TableLine(**table_line(stored))


@router.get("/tables/{table}")
def one(studio: Here, table: Id) -> TableView:
    """A table at a glance: every column with its kind, gaps, histogram and question; or the classes of images."""
    stored = studio.tables.get(table)
    if stored.kind == "image":
        return image_view(stored)
    found, sampled = studio.tables.profile(table)
    guessed = studio.tables.guessed(table)
    wish = plan(stored.note)
    opened = studio.tables.open(table)
    return TableView(
        **table_line(stored),
        columns_told=[column_view(profile, guessed, wish.ignore, wish.keep) for profile in found],
        sampled=sampled,
        notes=[f"{note.what} {note.mend}".strip() for note in opened.notes],
        group=wish.group,
        order=wish.order,
        classes=[],
    )


@router.get("/tables/{table}/rows")
def rows(
    studio: Here,
    table: Id,
    first: Annotated[int, Query(ge=0, le=10**9)] = 0,
    count: Annotated[int, Query(ge=1, le=500)] = 100,
) -> TableRows:
    """Some rows, with the changes that were decided."""
    frame = studio.tables.open(table).frame
    return TableRows(first=first, total=len(frame), cells=written(frame.iloc[first : first + count]))


@router.put("/tables/{table}/target")
def choose(studio: Here, table: Id, wanted: Target) -> TableLine:
    """Choose the column to predict. What was decided about another target's findings is forgotten."""
    stored = studio.tables.get(table)
    if wanted.target is not None:
        _known(studio, table, wanted.target)
    changes: dict[str, Any] = {"target": wanted.target}
    if wanted.target != stored.note.get("target"):
        changes["decisions"] = []
    return TableLine(**table_line(studio.tables.change(table, **changes)))


@router.put("/tables/{table}/columns")
def change_column(studio: Here, table: Id, wanted: ColumnChange) -> TableView:
    """Read a column as another kind, leave it out or use it; null undoes."""
    stored = studio.tables.get(table)
    _known(studio, table, wanted.name)
    kinds, roles = dict(stored.note.get("kinds", {})), dict(stored.note.get("roles", {}))
    for noted, value in ((kinds, wanted.kind), (roles, wanted.role)):
        noted.pop(wanted.name, None)
        if value is not None:
            noted[wanted.name] = value
    before = {"kinds": stored.note.get("kinds", {}), "roles": stored.note.get("roles", {})}
    studio.tables.change(table, kinds=kinds, roles=roles)
    try:
        return one(studio, table)
    except InputError:
        # It cannot be read so: nothing has changed.
        studio.tables.change(table, **before)
        raise


@router.get("/tables/{table}/findings")
def findings(studio: Here, table: Id) -> Findings:
    """What was noticed, now that the target is chosen."""
    stored = studio.tables.get(table)
    target = stored.note.get("target")
    if target is None:
        raise SettingError("No column to predict is chosen.", mend="Choose one.", code="target-not-given")
    wish = plan(stored.note)
    frame = studio.tables.open(table).frame
    found = examine(
        frame,
        target,
        ignore=wish.ignore,
        keep=wish.keep,
        text=wish.text,
        group=wish.group,
        order=wish.order,
        seconds=None if wish.thorough else CHECKING,
    )
    said = decisions(stored.note)
    views = [
        FindingView(
            code=finding.code,
            what=finding.what,
            columns=list(finding.columns),
            evidence=evidence(finding),
            severity=finding.severity,
            did=finding.did,
            fix=MENDS[finding.code].label,
            choice=None,
            outcome="",
        )
        for finding in found.findings
        if finding.code in MENDS and not any(matches(decision, finding) for decision in said)
    ]
    decided = [
        FindingView(
            code=decision.code,
            what=decision.what,
            columns=list(decision.columns),
            evidence="",
            severity="info",
            did="",
            fix=MENDS[decision.code].label,
            choice=decision.choice,
            outcome=MENDS[decision.code].done if decision.choice == "fix" else MENDS[decision.code].ignored,
        )
        for decision in said
        if decision.code in MENDS
    ]
    notes = [f"{note.what} {note.mend}".strip() for note in found.notes if note.warning]
    return Findings(target=target, kind=found.task.kind, rows=found.rows, findings=[*views, *decided], notes=notes)


@router.post("/tables/{table}/decisions")
def decide(studio: Here, table: Id, said: Said) -> Findings:
    """Say Fix or Ignore to a finding, or take it back."""
    if said.code not in MENDS:
        raise SettingError(f"There is no finding {said.code!r}.", mend=nearest(said.code, MENDS), code="finding")
    stored = studio.tables.get(table)
    if stored.note.get("target") is None:
        raise SettingError("No column to predict is chosen.", mend="Choose one.", code="target-not-given")
    for column in said.columns:
        _known(studio, table, column)
    if MENDS[said.code].effect in ("order", "group", "leave-out", "leave-out-others") and not said.columns:
        raise SettingError(f"The finding {said.code!r} is about columns, and none is named.", code="finding-columns")
    others = [
        found
        for found in stored.note.get("decisions", [])
        if not (found["code"] == said.code and set(found["columns"]) == set(said.columns))
    ]
    if said.choice is not None:
        others.append(said.model_dump())
    before = stored.note.get("decisions", [])
    studio.tables.change(table, decisions=others)
    try:
        return findings(studio, table)
    except InputError:
        # Too little of the table would be left: nothing has changed.
        studio.tables.change(table, decisions=before)
        raise


@router.get("/tables/{table}/pictures/{number}", response_class=FileResponse)
def picture(studio: Here, table: Id, number: int) -> Response:
    """An image of a set, by its place among them."""
    paths, _ = studio.tables.pictures(table)
    if not 0 <= number < len(paths):
        return Response(status_code=404)
    path = paths[number]
    # An id is given once, and its images never change.
    kept = {"cache-control": "private, max-age=86400"}
    if path.suffix in PICTURES:
        return FileResponse(path, media_type=PICTURES[path.suffix], headers=kept)
    return Response(as_png(path), media_type="image/png", headers=kept)


@router.delete("/tables/{table}", status_code=204)
def remove(studio: Here, table: Id) -> Response:
    """Take a table away; runs that were made from it stay."""
    studio.tables.remove(table)
    return Response(status_code=204)


def _known(studio: Any, table: str, name: str) -> None:
    names = [str(column) for column in studio.tables.open(table).frame.columns]
    if name not in names:
        raise SettingError(f"There is no column {name[:80]!r}.", mend=nearest(name, names), code="column-missing")


def _forget(studio: Any, identity: str) -> None:
    if identity in studio.home.ids("tables"):
        studio.tables.remove(identity)
