"""Everything that an explanation is made from: the model, and rows that it is judged on without having learned them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.data.task import Task
from hortus.ensemble.predictor import Predictor


class Judged(Protocol):
    """What a verdict is counted from, of whatever kind the model is; `Evidence` says what each is."""

    @property
    def task(self) -> Task:
        """What is predicted."""

    @property
    def metric(self) -> Metric:
        """What was optimized."""

    @property
    def y(self) -> NDArray[Any]:
        """(n,) the truth."""

    @property
    def predictions(self) -> NDArray[np.float64]:
        """(n, K) probabilities or (n,) values."""

    @property
    def folds(self) -> NDArray[np.int8]:
        """(n,) the fold that validated each."""

    @property
    def weight(self) -> NDArray[np.float64] | None:
        """(n,) weights, or None."""

    @property
    def facts(self) -> dict[str, Any]:
        """What the run found out about the model."""

    def called(self, predictions: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n,) codes of the classes that the model says."""


@dataclass(frozen=True)
class Evidence:
    """A model before its judges.

    Attributes:
        predictor: the model as it predicts, the whole ensemble.
        metric: what was optimized; greater is better.
        judged: (n,) positions in the training table of all rows that some fold validated, ascending.
        y: (n,) class codes or values of those rows.
        predictions: (n, K) probabilities or (n,) values for them, from models and weights that they were not fitted on.
        folds: (n,) the fold that validated each row.
        weight: (n,) sample weights, or None.
        rows: (m,) positions among the n of the rows in ``frame``, ascending.
        frame: (m, p) rows in the user's columns, as `Schema.apply` reads them: numbers and booleans as float64 with
            NaN, categories and text as objects (str or None), dates as datetime64[us].
        leaderboard: every candidate, the best first.
    """

    predictor: Predictor
    metric: Metric
    judged: NDArray[np.intp]
    y: NDArray[Any]
    predictions: NDArray[np.float64]
    folds: NDArray[np.int8]
    weight: NDArray[np.float64] | None
    rows: NDArray[np.intp]
    frame: pd.DataFrame
    leaderboard: pd.DataFrame

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.predictor.task

    @property
    def facts(self) -> dict[str, Any]:
        """What the run found out about the model: score, bounds, rows, findings."""
        return dict(self.predictor.facts)

    def predict(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Predict the m rows, their values changed, by what did not learn from them.

        Args:
            frame: (m, p) like ``frame``, row by row.

        Returns:
            (m, K) probabilities or (m,) values.
        """
        return self.predictor.out_of_fold(frame, self.folds[self.rows])

    def called(self, predictions: NDArray[np.float64]) -> NDArray[np.int64]:
        """(m,) codes of the classes that (m, K) probabilities make the model say."""
        return self.predictor.codes(predictions)

    def score(self, predictions: NDArray[np.float64], rows: NDArray[np.intp] | None = None) -> float:
        """The metric of predictions for the m rows, or for those at ``rows`` among the m, fold by fold."""
        from hortus.evaluation.scoring import by_fold

        used = self.rows if rows is None else self.rows[rows]
        weight = None if self.weight is None else self.weight[used]
        return by_fold(self.metric, self.y[used], predictions, self.folds[used], weight)
