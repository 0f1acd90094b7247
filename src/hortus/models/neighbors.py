"""Nearest neighbours: a row is like the training rows that lie closest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.models.base import FitContext, Model, Params, Rows, Vector
from hortus.models.outputs import Outputs

# Past these, measuring all distances takes longer than the answer is worth.
MOST_ROWS = 60_000
MOST_CELLS = 3_000_000
# Rows searched when time is already up.
HURRIED = 2_000


class Neighbors(Model):
    """The (weighted) average of the k nearest training rows. Wants imputed, encoded, scaled columns.

    Args:
        n_neighbors: k.
        weights: ``"uniform"``, or ``"distance"`` for 1 / distance.
        p: of the Minkowski distance, 1 or 2.
    """

    name: ClassVar[str] = "neighbors"
    scaled: ClassVar[bool] = True

    def __init__(self, *, n_neighbors: int = 15, weights: str = "distance", p: int = 2) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.p = p

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """k, weights, distance."""
        most = int(min(100, max(2, facts.train_rows // 4)))
        return {
            "n_neighbors": trial.suggest_int(f"{prefix}n_neighbors", 1, most, log=True),
            "weights": trial.suggest_categorical(f"{prefix}weights", ("uniform", "distance")),
            "p": trial.suggest_categorical(f"{prefix}p", (1, 2)),
        }

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """City-block distance, which many columns blur less but takes longer, and neighbours weighted by it."""
        most = int(min(100, max(2, facts.train_rows // 4)))
        return {"n_neighbors": min(most, 15), "weights": "distance", "p": 1 if facts.train_rows <= 4_000 else 2}

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """Many neighbours by straight distance."""
        return [cls.default(facts) | {"n_neighbors": int(min(50, max(2, facts.train_rows // 4))), "p": 2}]

    @classmethod
    def fits(cls, facts: Facts) -> bool:
        """Whether rows and columns are few enough to measure all distances."""
        small = facts.train_rows <= MOST_ROWS and facts.train_rows * facts.width <= MOST_CELLS
        return super().fits(facts) and small

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:  # noqa: ARG002
        """Keep the rows."""
        self._outputs = Outputs.learn(train.y, context)
        rows = train.X.dense
        y = self._outputs.targets(train)
        weight = np.ones(len(y)) if train.weight is None else train.weight
        keep = np.flatnonzero(weight > 0)
        if context.out_of_time and len(keep) > HURRIED:
            keep = np.sort(np.random.default_rng(context.seed).choice(keep, HURRIED, replace=False))
        self._rows = np.ascontiguousarray(rows[keep])
        self._y, self._weight = y[keep], weight[keep]
        self._work = float(len(keep))
        self._search: Any = None
        return self

    def predict(self, X: Matrix) -> Vector:
        """The average of the neighbours."""
        if self._outputs.single:
            return self._outputs.certain(len(X))
        if not len(X):
            return np.zeros((0, self._outputs.classes) if self._outputs.classes else 0)
        if self._search is None:
            from sklearn.neighbors import NearestNeighbors

            metric = "manhattan" if self.p == 1 else "euclidean"
            count = min(self.n_neighbors, len(self._rows))
            self._search = NearestNeighbors(
                n_neighbors=count, algorithm=_algorithm(self._rows), metric=metric, n_jobs=1
            )
            self._search.fit(self._rows)
        distance, index = self._search.kneighbors(X.dense)
        weight = self._weight[index]
        if self.weights == "distance":
            # Copies of a row speak alone for it, as 1 / 0 would have it.
            copies = distance <= 1e-7
            weight = weight * np.where(copies.any(axis=1, keepdims=True), copies, 1.0 / np.maximum(distance, 1e-7))
        weight = weight / weight.sum(axis=1, keepdims=True)
        if self._outputs.regression:
            found: Vector = (weight * self._y[index]).sum(axis=1)
            return found
        # The prior speaks as one more neighbour: no probability is ever zero.
        prior = np.bincount(self._y, weights=self._weight, minlength=self._outputs.count) / self._weight.sum()
        shares = np.tile(prior / index.shape[1], (len(X), 1))
        np.add.at(shares, (np.arange(len(X))[:, None], self._y[index]), weight)
        return self._outputs.probabilities(shares)

    @property
    def work(self) -> float:
        """Rows."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write the rows kept."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        save_state(folder, state | {"rows": self._rows, "y": self._y, "weight": self._weight})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._rows, model._y, model._weight = state["rows"], state["y"], state["weight"]
        model._search = None
        return model


def _algorithm(rows: NDArray[np.float32]) -> str:
    """A tree pays where rows are many and columns few."""
    return "kd_tree" if rows.shape[1] <= 12 and len(rows) > 2_000 else "brute"
