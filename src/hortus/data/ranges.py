"""What the training rows held, column by column: enough to say later that a value is none the model has ever seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hortus.data.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

# More different values than this are not kept: the model's file would grow, and nobody picks from such a list.
MOST_CATEGORIES = 1000


def training_ranges(canonical: pd.DataFrame, schema: Schema) -> dict[str, dict[str, Any]]:
    """The least and the greatest value, the categories, and whether a cell was ever missing.

    Args:
        canonical: the training rows as `Schema.apply` reads them.
        schema: of the same table.

    Returns:
        By the name of each feature, as plain JSON values: ``missing`` (whether any cell was); for numbers and dates
        ``low``, ``high`` and ``typical``, the median (dates as ISO text; None where no cell was there); for
        categories ``categories``, the most frequent first, and ``complete``, whether these are all; for booleans
        ``typical``, the more frequent.

    >>> import pandas as pd
    >>> from hortus.data.schema import ColumnSchema
    >>> schema = Schema((ColumnSchema("age", "numeric"),))
    >>> training_ranges(pd.DataFrame({"age": [30.0, float("nan"), 18.0, 50.0]}), schema)
    {'age': {'missing': True, 'low': 18.0, 'high': 50.0, 'typical': 30.0}}
    """
    return {column.name: _of(canonical[column.name], column.kind) for column in schema.features}


def read_ranges(found: Any) -> dict[str, dict[str, Any]]:
    """What `training_ranges` made, after it was a file; whatever in it has another form is left out.

    >>> read_ranges({"age": {"missing": True, "low": "x", "high": 50.0}, "town": 5})
    {'age': {'missing': True, 'high': 50.0}}
    """
    if not isinstance(found, dict):
        return {}
    return {
        str(name): {key: value for key, value in known.items() if key in _FORMS and _FORMS[key](value)}
        for name, known in found.items()
        if isinstance(known, dict)
    }


def _bound(value: Any) -> bool:
    if isinstance(value, str):
        try:
            return not np.isnat(np.datetime64(value, "s"))
        except ValueError:
            return False
    return value is None or (isinstance(value, (bool, int, float)) and math.isfinite(value))


_FORMS: dict[str, Callable[[Any], bool]] = {
    "missing": lambda value: isinstance(value, bool),
    "complete": lambda value: isinstance(value, bool),
    "categories": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "low": _bound,
    "high": _bound,
    "typical": _bound,
}


def _of(values: pd.Series[Any], kind: str) -> dict[str, Any]:
    there = values[values.notna()]
    found: dict[str, Any] = {"missing": len(there) < len(values)}
    if kind in ("text", "sparse"):
        return found
    if kind == "categorical":
        counts = there.value_counts()
        names = [str(name) for name in counts.index[:MOST_CATEGORIES]]
        return found | {"categories": names, "complete": len(counts) <= MOST_CATEGORIES}
    if not len(there):
        return found | dict.fromkeys(("low", "high", "typical"))
    if kind == "boolean":
        return found | {"typical": bool(there.mean() >= 0.5)}
    # The middle one of those that were there: a mean of two dates or codes may be none that ever was.
    ordered = np.sort(there.to_numpy())
    low, typical, high = ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1]
    if kind == "date":
        low, typical, high = (str(moment.astype("datetime64[s]")) for moment in (low, typical, high))
        return found | {"low": low, "high": high, "typical": typical}
    return found | {"low": float(low), "high": float(high), "typical": float(typical)}
