"""Encoded rows with their targets: what a learner is fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.matrix import Matrix


@dataclass(frozen=True)
class Rows:
    """Rows with their targets.

    Attributes:
        X: the encoded rows.
        y: (n,) class codes as int64, or target values as float64.
        weight: (n,) float64 sample weights, or None.
    """

    X: Matrix
    y: NDArray[Any]
    weight: NDArray[np.float64] | None = None
