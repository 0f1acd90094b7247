"""How much worse the model is without what a column says: permutation importance (Breiman 2001; Fisher et al. 2019).

A column's values are shuffled among the rows, and what the model's score loses is the column's importance. Every row is
predicted by the pipelines that did not learn from it, so a column that was only memorized counts for nothing. Values
are shuffled within folds, because scores are taken by fold.

The interval is the score's own: the delete-a-group jackknife over rows (Kott 2001) of the loss, averaged over repeats.
A row's shuffled value is drawn by itself, so the spread over rows holds the chance of the shuffles as well.

Columns that say the same thing share what they say: each alone can be shuffled at little loss. ``together`` names such
columns; they are shuffled as one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hortus.evaluation.interval import GROUPS, standard_error
from hortus.explain.columns import kind_of, kinds
from hortus.explain.evidence import Evidence
from hortus.explain.variants import predict_variants
from hortus.seeds import derive, stream

# A loss over fewer rows says more of them than of the column.
LEAST_ROWS = 200


@dataclass(frozen=True)
class Importance:
    """What the score loses without each column.

    Attributes:
        columns: p names, the most important first; columns shuffled together are joined by `` + ``.
        mean: (p,) loss of the metric, averaged over the repeats; around 0 where the model has no use for the column.
        low: (p,) lower end of the 95 % interval; NaN for fewer than 20 rows.
        high: (p,) upper end.
        rows: how many rows were used.
        repeats: how many times each column was shuffled, at least.
        metric: what is lost, by name; greater is better for every metric, so a loss is positive.
    """

    columns: tuple[str, ...]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rows: int
    repeats: int
    metric: str


def permutation_importance(
    evidence: Evidence,
    *,
    repeats: int = 5,
    seed: int = 0,
    seconds: float | None = None,
    together: Sequence[Sequence[str]] = (),
) -> Importance:
    """Shuffle one column after another, and see what the score loses.

    Args:
        evidence: the model and its rows.
        repeats: how often each column is shuffled.
        seed: of the shuffles.
        seconds: about how long it may take: repeats, then rows, are left out to keep to it. The same seed gives the
            same numbers only where no time is set, or where it sufficed.
        together: columns that are shuffled as one, by name.

    Raises:
        SettingError: the model has no such column.
    """
    groups = _groups(evidence, together)
    end = None if seconds is None else time.monotonic() + seconds
    rows, one = _plan(evidence, end, len(groups), seed)
    unchanged = predict_variants(evidence, rows, [{}])[0]
    mean, low, high = np.empty(len(groups)), np.empty(len(groups)), np.empty(len(groups))
    least = repeats
    for i, group in enumerate(groups):
        started = time.monotonic()
        if end is not None:
            repeats = max(1, min(repeats, int((end - started) / (one * (len(groups) - i)))))
        shuffled = [_shuffled(evidence, rows, group, repeat, seed) for repeat in range(repeats)]
        mean[i], error = _loss(evidence, rows, unchanged, predict_variants(evidence, rows, shuffled), seed)
        low[i], high[i] = mean[i] - 1.96 * error, mean[i] + 1.96 * error
        least = min(least, repeats)
        one = (time.monotonic() - started) / repeats
    order = np.argsort(-mean, kind="stable")
    return Importance(
        columns=tuple(" + ".join(groups[i]) for i in order),
        mean=mean[order],
        low=low[order],
        high=high[order],
        rows=len(rows),
        repeats=least,
        metric=evidence.metric.name,
    )


def _groups(evidence: Evidence, together: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The columns to be shuffled at a time, each column in one of them."""
    for group in together:
        for column in group:
            kind_of(evidence, column)
    joined = {column for group in together for column in group}
    return [tuple(group) for group in together] + [(c,) for c in kinds(evidence) if c not in joined]


def _plan(evidence: Evidence, end: float | None, columns: int, seed: int) -> tuple[NDArray[np.intp], float]:
    """All rows, or as many as can be shuffled once for every column before ``end``; the seconds of one shuffle."""
    every = np.arange(len(evidence.rows))
    if end is None:
        return every, 0.0
    order = stream(seed, "importance", "rows").permutation(len(every))
    few, more = np.sort(order[:LEAST_ROWS]), np.sort(order[: 5 * LEAST_ROWS])
    # The first call of a model also pays for what it loads.
    _shuffle_seconds(evidence, few, seed)
    small = _shuffle_seconds(evidence, few, seed)
    if len(every) == len(few):
        return every, small
    a_row = max(1e-9, (_shuffle_seconds(evidence, more, seed) - small) / (len(more) - len(few)))
    fixed = max(0.0, small - a_row * len(few))
    most = int(((end - time.monotonic()) / (columns + 1) - fixed) / a_row)
    rows = np.sort(order[: max(LEAST_ROWS, most)])
    return rows, fixed + a_row * len(rows)


def _shuffle_seconds(evidence: Evidence, rows: NDArray[np.intp], seed: int) -> float:
    """How long it takes to predict rows once and to score what is lost."""
    started = time.monotonic()
    predictions = predict_variants(evidence, rows, [{}])
    _loss(evidence, rows, predictions[0], predictions, seed)
    return time.monotonic() - started


def _shuffled(
    evidence: Evidence, rows: NDArray[np.intp], group: tuple[str, ...], repeat: int, seed: int
) -> dict[str, NDArray[np.object_]]:
    """The columns of a group, shuffled within folds by one permutation."""
    random = stream(seed, "importance", *group, repeat)
    folds = evidence.folds[evidence.rows[rows]]
    order = np.arange(len(rows))
    for fold in np.unique(folds):
        inside = np.flatnonzero(folds == fold)
        order[inside] = random.permutation(inside)
    return {column: evidence.frame[column].to_numpy()[rows[order]] for column in group}


def _loss(
    evidence: Evidence,
    rows: NDArray[np.intp],
    unchanged: NDArray[np.float64],
    changed: NDArray[np.float64],
    seed: int,
) -> tuple[float, float]:
    """The mean over v changed predictions of what the score loses, and its standard error."""

    def lost(some: NDArray[np.intp]) -> float:
        there = rows[some]
        kept = evidence.score(unchanged[some], there)
        return kept - float(np.mean([evidence.score(one[some], there) for one in changed]))

    error = standard_error(lost, len(rows), seed=derive(seed, "importance")) if len(rows) >= GROUPS else float("nan")
    return lost(np.arange(len(rows))), error
