"""Steps that hold steps or learners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.deploy.code.parts.chain import apply_step, fit_step
from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import beside
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows
from hortus.features.layout import distinct
from hortus.seeds import stream


class Union:
    """Several lists of steps, each on the same rows; their columns stand side by side."""

    def __init__(self, *branches: list[Any]) -> None:
        self.branches = branches

    def fit_rows(self, rows: Rows) -> pd.DataFrame:
        """Fit all branches."""
        return self._join([self._run(branch, rows, fit_step) for branch in self.branches])

    def transform_rows(self, rows: Rows) -> pd.DataFrame:
        """The columns of all branches."""
        return self._join([self._run(branch, rows, apply_step) for branch in self.branches])

    def _run(self, branch: list[Any], rows: Rows, how: Callable[[Any, Rows], Rows]) -> pd.DataFrame:
        for step in branch:
            rows = how(step, rows)
        return rows.X

    def _join(self, parts: list[pd.DataFrame]) -> pd.DataFrame:
        joined = pd.concat(parts, axis=1)
        joined.columns = pd.Index(distinct(joined.columns))
        return joined


class Stacked:
    """The columns, and beside them what a learner predicts from them.

    Training rows get predictions of learners that have not seen them.

    Args:
        learner: makes one, given a name for its seed.
        name: of the predictions.
        path: names the seeds.
        seed: of the fit.
    """

    def __init__(self, learner: Callable[[str], Learner], name: str, path: str, seed: int) -> None:
        self.learner = learner
        self.name = name
        self.path = path
        self.seed = seed

    def fit_rows(self, rows: Rows) -> pd.DataFrame:
        """Fit the learner on all rows, and three more on two thirds of them each."""
        order = stream(self.seed, self.path, "folds").permutation(len(rows.y))
        if KIND != "regression":
            order = order[np.argsort(rows.y[order], kind="stable")]
        fold = np.empty(len(rows.y), dtype=np.intp)
        fold[order] = np.arange(len(rows.y)) % 3
        parts = []
        for k in range(3):
            learner = self.learner(f"{self.path}/fold/{k}").fit(rows.take(np.flatnonzero(fold != k)))
            parts.append(learner.predict(rows.take(np.flatnonzero(fold == k))))
        held_out = np.empty((len(rows.y), *parts[0].shape[1:]))
        for k in range(3):
            held_out[fold == k] = parts[k]
        self.fitted = self.learner(self.path).fit(rows)
        return self._beside(rows.X, held_out)

    def transform_rows(self, rows: Rows) -> pd.DataFrame:
        """The columns and the predictions."""
        return self._beside(rows.X, self.fitted.predict(rows))

    def _beside(self, X: pd.DataFrame, predicted: NDArray[np.float64]) -> pd.DataFrame:
        columns = predicted.reshape(len(X), -1).astype(np.float32)
        columns = columns[:, 1:] if columns.shape[1] == 2 else columns
        names = distinct([f"{self.name} predicts {i}" for i in range(columns.shape[1])], X.columns)
        return beside(X, {name: columns[:, i] for i, name in enumerate(names)})
