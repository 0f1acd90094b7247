"""As little of the predictions as a metric looks at, so that thousands of averages can be scored.

Averages of rows that sum to one sum to one, so log loss needs the true class's column alone, and two classes need
one column. Each score equals the metric's own on the full predictions, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric

Array = NDArray[Any]
# (C, n) or (C, n, K) averages to (C,) scores.
ScoreMany = Callable[[Array], NDArray[np.float64]]


def reduce(
    predictions: Sequence[Array], y: Array, metric: Metric, weight: Array | None
) -> tuple[NDArray[np.float64], ScoreMany]:
    """What is left of the predictions, and how averages of it are scored.

    Args:
        predictions: one array a model, each (n, K) probabilities or (n,) values.
        y: (n,) class codes or target values.
        metric: greater is better.
        weight: (n,) sample weights.

    Returns:
        (M, n) or (M, n, K) reduced predictions, and a function from (C, n[, K]) averages of them to (C,) scores.
    """
    two = predictions[0].ndim == 2 and predictions[0].shape[1] == 2
    if metric.name == "neg_log_loss":
        rows, eps = np.arange(len(y)), np.finfo(np.float64).eps
        return _stack([p[rows, y] for p in predictions]), lambda means: np.average(
            np.log(np.clip(means, eps, 1 - eps)), axis=1, weights=weight
        )
    if metric.name in _ERRORS:
        error = _ERRORS[metric.name]
        return _stack([p - y for p in predictions]), lambda means: -error(means, weight)
    if two and metric.name == "roc_auc" and weight is None:
        # Positive rows first: both sides of a mean are slices.
        order, hits = np.argsort(y != 1, kind="stable"), int(np.sum(y == 1))
        return _stack([p[order, 1] for p in predictions]), lambda means: np.array(
            [_auc(mean[:hits], mean[hits:]) for mean in means]
        )
    if metric.name == "roc_auc_ovr" and weight is None and predictions[0].ndim == 2:
        sides = [(k, y == k) for k in np.unique(y)]
        return _stack(list(predictions)), lambda means: np.array(
            [np.mean([_auc(mean[own, k], mean[~own, k]) for k, own in sides]) for mean in means]
        )
    if two and metric.name in ("roc_auc", "average_precision"):
        return _stack([p[:, 1] for p in predictions]), _each(metric, y, weight)
    if two and metric.needs == "label":
        return _stack([p[:, 1] - p[:, 0] for p in predictions]), lambda means: _each(metric, y, weight)(
            (means > 0).astype(np.int64)
        )
    return _stack(list(predictions)), _each(metric, y, weight)


def reduce_by_fold(
    predictions: Sequence[Array],
    y: Array,
    metric: Metric,
    weight: Array | None,
    folds: NDArray[np.integer[Any]] | None,
) -> tuple[NDArray[np.float64], ScoreMany]:
    """As `reduce`, with scores that are means over folds, as `hortus.evaluation.scoring.by_fold` has them."""
    there = [] if folds is None else np.unique(folds).tolist()
    if len(there) < 2:
        return reduce(predictions, y, metric, weight)
    rows = [np.flatnonzero(folds == fold) for fold in there]
    parts = [reduce([p[r] for p in predictions], y[r], metric, None if weight is None else weight[r]) for r in rows]
    ends = np.cumsum([len(r) for r in rows])
    slices = [slice(end - len(r), end) for r, end in zip(rows, ends, strict=True)]
    shares = np.array([len(r) for r in rows]) / len(y)

    def score_many(means: Array) -> NDArray[np.float64]:
        scores = [score(means[:, place]) for (_, score), place in zip(parts, slices, strict=True)]
        return np.asarray(shares @ np.stack(scores))

    return np.concatenate([stack for stack, _ in parts], axis=1), score_many


def _stack(arrays: Sequence[Array]) -> NDArray[np.float64]:
    return np.stack([np.asarray(a, dtype=np.float64) for a in arrays])


def _each(metric: Metric, y: Array, weight: Array | None) -> ScoreMany:
    return lambda means: np.array([metric(y, mean, weight) for mean in means], dtype=np.float64)


def _squared(errors: Array, weight: Array | None) -> Array:
    return np.asarray(np.average(errors * errors, axis=1, weights=weight))


def _rooted(errors: Array, weight: Array | None) -> Array:
    return np.sqrt(_squared(errors, weight))


def _absolute(errors: Array, weight: Array | None) -> Array:
    return np.asarray(np.average(np.abs(errors), axis=1, weights=weight))


_ERRORS: dict[str, Callable[[Array, Array | None], Array]] = {
    "neg_mean_absolute_error": _absolute,
    "neg_mean_squared_error": _squared,
    "neg_root_mean_squared_error": _rooted,
}


def _auc(positive: Array, negative: Array) -> float:
    # Two short sorts and a merge take a fraction of the time of an argsort over all rows.
    if not len(positive) or not len(negative):
        return 0.5
    few, many = np.sort(positive), np.sort(negative)
    if len(few) > len(many):
        few, many = many, few
    left = np.searchsorted(many, few, side="left")
    ties = bool((many[np.minimum(left, len(many) - 1)] == few).any())
    right = np.searchsorted(many, few, side="right") if ties else left
    share = float(left.sum() + right.sum()) / (2.0 * len(few) * len(many))
    return share if len(positive) <= len(negative) else 1.0 - share
