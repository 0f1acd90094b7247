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
from hortus.models.smoothed_loss import smoothed_log_loss
from hortus.seeds import stream

# Past these, measuring all distances takes longer than the answer is worth.
MOST_ROWS = 60_000
MOST_CELLS = 3_000_000
# Rows searched when time is already up.
HURRIED = 2_000
# Training rows that are predicted by the others to learn how to weigh.
ASKED = 2_000
# Powers of 1 / distance. Where columns are many all distances are much alike, and only a high power tells them apart.
POWERS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
# Shares of the prior in what is predicted: 0.001 trusts the neighbours nearly blindly.
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
# A row no farther away than this is a copy.
SAME = 1e-7


class Neighbors(Model):
    """The average of the k nearest training rows, the nearer the more. Wants imputed, encoded, scaled columns.

    A neighbour weighs 1 / distance^power (Shepard 1968), and what all training rows say together, the prior, is mixed
    in. Both numbers are those that predict the training rows best, each from its neighbours but itself.

    Args:
        n_neighbors: k.
        p: of the Minkowski distance, 1 or 2.
    """

    name: ClassVar[str] = "neighbors"
    scaled: ClassVar[bool] = True

    def __init__(self, *, n_neighbors: int = 15, p: int = 2) -> None:
        self.n_neighbors = n_neighbors
        self.p = p

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """How many neighbours, and by which distance."""
        most = int(min(100, max(2, facts.train_rows // 4)))
        return {
            "n_neighbors": trial.suggest_int(f"{prefix}n_neighbors", 1, most, log=True),
            "p": trial.suggest_categorical(f"{prefix}p", (1, 2)),
        }

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """City-block distance, which many columns blur less but takes longer."""
        most = int(min(100, max(2, facts.train_rows // 4)))
        return {"n_neighbors": min(most, 15), "p": 1 if facts.train_rows <= 4_000 else 2}

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
        """Keep the rows, and learn how much nearer ones weigh."""
        self._outputs = Outputs.learn(train.y, context)
        rows = train.X.dense
        y = self._outputs.targets(train)
        weight = np.ones(len(y)) if train.weight is None else train.weight
        keep = np.flatnonzero(weight > 0)
        rng = stream(context.seed, "neighbors")
        if context.out_of_time and len(keep) > HURRIED:
            keep = np.sort(rng.choice(keep, HURRIED, replace=False))
        self._rows = np.ascontiguousarray(rows[keep])
        self._y, self._weight = y[keep], weight[keep]
        self._prior = self._mean()
        self._work = float(len(keep))
        self._power, self._share = 1.0, 1.0 / (1.0 + self.n_neighbors)
        self._search: Any = None
        if len(keep) > 1 and not self._outputs.single:
            asked = np.arange(len(keep))
            if len(keep) > ASKED:
                asked = np.sort(rng.choice(len(keep), ASKED, replace=False))
            self._listen(asked)
        return self

    def _listen(self, asked: NDArray[np.intp]) -> None:
        """Set power and prior to what predicts the rows ``asked`` best, each from its neighbours but itself."""
        distance, index = self._nearest(self._rows[asked], 1)
        order = np.argsort(index == asked[:, None], axis=1, kind="stable")[:, :-1]
        distance, index = np.take_along_axis(distance, order, axis=1), np.take_along_axis(index, order, axis=1)
        y, weight = self._y[asked], self._weight[asked]

        def loss(said: NDArray[np.float64], share: float) -> float:
            mixed = (1 - share) * said + share * self._prior
            if self._outputs.regression:
                return float(np.average((mixed - y) ** 2, weights=weight))
            return smoothed_log_loss(np.log(np.maximum(mixed, 1e-15)), y, weight)

        tried = []
        for power in POWERS:
            said = self._average(distance, index, power)
            tried += [(loss(said, share), power, share) for share in SHARES]
        _, self._power, self._share = min(tried)

    def _nearest(self, rows: NDArray[np.float32], more: int = 0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """(n, k + more) distances to the nearest training rows, rising, and which they are; fewer where there are."""
        if self._search is None:
            from sklearn.neighbors import NearestNeighbors

            metric = "manhattan" if self.p == 1 else "euclidean"
            self._search = NearestNeighbors(algorithm=_algorithm(self._rows), metric=metric, n_jobs=1)
            self._search.fit(self._rows)
        distance, index = self._search.kneighbors(rows, n_neighbors=min(self.n_neighbors + more, len(self._rows)))
        return distance, index

    def _average(self, distance: NDArray[np.float64], index: NDArray[np.intp], power: float) -> Vector:
        """(n, k) shares of the classes among the neighbours, or (n,) their mean value."""
        # As a ratio to the nearest no weight is too large for a number; beside a copy of the row, others count nothing.
        distance = np.maximum(distance, SAME)
        weight = self._weight[index] * (distance[:, :1] / distance) ** power
        weight = weight / weight.sum(axis=1, keepdims=True)
        if self._outputs.regression:
            found: Vector = (weight * self._y[index]).sum(axis=1)
            return found
        shares = np.zeros((len(index), self._outputs.count))
        np.add.at(shares, (np.arange(len(index))[:, None], self._y[index]), weight)
        return shares

    def _mean(self) -> Any:
        """(k,) shares of the classes among all training rows, or their mean value."""
        if self._outputs.regression:
            return np.average(self._y, weights=self._weight)
        return np.bincount(self._y, weights=self._weight, minlength=self._outputs.count) / self._weight.sum()

    def predict(self, X: Matrix) -> Vector:
        """The average of the neighbours, and the prior's share."""
        if self._outputs.single:
            return self._outputs.certain(len(X))
        if not len(X):
            return np.zeros((0, self._outputs.classes) if self._outputs.classes else 0)
        said = self._average(*self._nearest(X.dense), self._power)
        mixed: Vector = (1 - self._share) * said + self._share * self._prior
        return mixed if self._outputs.regression else self._outputs.probabilities(mixed)

    @property
    def work(self) -> float:
        """Rows."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write the rows kept."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        state |= {"power": self._power, "share": self._share}
        save_state(folder, state | {"rows": self._rows, "y": self._y, "weight": self._weight})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._power, model._share = state["power"], state["share"]
        model._rows, model._y, model._weight = state["rows"], state["y"], state["weight"]
        model._prior = model._mean()
        model._search = None
        return model


def _algorithm(rows: NDArray[np.float32]) -> str:
    """A tree pays where rows are many and columns few."""
    return "kd_tree" if rows.shape[1] <= 12 and len(rows) > 2_000 else "brute"
