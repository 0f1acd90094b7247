"""How tables, columns and images are shown by the Data screen."""

from __future__ import annotations

from typing import Any

from hortus.data.image_files import class_folders
from hortus.studio.data_bodies import ClassView, ColumnView, QuestionView, TableView
from hortus.studio.profile import ColumnProfile
from hortus.studio.tables import Stored


def table_line(stored: Stored) -> dict[str, Any]:
    """What the list says of a table, as keyword arguments of `TableLine`."""
    note = stored.note
    return {
        "id": stored.id,
        "name": stored.name,
        "kind": stored.kind,
        "rows": int(note.get("rows") or 0),
        "columns": int(note.get("columns") or 0),
        "created": float(note.get("created") or 0.0),
        "target": note.get("target"),
    }


def column_view(
    profile: ColumnProfile, guessed: dict[str, str], ignored: tuple[str, ...], kept: tuple[str, ...]
) -> ColumnView:
    """A column as the table's head shows it: left out where that was asked, or where it tells nothing."""
    column = profile.column
    out = column.name in ignored or (column.role == "ignored" and column.name not in kept)
    reason = "your choice" if column.name in ignored else column.reason if out else ""
    return ColumnView(
        name=column.name,
        kind=column.kind,  # type: ignore[arg-type]  # no file holds a sparse matrix
        guessed=guessed.get(column.name, column.kind),  # type: ignore[arg-type]
        role="ignored" if out else "feature",
        reason=reason,
        missing=profile.missing,
        distinct=profile.distinct,
        counts=list(profile.counts),
        low=profile.low,
        high=profile.high,
        top=list(profile.top),
        question=QuestionView(kind=profile.question.kind, told=profile.question.told),
    )


def image_view(stored: Stored) -> TableView:
    """A set of images: its classes, each with its first ones."""
    _, labels, notes = class_folders(stored.path)
    places: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        places.setdefault(label, []).append(number)
    return TableView(
        **table_line(stored),
        columns_told=[],
        sampled=0,
        notes=[f"{note.what} {note.mend}".strip() for note in notes],
        group=None,
        order=None,
        classes=[ClassView(name=name, count=len(at), first=at[:12]) for name, at in places.items()],
    )


def as_png(path: Any) -> bytes:
    """An image in a format that every browser shows."""
    import io

    from hortus.data.pillow import pillow

    made = io.BytesIO()
    with pillow().open(path) as opened:
        opened.convert("RGB").save(made, "PNG")
    return made.getvalue()
