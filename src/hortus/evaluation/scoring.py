"""One score from many folds: the metric on each fold's rows, averaged by their number.

Predictions of different folds come from different models, whose probabilities need not be on one scale. A metric of
ranks over all of them at once would punish that, though a new row is never ranked against one of another model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric


def by_fold(
    metric: Metric,
    y: NDArray[Any],
    predictions: NDArray[Any],
    folds: NDArray[np.integer[Any]] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> float:
    """The mean of the metric over folds.

    Args:
        metric: greater is better.
        y: (n,) class codes or target values.
        predictions: (n, K) or (n,).
        folds: (n,) the fold that validated each row; None for one.
        weight: (n,) sample weights.

    Returns:
        The mean; a fold on which the metric is undefined is left out, NaN where it is on all.
    """
    if folds is None:
        return metric(y, predictions, weight)
    there, sizes = np.unique(folds, return_counts=True)
    rows = [np.flatnonzero(folds == fold) for fold in there]
    scores = np.array([metric(y[r], predictions[r], None if weight is None else weight[r]) for r in rows])
    known = np.isfinite(scores)
    return float(np.average(scores[known], weights=sizes[known])) if known.any() else float("nan")
