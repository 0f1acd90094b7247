"""The columns of a numeric matrix: what each one holds and where it came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MatrixColumn:
    """One column of a design matrix.

    Attributes:
        name: unique within the matrix.
        source: the column of the user's table it was made from.
        categories: 0 for a number; else the column holds codes 0 … categories - 1 (and NaN where missing).
        text: whether it is a component of a text column's embedding.
        date: whether it is a part of a date.
    """

    name: str
    source: str
    categories: int = 0
    text: bool = False
    date: bool = False


Columns = tuple[MatrixColumn, ...]


def categorical(columns: Columns) -> list[int]:
    """Positions of the columns that hold category codes."""
    return [i for i, column in enumerate(columns) if column.categories]


def numeric(columns: Columns) -> list[int]:
    """Positions of the columns that hold numbers."""
    return [i for i, column in enumerate(columns) if not column.categories]
