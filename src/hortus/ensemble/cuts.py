"""The search for the probability from which on a row of two classes is called positive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.ensemble.confusion import COUNTED, costing, tables_above
from hortus.seeds import stream

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

# Thresholds that are tried, half of them spread over all rows and half over those of the positive class.
TRIED = 500
# The best threshold of so many bootstrap samples is taken in the median.
SAMPLES = 50
# A metric that only a call can tell is called for fewer, and smoothed over neighbours.
CALLED = 50
NEIGHBOURS = 5
# Points of the curve that is kept to be drawn.
DRAWN = 100


@dataclass(frozen=True)
class Cuts:
    """Rows of two classes, and what a threshold on them is to be best by.

    Attributes:
        positive: (n,) which rows are of the second class.
        p: (n,) its probability, out of fold.
        weight: (n,) sample weights.
        goal: a metric of classes.
        costs: (2, 2) of true class i predicted as j, where the goal is to save them.
        seed: of the run.
    """

    positive: NDArray[np.bool_]
    p: Array
    weight: Array
    goal: Metric
    costs: Array | None
    seed: int

    @property
    def counted(self) -> Callable[[Array], Array] | None:
        """The goal, of many tables at once; None where only a call can tell it."""
        return COUNTED.get(self.goal.name) if self.costs is None else costing(self.costs)

    def contenders(self, blocks: NDArray[np.int64]) -> list[tuple[float, Codes]]:
        """Thresholds, each with what it says of rows that it was not chosen by; none where only one class has rows."""
        if self.positive.all() or not self.positive.any():
            return []
        found: list[tuple[float, Codes]] = []
        if self.counted is not None:
            trusting = self._trusting(self.counted)
            found.append((trusting, (self.p > trusting).astype(np.int64)))
        crossed = np.zeros(len(self.p), dtype=np.int64)
        for block in range(int(blocks.max()) + 1):
            rows, out = np.flatnonzero(blocks != block), np.flatnonzero(blocks == block)
            crossed[out] = self.p[out] > self._best(rows)
        return [*found, (self._best(np.arange(len(self.p))), crossed)]

    def curve(self) -> tuple[tuple[float, float], ...]:
        """Thresholds, and the score of each on all rows."""
        rows = np.arange(len(self.p))
        if self.counted is None:
            tried, scores = self._called(rows)
        else:
            tried = self._tried(rows, TRIED)
            sides = [self._between(tried, rows, self.weight * side) for side in (~self.positive, self.positive)]
            scores = self.counted(tables_above(sides[0], sides[1]))
        shown = np.unique(np.linspace(0, len(tried) - 1, DRAWN).round().astype(np.intp))
        return tuple((float(tried[i]), float(scores[i])) for i in shown if np.isfinite(scores[i]))

    def _trusting(self, counted: Callable[[Array], Array]) -> float:
        """What would be best in the mean if every probability were right."""
        if self.costs is not None:
            false_alarm, miss = self.costs[0, 1] - self.costs[0, 0], self.costs[1, 0] - self.costs[1, 1]
            return float(false_alarm / (false_alarm + miss))
        rows = np.arange(len(self.p))
        tried = self._tried(rows, TRIED)
        sides = [self._between(tried, rows, self.weight * p) for p in (1 - self.p, self.p)]
        return float(tried[int(counted(tables_above(sides[0], sides[1])).argmax())])

    def _best(self, rows: NDArray[np.intp]) -> float:
        """What was best on the rows."""
        if self.counted is None:
            tried, scores = self._called(rows)
            width = min(NEIGHBOURS, len(scores))
            smooth = np.convolve(scores, np.ones(width) / width, mode="valid")
            known = np.where(np.isfinite(smooth), smooth, -np.inf)
            return float(tried[int(known.argmax()) + width // 2])
        tried = self._tried(rows, TRIED)
        rng = stream(self.seed, "threshold")
        drawn = []
        for side in (~self.positive, self.positive):
            count = self._between(tried, rows, side.astype(np.float64))
            mean = self._between(tried, rows, self.weight * side) / np.maximum(count, 1)
            drawn.append(rng.poisson(count, size=(SAMPLES, len(count))) * mean)
        best = self.counted(tables_above(drawn[0], drawn[1])).argmax(axis=1)
        return float(np.median(tried[best]))

    def _called(self, rows: NDArray[np.intp]) -> tuple[Array, Array]:
        """(T,) thresholds and (T,) scores of a metric that only a call can tell."""
        tried = self._tried(rows, CALLED)
        y, weight = self.positive[rows].astype(np.int64), self.weight[rows]
        return tried, np.array([self.goal(y, (self.p[rows] > t).astype(np.int64), weight) for t in tried])

    def _tried(self, rows: NDArray[np.intp], most: int) -> Array:
        """Thresholds midway between neighbouring probabilities, as many rows between each two of a half."""
        halves = [self.p[rows], self.p[rows][self.positive[rows]]]
        points = np.concatenate([np.quantile(p, np.linspace(0, 1, most // 2)) for p in halves if len(p)])
        known = np.unique(np.concatenate([[0.0, 1.0], self.p[rows]]))
        # The place after the highest is tried too: nothing above it.
        place = np.unique(np.concatenate([np.searchsorted(known, np.unique(points)), [1, len(known) - 1]]))
        place = place[place > 0]
        return np.asarray((known[place - 1] + known[place]) / 2)

    def _between(self, tried: Array, rows: NDArray[np.intp], weight: Any) -> Array:
        """(T + 1,) weight below the first threshold, between each two, above the last."""
        place = np.searchsorted(tried, self.p[rows], side="left")
        return np.bincount(place, weight[rows], minlength=len(tried) + 1).astype(np.float64)
