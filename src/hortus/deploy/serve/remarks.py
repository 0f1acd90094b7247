"""What is odd about rows that are predicted all the same: values that the training table never had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hortus.data.schema import Schema
from hortus.deploy.serve.replies import Remark

# A request that is odd throughout is told so often, and no more.
MOST_REMARKS = 1000


def remarks(canonical: pd.DataFrame, schema: Schema, ranges: Mapping[str, Any]) -> dict[int, list[Remark]]:
    """By the row's position, what is odd about it.

    Args:
        canonical: (n, p) rows as `Schema.apply` reads them.
        schema: of the training table.
        ranges: `hortus.data.ranges.training_ranges` of the training rows; columns it does not name pass.
    """
    found: dict[int, list[Remark]] = {}
    left = MOST_REMARKS
    for position, column in enumerate(schema.features):
        known = ranges.get(column.name)
        if known is None:
            continue
        values = canonical.iloc[:, position].to_numpy()
        for code, odd, say in _odd(column.name, column.kind, values, known):
            for row in np.flatnonzero(odd)[:left].tolist():
                found.setdefault(row, []).append(Remark(code=code, column=column.name, what=say(values[row])))
                left -= 1
    return found


_Odd = tuple[str, Any, Callable[[Any], str]]


def _odd(name: str, kind: str, values: Any, known: Mapping[str, Any]) -> list[_Odd]:
    missing = np.array([value is None for value in values]) if values.dtype == object else np.isnan(values)
    if values.dtype.kind == "M":
        missing = np.isnat(values)
    found: list[_Odd] = []
    if not known.get("missing", True):
        found.append(
            ("null-unseen", missing, lambda _: f"{name!r} is missing here and was never missing in the training table.")
        )
    if kind == "categorical" and known.get("complete") and known.get("categories"):
        seen = set(known["categories"])
        unseen = np.array([value is not None and value not in seen for value in values], dtype=bool)
        found.append(("category-unseen", unseen, lambda v: f"{name!r} is {v!r}, which the training table never had."))
    low, high = known.get("low"), known.get("high")
    if low is not None and high is not None and isinstance(low, str) == isinstance(high, str) == (kind == "date"):
        if kind == "date":
            low, high = np.datetime64(low), np.datetime64(high)
            # The ends were cut to whole seconds.
            values = values.astype("datetime64[s]")
        with np.errstate(invalid="ignore"):
            found.append(("below-range", values < low, lambda v: _beyond(name, v, "below", "least", low)))
            found.append(("above-range", values > high, lambda v: _beyond(name, v, "above", "greatest", high)))
    return found


def _beyond(name: str, value: Any, side: str, end: str, bound: Any) -> str:
    return f"{name!r} is {_said(value)}, {side} the {end} of the training table, {_said(bound)}."


def _said(value: Any) -> str:
    """A number, or a moment that is a day alone where it is midnight."""
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[s]")).removesuffix("T00:00:00")
    return f"{value:.6g}"
