"""The columns a step gives: how they are stored, and how new ones are named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.columns import Columns, MatrixColumn


def columns_to_state(columns: Columns) -> dict[str, list[Any]]:
    """Columns as one list per attribute, for a step's state."""
    rows = [asdict(column) for column in columns]
    return {f.name: [row[f.name] for row in rows] for f in fields(MatrixColumn)}


def columns_from_state(state: dict[str, list[Any]]) -> Columns:
    """The inverse of `columns_to_state`."""
    return tuple(MatrixColumn(**dict(zip(state, row, strict=True))) for row in zip(*state.values(), strict=True))


def distinct(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names, made unlike each other and unlike ``taken`` by a number at their end.

    >>> distinct(["a", "a", "b"], taken=["b"])
    ['a', 'a (2)', 'b (2)']
    """
    seen = set(taken)
    result = []
    for name in names:
        new, number = name, 2
        while new in seen:
            new, number = f"{name} ({number})", number + 1
        seen.add(new)
        result.append(new)
    return result


def joined(left: MatrixColumn, right: MatrixColumn) -> str:
    """The source of a column made from two: their common one, or both."""
    return left.source if left.source == right.source else f"{left.source} & {right.source}"


def levels(values: NDArray[np.float32], categories: int) -> NDArray[np.intp]:
    """Category codes as positions in a table of ``categories`` + 1 rows, whose last one stands for missing."""
    known = values < categories  # NaN is not
    return np.where(known, values, categories).astype(np.intp)
