"""Numbers as their principal components."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import MatrixColumn, numeric
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import Params, State, Step
from hortus.features.layout import columns_from_state, columns_to_state, distinct
from hortus.seeds import derive

# Up to this many columns the exact decomposition is cheap; past it a randomized one is used.
EXACT = 500
# Rows that a randomized one is learned from.
ROWS = 10_000


class Components(Step):
    """Principal components of the numeric columns, each first brought to mean 0 and variance 1.

    Takes the numeric columns, a gap counting as the mean; gives all other columns, the numeric ones too unless
    ``replace``, and the components (named ``component 0`` …, the widest first; made from many columns, they have
    no source).

    Args:
        components: how many, at most as many as there are numeric columns and rows.
        replace: whether they stand in for the columns they are made of.
    """

    name: ClassVar[str] = "pca"

    def __init__(self, components: int = 10, *, replace: bool = False) -> None:
        self.components = components
        self.replace = replace

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """2 to 64 components, appended or replacing."""
        return {
            "components": trial.suggest_int(f"{prefix}components", 2, 64, log=True),
            "replace": trial.suggest_categorical(f"{prefix}replace", (False, True)),
        }

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Learn the components and give them. The target is not used."""
        self._numeric = np.asarray(numeric(X.columns), dtype=np.intp)
        values = X.dense[:, self._numeric].astype(np.float64)
        known = ~np.isnan(values)
        counts = np.maximum(known.sum(axis=0), 1)
        self._centers = np.where(known, values, 0.0).sum(axis=0) / counts
        values -= self._centers
        values[~known] = 0.0
        spread = np.sqrt((values * values).sum(axis=0) / counts)
        self._factors = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
        values *= self._factors
        self._axes = _axes(values, min(self.components, *values.shape), seed)
        dropped = self._numeric if self.replace and self._axes.shape[1] else self._numeric[:0]
        self._kept = np.setdiff1d(np.arange(len(X.columns)), dropped)
        columns = [X.columns[i] for i in self._kept]
        names = distinct([f"component {i}" for i in range(self._axes.shape[1])], [column.name for column in columns])
        self._columns = (*columns, *(MatrixColumn(name, "") for name in names))
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """The components of other rows."""
        values = (X.dense[:, self._numeric] - self._centers) * self._factors
        values[np.isnan(values)] = 0.0
        found = (values @ self._axes).astype(np.float32)
        return X.with_dense(np.hstack([X.dense[:, self._kept], found]), self._columns)

    def state(self) -> State:
        """Means, scales and axes."""
        return {
            "numeric": self._numeric,
            "centers": self._centers,
            "factors": self._factors,
            "axes": self._axes,
            "kept": self._kept,
            "columns": columns_to_state(self._columns),
        }

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._numeric, self._kept, self._axes = state["numeric"], state["kept"], state["axes"]
        self._centers, self._factors = state["centers"], state["factors"]
        self._columns = columns_from_state(state["columns"])


def _axes(values: NDArray[np.float64], count: int, seed: int) -> NDArray[np.float64]:
    """(p, count) axes of greatest variance, each with its largest entry positive."""
    if not count or not values.any():
        return np.zeros((values.shape[1], 0))
    if values.shape[1] <= EXACT:
        vectors = np.linalg.eigh(values.T @ values)[1][:, ::-1][:, :count]
    else:
        from sklearn.utils.extmath import randomized_svd

        from hortus.features.relevance import sample

        rows = sample(len(values), ROWS, seed)
        count = min(count, len(rows))
        vectors = randomized_svd(values[rows], count, n_iter=3, random_state=derive(seed, "pca"))[2].T
    peaks = vectors[np.abs(vectors).argmax(axis=0), np.arange(count)]
    return np.ascontiguousarray(vectors * np.where(peaks < 0, -1.0, 1.0))
