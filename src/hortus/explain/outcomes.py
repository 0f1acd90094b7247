"""What became of a model's predictions, counted in ways that anyone can picture.

Everything is counted over all rows that were predicted by what had not learned from them, with their weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import make_metric
from hortus.evaluation.scoring import by_fold
from hortus.explain.evidence import Judged

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; NaN where there was nothing to count."""

    value: float
    low: float
    high: float

    @property
    def span(self) -> str:
        """The interval of a share, as so many of a hundred."""
        if not math.isfinite(self.value):
            return "unknown"
        low, high = math.floor(100 * self.low), math.ceil(100 * self.high)
        return f"{low} to {high}"


@dataclass(frozen=True)
class ClassOutcomes:
    """Of a classification.

    Attributes:
        accuracy: share of rows whose likeliest class is the true one.
        precision: (K) of the rows called k, the share that are.
        recall: (K) of the rows that are k, the share called so.
        frequency: (K,) share of each class.
        pairs: of two rows of different classes, how often the right one is ranked higher (ROC AUC, fold by fold).
        top: share of class 1 in the tenth of rows where it is likeliest; None unless there are two classes.
        mistake: true class, called class, and which share of the former is taken for the latter; None without mistakes.
        skill: how far from guessing (0) to perfect (1).
    """

    accuracy: Estimate
    precision: tuple[Estimate, ...]
    recall: tuple[Estimate, ...]
    frequency: Values
    pairs: float
    top: float | None
    mistake: tuple[int, int, float] | None
    skill: float


@dataclass(frozen=True)
class ValueOutcomes:
    """Of a regression, in the target's units.

    Attributes:
        mean_error: of a prediction, regardless of sign.
        guess_error: the same where the median is always answered.
        middle, quarter, three_quarters: quartiles of the true values.
        half, most: what half, and nine of ten, of the predictions are off by less than.
        skill: how far from guessing (0) to perfect (1).
    """

    mean_error: Estimate
    guess_error: float
    middle: float
    quarter: float
    three_quarters: float
    half: float
    most: float
    skill: float


Outcomes: TypeAlias = ClassOutcomes | ValueOutcomes


def count_outcomes(evidence: Judged) -> Outcomes:
    """Count them."""
    weight = np.ones(len(evidence.y)) if evidence.weight is None else evidence.weight
    if evidence.task.kind == "regression":
        return _values(np.asarray(evidence.y, dtype=np.float64), evidence.predictions, weight)
    return _classes(evidence, weight)


def guessed(evidence: Judged) -> Values:
    """(n, K) or (n,) what can be predicted without looking at a row: frequencies, or the middle value."""
    classes = 0 if evidence.task.kind == "regression" else len(evidence.task.classes)
    return constant(evidence.y, classes, evidence.metric.name, evidence.weight)


def constant(y: NDArray[Any], classes: int, metric: str, weight: Values | None = None) -> Values:
    """The best prediction that is the same for every row.

    Args:
        y: (n,) class codes or values.
        classes: K; 0 for a regression.
        metric: its name: absolute errors are least about the median, others about the mean.
        weight: (n,) of the rows.

    Returns:
        (n, K) frequencies, or (n,) the middle value.
    """
    weight = np.ones(len(y)) if weight is None else weight
    if classes:
        counts = np.bincount(y, weights=weight, minlength=classes)
        return np.tile(counts / counts.sum(), (len(y), 1))
    values = np.asarray(y, dtype=np.float64)
    middle = (
        weighted_quantile(values, 0.5, weight) if "absolute" in metric else float(np.average(values, weights=weight))
    )
    return np.full(len(values), middle)


def share(hits: NDArray[Any], weight: Values) -> Estimate:
    """A share and Wilson's interval (Wilson 1927), by as many rows as the weights are worth (Kish 1965).

    >>> found = share(np.array([True] * 9 + [False]), np.ones(10))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.9, 0.596, 0.982)
    """
    total = float(weight.sum())
    if not total > 0:
        return Estimate(math.nan, math.nan, math.nan)
    n = total**2 / float(np.sum(weight**2))
    p = float(np.sum(weight * hits)) / total
    z = 1.959964
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return Estimate(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))


def weighted_quantile(values: Values, level: float, weight: Values) -> float:
    """The smallest value that ``level`` of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, level * reached[-1] - 1e-12))
    return float(values[order][min(place, len(values) - 1)])


def _classes(evidence: Judged, weight: Values) -> ClassOutcomes:
    y, predictions, K = evidence.y, evidence.predictions, len(evidence.task.classes)
    called = evidence.called(predictions)
    frequency = np.bincount(y, weights=weight, minlength=K) / weight.sum()
    precision = tuple(share(y[called == k] == k, weight[called == k]) for k in range(K))
    recall = tuple(share(called[y == k] == k, weight[y == k]) for k in range(K))
    accuracy = share(called == y, weight)
    taken = np.zeros((K, K))
    np.add.at(taken, (y, called), weight)
    mistakes = taken * (1 - np.eye(K))
    mistake = None
    if mistakes.any():
        true, for_ = divmod(int(mistakes.argmax()), K)
        mistake = (true, for_, float(mistakes[true, for_] / taken[true].sum()))
    ranking = make_metric("roc_auc", evidence.task.kind, evidence.task.classes)
    pairs = by_fold(ranking, y, predictions, evidence.folds, evidence.weight)
    commonest = float(frequency.max())
    skill = 2 * pairs - 1 if K == 2 else (accuracy.value - commonest) / max(1e-12, 1 - commonest)
    top = None
    if K == 2:
        first = np.argsort(-predictions[:, 1], kind="stable")[: max(1, round(len(y) / 10))]
        top = float(np.average(y[first] == 1, weights=weight[first])) if weight[first].any() else None
    return ClassOutcomes(accuracy, precision, recall, frequency, pairs, top, mistake, float(skill))


def _values(y: Values, predictions: Values, weight: Values) -> ValueOutcomes:
    errors = np.abs(y - predictions)
    mean = float(np.average(errors, weights=weight))
    spread = math.sqrt(float(np.average((errors - mean) ** 2, weights=weight)))
    n = float(weight.sum()) ** 2 / float(np.sum(weight**2))
    reach = 1.96 * spread / math.sqrt(n)
    quarter, middle, three = (weighted_quantile(y, level, weight) for level in (0.25, 0.5, 0.75))
    guess = float(np.average(np.abs(y - middle), weights=weight))
    return ValueOutcomes(
        mean_error=Estimate(mean, max(0.0, mean - reach), mean + reach),
        guess_error=guess,
        middle=middle,
        quarter=quarter,
        three_quarters=three,
        half=weighted_quantile(errors, 0.5, weight),
        most=weighted_quantile(errors, 0.9, weight),
        skill=1 - mean / guess if guess > 0 else 0.0,
    )
