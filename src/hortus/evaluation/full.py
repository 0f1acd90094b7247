"""The full evaluation of a pipeline: cross-validation over folds that every trial shares."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.exceptions import TrialPruned

from hortus.data.artifacts import Stored, new_archive, write_artifact
from hortus.data.dataset import Dataset
from hortus.data.metrics import Metric
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.evaluation.scoring import by_fold
from hortus.models.base import FitContext
from hortus.seeds import derive, stream
from hortus.spaces.base import Candidate
from hortus.spaces.pipeline import FittedPipeline, Pipeline


class CrossValidation(Evaluator):
    """Fit a pipeline on each fold's training rows and score it on the rows left out.

    What it leaves behind is all that an ensemble needs later: the predictions for every validated row, and the
    fitted pipelines of all folds (their average predicts new rows: bagging, no refit needed).
    """

    name: ClassVar[str] = "cross_validation"
    requires: ClassVar[frozenset[str]] = frozenset({"pipeline"})

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Evaluate one pipeline.

        Raises:
            TrialPruned: ``context.report`` said stop.
            TypeError: the candidate is not a pipeline.
        """
        if not isinstance(candidate, Pipeline):
            raise TypeError(f"Cross-validation takes a pipeline, not {type(candidate).__name__}.")
        data = Dataset.load(context.data)
        metric = data.metric()
        folds = data.folds.count if fidelity.folds is None else min(fidelity.folds, data.folds.count)
        shape = (len(data.y), data.classes) if data.classes else (len(data.y),)
        predictions = np.full(shape, np.nan, dtype=np.float32)
        scores: list[float] = []
        weights: list[int] = []
        begin = time.perf_counter()
        predicting = 0.0
        work = 0.0
        for rung in context.rungs:
            # The cheap rungs see the first fold alone; they decide whether the trial is worth its folds.
            pipeline = _fit(candidate, data, 0, rung, context, parts=len(context.rungs) + folds)
            valid = data.rows(data.valid_rows(0))
            work += pipeline.work
            _go_on(context, rung.step, metric(valid.y, pipeline.predict(valid.X), valid.weight))
        place = f"artifacts/{context.number:06d}"
        with new_archive(context.out, f"{place}.models.zip") as models:
            for fold in range(folds):
                pipeline = _fit(candidate, data, fold, fidelity, context, parts=folds - fold)
                valid = data.rows(data.valid_rows(fold))
                before = time.perf_counter()
                predicted = pipeline.predict(valid.X)
                predicting += time.perf_counter() - before
                predictions[data.valid_rows(fold)] = predicted
                scores.append(metric(valid.y, predicted, valid.weight))
                weights.append(len(valid.y))
                work += pipeline.work
                # Written at once: a forest of many rows is large, and one fold's is enough to hold.
                models.add(str(fold), pipeline.save)
                del pipeline
                if not context.rungs and fold + 1 < folds:
                    _go_on(context, fold + 1, float(np.average(scores, weights=weights)))
            seconds = time.perf_counter() - begin
            artifacts = (
                Artifact.of("predictions", _keep(predictions, context.out, f"{place}.predictions.npy")),
                Artifact.of("models", models.store()),
            )
        return Evaluation(
            fold_scores=tuple(scores) if data.metric_name is not None else (),
            score=overall(metric, data, predictions) if data.metric_name is not None else None,
            seconds=seconds,
            predict_seconds=predicting / sum(weights),
            work=work,
            artifacts=artifacts,
            notes={"folds": folds},
        )


def _fit(
    candidate: Pipeline, data: Dataset, fold: int, fidelity: Fidelity, context: TrialContext, *, parts: int
) -> FittedPipeline:
    """Fit on one fold's training rows, in one of ``parts`` equal parts of the time left."""
    train = _subsample(data.train_rows(fold), fidelity.rows, context.seed, fold)
    told = FitContext(
        kind=data.kind,
        classes=data.classes,
        seed=derive(context.seed, "fold", fold),
        threads=context.threads,
        rounds=fidelity.rounds,
        deadline=_share(context.deadline, parts),
    )
    return candidate.fit(data.rows(train), told, data.rows(data.valid_rows(fold)))


def _go_on(context: TrialContext, step: int, score: float) -> None:
    if not context.report(step, score):
        raise TrialPruned(f"stopped at step {step} with a score of {score:.5g}")


def overall(metric: Metric, data: Dataset, predictions: NDArray[Any]) -> float:
    """The metric over all validated rows, fold by fold: what single pipelines and ensembles are compared by."""
    rows = validated(predictions)
    weight = None if data.weight is None else data.weight[rows]
    folds = data.folds.assignment[rows]
    return by_fold(metric, data.y[rows], predictions[rows].astype(np.float64), folds, weight)


def validated(predictions: NDArray[Any]) -> NDArray[Any]:
    """Positions of the rows that some fold predicted."""
    known = ~np.isnan(predictions)
    found: NDArray[Any] = np.flatnonzero(known if known.ndim == 1 else known.all(axis=1))
    return found


def _subsample(rows: NDArray[Any], share: float, seed: int, fold: int) -> NDArray[Any]:
    if share >= 1.0:
        return rows
    count = max(2, round(share * len(rows)))
    return np.sort(stream(seed, "rows", fold).choice(rows, size=count, replace=False))


def _share(deadline: float | None, parts: int) -> float | None:
    """When the next of ``parts`` equal parts of the time left should end."""
    if deadline is None:
        return None
    now = time.monotonic()
    return now + max(0.0, deadline - now) / parts


def _keep(predictions: NDArray[np.float32], out: Path, place: str) -> Stored:
    def save(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, predictions, allow_pickle=False)

    return write_artifact(out, place, save)
