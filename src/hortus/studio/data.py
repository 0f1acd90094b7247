"""Data: what was brought in, what is in it, and what was noticed."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from hortus.studio.state import Here

router = APIRouter(prefix="/api/data", tags=["data"])


class TableLine(BaseModel):
    """A table in the list."""

    id: str
    name: str
    kind: str
    rows: int
    columns: int
    created: float


@router.get("/tables")
def tables(studio: Here) -> list[TableLine]:
    """Every table and image set, the newest first."""
    return [
        TableLine(
            id=found.id,
            name=found.name,
            kind=found.kind,
            rows=int(found.note.get("rows") or 0),
            columns=int(found.note.get("columns") or 0),
            created=float(found.note.get("created") or 0.0),
        )
        for found in studio.tables.all()
    ]
