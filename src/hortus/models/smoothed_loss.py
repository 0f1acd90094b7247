"""Log loss against labels that are smoothed a little, for numbers that are learned from few rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.models.base import Vector


def smoothed_log_loss(logp: NDArray[np.float64], y: NDArray[Any], weight: Vector | None) -> float:
    """The weighted mean log loss where 1 / (n + 2) of each label is spread over all classes.

    Where all rows are told apart, plain log loss asks for certainty (Platt 1999, "Probabilistic Outputs for Support
    Vector Machines", section 2.2).

    Args:
        logp: (n, K) log probabilities.
        y: (n,) class codes.
        weight: (n,), or None for all alike.

    >>> round(smoothed_log_loss(np.log([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]), None), 4)
    0.3882
    """
    smooth = 1 / (len(y) + 2)
    right = logp[np.arange(len(y)), y]
    return -float(np.average((1 - smooth) * right + smooth * logp.mean(axis=1), weights=weight))
