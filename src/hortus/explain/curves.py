"""How a classification's probabilities sort and hold: confusion, ROC, precision and recall, reliability, gains.

All from the rows that every fold validated, predicted by what did not learn from them, with their weights. ROC and
precision are averaged over folds at equal rates (vertical averaging, Fawcett 2006), since a new row is never ranked
against one that another model has scored; so the areas are those that the score by fold has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.fast_metrics import average_precision, roc_auc
from hortus.errors import SettingError
from hortus.explain.evidence import Evidence, Judged

POINTS = 201

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Confusion:
    """Which class is taken for which.

    Attributes:
        classes: K labels.
        counts: (K, K) rows of true class i that are predicted as class j; sums of weights where rows have weights.
        normalized: (K, K) the same as shares of the true class; NaN for a class without rows.
    """

    classes: tuple[Any, ...]
    counts: Values
    normalized: Values


@dataclass(frozen=True)
class Curve:
    """One class against the rest.

    Attributes:
        label: the class.
        x: (201,) ascending from 0 to 1.
        y: (201,).
        area: under the curve, the mean over folds: ROC AUC, or average precision.
        chance: the area of a model that tells nothing.
    """

    label: Any
    x: Values
    y: Values
    area: float
    chance: float


@dataclass(frozen=True)
class Reliability:
    """Whether probabilities are as often right as they say.

    Attributes:
        label: the class whose probability it is; None for that of the predicted class, whichever it is (K > 2).
        predicted: (b,) mean probability of the bins that have rows, ascending.
        observed: (b,) share of their rows that are of the class.
        low: (b,) lower end of the 95 % interval of ``observed`` (Wilson 1927).
        high: (b,) upper end.
        counts: (b,) rows.
        error: expected calibration error: the mean distance of predicted and observed, by rows.
    """

    label: Any
    predicted: Values
    observed: Values
    low: Values
    high: Values
    counts: NDArray[np.intp]
    error: float


@dataclass(frozen=True)
class Gains:
    """How many of a class are found among the rows that are likeliest to be of it.

    Attributes:
        label: the class.
        share: (201,) of all rows, the likeliest first.
        found: (201,) of all rows of the class.
        lift: (200,) ``found / share`` from the second point on: how many times more than at random.
    """

    label: Any
    share: Values
    found: Values
    lift: Values


def confusion(evidence: Judged) -> Confusion:
    """Count which class is taken for which.

    Raises:
        SettingError: the task is a regression.
    """
    classes = _classes(evidence)
    size = len(classes)
    pairs = evidence.y.astype(np.intp) * size + evidence.called(evidence.predictions)
    counts = np.bincount(pairs, weights=evidence.weight, minlength=size * size).reshape(size, size).astype(np.float64)
    total = counts.sum(axis=1, keepdims=True)
    return Confusion(classes, counts, np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0))


def roc(evidence: Evidence) -> tuple[Curve, ...]:
    """True against false positive rate: of the last of two classes, or of each of more against the rest.

    Returns:
        A curve for each class that has rows on both sides in some fold.

    Raises:
        SettingError: the task is a regression.
    """
    classes = _classes(evidence)
    found = []
    for code in _shown(classes):
        ys, areas, sizes = [], [], []
        for positive, score, weight in _folds(evidence, code):
            hits, misses = _ranked(positive, score, weight)
            ys.append(_upright(misses / misses[-1], hits / hits[-1]))
            areas.append(roc_auc(positive.astype(np.intp), score, weight))
            sizes.append(len(positive))
        if sizes:
            y = np.average(ys, axis=0, weights=sizes)
            found.append(Curve(classes[code], _GRID.copy(), y, float(np.average(areas, weights=sizes)), 0.5))
    return tuple(found)


def precision_recall(evidence: Evidence) -> tuple[Curve, ...]:
    """Precision over recall, of the same classes as `roc`.

    Raises:
        SettingError: the task is a regression.
    """
    classes = _classes(evidence)
    found = []
    for code in _shown(classes):
        ys, areas, sizes = [], [], []
        for positive, score, weight in _folds(evidence, code):
            hits, misses = _ranked(positive, score, weight)
            recall, precision = hits[1:] / hits[-1], hits[1:] / (hits[1:] + misses[1:])
            # At a recall, the precision of the first threshold that reaches it.
            ys.append(precision[np.minimum(np.searchsorted(recall, _GRID - 1e-12), len(recall) - 1)])
            areas.append(average_precision(positive.astype(np.intp), score, weight))
            sizes.append(len(positive))
        if sizes:
            share = float(np.average(evidence.y == code, weights=evidence.weight))
            y = np.average(ys, axis=0, weights=sizes)
            found.append(Curve(classes[code], _GRID.copy(), y, float(np.average(areas, weights=sizes)), share))
    return tuple(found)


def reliability(evidence: Evidence, bins: int = 10) -> Reliability:
    """Compare probabilities with how often they come true, in bins of equally many rows.

    Args:
        evidence: of a classification.
        bins: most bins; equal probabilities are never parted.

    Raises:
        SettingError: the task is a regression.
    """
    classes = _classes(evidence)
    if len(classes) == 2:
        label, proba, true = classes[1], evidence.predictions[:, 1], evidence.y == 1
    else:
        label, proba = None, evidence.predictions.max(axis=1)
        true = evidence.predictions.argmax(axis=1) == evidence.y
    weight = np.ones(len(proba)) if evidence.weight is None else evidence.weight
    edges = np.unique(np.quantile(proba, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, proba)
    total = np.bincount(place, weights=weight, minlength=len(edges) + 1)
    # What so many weighted rows tell, as a number of equal ones (Kish 1965).
    squares = np.bincount(place, weights=weight * weight, minlength=len(edges) + 1)
    there = total > 0
    counts = np.bincount(place, minlength=len(edges) + 1)[there]
    predicted = np.bincount(place, weights=weight * proba, minlength=len(edges) + 1)[there] / total[there]
    observed = np.bincount(place, weights=weight * true, minlength=len(edges) + 1)[there] / total[there]
    low, high = wilson(observed, total[there] ** 2 / squares[there])
    error = float(np.average(np.abs(predicted - observed), weights=total[there]))
    return Reliability(label, predicted, observed, low, high, counts, error)


def gains(evidence: Evidence) -> tuple[Gains, ...]:
    """Walk from the likeliest row to the least likely, for the same classes as `roc`.

    Raises:
        SettingError: the task is a regression.
    """
    classes = _classes(evidence)
    found = []
    for code in _shown(classes):
        positive = evidence.y == code
        hits, misses = _ranked(positive, evidence.predictions[:, code], evidence.weight)
        if hits[-1] == 0:
            continue
        share = (hits + misses) / (hits[-1] + misses[-1])
        y = np.interp(_GRID, share, hits / hits[-1])
        found.append(Gains(classes[code], _GRID.copy(), y, y[1:] / _GRID[1:]))
    return tuple(found)


def wilson(rate: Values, n: Values) -> tuple[Values, Values]:
    """The 95 % interval of rates seen in n rows (Wilson 1927, eq. 4).

    >>> [round(float(end[0]), 3) for end in wilson(np.array([0.5]), np.array([100.0]))]
    [0.404, 0.596]
    """
    z = 1.96
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


_GRID: Values = np.linspace(0, 1, POINTS)


def _classes(evidence: Judged) -> tuple[Any, ...]:
    if evidence.task.kind == "regression":
        raise SettingError(
            "A regression has no classes and no probabilities.", mend="Use residuals().", code="curve-of-regression"
        )
    return evidence.task.classes


def _shown(classes: tuple[Any, ...]) -> list[int]:
    return [1] if len(classes) == 2 else list(range(len(classes)))


def _folds(evidence: Evidence, code: int) -> list[tuple[NDArray[np.bool_], Values, Values | None]]:
    """Of each fold that has rows of the class and others: which are, its probability, and the weights."""
    positive, score, weight = evidence.y == code, evidence.predictions[:, code], evidence.weight
    counted = np.ones(len(score), dtype=bool) if weight is None else weight > 0
    found = []
    for fold in np.unique(evidence.folds):
        rows = np.flatnonzero(counted & (evidence.folds == fold))
        if len(np.unique(positive[rows])) == 2:
            found.append((positive[rows], score[rows], None if weight is None else weight[rows]))
    return found


def _ranked(positive: NDArray[np.bool_], score: Values, weight: Values | None) -> tuple[Values, Values]:
    """Weights of the positive and of the other rows down to each distinct score, from none to all."""
    order = np.argsort(-score, kind="stable")
    weights = np.ones(len(score)) if weight is None else weight[order]
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    hits = np.cumsum(weights * positive[order])[last]
    misses = np.cumsum(weights * ~positive[order])[last]
    return np.concatenate([[0.0], hits]), np.concatenate([[0.0], misses])


def _upright(x: Values, y: Values) -> Values:
    """The curve at the grid; its upper end where it rises upright."""
    last = np.flatnonzero(np.append(np.diff(x) > 0, True))
    found: Values = np.interp(_GRID, x[last], y[last])
    return found
