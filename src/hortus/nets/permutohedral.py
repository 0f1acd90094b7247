"""Gaussian filtering in several dimensions, in time linear in the points (Adams, Baek and Davis 2010).

The points' positions are cut into simplices; each point's values go to the corners of its simplex, weighted by its
barycentric coordinates (splat), corners share theirs with their neighbours along each direction (blur), and each point
reads its corners back (slice). What comes out is close to sum over j of exp(-|p_i - p_j|^2 / 2) v_j, up to a factor
that is the same for all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from hortus.errors import SettingError

Values = NDArray[np.float32]


class Lattice:
    """A filter for points at given positions.

    Args:
        positions: (n, d), in standard deviations of the Gaussian.

    Raises:
        SettingError: they lie too far apart to be numbered.

    >>> lattice = Lattice(np.zeros((3, 2)))
    >>> bool(np.ptp(lattice(np.array([[1.0], [0.0], [0.0]], dtype=np.float32))) < 1e-6)
    True
    """

    def __init__(self, positions: NDArray[np.floating]) -> None:
        count, dimensions = positions.shape
        corners, weights = _simplices(np.asarray(positions, dtype=np.float64))
        keys, bases = _as_numbers(corners.reshape(-1, dimensions))
        places, distinct = pd.factorize(keys)
        self._splat, self._slice = self._matrices(places, weights, len(distinct), count)
        self._neighbours = _neighbours(np.asarray(distinct), bases)
        self._factor = np.float32(1.0 / (1.0 + 2.0**-dimensions))

    @staticmethod
    def _matrices(
        places: NDArray[np.intp], weights: NDArray[np.float64], vertices: int, count: int
    ) -> tuple[sparse.csr_array, sparse.csr_array]:
        corners = weights.shape[1]
        begins = np.arange(0, count * corners + 1, corners, dtype=np.int32)
        data = weights.astype(np.float32).ravel()
        sliced = sparse.csr_array((data, places.astype(np.int32), begins), shape=(count, vertices))
        return sliced.T.tocsr(), sliced

    def __call__(self, values: Values) -> Values:
        """(n, k) filtered values of (n, k)."""
        held = self._splat @ values
        for before, after in self._neighbours:
            # The last row stands for all corners that hold nothing.
            padded = np.concatenate([held, np.zeros((1, held.shape[1]), dtype=held.dtype)])
            held = held + np.float32(0.5) * (padded[before] + padded[after])
        found: Values = (self._slice @ held) * self._factor
        return found


def _simplices(positions: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """(n, d + 1, d) corners of each point's simplex, in lattice coordinates, and (n, d + 1) weights."""
    count, d = positions.shape
    # The plane in d + 1 dimensions whose coordinates sum to 0, scaled so that the blur's deviation is 1.
    scale = np.sqrt(2.0 / 3.0) * (d + 1) / np.sqrt(np.arange(1, d + 1) * np.arange(2, d + 2))
    scaled = positions * scale
    sums = np.cumsum(scaled[:, ::-1], axis=1)[:, ::-1]
    raised = np.empty((count, d + 1))
    raised[:, 0] = sums[:, 0]
    raised[:, 1:] = -np.arange(1, d + 1) * scaled
    raised[:, 1:-1] += sums[:, 1:]
    nearest = np.rint(raised / (d + 1)) * (d + 1)
    excess = np.rint(nearest.sum(axis=1) / (d + 1)).astype(np.int64)
    # A coordinate's rank is how many have a greater difference to the nearest corner, the earlier of equals first.
    order = np.argsort(nearest - raised, axis=1, kind="stable")
    rank = np.empty((count, d + 1), dtype=np.int64)
    np.put_along_axis(rank, order, np.arange(d + 1)[None, :], axis=1)
    rank += excess[:, None]
    low, high = rank < 0, rank > d
    rank += (d + 1) * (low.astype(np.int64) - high)
    nearest += (d + 1) * (low.astype(np.float64) - high)
    offset = np.empty((count, d + 1))
    np.put_along_axis(offset, rank, (raised - nearest) / (d + 1), axis=1)
    # offset[:, r] belongs to rank r: the weight of corner k is the step between neighbouring ranks.
    weights = np.empty((count, d + 1))
    weights[:, 1:] = offset[:, d - 1 :: -1] - offset[:, :0:-1] if d > 0 else 0.0
    weights[:, 0] = 1.0 + offset[:, d] - offset[:, 0]
    canonical = np.array([[k if r <= d - k else k - (d + 1) for r in range(d + 1)] for k in range(d + 1)])
    corners = nearest[:, None, :d] + canonical[:, rank[:, :d]].transpose(1, 0, 2)
    return corners.astype(np.int32), weights


def _as_numbers(keys: NDArray[np.int32]) -> tuple[NDArray[np.int64], Sequence[int]]:
    """Each corner as one number, with room for neighbours, and the weight of each coordinate in it."""
    d = keys.shape[1]
    low, high = keys.min(axis=0).astype(np.int64) - d - 1, keys.max(axis=0).astype(np.int64) + d + 1
    spans = (high - low + 1).tolist()
    bases = [1]
    for span in spans[:-1]:
        bases.append(bases[-1] * span)
    if bases[-1] * spans[-1] >= 2**63:
        raise SettingError(
            "The points of the filter lie too many deviations apart.",
            mend="Give larger deviations.",
            code="lattice-wide",
        )
    numbers = np.zeros(len(keys), dtype=np.int64)
    for column, (start, base) in enumerate(zip(low.tolist(), bases, strict=True)):
        numbers += (keys[:, column].astype(np.int64) - start) * base
    return numbers, bases


def _neighbours(distinct: NDArray[np.int64], bases: Sequence[int]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The corners before and after each along every direction; the number of corners where there is none."""
    d, every = len(bases), sum(bases)
    index = pd.Index(distinct)
    found = []
    for direction in range(d + 1):
        step = -every + ((d + 1) * bases[direction] if direction < d else 0)
        pair = [index.get_indexer(pd.Index(distinct + sign * step)) for sign in (1, -1)]
        before, after = (np.where(places < 0, len(distinct), places) for places in pair)
        found.append((before, after))
    return found
