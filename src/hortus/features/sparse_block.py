"""A sparse matrix for learners: all of it as a sparse block, and the most telling of it as dense columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hortus.data.sparse_rows import stack_rows
from hortus.features.text import COMPONENTS, main_directions

# Columns of the matrix, those with the most filled cells, that become dense ones.
FULLEST = 100
# No cell counts for more than this, in units of its column's usual size.
MOST = 1e4


class SparseBlock:
    """A column of sparse rows: (n, 1 + f + k) dense numbers and an (n, p) sparse block.

    Each of the p columns is divided by the root of the mean square of its filled cells, so that counts, weights and
    marks of 0 and 1 are alike; the whole is brought to rows of length 1 on average, as those of texts are. No zero
    ever becomes anything else. Learners that cannot read the block see how many cells are filled, the f fullest
    columns as they are, and the k main directions of the block (truncated singular value decomposition; Halko et al.
    2011).

    Args:
        seed: of the directions.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def fit_transform(self, cells: NDArray[Any]) -> tuple[NDArray[np.float32], sparse.csr_array]:
        """Learn scales and directions from ``cells``, rows of one width; None is a row of zeros."""
        self._width = next((int(cell.width) for cell in cells if cell is not None), 0)
        raw = stack_rows(cells, self._width)
        filled = np.bincount(raw.indices, minlength=self._width)
        squares = np.bincount(raw.indices, weights=np.square(raw.data, dtype=np.float64), minlength=self._width)
        usual = np.sqrt(squares / np.maximum(filled, 1))
        length = max(1.0, np.sqrt(raw.nnz / max(1, raw.shape[0])))
        self._factors = 1.0 / (length * np.where(usual > 0, usual, 1.0))
        self._fullest = np.sort(np.argsort(-filled, kind="stable")[: min(FULLEST, int((filled > 0).sum()))])
        block = self._scaled(raw)
        directions = main_directions(block, COMPONENTS, self.seed)
        # Rare columns have no part in the directions, and most columns are rare.
        self._common = np.flatnonzero(directions.any(axis=1))
        self._directions = directions[self._common]
        return self._dense(raw, block), block

    def transform(self, cells: NDArray[Any]) -> tuple[NDArray[np.float32], sparse.csr_array]:
        """The same numbers for other rows."""
        raw = stack_rows(cells, self._width)
        block = self._scaled(raw)
        return self._dense(raw, block), block

    @property
    def names(self) -> list[str]:
        """Names of the dense columns."""
        fullest = (f"x{i}" for i in self._fullest)
        return ["filled", *fullest, *(f"direction {i}" for i in range(self._directions.shape[1]))]

    def state(self) -> dict[str, Any]:
        """Scales, the fullest columns and the directions."""
        return {
            "seed": self.seed,
            "width": self._width,
            "factors": self._factors,
            "fullest": self._fullest,
            "common": self._common,
            "directions": self._directions,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self.seed, self._width, self._factors = state["seed"], state["width"], state["factors"]
        self._fullest, self._common, self._directions = state["fullest"], state["common"], state["directions"]

    def _scaled(self, raw: sparse.csr_array) -> sparse.csr_array:
        values = np.clip(raw.data * self._factors[raw.indices], -MOST, MOST).astype(np.float32)
        return sparse.csr_array((values, raw.indices, raw.indptr), shape=raw.shape)

    def _dense(self, raw: sparse.csr_array, block: sparse.csr_array) -> NDArray[np.float32]:
        count = len(self._fullest)
        dense = np.empty((raw.shape[0], 1 + count + self._directions.shape[1]), dtype=np.float32)
        dense[:, 0] = np.diff(raw.indptr)
        dense[:, 1 : 1 + count] = raw[:, self._fullest].toarray()
        # In float64: sums in float32 depend on their order in the last bit, which flips a tree's cut at such a value.
        dense[:, 1 + count :] = block[:, self._common].astype(np.float64) @ self._directions
        return dense
