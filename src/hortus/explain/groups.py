"""How the rows of a table fall into groups by one of its columns, or by one that the model never saw."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.column import ColumnKind
from hortus.errors import SettingError
from hortus.explain.columns import MISSING, SHAPELESS, cuts, kind_of, tell
from hortus.explain.evidence import Evidence

# Numbers and dates of more values than these are cut into as many parts as the second says.
FEW_VALUES, PARTS = 6, 4


def sensitive_column(
    evidence: Evidence, column: str | pd.Series[Any]
) -> tuple[str, NDArray[Any], ColumnKind, NDArray[np.intp]]:
    """Find the column that makes the groups.

    Args:
        evidence: the model and its rows.
        column: of the model's, by name; or a Series in the order of the training table, of all n judged rows or of the
            m rows of ``evidence.frame``.

    Returns:
        Its name, its values, what they are, and the positions among the n rows that they belong to.

    Raises:
        SettingError: the model has no such column, it holds free text, or the Series has another length.
    """
    if isinstance(column, str):
        kind = kind_of(evidence, column)
        if kind in SHAPELESS:
            raise SettingError(
                f"The column {column!r} holds {SHAPELESS[kind]}, which makes no groups.",
                mend="Choose a column of categories, numbers or dates.",
                code="groups-of-text",
            )
        return column, evidence.frame[column].to_numpy(), kind, evidence.rows
    judged = evidence.judged
    if len(column) == len(judged):
        rows = np.arange(len(judged))
    elif len(column) == len(evidence.rows):
        rows = evidence.rows
    elif len(column) > judged.max() and not evidence.predictor.apart:
        rows, column = np.arange(len(judged)), column.iloc[judged]
    else:
        raise SettingError(
            f"The column has {len(column)} rows, and the training table has {judged.max() + 1} or more.",
            mend="Give a value for each of its rows, in their order.",
            code="rows-of-column",
        )
    name = "the given column" if column.name is None else str(column.name)
    if pd.api.types.is_bool_dtype(column.dtype):
        return name, column.astype("float64").to_numpy(), "boolean", rows
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return name, column.dt.tz_localize(None).to_numpy().astype("datetime64[us]"), "date", rows
    if pd.api.types.is_numeric_dtype(column.dtype):
        return name, column.astype("float64").to_numpy(), "numeric", rows
    words = [None if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]
    return name, np.array(words, dtype=object), "categorical", rows


def rows_by_group(values: NDArray[Any], kind: ColumnKind) -> dict[str, NDArray[np.intp]]:
    """The rows of each group, by its name: each value, or ranges of numbers and dates that have many.

    >>> {name: rows.tolist() for name, rows in rows_by_group(np.array([1.0, 0.0, np.nan, 1.0]), "boolean").items()}
    {'true': [0, 3], 'false': [1], 'missing': [2]}
    """
    missing = np.asarray(pd.isna(values))
    present = pd.unique(values[~missing])
    found: dict[str, NDArray[np.intp]] = {}
    if kind in ("numeric", "date") and len(present) > FEW_VALUES:
        edges = cuts(values, PARTS)
        place = np.searchsorted(edges, values)
        told = [tell(edge, kind) for edge in edges]
        over, most = ("after", "up to") if kind == "date" else ("over", "up to")
        names = [f"{most} {told[0]}"] if told else ["all"]
        names += [f"{over} {a} {most} {b}" for a, b in pairwise(told)]
        names += [f"{over} {told[-1]}"] if told else []
        for i, name in enumerate(names):
            found[name] = np.flatnonzero((place == i) & ~missing)
    elif kind in ("numeric", "date"):
        for value in np.sort(present):
            found[tell(value, kind)] = np.flatnonzero(values == value)
    else:
        cells = {tell(value, kind): np.flatnonzero(values == value) for value in present}
        found = dict(sorted(cells.items(), key=lambda item: (-len(item[1]), item[0])))
    if missing.any():
        # A category may be called so itself.
        name = MISSING if MISSING not in found else f"no {MISSING}"
        found[name] = np.flatnonzero(missing)
    return found
