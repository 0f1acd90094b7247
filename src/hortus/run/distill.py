"""One small model that imitates a large one: fitted to its probabilities rather than to the labels.

Model compression (Bucila, Caruana and Niculescu-Mizil 2006; Hinton et al. 2015). A learner that knows only labels
learns probabilities from copies of a row, one for each class, each weighted by that class's probability: the weighted
log loss of the copies is the cross-entropy with the probabilities.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FixedTrial

from hortus.data.rows import Rows
from hortus.ensemble.predictor import Member
from hortus.errors import SettingError, nearest
from hortus.models.base import FitContext
from hortus.run.result import Result
from hortus.run.variant import Variant, save_variant
from hortus.seeds import derive, stream
from hortus.spaces.pipeline import FittedPipeline, Pipeline
from hortus.spaces.pipelines import PipelineSpace
from hortus.spaces.portfolio import portfolio

# A class less likely than this adds a copy of the row and nothing to learn.
SLIGHT = 0.01


def distill(result: Result, *, student: str = "lightgbm", threads: int = 1) -> Variant:
    """One pipeline with one learner that predicts what the run's ensemble does.

    The student learns what the ensemble says of each row when it has not seen that row's label (an ensemble is all
    too sure of the rows that it learned from). Its score is that of students fitted on all folds but one and judged
    on that one.

    Args:
        result: a run.
        student: a name in ``hortus.models.MODELS``.
        threads: that a fit may use.

    Raises:
        SettingError: there is no such model.
    """
    prepared, evidence, seed = result.prepared, result.evidence, result.settings.seed
    data = prepared.data
    space = PipelineSpace(data.facts(result.settings.budget.time))
    if student not in space.models:
        raise SettingError(
            f"There is no model called {student!r} for this table.",
            mend=nearest(student, space.models),
            code="unknown-model",
        )
    candidate = space(FixedTrial(next(params for params in portfolio(space) if params["model"] == student)))
    judged = evidence.judged
    context = FitContext(data.kind, data.classes, seed=derive(seed, "distill"), threads=threads)
    predictions = np.empty_like(evidence.predictions)
    parts = np.unique(evidence.folds)
    for fold in parts if len(parts) > 1 else range(2):
        # A holdout's rows are halved: a student has to be judged by rows that it did not learn from.
        part = evidence.folds if len(parts) > 1 else np.arange(len(judged)) % 2
        inside, outside = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
        fitted = _taught(candidate, data.rows(judged[inside]), evidence.predictions[inside], context)
        predictions[outside] = fitted.predict(data.X.rows(judged[outside]))
    fitted = _taught(candidate, data.rows(judged), evidence.predictions, context)
    return save_variant(
        result.folder,
        "distilled",
        [Member(0, candidate.describe(), 1.0, (fitted,))],
        prepared,
        judged=judged,
        predictions=predictions,
        seed=seed,
        facts={"made": f"{student}, taught by an ensemble of {len(result.model.members)}"},
    )


def _taught(
    candidate: Pipeline, rows: Rows, taught: NDArray[np.float64], context: FitContext, *, watched: float = 0.1
) -> FittedPipeline:
    """Fit the student to what the teacher says of ``rows``; a tenth of them tell it when to stop growing."""
    order = stream(context.seed, "watched").permutation(len(rows.y))
    cut = max(1, round(watched * len(order)))
    inside, outside = (_told(rows, taught, np.sort(index), context) for index in (order[cut:], order[:cut]))
    with warnings.catch_warnings():
        # What libraries say about one learner is no message a person can act on.
        warnings.simplefilter("ignore")
        return candidate.fit(inside, context, outside)


def _told(rows: Rows, taught: NDArray[np.float64], index: NDArray[np.intp], context: FitContext) -> Rows:
    """The rows at ``index`` with the teacher's values; or one copy a likely class, weighted by its probability."""
    weight = np.ones(len(index)) if rows.weight is None else rows.weight[index]
    if context.kind == "regression":
        return Rows(rows.X.rows(index), taught[index], None if rows.weight is None else weight)
    place, code = np.nonzero(taught[index] >= SLIGHT)
    return Rows(rows.X.rows(index[place]), code.astype(np.int64), weight[place] * taught[index][place, code])
