"""What a run ends with: rows of the user's table in, predictions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.matrix import Matrix
from hortus.data.notes import Note
from hortus.data.schema import Schema
from hortus.data.task import Task
from hortus.ensemble.calibration import Temperature
from hortus.ensemble.stacking import Stacking
from hortus.errors import SettingError
from hortus.features.encode import TableEncoder
from hortus.spaces.pipeline import FittedPipeline


@dataclass(frozen=True)
class Member:
    """One candidate of the ensemble.

    Attributes:
        number: of its trial.
        name: as on the leaderboard.
        weight: its share of the average.
        folds: the pipelines fitted on each fold; their mean is the member's prediction.
    """

    number: int
    name: str
    weight: float
    folds: tuple[FittedPipeline, ...]

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """(n, K) probabilities or (n,) values."""
        total = self.folds[0].predict(X)
        for pipeline in self.folds[1:]:
            total = total + pipeline.predict(X)
        return total / len(self.folds)


@dataclass(frozen=True)
class Predictor:
    """The fitted whole: the table's schema, its encoder, and the ensemble.

    Attributes:
        task: what is predicted; its classes are in the order of the probabilities' columns.
        schema: what a table must have.
        encoder: from the schema's canonical frame to the matrix that members take.
        members: the ensemble; weights sum to 1.
        stacking: how they are brought together; None for the average by their weights.
        calibration: of the probabilities, applied last; None for none.
    """

    task: Task
    schema: Schema
    encoder: TableEncoder
    members: tuple[Member, ...]
    stacking: Stacking | None = None
    calibration: Temperature | None = None
    notes: list[Note] = field(default_factory=list, compare=False)

    def raw(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """(n, K) probabilities of a classification, (n,) values of a regression.

        Raises:
            SchemaError: columns are missing, or hold what cannot be read as what was trained on.
        """
        canonical, notes = self.schema.apply(frame)
        self.notes[:] = notes
        X = self.encoder.transform(canonical)
        if not len(X):
            return np.empty((0, len(self.task.classes)) if self.task.classes else (0,))
        predictions = [member.predict(X) for member in self.members]
        if self.stacking is None:
            found = blend(predictions, [member.weight for member in self.members])
        else:
            found = self.stacking.combine(predictions)
        return found if self.calibration is None else self.calibration.apply(found)

    def predict(self, frame: pd.DataFrame) -> NDArray[Any]:
        """(n,) labels as they came in training, or values."""
        raw = self.raw(frame)
        return raw if self.task.kind == "regression" else self.task.decode(raw.argmax(axis=1))

    def predict_proba(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """(n, K) probabilities, in the order of ``task.classes``.

        Raises:
            SettingError: the task is a regression.
        """
        if self.task.kind == "regression":
            raise SettingError(
                "A regression has no probabilities.", mend="Use predict().", code="probabilities-of-regression"
            )
        return self.raw(frame)


def blend(predictions: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> NDArray[np.float64]:
    """The weighted mean of (n, K) or (n,) arrays."""
    total = weights[0] * predictions[0]
    for weight, prediction in zip(weights[1:], predictions[1:], strict=True):
        total = total + weight * prediction
    return total
