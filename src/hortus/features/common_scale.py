"""One scale for all numbers together, for columns of one unit (pixels, counts, spectra)."""

# ruff: noqa: ARG002 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hortus.data.columns import numeric
from hortus.data.facts import Kind
from hortus.data.matrix import Matrix
from hortus.features.base import State, Step


class CommonScale(Step):
    """Bring each numeric column to mean 0, and divide all by one number: the root of their mean variance.

    Takes the numeric columns, gives the same ones; categories and gaps stay as they are. How much a column varies
    beside the others is kept, which scaling each by itself throws away.
    """

    name: ClassVar[str] = "common_scale"

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Learn the means and the scale, and scale. The target is not used."""
        self._numeric = np.asarray(numeric(X.columns), dtype=np.intp)
        values = X.dense[:, self._numeric].astype(np.float64)
        known = ~np.isnan(values)
        counts = np.maximum(known.sum(axis=0), 1)
        self._centers = np.where(known, values, 0.0).sum(axis=0) / counts
        centered = np.where(known, values - self._centers, 0.0)
        variance = float(((centered**2).sum(axis=0) / counts).mean()) if len(self._numeric) else 0.0
        self._factor = variance**-0.5 if variance > 0 else 0.0
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """Scale with what was learned."""
        dense = X.dense.copy()
        dense[:, self._numeric] = (X.dense[:, self._numeric] - self._centers) * self._factor
        return X.with_dense(dense, X.columns)

    def state(self) -> State:
        """Means and the one factor."""
        return {"numeric": self._numeric, "centers": self._centers, "factor": self._factor}

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._numeric, self._centers, self._factor = state["numeric"], state["centers"], float(state["factor"])
