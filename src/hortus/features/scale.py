"""Numbers brought to one scale."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import numeric
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import Params, State, Step
from hortus.features.relevance import sample

# Points at which a distribution is kept; the outermost stand for its 1/(2 x POINTS) tails (a normal's +-3.3).
POINTS = 1000
# Rows from which a distribution is learned.
SAMPLE = 10_000

Method = Literal["standard", "robust", "quantile"]


class Scale(Step):
    """Scale the numeric columns; categories and gaps stay as they are.

    - ``standard``: mean 0, variance 1. Columns of zeros and ones are left alone.
    - ``robust``: z = (x - median) / (third - first quartile), then z / sqrt(1 + (z / 3)^2), which is smooth and never
      leaves (-3, 3); where the quartiles coincide, half the range divides (RealMLP, Holzmüller et al. 2024, B.1).
    - ``quantile``: ranks among the training rows, as a normal distribution's. Columns of zeros and ones are left alone.

    A column that is constant in training becomes 0.

    Args:
        method: one of the three.
    """

    name: ClassVar[str] = "scale"

    def __init__(self, method: Method = "standard") -> None:
        self.method = method

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Which of the three."""
        return {"method": trial.suggest_categorical(f"{prefix}method", ("standard", "robust", "quantile"))}

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Learn the scales and scale. The target is not used."""
        self._numeric = np.asarray(numeric(X.columns), dtype=np.intp)
        width = len(self._numeric)
        self._centers = np.zeros(width, dtype=np.float64)
        self._factors = np.zeros(width, dtype=np.float64)
        self._grids: list[NDArray[np.float32]] = []
        rows = sample(len(X), SAMPLE if self.method == "quantile" else len(X), seed)
        for j, i in enumerate(self._numeric):
            values = X.dense[rows, i] if len(rows) < len(X) else X.dense[:, i]
            values = values[~np.isnan(values)]
            if self.method == "quantile":
                self._grids.append(_grid(values))
            elif self.method == "robust":
                self._centers[j], self._factors[j] = _robust(values)
            else:
                self._centers[j], self._factors[j] = _standard(values)
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """Scale with what was learned."""
        if not len(self._numeric):
            return X
        if self.method == "quantile":
            dense = X.dense.copy()
            for i, grid in zip(self._numeric, self._grids, strict=True):
                dense[:, i] = _ranks(X.dense[:, i], grid)
            return X.with_dense(dense, X.columns)
        whole = len(self._numeric) == len(X.columns)
        values = X.dense if whole else X.dense[:, self._numeric]
        scaled = (values - self._centers) * self._factors
        if self.method == "robust":
            scaled /= np.sqrt(1 + (scaled / 3) ** 2)
        if whole:
            return X.with_dense(scaled.astype(np.float32), X.columns)
        dense = X.dense.copy()
        dense[:, self._numeric] = scaled
        return X.with_dense(dense, X.columns)

    def state(self) -> State:
        """Centres and factors, or the distributions."""
        return {"numeric": self._numeric, "centers": self._centers, "factors": self._factors, "grids": self._grids}

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._numeric, self._grids = state["numeric"], state["grids"]
        self._centers, self._factors = state["centers"], state["factors"]


def _indicator(values: NDArray[np.float32]) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _standard(values: NDArray[np.float32]) -> tuple[float, float]:
    if not len(values) or values.min() == values.max():
        return (float(values[0]) if len(values) else 0.0), 0.0
    if _indicator(values):
        return 0.0, 1.0
    mean = float(values.mean(dtype=np.float64))
    return mean, 1.0 / float(values.std(dtype=np.float64))


def _robust(values: NDArray[np.float32]) -> tuple[float, float]:
    if not len(values):
        return 0.0, 0.0
    low, first, median, third, high = np.quantile(values.astype(np.float64), (0.0, 0.25, 0.5, 0.75, 1.0))
    spread = (third - first) or (high - low) / 2
    return float(median), 1.0 / float(spread) if spread else 0.0


def _grid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, m) values and the ranks they have, in (0, 1); empty for a column that is left alone."""
    if not len(values):
        return np.zeros((2, 1), dtype=np.float32)
    if values.min() < values.max() and _indicator(values):
        return np.zeros((2, 0), dtype=np.float32)
    count = min(POINTS, len(values))
    ranks = (np.arange(count) + 0.5) / count
    points = np.sort(values)[(ranks * len(values)).astype(np.intp)]
    first = np.flatnonzero(np.append(True, points[1:] > points[:-1]))
    last = np.append(first[1:], count) - 1
    middle = (ranks[first] + ranks[last]) / 2  # ties share the mean of their ranks
    return np.stack([points[first], middle]).astype(np.float32)


def _ranks(values: NDArray[np.float32], grid: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.special import ndtri

    if grid.shape[1] == 0:
        return values
    if grid.shape[1] == 1:
        return np.where(np.isnan(values), values, np.float32(0))
    normal: NDArray[np.float32] = ndtri(np.interp(values, grid[0], grid[1])).astype(np.float32)
    return normal
