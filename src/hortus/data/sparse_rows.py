"""A sparse matrix as one column of a table: each cell is one row of the matrix, and empty cells cost nothing.

So whatever takes a table takes a sparse matrix: rows are picked, split, hashed, shuffled and stored as any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hortus.data.notes import Note
from hortus.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# What the one column is called.
NAME = "matrix"
# A matrix of more cells than this stays sparse, unless so large a share of them is filled that spread out it is small.
MOST_SPREAD, FULL = 5_000_000, 0.25
FLOAT32_MOST = np.float32(3.4e38)


class SparseRow:
    """One row of a sparse matrix; equal where all cells are equal.

    Args:
        width: of the matrix.
        indices: (k,) int32 ascending columns of the filled cells.
        values: (k,) float32 what is in them: finite, and not zero.
    """

    __slots__ = ("indices", "values", "width")

    def __init__(self, width: int, indices: NDArray[np.int32], values: NDArray[np.float32]) -> None:
        self.width, self.indices, self.values = width, indices, values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseRow):
            return NotImplemented
        return (
            self.width == other.width
            and np.array_equal(self.indices, other.indices)
            and np.array_equal(self.values, other.values)
        )

    def __hash__(self) -> int:
        return hash((self.width, self.indices.tobytes(), self.values.tobytes()))

    def __repr__(self) -> str:
        return f"{len(self.indices)} of {self.width} cells filled"

    def to_bytes(self) -> bytes:
        """Width, columns and values, as little-endian bytes."""
        head = np.array([self.width, len(self.indices)], dtype="<i8").tobytes()
        return head + self.indices.astype("<i4").tobytes() + self.values.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, found: bytes) -> SparseRow:
        """The inverse of `to_bytes`.

        Raises:
            ValueError: the bytes are none of a row.
        """
        width, count = (int(number) for number in np.frombuffer(found, dtype="<i8", count=2))
        if count < 0 or len(found) != 16 + 8 * count:
            raise ValueError("the bytes are no row of a sparse matrix")
        indices = np.frombuffer(found, dtype="<i4", count=count, offset=16).astype(np.int32)
        values = np.frombuffer(found, dtype="<f4", count=count, offset=16 + 4 * count).astype(np.float32)
        if count and not 0 <= indices.min() <= indices.max() < width:
            raise ValueError("a cell lies outside of its row")
        return cls(width, indices, values)


def stays_sparse(matrix: Any) -> bool:
    """Whether a sparse matrix is too large and too empty to be spread out."""
    cells = int(matrix.shape[0]) * int(matrix.shape[1])
    return cells > MOST_SPREAD and matrix.nnz < FULL * cells


def sparse_frame(matrix: Any) -> tuple[pd.DataFrame, list[Note]]:
    """A sparse matrix, or a dense one of numbers, as a table of one column.

    Args:
        matrix: (n, p) of any of scipy's formats, or an array.

    Returns:
        The frame, and what was noticed.

    Raises:
        InputError: it does not hold real numbers.

    >>> frame, _ = sparse_frame(np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> frame["matrix"].tolist()
    [1 of 3 cells filled, 0 of 3 cells filled]
    """
    import pandas as pd

    found: Any = sparse.csr_array(matrix)
    if found.dtype.kind not in "biuf":
        raise InputError(
            f"A sparse matrix of {found.dtype} holds no table.", mend="Give real numbers.", code="array-type"
        )
    # A copy: what the caller gave is never changed.
    found = found.astype(np.float64, copy=True)
    found.sum_duplicates()
    lost = ~np.isfinite(found.data)
    found.data[lost] = 0.0
    values = np.clip(found.data, -FLOAT32_MOST, FLOAT32_MOST).astype(np.float32)
    found = sparse.csr_array((values, found.indices, found.indptr), shape=found.shape)
    found.eliminate_zeros()
    width, ends = int(found.shape[1]), found.indptr.tolist()
    indices = found.indices.astype(np.int32, copy=False)
    cells = np.empty(found.shape[0], dtype=object)
    for row in range(len(cells)):
        begin, end = ends[row], ends[row + 1]
        cells[row] = SparseRow(width, indices[begin:end], found.data[begin:end])
    notes = []
    if lost.any():
        what = f"{int(lost.sum())} cells of the sparse matrix are missing or infinite."
        notes.append(Note("sparse-not-finite", what, NAME, "Taken as zero, as the empty cells are.", True))
    # Told nothing, pandas would look for a type of its own in the objects.
    return pd.DataFrame({NAME: pd.Series(cells, dtype=object)}), notes


def stack_rows(cells: Sequence[SparseRow | None] | NDArray[Any], width: int) -> sparse.csr_array:
    """(n, width) float32 CSR of rows put below each other; None is a row of zeros."""
    rows = [cell for cell in cells if isinstance(cell, SparseRow)]
    sizes = [len(cell.indices) if isinstance(cell, SparseRow) else 0 for cell in cells]
    ends = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    indices = _joined((row.indices for row in rows), np.int32)
    values = _joined((row.values for row in rows), np.float32)
    pointers = ends.astype(np.int32) if ends[-1] < 2**31 else ends
    return sparse.csr_array((values, indices, pointers), shape=(len(sizes), width))


def _joined(parts: Iterable[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=dtype), *parts])
