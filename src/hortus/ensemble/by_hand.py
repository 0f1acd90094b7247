"""Candidates brought together as a person asks: averaged by given or by chosen weights, or stacked.

Where `hortus.ensemble.combination` keeps a step only if it pays, here the step is taken and its gain is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.ensemble.combination import SLIGHT, average
from hortus.ensemble.selection import ROUNDS, make_blocks, select_in_blocks
from hortus.ensemble.stacking import Stacking, fit_classes, fit_values

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Joined:
    """What was made of the candidates.

    Attributes:
        weights: (M,) shares that sum to 1; 0 for a candidate that is left out.
        stacking: over those whose weight is not 0, in their order; None for the average.
        predictions: (n, K) or (n,), each row by what was not fitted on it.
    """

    weights: Array
    stacking: Stacking | None
    predictions: Array


def blended(
    predictions: Sequence[Array],
    y: NDArray[Any],
    metric: Metric,
    *,
    shares: Sequence[float] | None,
    weight: Array | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
) -> Joined:
    """The weighted average.

    Args:
        predictions: one array a candidate, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        shares: one for each candidate; None for those that greedy selection gives (Caruana et al. 2004).
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row.
        seed: of the run.
    """
    if shares is not None:
        weights = np.asarray(shares, dtype=np.float64) / float(np.sum(shares))
        return Joined(weights, None, average(predictions, weights))
    blocks = make_blocks(y, seed=seed)
    found = select_in_blocks(predictions, y, metric, blocks=blocks, weight=weight, folds=folds, seed=seed)
    unseen = np.empty(predictions[0].shape)
    for block, path in enumerate(found.block_paths):
        rows = np.flatnonzero(blocks == block)
        unseen[rows] = average([p[rows] for p in predictions], path.weights(ROUNDS))
    if not found.block_paths:
        unseen = average(predictions, found.weights)
    return Joined(found.weights, None, unseen)


def stacked(predictions: Sequence[Array], y: NDArray[Any], *, weight: Array | None = None, seed: int = 0) -> Joined:
    """A linear meta-learner over all candidates (Wolpert 1992), each row predicted by one that did not learn from it.

    Args:
        predictions: one array a candidate, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        weight: (n,) sample weights.
        seed: of the run.
    """
    fit = fit_classes if predictions[0].ndim == 2 else fit_values
    start = np.full(len(predictions), 1.0 / len(predictions))
    blocks = make_blocks(y, seed=seed)
    unseen = np.empty(predictions[0].shape)
    for block in range(int(blocks.max()) + 1):
        inside, rest = np.flatnonzero(blocks == block), np.flatnonzero(blocks != block)
        own = None if weight is None else weight[rest]
        found = fit([p[rest] for p in predictions], y[rest], start=start, weight=own)
        unseen[inside] = found.combine([p[inside] for p in predictions])
    found = fit(list(predictions), y, start=start, weight=weight)
    weights = np.asarray(found.weights)
    weights = np.where(weights > SLIGHT, weights, 0.0)
    if not weights.any():
        # A meta-learner that trusts none answers by its bias alone; the average says more.
        return Joined(start, None, average(predictions, start))
    kept = np.flatnonzero(weights).tolist()
    stack = Stacking(tuple(found.weights[i] for i in kept), found.bias)
    return Joined(weights / weights.sum(), stack, unseen)
