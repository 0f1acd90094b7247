"""What a run ends with: rows of the user's table in, predictions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.matrix import Matrix
from hortus.data.notes import Note
from hortus.data.read import read_rows
from hortus.data.schema import Schema
from hortus.data.task import Task
from hortus.ensemble.calibration import Calibration
from hortus.ensemble.combination import average
from hortus.ensemble.conformal import Conformal
from hortus.ensemble.stacking import Stacking
from hortus.ensemble.threshold import Threshold
from hortus.errors import SettingError
from hortus.features.encode import TableEncoder
from hortus.models.base import Together
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
        if self._together is None:
            found = [pipeline.predict(X) for pipeline in self.folds]
        else:
            found = self._together((pipeline.inputs(X) for pipeline in self.folds), len(X))
        total = found[0]
        for other in found[1:]:
            total = total + other
        return total / len(self.folds)

    @cached_property
    def _together(self) -> Together | None:
        models = [pipeline.model for pipeline in self.folds]
        return type(models[0]).together(models)


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
        conformal: what intervals and sets are made from; None where there is nothing to vouch for them.
        threshold: how probabilities become classes; None for the likeliest.
        facts: what the run found out about the model, as plain JSON values: score, bounds, rows, findings.
        notes: what was noticed about the rows predicted last.
    """

    task: Task
    schema: Schema
    encoder: TableEncoder
    members: tuple[Member, ...]
    stacking: Stacking | None = None
    calibration: Calibration | None = None
    conformal: Conformal | None = None
    threshold: Threshold | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list, compare=False)

    @property
    def apart(self) -> bool:
        """Whether what it is judged and explained by are rows that none of its members has learned from."""
        return bool(self.facts.get("apart"))

    def raw(self, frame: Any) -> NDArray[np.float64]:
        """(n, K) probabilities of a classification, (n,) values of a regression.

        Args:
            frame: the rows as a pandas frame, or whatever else `hortus.data.read.read_rows` takes.

        Raises:
            SchemaError: columns are missing, or hold what cannot be read as what was trained on.
        """
        if not isinstance(frame, pd.DataFrame):
            frame = read_rows(frame, self.schema)
        arrays, notes = self.schema.read(frame)
        self.notes[:] = notes
        return self.raw_arrays(arrays, len(frame))

    def raw_arrays(self, arrays: Sequence[NDArray[Any]], rows: int) -> NDArray[np.float64]:
        """As `raw`, of ``rows`` rows that `Schema.read` has read already: one (n,) array a feature."""
        return self.raw_matrix(self.encoder.encode(arrays, rows))

    def raw_canonical(self, canonical: pd.DataFrame) -> NDArray[np.float64]:
        """As `raw`, of rows that `Schema.apply` has read already."""
        return self.raw_arrays([canonical[name].to_numpy() for name in self.schema.names], len(canonical))

    def raw_matrix(self, X: Matrix) -> NDArray[np.float64]:
        """As `raw`, of rows that the encoder has encoded already."""
        if not len(X):
            return self._nothing(0)
        return self.combine([member.predict(X) for member in self.members])

    def out_of_fold(self, canonical: pd.DataFrame, assignment: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Predict rows of the training table by those pipelines alone that did not learn from them.

        Args:
            canonical: (n, p) rows as `Schema.apply` reads them; their values may be changed, as an explanation does.
            assignment: (n,) the fold that each row was validated in.

        Returns:
            (n, K) probabilities or (n,) values; NaN for a row that no fold validated. Of a model that is judged by rows
            kept aside (`apart`), what the whole of it says.
        """
        if self.apart:
            return self.raw_canonical(canonical)
        X = self.encoder.transform(canonical)
        found = self._nothing(len(X))
        for fold in range(min(len(member.folds) for member in self.members)):
            rows = np.flatnonzero(assignment == fold)
            if len(rows):
                found[rows] = self.of_fold(fold, X.rows(rows))
        return found

    def of_fold(self, fold: int, X: Matrix) -> NDArray[np.float64]:
        """What the members' pipelines of one fold alone say together."""
        return self.combine([member.folds[fold].predict(X) for member in self.members])

    def combine(self, predictions: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """From one (n, K) or (n,) array a member, in their order, to the model's."""
        if self.stacking is None:
            found = average(predictions, np.array([member.weight for member in self.members]))
        else:
            found = self.stacking.combine(predictions)
        return found if self.calibration is None else self.calibration.apply(found)

    def _nothing(self, rows: int) -> NDArray[np.float64]:
        return np.full((rows, len(self.task.classes)) if self.task.classes else (rows,), np.nan)

    def predict(self, frame: Any) -> NDArray[Any]:
        """(n,) labels as they came in training, or values."""
        return self.decide(self.raw(frame))

    def decide(self, raw: NDArray[np.float64]) -> NDArray[Any]:
        """(n,) labels of (n, K) probabilities: by the threshold, or else the likeliest; values as they are."""
        return raw if self.task.kind == "regression" else self.task.decode(self.codes(raw))

    def codes(self, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n,) codes of the classes that (n, K) probabilities make the model say."""
        return probabilities.argmax(axis=1) if self.threshold is None else self.threshold.decide(probabilities)

    def predict_interval(self, frame: Any, level: float = 0.9) -> NDArray[np.float64]:
        """(n, 2) bounds that hold the true value with probability ``level``.

        Raises:
            SettingError: the level cannot be vouched for, or the model predicts classes.
            SchemaError: the rows do not match those trained on.
        """
        return self._vouched().interval(self.raw(frame), level)

    def predict_set(self, frame: Any, level: float = 0.9) -> NDArray[np.bool_]:
        """(n, K) which classes, in the order of ``task.classes``, are in the set that holds the true one with
        probability ``level``.

        Raises:
            SettingError: the level cannot be vouched for, or the model predicts values.
            SchemaError: the rows do not match those trained on.
        """
        return self._vouched().sets(self.raw(frame), level)

    def _vouched(self) -> Conformal:
        if self.conformal is None:
            raise SettingError(
                "This model was saved without what intervals are made from.",
                mend="Save it again from its run.",
                code="conformal-missing",
            )
        return self.conformal

    def predict_proba(self, frame: Any) -> NDArray[np.float64]:
        """(n, K) probabilities, in the order of ``task.classes``.

        Raises:
            SettingError: the task is a regression.
        """
        if self.task.kind == "regression":
            raise SettingError(
                "A regression has no probabilities.", mend="Use predict().", code="probabilities-of-regression"
            )
        return self.raw(frame)
