"""Whether the model serves some groups of rows worse than others: scores and rates by group, and the gaps between them.

The groups come from a column that the model uses, or from one that it never saw. A gap is the distance of the highest
group from the lowest (demographic parity, equal opportunity, equalized odds: Hardt et al. 2016). Of several groups some
two are always furthest apart, so a gap's interval is corrected for all pairs it was chosen from (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.evaluation.interval import GROUPS, standard_error
from hortus.evaluation.scoring import by_fold
from hortus.explain.columns import class_code
from hortus.explain.evidence import Evidence
from hortus.explain.groups import rows_by_group, sensitive_column
from hortus.seeds import derive

# Groups below this say nothing that their chance would not drown.
LEAST_ROWS = 30
MOST_GROUPS = 12

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """The rows that have one value, or one range of values, in common.

    Attributes:
        name: ``north``, ``25 to 40``, ``missing``.
        rows: their number.
        score: the run's metric on them; NaN where it is undefined.
        low: lower end of its 95 % interval.
        high: upper end.
        base_rate: share that is of the positive class; None without one.
        selection_rate: share predicted to be of it.
        tpr: of those that are, the share predicted so (true positive rate).
        fpr: of those that are not, the share predicted so (false positive rate).
        precision: of those predicted so, the share that is.
        bias: of a regression, the mean of predicted minus true; None for classes.
        error: of a regression, the mean distance of predicted and true; of classes, the share predicted wrong.
    """

    name: str
    rows: int
    score: float
    low: float
    high: float
    base_rate: float | None
    selection_rate: float | None
    tpr: float | None
    fpr: float | None
    precision: float | None
    bias: float | None
    error: float


@dataclass(frozen=True)
class Gap:
    """How far the groups are apart in one measure.

    Attributes:
        value: the highest group's minus the lowest's.
        low: lower end of the 95 % interval; above 0 where the gap is beyond chance.
        high: upper end.
        highest: name of the group.
        lowest: name of the group.
    """

    value: float
    low: float
    high: float
    highest: str
    lowest: str

    @property
    def clear(self) -> bool:
        """Whether the gap is beyond chance."""
        return self.low > 0


@dataclass(frozen=True)
class Fairness:
    """The groups of one column, side by side.

    Attributes:
        column: its name.
        groups: the largest first; of ranges, the lowest first.
        gaps: by measure: "score", "error", and "selection_rate", "tpr", "fpr", "precision" or "bias" where the task has
            them. A measure that fewer than two groups have is left out.
        too_small: names of groups of fewer than 30 rows, or beyond the 12 largest; they are left out.
        positive: the label whose prediction is looked at; None without one.
        rows: of all groups, those left out included.
    """

    column: str
    groups: tuple[Group, ...]
    gaps: Mapping[str, Gap]
    too_small: tuple[str, ...]
    positive: Any
    rows: int


def by_group(
    evidence: Evidence,
    column: str | pd.Series[Any],
    *,
    positive: Any = None,
    least_rows: int = LEAST_ROWS,
    seed: int = 0,
) -> Fairness:
    """Hold the groups of a column against one another.

    Args:
        evidence: the model and its rows.
        column: of the model's, by name; or a column that it never saw, as a Series in the order of the rows of the
            training table (or of the n that were judged, or of the m of ``evidence.frame``). Its index is not looked
            at.
        positive: the label whose prediction is looked at, such as the one that grants something; None for the last of
            two classes, and for none of more.
        least_rows: of a group.
        seed: of the groups of rows that intervals come from.

    Raises:
        SettingError: the model has no such column, it holds free text, the Series has another length, or there is no
            such class.
    """
    task = evidence.task
    code = class_code(evidence, positive) if positive is not None else 1 if task.kind == "binary" else None
    name, values, kind, rows = sensitive_column(evidence, column)
    found = _Measures(evidence, rows, code, seed)
    groups, too_small = [], []
    cells = rows_by_group(values, kind)
    largest = sorted(cells, key=lambda cell: -len(cells[cell]))[:MOST_GROUPS]
    for told, inside in cells.items():
        if len(inside) < least_rows or told not in largest:
            too_small.append(told)
        else:
            groups.append(found.group(told, inside))
    return Fairness(
        column=name,
        groups=tuple(group for group, _ in groups),
        gaps=_gaps(groups),
        too_small=tuple(too_small),
        positive=None if code is None else task.classes[code],
        rows=len(values),
    )


@dataclass(frozen=True)
class _Measures:
    """What is measured on the rows of a group."""

    evidence: Evidence
    rows: NDArray[np.intp]
    code: int | None
    seed: int

    def group(self, name: str, inside: NDArray[np.intp]) -> tuple[Group, dict[str, tuple[float, float]]]:
        """The group, and each measure with its standard error."""
        evidence, rows = self.evidence, self.rows[inside]
        y, predictions = evidence.y[rows], evidence.predictions[rows]
        weight = np.ones(len(rows)) if evidence.weight is None else evidence.weight[rows]
        measured = {"score": self._score(rows)}
        base_rate = None
        if evidence.task.kind == "regression":
            measured["bias"] = _mean(predictions - y, weight)
            measured["error"] = _mean(np.abs(predictions - y), weight)
        else:
            called = evidence.called(predictions)
            measured["error"] = _rate(called != y, weight)
            if self.code is not None:
                true, chosen = y == self.code, called == self.code
                base_rate = _rate(true, weight)[0]
                measured["selection_rate"] = _rate(chosen, weight)
                measured["tpr"] = _rate(chosen[true], weight[true])
                measured["fpr"] = _rate(chosen[~true], weight[~true])
                measured["precision"] = _rate(true[chosen], weight[chosen])

        def value(measure: str) -> float | None:
            return measured[measure][0] if measure in measured else None

        score, error = measured["score"]
        made = Group(
            name=name,
            rows=len(rows),
            score=score,
            low=score - 1.96 * error,
            high=score + 1.96 * error,
            base_rate=base_rate,
            error=measured["error"][0],
            selection_rate=value("selection_rate"),
            tpr=value("tpr"),
            fpr=value("fpr"),
            precision=value("precision"),
            bias=value("bias"),
        )
        return made, measured

    def _score(self, rows: NDArray[np.intp]) -> tuple[float, float]:
        evidence = self.evidence

        def scored(some: NDArray[np.intp]) -> float:
            used = self._rankable(rows[some])
            if not len(used):
                return float("nan")
            weight = None if evidence.weight is None else evidence.weight[used]
            return by_fold(evidence.metric, evidence.y[used], evidence.predictions[used], evidence.folds[used], weight)

        if len(rows) < GROUPS:
            return scored(np.arange(len(rows))), float("nan")
        error = standard_error(scored, len(rows), seed=derive(self.seed, "fairness"))
        return scored(np.arange(len(rows))), error

    def _rankable(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The rows, but for a metric of ranks without folds that have one class: it calls their score chance."""
        if not self.evidence.metric.name.startswith(("roc_auc", "average_precision")):
            return rows
        folds, y = self.evidence.folds[rows], self.evidence.y[rows]
        mixed = [fold for fold in np.unique(folds) if len(np.unique(y[folds == fold])) > 1]
        return rows[np.isin(folds, mixed)]


