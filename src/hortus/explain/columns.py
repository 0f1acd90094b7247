"""Columns and classes as an explanation speaks of them: found by name, their values told in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.column import ColumnKind
from hortus.errors import SettingError, nearest
from hortus.explain.evidence import Evidence

MISSING = "missing"
# Kinds whose cells have no order and hardly ever recur, and what is in them.
SHAPELESS = {"text": "free text", "sparse": "rows of a sparse matrix"}


def kinds(evidence: Evidence) -> dict[str, ColumnKind]:
    """What each of the p columns holds, in their order."""
    return {column.name: column.kind for column in evidence.predictor.schema.features}


def kind_of(evidence: Evidence, column: str) -> ColumnKind:
    """What ``column`` holds.

    Raises:
        SettingError: the model has no such column; the nearest is named.
    """
    known = kinds(evidence)
    if column not in known:
        raise SettingError(f"The model has no column {column!r}.", mend=nearest(column, known), code="unknown-column")
    return known[column]


def class_code(evidence: Evidence, label: Any) -> int:
    """The code of a class.

    Raises:
        SettingError: there is no such class.
    """
    classes = evidence.task.classes
    if label not in classes:
        shown = ", ".join(map(repr, classes[:20]))
        raise SettingError(
            f"There is no class {label!r}.",
            mend=f"Choose one of: {shown}." if classes else "A regression has no classes: leave it out.",
            code="unknown-class",
        )
    return classes.index(label)


def tell(value: Any, kind: ColumnKind) -> str:
    """A cell in words.

    >>> tell(1234.5678, "numeric"), tell(1.0, "boolean"), tell(None, "categorical")
    ('1234.57', 'true', 'missing')
    >>> tell(np.datetime64("2024-05-01T00:00:00"), "date")
    '2024-05-01'
    """
    if value is None or value is pd.NaT or value != value:
        return MISSING
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "date":
        moment = pd.Timestamp(value)
        return moment.strftime("%Y-%m-%d" if moment == moment.normalize() else "%Y-%m-%d %H:%M")
    return f"{value:.6g}" if kind == "numeric" else str(value)


def cuts(values: NDArray[Any], parts: int) -> NDArray[Any]:
    """Where to cut (n,) numbers or dates into about ``parts`` parts of equal size: between them, at round values.

    Returns:
        At most ``parts`` - 1 ascending values, none of them with all of the present values on one side. A row belongs
        below a cut if it is at most the cut.

    >>> cuts(np.array([1.0, 2.0, 2.0, 3.0, 10.0, np.nan]), 2)
    array([2.])
    """
    present = values[~pd.isna(values)]
    if not len(present):
        return present
    wanted = np.linspace(0, 1, parts + 1)[1:-1]
    if present.dtype.kind == "M":
        found = np.quantile(present.astype("datetime64[us]").astype(np.int64), wanted, method="lower")
        days = found.astype("datetime64[us]").astype("datetime64[D]").astype("datetime64[us]")
        # Where the dates lie within days, rounding to a day would leave nothing to cut.
        wide = present.max() - present.min() > np.timedelta64(10 * parts, "D")
        made: NDArray[Any] = np.unique(days if wide else found.astype("datetime64[us]"))
    else:
        found = np.quantile(present, wanted, method="lower")
        made = np.unique([float(f"{cut:.3g}") for cut in found])
    inside: NDArray[Any] = made[(made >= present.min()) & (made < present.max())]
    return inside
