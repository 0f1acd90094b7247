"""The metrics that are called thousands of times, in numpy; each equals scikit-learn's to 1e-10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hortus.data.counted_metrics import COUNTED

Array = NDArray[Any]


def neg_log_loss(y: Array, proba: Array, weight: Array | None = None) -> float:
    """Mean log-probability of the true class; a class may have no rows."""
    eps = np.finfo(proba.dtype).eps
    chosen = proba[np.arange(len(y)), y].astype(np.float64)
    return float(np.average(np.log(np.clip(chosen, eps, 1 - eps)), weights=weight))


def accuracy(y: Array, label: Array, weight: Array | None = None) -> float:
    """Share of rows predicted right."""
    return float(np.average(y == label, weights=weight))


def balanced_accuracy(y: Array, label: Array, weight: Array | None = None) -> float:
    """Mean recall over the classes that have rows."""
    right = np.bincount(y, weights=(y == label) * (1.0 if weight is None else weight))
    total = np.bincount(y, weights=weight)
    there = total > 0
    return float(np.mean(right[there] / total[there]))


def roc_auc(y: Array, proba: Array, weight: Array | None = None) -> float:
    """Area under the ROC curve of class 1; 0.5 where one of the classes has no rows."""
    return _auc(y == 1, proba[:, 1] if proba.ndim == 2 else proba, weight)


def roc_auc_ovr(y: Array, proba: Array, weight: Array | None = None) -> float:
    """Mean over the classes that have rows of the area under the ROC curve of each against the rest."""
    present = np.unique(y)
    if len(present) < 2:
        return 0.5
    return float(np.mean([_auc(y == k, proba[:, k], weight) for k in present]))


def _auc(positive: Array, score: Array, weight: Array | None) -> float:
    order = np.argsort(score)
    ranked = score[order]
    # Rows with equal scores count half: sums over runs of equal scores.
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(ranked) else np.zeros(1, int)
    weights = np.ones(len(score)) if weight is None else weight[order].astype(np.float64)
    hits = np.add.reduceat(weights * positive[order], starts)
    misses = np.add.reduceat(weights * ~positive[order], starts)
    total = hits.sum() * misses.sum()
    if total == 0:
        return 0.5
    below = np.cumsum(misses) - misses
    return float((hits * (below + 0.5 * misses)).sum() / total)


def average_precision(y: Array, proba: Array, weight: Array | None = None) -> float:
    """Area under the curve of precision over recall, of class 1; for more classes, the mean over those with rows."""
    if proba.ndim == 1 or proba.shape[1] == 2:
        return _precision_area(y == 1, proba if proba.ndim == 1 else proba[:, 1], weight)
    return float(np.mean([_precision_area(y == k, proba[:, k], weight) for k in np.unique(y)]))


def _precision_area(positive: Array, score: Array, weight: Array | None) -> float:
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    weights = np.ones(len(score)) if weight is None else weight[order].astype(np.float64)
    # One step of the curve for each distinct score, at the last row that has it.
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits = np.cumsum(weights * positive[order])[last]
    seen = np.cumsum(weights)[last]
    if hits[-1] == 0:
        return 0.0
    precision = np.divide(hits, seen, out=np.zeros(len(hits)), where=seen > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def neg_mean_squared_error(y: Array, value: Array, weight: Array | None = None) -> float:
    """Minus the mean squared error, in the target's unit squared."""
    error = y - value
    return -float(np.average(error * error, weights=weight))


def neg_root_mean_squared_error(y: Array, value: Array, weight: Array | None = None) -> float:
    """Minus the root of the mean squared error, in the target's unit."""
    return -float(np.sqrt(-neg_mean_squared_error(y, value, weight)))


def neg_mean_absolute_error(y: Array, value: Array, weight: Array | None = None) -> float:
    """Minus the mean absolute error, in the target's unit."""
    return -float(np.average(np.abs(y - value), weights=weight))


def r2(y: Array, value: Array, weight: Array | None = None) -> float:
    """Share of the target's variance that is explained; NaN below two rows."""
    if len(y) < 2:
        return float("nan")
    error = y - value
    spread = y - np.average(y, weights=weight)
    weights = 1.0 if weight is None else weight
    rest, total = float((weights * error * error).sum()), float((weights * spread * spread).sum())
    if total == 0:
        return 1.0 if rest == 0 else 0.0
    return 1 - rest / total


FAST: dict[str, tuple[Literal["proba", "label", "value"], Callable[[Array, Array, Array | None], float]]] = {
    "accuracy": ("label", accuracy),
    "average_precision": ("proba", average_precision),
    "balanced_accuracy": ("label", balanced_accuracy),
    "neg_log_loss": ("proba", neg_log_loss),
    "neg_mean_absolute_error": ("value", neg_mean_absolute_error),
    "neg_mean_squared_error": ("value", neg_mean_squared_error),
    "neg_root_mean_squared_error": ("value", neg_root_mean_squared_error),
    "r2": ("value", r2),
    "roc_auc": ("proba", roc_auc),
    "roc_auc_ovr": ("proba", roc_auc_ovr),
    **{name: ("label", score) for name, score in COUNTED.items()},
}
