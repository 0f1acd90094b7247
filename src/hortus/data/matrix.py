"""The rows as learners see them: a dense float matrix, and beside it a sparse one of words or of the user's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hortus.data.columns import Columns


@dataclass(frozen=True)
class Matrix:
    """Encoded rows.

    Attributes:
        dense: (n, p) float32; numbers, and category codes; NaN where missing.
        columns: what each of the p columns holds.
        text: (n, m) float32 CSR: tf-idf weights over all text columns, or the sparse matrix that the table was;
            None where there is neither.
        wide: whether a sparse matrix is in it, whose columns mean something one by one.
    """

    dense: NDArray[np.float32]
    columns: Columns
    text: sparse.csr_array | None = None
    wide: bool = False

    def __len__(self) -> int:
        return int(self.dense.shape[0])

    def rows(self, index: NDArray[np.intp]) -> Matrix:
        """The same columns for the rows at ``index``."""
        return Matrix(self.dense[index], self.columns, None if self.text is None else self.text[index], self.wide)

    def with_dense(self, dense: NDArray[np.float32], columns: Columns) -> Matrix:
        """The same rows with other dense columns; a step's result."""
        return Matrix(dense, columns, self.text, self.wide)
