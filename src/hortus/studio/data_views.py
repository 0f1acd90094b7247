"""How tables, columns and images are shown by the Data screen."""

from __future__ import annotations

from typing import Any

from hortus.data.finding import Finding
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


# What was measured, for people who do not know the measure; "" where the sentence above it says it all. Of the
# findings that are not named here, the measure is told as it is.
_SEEN = {
    "column-leaks": "alone it scores {value}; 1 is perfect",
    "column-dominates": "alone it scores {value}; 1 is perfect",
    "column-constant": "",
    "column-mostly-missing": "{share} of its cells are missing, or more",
    "missing-tells-target": "how much a gap tells, from 0 for nothing to 1 for all: {value}",
    "rows-ordered": "how much the rows before tell of the next one, from 0 for nothing to 1 for all: {value}",
    "rows-grouped": "how alike the rows of a group are, from 0 for chance to 1 for the same: {value}",
    "target-outliers": "the farthest lies {value} times as far from the middle as is usual",
}


def evidence(finding: Finding) -> str:
    """What a finding rests on, in plain words: a share in per cent, anything else with what its ends mean.

    >>> evidence(Finding("columns-equal", "…", measure="share of rows in which they agree", value=0.5))
    '50 % of rows in which they agree'
    """
    if finding.value is None:
        return finding.evidence
    share = f"{100 * finding.value:.3g} %"
    if finding.code in _SEEN:
        return _SEEN[finding.code].format(value=f"{finding.value:.3g}", share=share)
    if finding.measure.startswith("share of "):
        return f"{share} of {finding.measure.removeprefix('share of ')}"
    return finding.evidence
