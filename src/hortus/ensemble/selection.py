"""Greedy ensemble selection (Caruana et al. 2004): add, with replacement, whichever model helps most."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.seeds import stream

Predictions = NDArray[np.floating[Any]]

# More rows than this change which model is added rarely, and cost every round.
ROWS = 20_000
# A smaller gain is rounding.
GAIN = 1e-9


def select(
    predictions: Sequence[Predictions],
    y: NDArray[Any],
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    rounds: int = 40,
    seed: int = 0,
    deadline: float | None = None,
) -> NDArray[np.float64]:
    """Weights of the average that scores best.

    Args:
        predictions: one array a model, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        weight: (n,) sample weights.
        rounds: how many times a model is added.
        seed: for the rows that are looked at, where there are more than `ROWS`.
        deadline: on ``time.monotonic()``; what has been added by then is taken.

    Returns:
        (number of models,) weights that sum to 1; 0 for a model that is left out.
    """
    if len(y) > ROWS:
        keep = np.sort(stream(seed, "selection").choice(len(y), ROWS, replace=False))
        predictions = [p[keep] for p in predictions]
        y, weight = y[keep], None if weight is None else weight[keep]
    stack = np.stack([np.asarray(p, dtype=np.float64) for p in predictions])
    counts = np.zeros(len(stack))
    total = np.zeros_like(stack[0])
    best_score, best_counts = -np.inf, counts.copy()
    for size in range(1, rounds + 1):
        scores = [metric(y, (total + p) / size, weight) for p in stack]
        winner = int(np.nanargmax(scores))
        counts[winner] += 1
        total += stack[winner]
        if scores[winner] > best_score + GAIN:
            best_score, best_counts = scores[winner], counts.copy()
        if deadline is not None and time.monotonic() > deadline:
            break
    shares: NDArray[np.float64] = best_counts / best_counts.sum()
    return shares
