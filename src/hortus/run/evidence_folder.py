"""A run's evidence in files that go along: the model, the sampled rows as a table, and what was predicted of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hortus.data.metrics import make_metric
from hortus.deploy.bundle import load_bundle
from hortus.errors import ArtifactError, InputError
from hortus.explain.evidence import Evidence

MODEL = "model.hortus"
SAMPLE = "sample.parquet"
JUDGED = "judged.parquet"
CANDIDATES = "candidates.parquet"


def write_evidence(evidence: Evidence, model: Path, folder: Path) -> None:
    """Write ``model.hortus``, and as Parquet the sampled rows with their target, and what the model is judged by.

    Args:
        evidence: of the run; its sampled rows alone are written.
        model: the run's saved model.
        folder: where to; it is there.

    Raises:
        InputError: a column has a name that no Parquet file can hold, or the table was a sparse matrix.
    """
    from pyarrow import ArrowException

    if evidence.predictor.schema.of_matrix:
        raise InputError(
            "The table was a sparse matrix, which has no form as columns of a Parquet file.",
            mend="Explain the model in Python: AutoClassifier's report(), or hortus.explain on its evidence().",
            code="evidence-sparse",
        )
    rows = evidence.rows
    judged: dict[str, Any] = {"fold": evidence.folds[rows], "y": evidence.y[rows]}
    if evidence.weight is not None:
        judged["weight"] = evidence.weight[rows]
    predictions = evidence.predictions[rows].reshape(len(rows), -1)
    judged |= {f"prediction_{i}": column for i, column in enumerate(predictions.T)}
    shutil.copyfile(model, folder / MODEL)
    pd.DataFrame(judged).to_parquet(folder / JUDGED, index=False)
    evidence.leaderboard.to_parquet(folder / CANDIDATES, index=False)
    try:
        as_table(evidence).to_parquet(folder / SAMPLE, index=False)
    except (ArrowException, ValueError) as error:
        raise InputError(
            f"The sampled rows cannot be written as Parquet: {str(error).splitlines()[0]}.",
            mend="Train with columns of other names.",
            code="sample-names",
        ) from error


def as_table(evidence: Evidence) -> pd.DataFrame:
    """(m, p + 1) the sampled rows as a user's table has them: truth values as such, and the target at the end."""
    task = evidence.task
    table = evidence.frame.reset_index(drop=True)
    for column in evidence.predictor.schema.features:
        if column.kind == "boolean":
            table[column.name] = table[column.name].astype("boolean")
    table[task.target] = task.decode(evidence.y[evidence.rows])
    return table


def open_evidence(folder: str | Path) -> Evidence:
    """What `write_evidence` wrote; a metric that was a function of the user's is the task's usual one.

    Raises:
        ArtifactError: a file is missing or damaged.
    """
    from pyarrow import ArrowException

    folder = Path(folder)
    predictor = load_bundle(folder / MODEL)
    task = predictor.task
    try:
        table = pd.read_parquet(folder / SAMPLE).drop(columns=task.target)
        judged = pd.read_parquet(folder / JUDGED)
        candidates = pd.read_parquet(folder / CANDIDATES)
        if len(table) != len(judged):
            raise ValueError(f"{len(table)} rows and what {len(judged)} were judged by")
        predictions = judged.filter(regex="^prediction_").to_numpy(dtype=np.float64)
        y, folds = judged["y"].to_numpy(), judged["fold"].to_numpy(dtype=np.int8)
    except (OSError, ValueError, KeyError, ArrowException) as error:
        raise ArtifactError(
            f"The rows that go with the model in {str(folder)!r} cannot be read: {error}.",
            mend="Export the run again.",
            code="evidence-damaged",
        ) from error
    frame, _ = predictor.schema.apply(table)
    every = np.arange(len(table))
    return Evidence(
        predictor=predictor,
        metric=make_metric(known_metric(task.metric), task.kind, task.classes),
        judged=every,
        y=y,
        predictions=predictions[:, 0] if task.kind == "regression" else predictions,
        folds=folds,
        weight=judged["weight"].to_numpy(dtype=np.float64) if "weight" in judged else None,
        rows=every,
        frame=frame,
        leaderboard=candidates,
    )


def known_metric(name: str) -> str | None:
    """The metric's name where everybody knows it; None for a function of the user's."""
    from sklearn.metrics import get_scorer_names

    return name if name in get_scorer_names() else None
