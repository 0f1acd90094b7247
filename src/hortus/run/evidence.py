"""What a run keeps for explaining its model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.artifacts import write_artifact
from hortus.data.sample import read_sample
from hortus.ensemble.predictor import Predictor
from hortus.errors import ArtifactError
from hortus.explain.evidence import Evidence
from hortus.run.prepare import Prepared

PREDICTIONS = "predictions.npy"
# The folder of a model that has learned from all rows of a file: the rows kept aside, and what it says of them.
STREAMED = "streamed"


def keep_predictions(folder: Path, predictions: NDArray[np.float64], judged: NDArray[np.intp]) -> None:
    """Write what the model predicts of rows that it did not learn from, whole or not at all.

    Args:
        folder: the run's.
        predictions: (m, K) or (m,).
        judged: (m,) positions of their rows.
    """
    columns = predictions if predictions.ndim == 2 else predictions[:, None]
    table = np.column_stack([judged.astype(np.float64), columns])
    write_artifact(folder, PREDICTIONS, lambda path: np.save(path, table, allow_pickle=False))


def read_evidence(folder: Path, prepared: Prepared, predictor: Predictor, leaderboard: pd.DataFrame) -> Evidence:
    """Gather what the run in ``folder`` kept.

    Raises:
        ArtifactError: a part is missing or damaged.
    """
    if predictor.apart:
        return _apart(folder / STREAMED, prepared, predictor, leaderboard)
    judged, predictions = _predictions(folder, len(prepared.data))
    sample = read_sample(folder, prepared.schema.names)
    # A run that was stopped early may have judged fewer rows than were drawn.
    sample = sample[sample.index.isin(judged)]
    weight: Any = prepared.data.weight
    return Evidence(
        predictor=predictor,
        metric=prepared.metric,
        judged=judged,
        y=np.asarray(prepared.data.y)[judged],
        predictions=predictions[:, 0] if prepared.task.kind == "regression" else predictions,
        folds=np.asarray(prepared.data.folds.assignment)[judged],
        weight=None if weight is None else np.asarray(weight)[judged],
        rows=np.searchsorted(judged, sample.index.to_numpy()),
        frame=sample,
        leaderboard=leaderboard,
    )


def _apart(place: Path, prepared: Prepared, predictor: Predictor, leaderboard: pd.DataFrame) -> Evidence:
    """Of rows that none of the model's members has seen: there are no folds."""
    sample = read_sample(place, prepared.schema.names)
    try:
        y = np.load(place / "y.npy", allow_pickle=False)
        weight = np.load(place / "weight.npy", allow_pickle=False) if (place / "weight.npy").exists() else None
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"The rows kept aside by the run in {str(place.parent)!r} cannot be read: {error}.",
            mend="Go on with the run (hortus resume), which writes them anew.",
            code="apart-missing",
        ) from error
    judged, predictions = _predictions(place, len(y))
    return Evidence(
        predictor=predictor,
        metric=prepared.metric,
        judged=judged,
        y=y,
        predictions=predictions[:, 0] if prepared.task.kind == "regression" else predictions,
        folds=np.zeros(len(y), dtype=np.int8),
        weight=weight,
        rows=sample.index.to_numpy(),
        frame=sample,
        leaderboard=leaderboard,
    )


def _predictions(folder: Path, rows: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    try:
        found = np.load(folder / PREDICTIONS, allow_pickle=False)
        judged = found[:, 0].astype(np.intp)
        if len(judged) and (judged.min() < 0 or judged.max() >= rows):
            raise ValueError("it names rows that are not there")
    except (OSError, ValueError, IndexError) as error:
        raise ArtifactError(
            f"What the model of the run in {str(folder)!r} predicted out of fold cannot be read: {error}.",
            mend="Go on with the run (hortus resume), which writes it anew.",
            code="predictions-missing",
        ) from error
    return judged, found[:, 1:]
