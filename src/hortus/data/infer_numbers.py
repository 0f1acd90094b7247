"""What a column of numbers can tell: whether it is an id, constant, empty, or says "missing" by a number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.column import ColumnKind, ColumnSchema
from hortus.data.notes import Note

# Fewer rows than this cannot show that a column is an id.
ID_ROWS = 20
SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0)

_ID_NAME = re.compile(
    r"(?:.*[ _.-])?(?:id|uuid|guid|key|index|rownames?|row_?(?:id|number|nr))|unnamed.*|column_?1|.*[a-z]I[Dd]|nr|no"
)
_ORDER_NAME = re.compile(r"(?:.*[ _.-])?(?:t|x|time|date|day|days|week|month|year|step|age|hour|minute|seconds?)", re.I)


@dataclass(frozen=True)
class Found:
    """What was found out about a column.

    Attributes:
        column: its schema.
        notes: what was noticed.
        fingerprint: equal for equal columns.
    """

    column: ColumnSchema
    notes: tuple[Note, ...]
    fingerprint: int = 0

    def noted(self, notes: Iterable[Note]) -> Found:
        """The same with more notes, first."""
        return replace(self, notes=(*notes, *self.notes))


def infer_numbers(name: str, values: NDArray[np.float64], kind: str) -> Found:
    """What a column of numbers is; ``kind`` is numpy's letter of the type it came in."""
    notes: list[Note] = []
    # Reading them says so.
    values = np.where(np.isinf(values), np.nan, values)
    if looks_like_id(name, values, kind):
        note = Note(
            code="column-id",
            what=f"Column {name!r} looks like an id: a different whole number in each of {len(values)} rows.",
            place=name,
            mend=f"Ignored; keep it with keep=[{name!r}].",
            warning=True,
        )
        return Found(ColumnSchema(name, "numeric", "ignored", "id"), (note,))
    least = np.nanmin(values) if len(values) and not np.isnan(values).all() else np.nan
    if least in SENTINELS:
        rest = values[values > least]
        count = int((values == least).sum())
        if count > 1 and len(rest) and rest.min() > least / 2 and (rest.min() >= 0 or least <= -99):
            notes.append(
                Note(
                    code="column-sentinel-number",
                    what=f"Column {name!r} is {least:g} in {count} rows, far below all else: it may stand for missing.",
                    place=name,
                    mend="Kept as a number; make those cells empty if they are missing.",
                    warning=True,
                )
            )
    return finish(name, "numeric", values, notes=notes)


def looks_like_id(name: str, values: NDArray[np.float64], kind: str) -> bool:
    """Whether a different whole number stands in every row, and the name or the order says that it only counts."""
    if len(values) < ID_ROWS or (kind == "f" and not np.array_equal(values, np.floor(values))):
        return False
    if np.isnan(values).any():
        return False
    consecutive = values.max() - values.min() + 1 == len(values)
    named = _ID_NAME.fullmatch(name) is not None or _ID_NAME.fullmatch(name.lower()) is not None
    if named:
        return len(np.unique(values)) == len(values)
    counting = consecutive and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
    return bool(counting and _ORDER_NAME.fullmatch(name) is None)


def finish(
    name: str,
    kind: ColumnKind,
    codes: NDArray[np.float64],
    *,
    reason: str = "",
    detail: dict[str, Any] | None = None,
    notes: Iterable[Note] = (),
) -> Found:
    """The column, ignored where all its cells are missing or the same. ``codes`` is one number a cell, NaN missing."""
    missing = np.isnan(codes)
    if missing.all():
        note = Note("column-empty", f"Column {name!r} has no values.", name, "Ignored.")
        return Found(ColumnSchema(name, kind, "ignored", "empty", detail or {}), (note,))
    if len(codes) > 1 and not missing.any() and bool((codes == codes[0]).all()):
        note = Note("column-constant", f"Column {name!r} has one value in all rows.", name, "Ignored.")
        return Found(ColumnSchema(name, kind, "ignored", "constant", detail or {}), (note,))
    column = ColumnSchema(name, kind, "feature", reason, detail or {})
    return Found(column, tuple(notes), hash(codes.tobytes()))
