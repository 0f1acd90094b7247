"""What a model's predictions can be drawn as, in a few hundred points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.task import Task

# Points that a curve keeps, and dots that a cloud does.
POINTS, DOTS = 120, 400
BINS = 10


def curves(y: NDArray[Any], said: NDArray[np.float64], task: Task) -> dict[str, Any]:
    """Curves as JSON values.

    Args:
        y: (n,) class codes or values.
        said: (n, K) probabilities or (n,) values.
        task: what is predicted.

    Returns:
        Of classes: ``confusion`` (K, K) counts, true by said, and ``classes``; of two also ``roc`` (false alarms,
        found), ``precision_recall`` (found, precise) and ``calibration`` (said, happened, rows). Of values:
        ``predicted`` (true, said) of some rows, and ``errors``, a histogram.
    """
    if task.kind == "regression":
        return _of_values(y, said)
    classes = len(task.classes)
    confusion = np.bincount(y * classes + said.argmax(axis=1), minlength=classes**2).reshape(classes, classes)
    found: dict[str, Any] = {"classes": [str(label) for label in task.classes], "confusion": confusion.tolist()}
    if classes == 2 and len(np.unique(y)) == 2:
        found |= _of_two(y, said[:, 1])
    return found


def _of_two(y: NDArray[Any], chance: NDArray[np.float64]) -> dict[str, Any]:
    from sklearn.metrics import precision_recall_curve, roc_curve

    alarms, found, _ = roc_curve(y, chance)
    precise, recalled, _ = precision_recall_curve(y, chance)
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    rows = np.bincount(bins, minlength=BINS)
    there = np.flatnonzero(rows)
    told = np.bincount(bins, weights=chance, minlength=BINS)[there] / rows[there]
    happened = np.bincount(bins, weights=y, minlength=BINS)[there] / rows[there]
    return {
        "roc": _thin(alarms, found),
        "precision_recall": _thin(recalled[::-1], precise[::-1]),
        "calibration": [[float(x), float(z), int(n)] for x, z, n in zip(told, happened, rows[there], strict=True)],
    }


def _of_values(y: NDArray[Any], said: NDArray[np.float64]) -> dict[str, Any]:
    rows = np.unique(np.linspace(0, len(y) - 1, min(DOTS, len(y))).astype(int))
    counts, edges = np.histogram(said - y, bins=20)
    return {
        "predicted": [[float(a), float(b)] for a, b in zip(y[rows], said[rows], strict=True)],
        "errors": {"counts": counts.tolist(), "edges": [float(edge) for edge in edges]},
    }


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[list[float]]:
    """At most `POINTS` points of a curve, its ends among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).astype(int))
    return [[round(float(a), 5), round(float(b), 5)] for a, b in zip(x[kept], y[kept], strict=True)]
