"""How much higher the loss of a slice of the rows is than that of all, and whether that is chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


class SliceSums:
    """The sums that gaps and their errors are made of, for many slices at once."""

    def __init__(self, loss: Values, weight: Values) -> None:
        weight = weight / max(weight.mean(), 1e-300)
        mean = float(np.average(loss, weights=weight))
        off = loss - mean
        self.columns = np.column_stack([weight, weight * off, weight**2, weight**2 * off, weight**2 * off**2])
        self.total = self.columns.sum(axis=0)

    def gaps(self, masks: NDArray[np.float32]) -> tuple[Values, Values]:
        """(a,) mean loss of each slice over that of all rows, and its standard error."""
        inside = (masks @ self.columns.astype(np.float32)).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, other = inside[:, 1] / inside[:, 0], (self.total - inside)[:, 1] / (self.total - inside)[:, 0]
            share = inside[:, 0] / self.total[0]
            variance = _variance(inside, mean) + _variance(self.total - inside, other)
            gap, error = mean, (1 - share) * np.sqrt(np.maximum(variance, 0.0))
        known = np.isfinite(gap) & np.isfinite(error)
        return np.where(known, gap, 0.0), np.where(known, error, np.inf)


def _variance(sums: Values, mean: Values) -> Values:
    """Of a weighted mean, from the sums of w, w x, w², w² x, w² x²."""
    spread = sums[:, 4] - 2 * mean * sums[:, 3] + mean**2 * sums[:, 2]
    found: Values = spread / sums[:, 0] ** 2
    return found


def slice_gap(loss: Values, weight: Values, mask: NDArray[np.bool_]) -> tuple[float, float]:
    """How much higher the weighted mean loss of one slice is than that of all rows, and its standard error."""
    gaps, errors = SliceSums(loss, weight).gaps(mask[None].astype(np.float32))
    return float(gaps[0]), float(errors[0])


def chance(gap: float, error: float) -> float:
    """The probability of a gap as large where there is none.

    >>> round(chance(1.96, 1.0), 3)
    0.025
    """
    from scipy.stats import norm

    return float(norm.sf(gap / error)) if error > 0 else float(gap <= 0)


def holm(p: list[float]) -> list[float]:
    """Corrected for their number (Holm 1979).

    >>> holm([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p, kind="stable")
    found = [0.0] * len(p)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        found[i] = largest
    return found
