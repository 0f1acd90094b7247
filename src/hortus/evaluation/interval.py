"""How far a score is to be trusted: a 95 % interval from the validated rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.evaluation.scoring import by_fold
from hortus.seeds import stream

GROUPS = 20
ROWS = 20_000


def interval(
    metric: Metric,
    y: NDArray[Any],
    predictions: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
    *,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """Score - 1.96 and + 1.96 standard errors, by the delete-a-group jackknife (Kott 2001).

    The score is computed again with each of `GROUPS` random groups of rows left out; their spread gives the
    standard error of any smooth metric at a twentieth of a bootstrap's cost. It says how the score would vary with
    other validation rows, not how much it was flattered by being chosen.

    Args:
        metric: greater is better.
        y: (n,) class codes or target values.
        predictions: (n, K) or (n,) for the same rows.
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row; None for one.
        seed: for the groups.

    Returns:
        Lower and upper bound; both NaN for fewer rows than groups.
    """
    n = len(y)
    if n < GROUPS:
        return float("nan"), float("nan")
    order = stream(seed, "interval").permutation(n)
    # With more rows than needed, a sample's standard error is scaled to all of them.
    used = order[:ROWS]

    def scored(rows: NDArray[np.intp]) -> float:
        return by_fold(
            metric,
            y[rows],
            predictions[rows],
            None if folds is None else folds[rows],
            None if weight is None else weight[rows],
        )

    score = scored(np.arange(n))
    groups = np.array_split(used, GROUPS)
    left_out = []
    for skip in range(GROUPS):
        rows = np.concatenate([group for k, group in enumerate(groups) if k != skip])
        left_out.append(scored(rows))
    spread = np.asarray(left_out) - np.mean(left_out)
    error = float(np.sqrt((GROUPS - 1) / GROUPS * np.sum(spread**2)) * np.sqrt(len(used) / n))
    return score - 1.96 * error, score + 1.96 * error
