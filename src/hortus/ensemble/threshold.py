"""From which probability on a row is called positive, or which class costs least: decisions for a metric or by costs.

Three thresholds contend. The first is what would be best if the probabilities were exactly right (for costs, Elkan
2001, eq. 2); the second was best on the rows; the third is one half. A later one must beat an earlier one by more
than a standard error, on rows that it was not chosen by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hortus.data.metrics import Metric, make_metric
from hortus.ensemble.costs import read_costs
from hortus.ensemble.cuts import Cuts
from hortus.ensemble.gain import gain
from hortus.ensemble.selection import make_blocks
from hortus.ensemble.stacking import numbers
from hortus.errors import ArtifactError, SettingError
from hortus.evaluation.scoring import by_fold

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

# Best where every row, or hardly one, is called positive: nothing to tune.
ONE_SIDED = ("recall", "precision")


@dataclass(frozen=True)
class Threshold:
    """How probabilities become classes.

    Attributes:
        goal: the metric's name, or "costs".
        value: of two classes, the second is said where its probability exceeds this; None for more.
        costs: of more, what a row of true class i predicted as j costs; the class of least expected cost is said.
        score: of the goal, greater is better, on rows that the threshold was not chosen by; minus the mean cost a row.
        before: the same where the likeliest class is said.
        error: the standard error of the difference; infinity where there are too few rows to tell.
        curve: thresholds of two classes and the score at each.
    """

    goal: str
    value: float | None
    costs: tuple[tuple[float, ...], ...] | None
    score: float
    before: float
    error: float
    curve: tuple[tuple[float, float], ...] = ()

    def decide(self, probabilities: Array) -> Codes:
        """(n,) class codes of (n, K) probabilities.

        >>> Threshold("f1", 0.3, None, 0.8, 0.7, 0.1).decide(np.array([[0.6, 0.4], [0.8, 0.2]]))
        array([1, 0])
        """
        if self.value is not None:
            return (probabilities[:, 1] > self.value).astype(np.int64)
        return _cheapest(probabilities, np.array(self.costs))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "goal": self.goal,
            "value": self.value,
            "costs": None if self.costs is None else [list(row) for row in self.costs],
            "score": self.score if np.isfinite(self.score) else None,
            "before": self.before if np.isfinite(self.before) else None,
            "error": self.error if np.isfinite(self.error) else None,
            "curve": [list(point) for point in self.curve],
        }

    @classmethod
    def from_json(cls, found: Any, *, classes: int) -> Self:
        """The inverse of ``to_json``.

        Raises:
            ArtifactError: it is no threshold of two classes, or no costs of as many.
        """
        if not isinstance(found, dict) or not isinstance(found.get("goal"), str):
            raise _damaged()
        value, costs, curve = (found.get(name) for name in ("value", "costs", "curve"))
        score, before = (_number(found.get(name), np.nan) for name in ("score", "before"))
        error = _number(found.get("error"), np.inf)
        if (value is None) != (classes > 2) or (costs is None) != (classes == 2) or not isinstance(curve, list):
            raise _damaged()
        points = [numbers(point, "threshold") for point in curve]
        table = None if costs is None else _table(costs, classes)
        if any(len(point) != 2 for point in points):
            raise _damaged()
        cut = None if value is None else numbers([value], "threshold")[0]
        return cls(found["goal"], cut, table, score, before, error, tuple((at, good) for at, good in points))


def _number(found: Any, unknown: float) -> float:
    return unknown if found is None else numbers([found], "threshold")[0]


def _table(costs: Any, classes: int) -> tuple[tuple[float, ...], ...]:
    table = tuple(numbers(row, "costs") for row in costs) if isinstance(costs, list) else ()
    if len(table) != classes or any(len(row) != classes for row in table):
        raise _damaged()
    return table


def _damaged() -> ArtifactError:
    return ArtifactError("The threshold of this model is not one that Hortus writes.", code="threshold-damaged")


def tune_threshold(
    y: NDArray[Any],
    probabilities: Array,
    *,
    metric: str | Callable[..., Any] | Metric | None = None,
    costs: Mapping[Any, float] | ArrayLike | None = None,
    classes: tuple[Any, ...] | None = None,
    weight: Array | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
) -> Threshold:
    """The decision that is best by a metric, or cheapest.

    Args:
        y: (n,) class codes.
        probabilities: (n, K), out of fold.
        metric: of predicted classes, for two classes: ``"f1"``, ``"balanced_accuracy"``, ``"mcc"``, a function.
        costs: instead of it, for any number of classes: see `hortus.ensemble.costs.read_costs`.
        classes: the labels, in the order of their codes; None for the codes themselves.
        weight: (n,) sample weights.
        folds: (n,) the fold each row was validated in; None for random blocks.
        seed: of the run.

    Raises:
        SettingError: both or none of metric and costs are given, or one that fits no such decision.
    """
    K = probabilities.shape[1]
    labels = tuple(range(K)) if classes is None else classes
    if (metric is None) == (costs is None):
        raise SettingError(
            "A threshold is chosen by a metric or by costs: give one of the two.",
            mend="Give metric='f1' or costs={'fp': 1, 'fn': 5}.",
            code="threshold-goal",
        )
    table = None if costs is None else read_costs(costs, labels)
    goal = _by_costs(table) if table is not None else _by_metric(metric, K, labels)
    blocks = make_blocks(y, seed=seed)
    if folds is not None and len(there := np.unique(folds)) > 1:
        blocks = np.searchsorted(there, folds)
    likeliest = probabilities.argmax(axis=1)
    contenders: list[tuple[float | NDArray[np.float64], Codes]] = []
    curve: tuple[tuple[float, float], ...] = ()
    if K > 2 and table is not None:
        contenders = [(table, _cheapest(probabilities, table)), (1 - np.eye(K), likeliest)]
    else:
        w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
        cuts = Cuts(y == 1, probabilities[:, 1], w, goal, table, seed)
        contenders = [*cuts.contenders(blocks), (0.5, likeliest)]
        curve = cuts.curve()
    made, codes = contenders[0]
    for tried, said in contenders[1:]:
        more, error = gain(goal, y, said, codes, weight, folds=folds, seed=seed)  # type: ignore[arg-type]
        if more > max(error, 1e-9):
            made, codes = tried, said
    _, error = gain(goal, y, codes, likeliest, weight, folds=folds, seed=seed)  # type: ignore[arg-type]
    return Threshold(
        goal=goal.name,
        value=made if isinstance(made, float) else None,
        costs=None if isinstance(made, float) else tuple(tuple(row) for row in made.tolist()),
        score=by_fold(goal, y, codes, folds, weight),
        before=by_fold(goal, y, likeliest, folds, weight),
        error=error,
        curve=curve,
    )


def _cheapest(probabilities: Array, costs: Array) -> Codes:
    """(n,) codes of the least expected cost (Elkan 2001, eq. 1)."""
    return np.asarray((probabilities @ costs).argmin(axis=1), dtype=np.int64)


def _by_costs(costs: Array) -> Metric:
    def score(y: NDArray[Any], label: NDArray[Any], weight: Array | None) -> float:
        return -float(np.average(costs[y, label], weights=weight))

    return Metric("costs", "label", score)


def _by_metric(metric: Any, classes: int, labels: tuple[Any, ...]) -> Metric:
    if classes > 2:
        raise SettingError(
            f"A threshold by a metric belongs to two classes; here are {classes}.",
            mend="Give costs={label: what a mistake on it costs}.",
            code="threshold-classes",
        )
    goal = metric if isinstance(metric, Metric) else make_metric(metric, "binary", labels)
    if goal.needs != "label":
        raise SettingError(
            f"The metric {goal.name!r} sees probabilities, so no threshold changes it.",
            mend="Choose one of classes, such as 'f1', 'balanced_accuracy' or 'mcc', or give costs.",
            code="threshold-metric",
        )
    if goal.name in ONE_SIDED:
        raise SettingError(
            f"{goal.name.capitalize()} alone is best where {'every' if goal.name == 'recall' else 'hardly a'} "
            "row is called positive.",
            mend="Choose 'f1' or give costs={'fp': 1, 'fn': 5}, which weigh both kinds of mistakes.",
            code="threshold-metric",
        )
    return goal
