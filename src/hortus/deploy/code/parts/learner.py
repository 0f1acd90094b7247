"""What all learners share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.code.parts.constants import CLASSES
from hortus.deploy.code.parts.prepare import Rows


class Learner:
    """A learner that answers for all classes, also for those that its training rows lack.

    ``learn`` is told the classes met as 0, 1, 2, … ; ``ask`` gives (n, classes met) probabilities, the chances of the
    second of two, or (n,) values.
    """

    def fit(self, train: Rows, valid: Rows | None = None) -> Self:
        """Learn from ``train``; ``valid`` are rows held back, for learners that tune themselves."""
        if not CLASSES:
            self.learn(train, valid if valid is not None and matters(valid, slice(None)) else None)
            return self
        self.met = np.unique(train.y)
        if len(self.met) > 1:
            known = None if valid is None else np.flatnonzero(np.isin(valid.y, self.met))
            valid = valid.take(known) if valid is not None and known is not None and matters(valid, known) else None
            self.learn(self._renumbered(train), None if valid is None else self._renumbered(valid))
        return self

    def predict(self, rows: Rows) -> NDArray[np.float64]:
        """(n, K) probabilities, or (n,) values."""
        if not CLASSES:
            return self.ask(rows)
        found = self.ask(rows) if len(self.met) > 1 else np.ones((len(rows.X), 1))
        if found.ndim == 1:
            found = np.stack([1.0 - found, found], axis=1)
        found = found.astype(np.float64)
        wide = np.zeros((len(found), len(CLASSES)))
        wide[:, self.met] = found / found.sum(axis=1, keepdims=True)
        return wide

    def learn(self, train: Rows, valid: Rows | None) -> None:
        """Fit."""
        raise NotImplementedError

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Predict."""
        raise NotImplementedError

    def _renumbered(self, rows: Rows) -> Rows:
        return replace(rows, y=np.searchsorted(self.met, rows.y))


def matters(rows: Rows, which: Any) -> bool:
    """Whether any of the rows has a weight above zero."""
    return len(rows.y[which]) > 0 and (rows.weight is None or rows.weight[which].sum() > 0)
