"""One small model that imitates a large one: fitted to its probabilities rather than to the labels.

Model compression (Bucila, Caruana and Niculescu-Mizil 2006; Hinton et al. 2015). A learner that knows only labels
learns probabilities from copies of a row, one for each class, each weighted by that class's probability: the weighted
log loss of the copies is the cross-entropy with the probabilities.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FixedTrial

from hortus.data.matrix import Matrix
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
# Of the rows, the share that tells the student when to stop growing.
WATCHED = 0.1
# A mixed row takes this share of its cells from one of the rows within this share of its place in the teacher's order.
MIXED, NEAR = 0.3, 0.02


def distill(result: Result, *, student: str = "lightgbm", threads: int = 1) -> Variant:
    """One pipeline with one learner that predicts what the run's ensemble does.

    The student learns what the ensemble says of each row when it has not seen that row's label (it is all too sure
    of the rows that it learned from), and of as many rows more that are mixed from them. Its score comes from
    students that, fold by fold, learned from the members of that fold alone, which saw none of the rows it is judged
    by; those teach a little worse than what the student that is kept has learned from.

    Args:
        result: a run.
        student: a name in ``hortus.models.MODELS``.
        threads: that a fit may use.

    Raises:
        SettingError: there is no such model.
    """
    prepared, seed = result.prepared, result.settings.seed
    evidence, teacher = result.searched_evidence, result.searched
    data, judged = prepared.data, evidence.judged
    space = PipelineSpace(data.facts(result.settings.budget.time))
    if student not in space.models:
        raise SettingError(
            f"There is no model called {student!r} for this table.",
            mend=nearest(student, space.models),
            code="unknown-model",
        )
    candidate = space(FixedTrial(next(params for params in portfolio(space) if params["model"] == student)))
    predictions = np.full((len(data), *evidence.predictions.shape[1:]), np.nan)
    for fold in range(min(len(member.folds) for member in teacher.members)):
        context = FitContext(data.kind, data.classes, seed=derive(seed, "distill", fold), threads=threads)
        train = data.rows(data.train_rows(fold))
        ask = partial(teacher.of_fold, fold)
        fitted = _taught(candidate, train, ask(train.X), ask, context)
        predictions[data.valid_rows(fold)] = fitted.predict(data.X.rows(data.valid_rows(fold)))
    context = FitContext(data.kind, data.classes, seed=derive(seed, "distill"), threads=threads)
    fitted = _taught(candidate, data.rows(judged), evidence.predictions, teacher.raw_matrix, context)
    known = np.flatnonzero(~np.isnan(predictions.reshape(len(data), -1)[:, 0]))
    return save_variant(
        result.folder,
        "distilled",
        [Member(0, candidate.describe(), 1.0, (fitted,))],
        prepared,
        teacher,
        judged=known,
        predictions=predictions[known],
        seed=seed,
        facts={"made": f"{student}, taught by an ensemble of {len(teacher.members)}"},
    )


def _taught(
    candidate: Pipeline,
    rows: Rows,
    taught: NDArray[np.float64],
    ask: Callable[[Matrix], NDArray[np.float64]],
    context: FitContext,
) -> FittedPipeline:
    """Fit the student to what the teacher says of ``rows`` and of mixed ones; a tenth tell it when to stop growing."""
    if rows.X.text is None:
        mixed = _mixed(rows.X, taught, context.seed)
        more = Matrix(np.vstack([rows.X.dense, mixed.dense]), rows.X.columns)
        weight = None if rows.weight is None else np.tile(rows.weight, 2)
        rows, taught = Rows(more, np.tile(rows.y, 2), weight), np.concatenate([taught, ask(mixed)])
    order = stream(context.seed, "watched").permutation(len(rows.y))
    cut = max(1, round(WATCHED * len(order)))
    inside, outside = (_told(rows, taught, np.sort(index), context) for index in (order[cut:], order[:cut]))
    with warnings.catch_warnings():
        # What libraries say about one learner is no message a person can act on.
        warnings.simplefilter("ignore")
        return candidate.fit(inside, context, outside)


def _mixed(X: Matrix, taught: NDArray[np.float64], seed: int) -> Matrix:
    """As many rows more: each with some of its cells from a row that the teacher predicts much the same for."""
    rng = stream(seed, "mixed")
    order = np.argsort(taught if taught.ndim == 1 else taught[:, -1], kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    near = max(2, round(NEAR * len(order)))
    mate = order[np.clip(rank + rng.integers(-near, near + 1, len(order)), 0, len(order) - 1)]
    return Matrix(np.where(rng.random(X.dense.shape) < MIXED, X.dense[mate], X.dense), X.columns)


def _told(rows: Rows, taught: NDArray[np.float64], index: NDArray[np.intp], context: FitContext) -> Rows:
    """The rows at ``index`` with the teacher's values; or one copy a likely class, weighted by its probability."""
    weight = np.ones(len(index)) if rows.weight is None else rows.weight[index]
    if context.kind == "regression":
        return Rows(rows.X.rows(index), taught[index], None if rows.weight is None else weight)
    place, code = np.nonzero(taught[index] >= SLIGHT)
    return Rows(rows.X.rows(index[place]), code.astype(np.int64), weight[place] * taught[index][place, code])
