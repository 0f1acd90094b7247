"""Whether one set of predictions is better than another, beyond what other rows might have said."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.evaluation.scoring import by_fold
from hortus.seeds import stream

GROUPS = 20
ROWS = 20_000


def gain(
    metric: Metric,
    y: NDArray[Any],
    new: NDArray[np.float64],
    old: NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
    *,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """How much better ``new`` scores than ``old``, and the standard error of that difference.

    By the delete-a-group jackknife (Kott 2001) on the difference itself: what makes rows hard for both cancels.

    Args:
        metric: greater is better.
        y: (n,) class codes or target values.
        new: (n, K) or (n,) predictions.
        old: likewise.
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row; None for one.
        seed: for the groups.

    Returns:
        The gain and its standard error; minus infinity and infinity where there are too few rows to tell.
    """
    n = len(y)

    def difference(rows: NDArray[Any] | slice) -> float:
        w = None if weight is None else weight[rows]
        f = None if folds is None else folds[rows]
        return by_fold(metric, y[rows], new[rows], f, w) - by_fold(metric, y[rows], old[rows], f, w)

    whole = difference(slice(None))
    if n < 2 * GROUPS or not np.isfinite(whole):
        return -np.inf, np.inf
    used = stream(seed, "gain").permutation(n)[:ROWS]
    groups = np.array_split(used, GROUPS)
    left = np.array(
        [difference(np.concatenate([g for k, g in enumerate(groups) if k != skip])) for skip in range(GROUPS)]
    )
    if not np.isfinite(left).all():
        return -np.inf, np.inf
    spread = left - left.mean()
    return whole, float(np.sqrt((GROUPS - 1) / GROUPS * np.sum(spread**2)) * np.sqrt(len(used) / n))
