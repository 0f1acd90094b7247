"""Scores of many tables of two classes at once, true against predicted: what a threshold is tuned on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Tables = Callable[[Array], Array]


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)


# Of the rows hit, true and said of one class.
_KINDS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "f1": lambda hits, true, said: _ratio(2 * hits, true + said),
    "jaccard": lambda hits, true, said: _ratio(hits, true + said - hits),
    "precision": lambda hits, _, said: _ratio(hits, said),
    "recall": lambda hits, true, _: _ratio(hits, true),
}


def _sides(tables: Array) -> tuple[Array, Array, Array]:
    """(..., 2) rows hit, true and said of each class."""
    return np.diagonal(tables, axis1=-2, axis2=-1), tables.sum(axis=-1), tables.sum(axis=-2)


def _averaged(of: Callable[[Array, Array, Array], Array], average: str) -> Tables:
    def score(tables: Array) -> Array:
        hits, true, said = _sides(tables)
        if average == "micro":
            return of(hits.sum(axis=-1), true.sum(axis=-1), said.sum(axis=-1))
        each = of(hits, true, said)
        if average == "binary":
            return each[..., 1]
        if average == "weighted":
            return _ratio((each * true).sum(axis=-1), true.sum(axis=-1))
        return np.asarray(each.mean(axis=-1))

    return score


def _accuracy(tables: Array) -> Array:
    return _ratio(_sides(tables)[0].sum(axis=-1), tables.sum(axis=(-2, -1)))


def _correlation(tables: Array) -> Array:
    hits, true, said = _sides(tables)
    rows = tables.sum(axis=(-2, -1))
    spread = (rows**2 - (true**2).sum(axis=-1)) * (rows**2 - (said**2).sum(axis=-1))
    return _ratio(hits.sum(axis=-1) * rows - (true * said).sum(axis=-1), np.sqrt(np.maximum(spread, 0)))


# By the metric's name: (..., 2, 2) tables of two classes that both have rows to (...) scores.
COUNTED: dict[str, Tables] = {
    f"{name}{'' if average == 'binary' else '_' + average}": _averaged(of, average)
    for name, of in _KINDS.items()
    for average in ("binary", "macro", "micro", "weighted")
} | {
    "accuracy": _accuracy,
    "balanced_accuracy": _averaged(_KINDS["recall"], "macro"),
    "matthews_corrcoef": _correlation,
}


def costing(costs: Array) -> Tables:
    """Minus the mean cost a row, by (2, 2) costs."""
    return lambda tables: -_ratio((tables * costs).sum(axis=(-2, -1)), tables.sum(axis=(-2, -1)))


def tables_above(negative: Array, positive: Array) -> Array:
    """(..., T, 2, 2) tables at T thresholds.

    Args:
        negative: (..., T + 1) weight of true class 0 below the first threshold, between each two, above the last.
        positive: likewise of class 1.
    """
    found = np.empty((*negative.shape[:-1], negative.shape[-1] - 1, 2, 2))
    for k, each in enumerate((negative, positive)):
        below = np.cumsum(each, axis=-1)
        found[..., k, 0] = below[..., :-1]
        found[..., k, 1] = below[..., -1:] - below[..., :-1]
    return found
