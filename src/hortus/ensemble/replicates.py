"""Every candidate's score again and again, each time without one group of the rows: what all comparisons need."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.evaluation.interval import GROUPS, ROWS, spread
from hortus.evaluation.scoring import by_fold
from hortus.seeds import stream

Array = NDArray[Any]

# Metrics that sort cost more a row.
SORTED = 10_000
SORTING = ("roc_auc", "average_precision")


@dataclass(frozen=True)
class Replicates:
    """Scores of M candidates, and how they move together when rows are exchanged.

    Attributes:
        scores: (M,) on all n rows.
        moves: (M, G) what each of G groups of rows adds to each score: pseudo-values of the jackknife, scaled to n
            rows, less their mean. The score on a resample of groups is ``scores`` plus the mean of their moves, to
            first order.
    """

    scores: NDArray[np.float64]
    moves: NDArray[np.float64]

    @property
    def errors(self) -> NDArray[np.float64]:
        """(M,) standard errors of the scores."""
        return np.asarray(spread(self.moves / (self.moves.shape[1] - 1)))

    def errors_against(self, one: int) -> NDArray[np.float64]:
        """(M,) standard errors of the differences to one candidate: what makes rows hard for both cancels."""
        return np.asarray(spread((self.moves - self.moves[one]) / (self.moves.shape[1] - 1)))


def replicate(
    predictions: Sequence[Array],
    y: Array,
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    groups: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
    deadline: float | None = None,
) -> Replicates:
    """The delete-a-group jackknife (Kott 2001) of every candidate, over the same groups.

    Args:
        predictions: one array a candidate, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row; None for one.
        groups: (n,) rows of one number belong together, and are left out together.
        seed: for the groups.
        deadline: on ``time.monotonic()``; candidates that are not done by then are left out, except the first.

    Returns:
        Of the first M candidates; NaN where a score is undefined without some group.
    """
    n = len(y)
    slim, y = _slim(predictions, y, metric)
    parts = _parts(n, metric, groups, seed)
    used = np.concatenate(parts)
    without = [_Rows(np.setdiff1d(used, part, assume_unique=True), y, weight, folds) for part in parts]
    scores: list[float] = []
    left_out: list[list[float]] = []
    for prediction in slim:
        if scores and deadline is not None and time.monotonic() > deadline:
            break
        scores.append(by_fold(metric, y, prediction, folds, weight))
        left_out.append([rows.score(metric, prediction) for rows in without])
    if len(parts) < 2:
        return Replicates(np.asarray(scores), np.full((len(scores), 1), np.nan))
    found = np.asarray(left_out)
    moves = -(len(parts) - 1) * (found - found.mean(axis=1, keepdims=True)) * np.sqrt(len(used) / n)
    return Replicates(np.asarray(scores), moves)


class _Rows:
    """Some rows, divided by fold once for all candidates; scores as `by_fold` does."""

    def __init__(self, rows: Array, y: Array, weight: Array | None, folds: Array | None) -> None:
        fold = np.zeros(len(rows), dtype=int) if folds is None else folds[rows]
        self._rows = [rows[fold == one] for one in np.unique(fold)]
        self._y = [y[part] for part in self._rows]
        self._sizes = np.array([len(part) for part in self._rows])
        self._weight = [None if weight is None else weight[part] for part in self._rows]

    def score(self, metric: Metric, prediction: Array) -> float:
        parts = zip(self._rows, self._y, self._weight, strict=True)
        scores = np.array([metric(y, prediction[rows], weight) for rows, y, weight in parts])
        known = np.isfinite(scores)
        return float(np.average(scores[known], weights=self._sizes[known])) if known.any() else float("nan")


def _parts(n: int, metric: Metric, groups: Array | None, seed: int) -> list[Array]:
    """The groups left out in turn: random, and equally large."""
    most = SORTED if metric.name.startswith(SORTING) else ROWS
    rng = stream(seed, "jackknife")
    if groups is None:
        return np.array_split(rng.permutation(n)[:most], min(GROUPS, n))
    _, codes = np.unique(groups, return_inverse=True)
    count = int(codes.max()) + 1
    rank = np.empty(count, dtype=np.int64)
    rank[rng.permutation(count)] = np.arange(count)
    order = np.argsort(rank[codes], kind="stable")[:most]
    # Whole groups of rows, dealt out in turn.
    dealt = rank[codes[order]] % min(GROUPS, count)
    return [order[dealt == part] for part in np.unique(dealt)]


def _slim(predictions: Sequence[Array], y: Array, metric: Metric) -> tuple[Iterator[Array], Array]:
    """Only what the metric looks at of each candidate's predictions, made when its turn comes."""
    first = predictions[0]
    if metric.name == "neg_log_loss" and first.ndim == 2:
        rows = np.arange(len(y))
        return (p[rows, y][:, None] for p in predictions), np.zeros(len(y), dtype=np.int64)
    if metric.needs == "label" and first.ndim == 2:
        return (p.argmax(axis=1) for p in predictions), y
    if metric.name in ("roc_auc", "average_precision") and first.ndim == 2 and first.shape[1] == 2:
        return (np.ascontiguousarray(p[:, 1]) for p in predictions), y
    return iter(predictions), y
