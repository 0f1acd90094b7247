"""Compare and history: runs beside each other, and the same run again on other rows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hortus.errors import RunError, SettingError
from hortus.explain.making import settings_options
from hortus.run.beside import MOST, beside, open_any
from hortus.studio.home import ID
from hortus.studio.runs import require_over
from hortus.studio.state import Here, Id

router = APIRouter(prefix="/api/compare", tags=["compare"])


class Column(BaseModel):
    """A run that is compared."""

    id: str
    name: str
    created: float


class Fact(BaseModel):
    """A row of the comparison."""

    group: str
    name: str
    values: list[str]
    numbers: list[float | None]
    better: int = Field(description="1 where more is better, -1 where less is, 0 where neither is.")
    differs: bool


class Comparison(BaseModel):
    """Runs beside each other; the first is the one that others are held against."""

    runs: list[Column]
    facts: list[Fact]
    comparable: bool = Field(description="Whether all predict the same by the same metric.")


@router.get("")
def compare(
    studio: Here, run: Annotated[list[Annotated[str, Query(pattern=ID)]], Query(min_length=1, max_length=MOST)]
) -> Comparison:
    """Hold finished runs beside each other."""
    runs = [studio.runs.get(name) for name in dict.fromkeys(run)]
    for one in runs:
        require_over(one, studio.runs.state(one))
    found = beside([open_any(one.folder) for one in runs])
    return Comparison(
        runs=[Column(id=one.id, name=one.name, created=float(one.note.get("created") or 0.0)) for one in runs],
        facts=[Fact(**vars(fact)) for fact in found.facts],
        comparable=found.comparable,
    )


class Rows(BaseModel):
    """The table that a run is made again from."""

    table: str = Field(pattern=ID)


class Begun(BaseModel):
    """A run that was begun."""

    id: str


@router.post("/runs/{run}/rerun")
def rerun(studio: Here, run: Id, rows: Rows) -> Begun:
    """The same settings on another table."""
    before, table = studio.runs.get(run), studio.tables.get(rows.table)
    if before.kind != "table" or table.kind != "table":
        raise SettingError(
            "Only a run of a table can be made again from a table.", mend="Choose another.", code="rerun-kind"
        )
    result = open_any(before.folder)
    target = result.model.task.target
    arguments = ["fit", str(table.path), "--target", target, *settings_options(result.settings.to_json())]
    if not table.path.exists():
        raise RunError(f"The file of {table.name} is gone.", mend="Bring it in again.", code="table-gone")
    note = {"name": table.name, "kind": "table", "table": table.id, "target": target, "again": before.id}
    return Begun(id=studio.runs.begin(arguments, note).id)
