"""Sample weights: how much each row counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.errors import InputError


def check_weights(values: Any, rows: int) -> NDArray[np.float64] | None:
    """(n,) float64 weights that can be used, or None where none were given.

    Raises:
        InputError: there is not one finite, non-negative number a row, or all are zero.
    """
    if values is None:
        return None
    try:
        weights = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The weights are not numbers: {error}.", mend="Give one number a row.", code="weights-not-numbers"
        ) from error
    if weights.shape != (rows,):
        raise InputError(
            f"The weights have shape {weights.shape} for {rows} rows.",
            mend="Give one number a row.",
            code="weights-length",
        )
    bad = np.flatnonzero(~np.isfinite(weights) | (weights < 0))
    if len(bad):
        raise InputError(
            f"{len(bad)} weights are negative or not numbers, the first in row {bad[0]}: {weights[bad[0]]}.",
            mend="Give 0 to a row that is not to count.",
            code="weights-negative",
        )
    if not weights.any():
        raise InputError("All weights are zero.", mend="Give some row a weight above zero.", code="weights-zero")
    return weights
