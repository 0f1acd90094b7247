"""What a search space may know of the rows: counts and kinds, never a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from hortus.data.columns import Columns, MatrixColumn

Kind = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Facts:
    """Fixed for a whole run, so that a parameter's distribution never changes within it.

    Attributes:
        kind: the task.
        classes: number of classes; 0 for regression.
        rows: rows in the training table.
        train_rows: rows that one fold's training sees.
        columns: the encoded columns.
        missing: whether any cell is missing.
        words: width of the sparse text block; 0 without text.
        seconds: seconds the user gave; None when only trials count.
    """

    kind: Kind
    classes: int
    rows: int
    train_rows: int
    columns: Columns
    missing: bool
    words: int = 0
    seconds: float | None = None

    @property
    def width(self) -> int:
        """Number of dense columns."""
        return len(self.columns)

    @property
    def categorical(self) -> int:
        """Number of columns that hold category codes."""
        return sum(bool(column.categories) for column in self.columns)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Facts:
        """The inverse of ``to_json``."""
        columns = tuple(MatrixColumn(**column) for column in found["columns"])
        return cls(**{**found, "columns": columns})
