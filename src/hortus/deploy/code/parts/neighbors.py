"""Nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import values
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows
from hortus.models.smoothed_loss import smoothed_log_loss

# Training rows that are predicted by the others to learn how to weigh, and what is tried there.
ASKED = 2_000
POWERS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)


class Neighbors(Learner):
    """The average of the nearest training rows, weighted by 1 / distance^power, and a share of all rows' mean."""

    def __init__(self, n_neighbors: int = 15, p: int = 2) -> None:
        self.n_neighbors = n_neighbors
        self.p = p

    def learn(self, train: Rows, valid: Rows | None) -> None:  # noqa: ARG002
        """Keep the rows that count; power and share are those that predict them best, each from the others."""
        weight = np.ones(len(train.y)) if train.weight is None else train.weight
        keep = np.flatnonzero(weight > 0)
        rows = np.ascontiguousarray(values(train.X)[keep])
        self.y, self.weight, self.classes = train.y[keep], weight[keep], len(np.unique(train.y))
        if KIND == "regression":
            self.prior: Any = np.average(self.y, weights=self.weight)
        else:
            self.prior = np.bincount(self.y, weights=self.weight, minlength=self.classes) / self.weight.sum()
        self.search = NearestNeighbors(
            algorithm="kd_tree" if rows.shape[1] <= 12 and len(rows) > 2_000 else "brute",
            metric="manhattan" if self.p == 1 else "euclidean",
            n_jobs=1,
        ).fit(rows)
        asked = np.arange(len(rows))
        if len(rows) > ASKED:
            asked = np.sort(np.random.default_rng(0).choice(len(rows), ASKED, replace=False))
        distance, index = self.search.kneighbors(rows[asked], n_neighbors=min(self.n_neighbors + 1, len(rows)))
        others = np.argsort(index == asked[:, None], axis=1, kind="stable")[:, :-1]
        distance, index = np.take_along_axis(distance, others, axis=1), np.take_along_axis(index, others, axis=1)
        said = {power: self.average(distance, index, power) for power in POWERS}
        tried = [(self.loss(said[power], share, asked), power, share) for power in POWERS for share in SHARES]
        _, self.power, self.share = min(tried)

    def loss(self, said: NDArray[Any], share: float, asked: NDArray[Any]) -> float:
        """Squared error, or log loss of labels that are smoothed a little."""
        mixed, y, weight = (1 - share) * said + share * self.prior, self.y[asked], self.weight[asked]
        if KIND == "regression":
            return float(np.average((mixed - y) ** 2, weights=weight))
        return smoothed_log_loss(np.log(np.maximum(mixed, 1e-15)), y, weight)

    def average(self, distance: NDArray[Any], index: NDArray[Any], power: float) -> NDArray[Any]:
        """Shares of the classes among the neighbours, or their mean value."""
        distance = np.maximum(distance, 1e-7)
        weight = self.weight[index] * (distance[:, :1] / distance) ** power
        weight = weight / weight.sum(axis=1, keepdims=True)
        if KIND == "regression":
            return np.asarray((weight * self.y[index]).sum(axis=1))
        shares = np.zeros((len(index), self.classes))
        np.add.at(shares, (np.arange(len(index))[:, None], self.y[index]), weight)
        return shares

    def ask(self, rows: Rows) -> NDArray[Any]:
        """The average of the neighbours, and the share of all rows' mean."""
        count = min(self.n_neighbors, len(self.y))
        distance, index = self.search.kneighbors(values(rows.X), n_neighbors=count)
        return np.asarray((1 - self.share) * self.average(distance, index, self.power) + self.share * self.prior)
