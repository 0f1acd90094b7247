"""How far a score is to be trusted: its standard error and a 95 % interval, from the validated rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.evaluation.scoring import by_fold
from hortus.seeds import stream

GROUPS = 20
ROWS = 20_000


def standard_error(statistic: Callable[[NDArray[np.intp]], float], n: int, *, seed: int) -> float:
    """Of a statistic of n rows, by the delete-a-group jackknife (Kott 2001).

    The statistic is computed again with each of `GROUPS` random groups of rows left out; their spread gives the
    standard error of any smooth statistic at a twentieth of a bootstrap's cost. Where there are more than `ROWS` rows,
    a sample's standard error is scaled to all of them.

    Args:
        statistic: of the rows at the positions it is given.
        n: how many rows there are, at least `GROUPS`.
        seed: for the groups.

    Returns:
        NaN where the statistic is undefined without some group.
    """
    used = stream(seed, "jackknife").permutation(n)[:ROWS]
    groups = np.array_split(used, GROUPS)
    left_out = [statistic(np.concatenate([g for k, g in enumerate(groups) if k != skip])) for skip in range(GROUPS)]
    spread = np.asarray(left_out) - np.mean(left_out)
    return float(np.sqrt((GROUPS - 1) / GROUPS * np.sum(spread**2)) * np.sqrt(len(used) / n))


def interval(
    metric: Metric,
    y: NDArray[Any],
    predictions: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
    *,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """Score - 1.96 and + 1.96 standard errors.

    It says how the score would vary with other validation rows, not how much it was flattered by being chosen.

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

    def scored(rows: NDArray[np.intp]) -> float:
        return by_fold(
            metric,
            y[rows],
            predictions[rows],
            None if folds is None else folds[rows],
            None if weight is None else weight[rows],
        )

    score, error = scored(np.arange(n)), standard_error(scored, n, seed=seed)
    return score - 1.96 * error, score + 1.96 * error
