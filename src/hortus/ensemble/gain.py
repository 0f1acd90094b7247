"""Whether one set of predictions is better than another, beyond what other rows might have said."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.evaluation.interval import GROUPS, standard_error
from hortus.evaluation.scoring import by_fold


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

    def difference(rows: NDArray[np.intp]) -> float:
        w = None if weight is None else weight[rows]
        f = None if folds is None else folds[rows]
        return by_fold(metric, y[rows], new[rows], f, w) - by_fold(metric, y[rows], old[rows], f, w)

    whole = difference(np.arange(n))
    if n < 2 * GROUPS or not np.isfinite(whole):
        return -np.inf, np.inf
    error = standard_error(difference, n, seed=seed)
    return (whole, error) if np.isfinite(error) else (-np.inf, np.inf)
