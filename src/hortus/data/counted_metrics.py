"""The metrics of predicted classes that need nothing but the table of true against predicted, in numpy.

Ensemble selection calls them thousands of times; each equals scikit-learn's to 1e-10, a division by zero giving 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Average = Literal["binary", "macro", "micro", "weighted"]


def _table(y: Array, label: Array, weight: Array | None) -> NDArray[np.float64]:
    """(K, K) rows of true class i that were predicted as j, or their weights."""
    classes = int(max(y.max(), label.max())) + 1
    counts = np.bincount(y * classes + label, weights=weight, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.float64)


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)


def _precision(hits: Array, true: Array, said: Array) -> Array:  # noqa: ARG001 - the four share one signature
    return _ratio(hits, said)


def _recall(hits: Array, true: Array, said: Array) -> Array:  # noqa: ARG001
    return _ratio(hits, true)


def _f1(hits: Array, true: Array, said: Array) -> Array:
    return _ratio(2 * hits, true + said)


def _jaccard(hits: Array, true: Array, said: Array) -> Array:
    return _ratio(hits, true + said - hits)


def _averaged(of: Callable[[Array, Array, Array], Array], average: Average) -> Callable[..., float]:
    def score(y: Array, label: Array, weight: Array | None = None) -> float:
        table = _table(y, label, weight)
        hits, true, said = np.diag(table), table.sum(axis=1), table.sum(axis=0)
        if average == "micro":
            return float(of(hits.sum(keepdims=True), true.sum(keepdims=True), said.sum(keepdims=True))[0])
        each = of(hits, true, said)
        if average == "binary":
            return float(each[1]) if len(each) > 1 else 0.0
        if average == "weighted":
            return float(each @ true / true.sum())
        return float(each[np.union1d(y, label)].mean())

    return score


def matthews_corrcoef(y: Array, label: Array, weight: Array | None = None) -> float:
    """Correlation of true and predicted classes; 0 where one of them is constant."""
    table = _table(y, label, weight)
    true, said, rows = table.sum(axis=1), table.sum(axis=0), table.sum()
    spread = (rows * rows - true @ true) * (rows * rows - said @ said)
    if spread <= 0:
        return 0.0
    return float((np.trace(table) * rows - true @ said) / np.sqrt(spread))


_AVERAGES: tuple[Average, ...] = ("binary", "macro", "micro", "weighted")
_KINDS = {"f1": _f1, "jaccard": _jaccard, "precision": _precision, "recall": _recall}
COUNTED: dict[str, Callable[[Array, Array, Array | None], float]] = {
    f"{name}{'' if average == 'binary' else '_' + average}": _averaged(of, average)
    for name, of in _KINDS.items()
    for average in _AVERAGES
} | {"matthews_corrcoef": matthews_corrcoef}
