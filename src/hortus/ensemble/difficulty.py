"""How far off predicted values are, and where: the size of errors over the predicted value, learned out of fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.stacking import numbers
from hortus.errors import ArtifactError

Array = NDArray[np.float64]

# The curve has so many points at most, each the mean of so many rows at least.
POINTS = 20
LEAST_ROWS = 50
# Each point is joined by so many rows of middling error.
PRIOR_ROWS = 10.0
# No place is thought easier than this share of the mean.
EASIEST = 0.05


@dataclass(frozen=True)
class Difficulty:
    """The expected size of an error: a piecewise linear curve over the predicted value, level beyond its ends.

    Attributes:
        at: predicted values, rising.
        size: the mean absolute error there, above zero, in the target's unit. One point: the same everywhere.
    """

    at: tuple[float, ...]
    size: tuple[float, ...]

    def scale(self, predictions: Array) -> Array:
        """(n,) expected sizes of the errors of (n,) predicted values.

        >>> Difficulty((0.0, 10.0), (1.0, 3.0)).scale(np.array([-5.0, 5.0]))
        array([1., 2.])
        """
        return np.interp(predictions, self.at, self.size)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"at": list(self.at), "size": list(self.size)}

    @classmethod
    def from_json(cls, found: Any) -> Self:
        """The inverse of ``to_json``.

        Raises:
            ArtifactError: it is no curve above zero.
        """
        if not isinstance(found, dict):
            raise damaged()
        at, size = (numbers(found.get(name), "intervals") for name in ("at", "size"))
        if not at or len(at) != len(size) or not (np.diff(at) > 0).all() or min(size) <= 0:
            raise damaged()
        return cls(at, size)


def damaged() -> ArtifactError:
    """The error for what is not as Hortus writes it."""
    return ArtifactError("The intervals of this model are not ones that Hortus writes.", code="conformal-damaged")


def fit_difficulty(
    errors: Array, predictions: Array, weight: Array, blocks: NDArray[np.int64]
) -> tuple[Difficulty, Array]:
    """The expected size of errors, and what it is for each row as the rows of the other blocks tell it.

    The curve is kept only if it tells the sizes of rows that it has not seen better than their mean does, by more than
    a standard error.

    Args:
        errors: (n,) target minus prediction.
        predictions: (n,) values.
        weight: (n,) sample weights.
        blocks: (n,) 0 … B - 1.
    """
    size = np.abs(errors)
    level, curve = (_crossed(size, predictions, weight, blocks, points) for points in (1, POINTS))
    # Minus the logarithm of a Laplace distribution's density.
    gain = np.log(level) + size / level - np.log(curve) - size / curve
    mean = np.average(gain, weights=weight)
    error = np.sqrt(np.sum((weight * (gain - mean)) ** 2)) / weight.sum()
    pays = mean > error and len(size) >= 4 * LEAST_ROWS
    return _fit(size, predictions, weight, POINTS if pays else 1), curve if pays else level


def _crossed(size: Array, predictions: Array, weight: Array, blocks: NDArray[np.int64], points: int) -> Array:
    found = np.empty(len(size))
    for block in range(int(blocks.max()) + 1):
        rows, out = np.flatnonzero(blocks != block), np.flatnonzero(blocks == block)
        if len(out):
            rows = rows if weight[rows].any() else np.arange(len(size))
            found[out] = _fit(size[rows], predictions[rows], weight[rows], points).scale(predictions[out])
    return found


def _fit(size: Array, predictions: Array, weight: Array, points: int) -> Difficulty:
    """The mean size over groups of neighbours by the predicted value; each point smoothed with those beside it."""
    middling = float(np.average(size, weights=weight)) or np.finfo(np.float64).tiny
    count = int(np.clip(len(size) // LEAST_ROWS, 1, points))
    edges = np.unique(np.quantile(predictions, np.linspace(0, 1, count + 1)[1:-1]))
    group = np.searchsorted(edges, predictions, side="left")
    total, places, sizes = (
        np.bincount(group, weight * each, len(edges) + 1).astype(np.float64) for each in (1.0, predictions, size)
    )
    there = total > 0
    share = PRIOR_ROWS * weight.mean()
    at = places[there] / total[there]
    mean = (sizes[there] + share * middling) / (total[there] + share)
    mean = np.convolve(np.pad(mean, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    new = np.diff(at, prepend=-np.inf) > 0
    return Difficulty(tuple(at[new].tolist()), tuple(np.maximum(mean[new], EASIEST * middling).tolist()))
