"""What the columns mean, fixed when the model is trained, and how later rows are read by it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.canonical import read_column
from hortus.data.column import ColumnKind as ColumnKind
from hortus.data.column import ColumnSchema as ColumnSchema
from hortus.data.notes import Note
from hortus.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

# Up to this many rows, cells are read one by one: what pandas does a column costs more than they do.
FEW_ROWS = 64


_BLOCKS = {
    "numeric": "number",
    "boolean": "number",
    "date": "moment",
    "categorical": "word",
    "text": "word",
    "sparse": "word",
}
_MISSING_MEND = "Add them (empty cells will do) or rename the columns as they were in the training table."


@dataclass(frozen=True)
class Schema:
    """The columns in the table's order."""

    columns: tuple[ColumnSchema, ...]

    @cached_property
    def features(self) -> tuple[ColumnSchema, ...]:
        """The columns that the model sees, in order."""
        return tuple(column for column in self.columns if column.role == "feature")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(column.name for column in self.features)

    @cached_property
    def of_matrix(self) -> bool:
        """Whether the table was a sparse matrix, kept so."""
        return any(column.kind == "sparse" for column in self.features)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Schema:
        """The inverse of ``to_json``."""
        return cls(tuple(ColumnSchema(**column) for column in found["columns"]))

    def apply(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
        """Read a table by this schema.

        Args:
            frame: the rows; further columns and any order of columns will do.

        Returns:
            The canonical frame: the features in schema order, a numeric or boolean column as float64 with NaN, a
            categorical or text column as objects (str or None), a date as datetime64[us] in UTC; and notes.

        Raises:
            SchemaError: a column is missing, or its cells are of another kind.
        """
        arrays, notes = self.read(frame)
        made: dict[str, list[NDArray[Any]]] = {"number": [], "moment": [], "word": []}
        order: list[tuple[str, int]] = []
        for column, array in zip(self.features, arrays, strict=True):
            block = _BLOCKS[column.kind]
            order.append((block, len(made[block])))
            made[block].append(array)
        return _assemble(frame.index, self.names, made, order), notes

    def read(self, frame: pd.DataFrame) -> tuple[list[NDArray[Any]], list[Note]]:
        """As `apply`, but as one (n,) array a feature, in schema order: for one row that takes half as long.

        Raises:
            SchemaError: a column is missing, or its cells are of another kind.
        """
        positions, notes = self._locate(frame)
        if len(frame) <= FEW_ROWS and positions:
            arrays, more = self.read_cells(frame.to_numpy(dtype=object)[:, positions])
        else:
            arrays, more = self._read(frame.iloc[:, position] for position in positions)
        return arrays, notes + more

    def read_cells(self, table: NDArray[np.object_]) -> tuple[list[NDArray[Any]], list[Note]]:
        """As `read`, of cells that came without a frame.

        Args:
            table: (n, p) the features' cells, in schema order.

        Raises:
            SchemaError: a column's cells are of another kind.
        """
        if len(table) <= FEW_ROWS:
            return self._read(table.T)
        import pandas as pd

        return self._read(
            pd.Series(cells, dtype=object, name=name) for name, cells in zip(self.names, table.T, strict=True)
        )

    def _read(self, columns: Iterable[Any]) -> tuple[list[NDArray[Any]], list[Note]]:
        arrays, notes = [], []
        for column, values in zip(self.features, columns, strict=True):
            array, more = read_column(column, values)
            arrays.append(array)
            notes += more
        return arrays, notes

    def _locate(self, frame: pd.DataFrame) -> tuple[list[int], list[Note]]:
        """Where each feature stands in ``frame``."""
        came = [name if isinstance(name, str) else str(name) for name in frame.columns]
        where = {name: position for position, name in enumerate(came)}
        missing = [name for name in self.names if name not in where]
        if missing:
            raise SchemaError(_missing_columns(missing, came), mend=_MISSING_MEND, code="columns-missing")
        if len(where) != len(came):
            twice = sorted({name for name in came if came.count(name) > 1} & set(self.names))
            if twice:
                raise SchemaError(
                    f"{_several('Column', twice)} in the rows more than once.",
                    mend="Rename or drop one of each.",
                    code="columns-duplicate",
                )
        known = {column.name for column in self.columns}
        extra = [name for name in came if name not in known]
        notes = []
        if extra:
            notes.append(
                Note(
                    code="columns-extra",
                    what=f"{_several('Column', extra)} in the rows and not in the training table.",
                    place=extra[0],
                    mend="Ignored.",
                    warning=True,
                )
            )
        return [where[name] for name in self.names], notes


def _several(what: str, names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"{what} {shown} is" if len(names) == 1 else f"{what}s {shown} are"


def _missing_columns(missing: list[str], came: list[str]) -> str:
    near = []
    lowered = {name.lower(): name for name in came}
    for name in missing[:10]:
        close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.7)
        near.append(f"{name!r}" + (f" (is it {lowered[close[0]]!r}?)" if close else ""))
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    return f"The rows lack {len(missing)} of the columns trained on: {', '.join(near)}{more}."


def _assemble(
    index: pd.Index, names: tuple[str, ...], made: dict[str, list[NDArray[Any]]], order: list[tuple[str, int]]
) -> pd.DataFrame:
    """Blocks of one type each, side by side: a tenth of what a frame of single columns costs."""
    import pandas as pd

    offsets: dict[str, int] = {}
    parts: list[pd.DataFrame] = []
    width = 0
    for block, dtype in (("number", np.float64), ("moment", "datetime64[us]"), ("word", object)):
        arrays = made[block]
        if not arrays:
            continue
        offsets[block] = width
        width += len(arrays)
        filled = np.empty((len(index), len(arrays)), dtype=dtype, order="F")
        for i, array in enumerate(arrays):
            filled[:, i] = array
        # Told nothing, pandas would make strings of its own kind out of the objects.
        parts.append(pd.DataFrame(filled, index=index, copy=False, dtype=object if block == "word" else None))
    if not parts:
        return pd.DataFrame(index=index)
    frame = parts[0] if len(parts) == 1 else pd.concat(parts, axis=1)
    positions = [offsets[block] + i for block, i in order]
    if positions != list(range(width)):
        frame = frame.iloc[:, positions]
    frame.columns = pd.Index(names, dtype=object)
    return frame
