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


class Neighbors(Learner):
    """The (weighted) average of the nearest training rows; of classes, the overall shares speak as one more of them."""

    def __init__(self, n_neighbors: int = 15, weights: str = "distance", p: int = 2) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.p = p

    def learn(self, train: Rows, valid: Rows | None) -> None:  # noqa: ARG002
        """Keep the rows that count."""
        weight = np.ones(len(train.y)) if train.weight is None else train.weight
        keep = np.flatnonzero(weight > 0)
        rows = np.ascontiguousarray(values(train.X)[keep])
        self.y, self.weight, self.classes = train.y[keep], weight[keep], len(np.unique(train.y))
        self.search = NearestNeighbors(
            n_neighbors=min(self.n_neighbors, len(rows)),
            algorithm="kd_tree" if rows.shape[1] <= 12 and len(rows) > 2_000 else "brute",
            metric="manhattan" if self.p == 1 else "euclidean",
            n_jobs=1,
        ).fit(rows)

    def ask(self, rows: Rows) -> NDArray[Any]:
        """The average of the neighbours."""
        distance, index = self.search.kneighbors(values(rows.X))
        weight = self.weight[index]
        if self.weights == "distance":
            # Copies of a row speak alone for it, as 1 / 0 would have it.
            copies = distance <= 1e-7
            weight = weight * np.where(copies.any(axis=1, keepdims=True), copies, 1.0 / np.maximum(distance, 1e-7))
        weight = weight / weight.sum(axis=1, keepdims=True)
        if KIND == "regression":
            return np.asarray((weight * self.y[index]).sum(axis=1))
        prior = np.bincount(self.y, weights=self.weight, minlength=self.classes) / self.weight.sum()
        shares = np.tile(prior / index.shape[1], (len(index), 1))
        np.add.at(shares, (np.arange(len(index))[:, None], self.y[index]), weight)
        return shares
