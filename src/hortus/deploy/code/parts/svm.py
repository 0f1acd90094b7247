"""Support vector machines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC, SVR

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import values
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.linear import Design, Logistic, chances, solve
from hortus.deploy.code.parts.prepare import Rows
from hortus.models.svm import fit_odds, mean_odds
from hortus.seeds import stream


class SupportVectors(Learner):
    """A support vector machine with a Gaussian kernel.

    Its margins become probabilities by a logistic regression (of two classes), or by a steepness of each pair's odds
    and a temperature of their means (of several), fitted on the rows held back, or else on a fifth of the training
    rows.

    Args:
        seed: of that fifth.
        C: 1 / penalty.
        gamma: of the kernel, times the number of columns.
        epsilon: half the width of a regression's tube, in standard deviations of the target.
        rows: trained on at most, drawn by the seed, where there was no time for all; None for all.
    """

    def __init__(
        self, seed: int, C: float = 1.0, gamma: float = 1.0, epsilon: float = 0.1, rows: int | None = None
    ) -> None:
        self.seed = seed
        self.rows = rows
        self.C = C
        self.gamma = gamma
        self.epsilon = epsilon

    def learn(self, train: Rows, valid: Rows | None) -> None:
        """Train, then map margins to probabilities."""
        order = stream(self.seed, "svm").permutation(len(train.y))[: self.rows]
        if KIND != "regression":
            if valid is None and len(order) >= 20:
                cut = len(order) // 5
                valid, order = train.take(order[:cut]), order[cut:]
                if valid.weight is not None and not valid.weight.sum() > 0:
                    valid = None
            # Every class has a row to be trained on, even where the sample left it out.
            order = np.union1d(order, np.unique(train.y, return_index=True)[1])
        train = train.take(np.sort(order))
        weight = None if train.weight is None else np.maximum(train.weight / train.weight.mean(), 1e-6)
        gamma = self.gamma / max(1, train.X.shape[1])
        dense, y = values(train.X).astype(np.float64), train.y
        self.center, self.scale = 0.0, 1.0
        if KIND == "regression":
            self.center, self.scale = float(np.mean(y)), float(np.std(y)) or 1.0
            self.machine: Any = SVR(C=self.C, gamma=gamma, epsilon=self.epsilon, cache_size=500)
            self.machine.fit(dense, (y - self.center) / self.scale, sample_weight=weight)
            return
        self.classes = len(np.unique(y))
        self.machine = SVC(C=self.C, gamma=gamma, cache_size=500, decision_function_shape="ovo")
        self.machine.fit(dense, y, sample_weight=weight)
        held_out = train if valid is None else valid
        raw = self._raw(held_out)
        if self.classes == 2:
            each = np.ones(len(held_out.y)) if held_out.weight is None else held_out.weight
            loss, design = Logistic(held_out.y, each, 1), Design(raw.astype(np.float32))
            self.odds = solve(design, loss, np.array([[1.0], [0.0]]), 1e-2 * len(held_out.y))
        else:
            self.steepness, temperature = fit_odds(raw, held_out.y, held_out.weight, self.classes)
            self.odds = np.vstack([temperature * np.eye(self.classes), np.zeros((1, self.classes))])

    def _raw(self, rows: Rows) -> NDArray[np.float64]:
        """(n, 1) for two classes; for k classes (n, k (k - 1) / 2), one for each pair."""
        found = self.machine.decision_function(values(rows.X).astype(np.float64))
        return np.asarray(found).reshape(len(rows.X), -1)

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Probabilities or values."""
        if KIND == "regression":
            return np.asarray(self.machine.predict(values(rows.X).astype(np.float64)) * self.scale + self.center)
        raw = self._raw(rows)
        margins = raw if self.classes == 2 else mean_odds(raw, self.classes, self.steepness)
        return chances(margins @ self.odds[:-1] + self.odds[-1])