_OPTIONAL = ("selection_rate", "tpr", "fpr", "precision", "bias")


def _mean(values: Values, weight: Values) -> tuple[float, float]:
    """A weighted mean and its standard error."""
    if not weight.any():
        return float("nan"), float("nan")
    mean = float(np.average(values, weights=weight))
    return mean, float(np.sqrt(np.sum((weight * (values - mean)) ** 2)) / weight.sum())


def _rate(true: NDArray[np.bool_], weight: Values) -> tuple[float, float]:
    """A weighted share, and its standard error by Agresti & Coull (1998), which does not vanish at 0 and 1."""
    if not weight.any():
        return float("nan"), float("nan")
    rate = float(np.average(true, weights=weight))
    n = float(weight.sum() ** 2 / np.sum(weight**2))
    shrunk = (rate * n + 2) / (n + 4)
    return rate, float(np.sqrt(shrunk * (1 - shrunk) / (n + 4)))


def _gaps(groups: list[tuple[Group, dict[str, tuple[float, float]]]]) -> dict[str, Gap]:
    """Of each measure that two groups have."""
    from scipy.stats import norm

    found = {}
    for measure in ("score", "error", *_OPTIONAL):
        there = [(*m[measure], g.name) for g, m in groups if measure in m and np.isfinite(m[measure]).all()]
        if len(there) < 2:
            continue
        (high, high_error, highest), (low, low_error, lowest) = max(there), min(there)
        pairs = len(there) * (len(there) - 1) / 2
        reach = float(norm.isf(0.025 / pairs)) * float(np.hypot(high_error, low_error))
        found[measure] = Gap(high - low, high - low - reach, high - low + reach, highest, lowest)
    return found
