"""What can be said of a row without looking at it."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.code.parts.constants import CLASSES
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows


class Baseline(Learner):
    """The classes' frequencies, or the mean or median of the target."""

    def __init__(self, value: str = "mean") -> None:
        self.value = value

    def fit(self, train: Rows, valid: Rows | None = None) -> Self:  # noqa: ARG002
        """Count the classes, or average the target."""
        weight = np.ones(len(train.y)) if train.weight is None else train.weight
        if CLASSES:
            shares = np.bincount(train.y, weights=weight, minlength=len(CLASSES))
            self.found = shares / shares.sum()
        elif self.value == "mean":
            self.found = np.average(train.y, weights=weight)
        else:
            order = np.argsort(train.y, kind="stable")
            reached = np.cumsum(weight[order])
            self.found = train.y[order][np.searchsorted(reached, reached[-1] / 2)]
        return self

    def predict(self, rows: Rows) -> NDArray[np.float64]:
        """The same for every row."""
        return np.tile(self.found, (len(rows.X), 1)) if CLASSES else np.full(len(rows.X), self.found)
