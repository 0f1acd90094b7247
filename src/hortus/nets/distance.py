"""How far apart two grown networks are: an edit distance between their units and between their skip connections.

Jin, Song and Hu 2019, "Auto-Keras: An Efficient Neural Architecture Search System" (KDD), section 3.1: d = D_l +
lambda D_s. D_l is the least cost of editing one sequence of layers into the other, where a layer that comes or goes
costs 1 and one that changes the mean relative difference of its attributes. D_s pairs skip connections off at the
least cost, by where they start and how long they are, and counts 1 for each without a partner.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hortus.nets.grown import Body

Values = NDArray[np.float64]

# lambda of the paper.
SKIPS = 1.0


def distances(first: Sequence[Body], second: Sequence[Body]) -> Values:
    """(n, m) distances between two lists of bodies.

    >>> small = Body.small(8)
    >>> deeper = small.after(small.sites("deeper", most=9)[0])
    >>> distances([small], [small, deeper]).tolist()
    [[0.0, 1.0]]
    """
    if not first or not second:
        return np.zeros((len(first), len(second)))
    return _units(first, second) + SKIPS * _skips(first, second)


def _units(first: Sequence[Body], second: Sequence[Body]) -> Values:
    """Levenshtein's recursion, for all pairs at once."""
    a, b = _attributes(first), _attributes(second)
    rows, columns = a.shape[1], b.shape[1]
    lengths = np.array([len(body.units) for body in first]), np.array([len(body.units) for body in second])
    cost = np.zeros((rows + 1, columns + 1, len(first), len(second)))
    cost[:, 0] = np.arange(rows + 1)[:, None, None]
    cost[0, :] = np.arange(columns + 1)[:, None, None]
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            one, other = a[:, None, i - 1], b[None, :, j - 1]
            change = (np.abs(one - other) / np.maximum(np.maximum(one, other), 1e-12)).mean(axis=-1)
            came = np.minimum(cost[i - 1, j], cost[i, j - 1]) + 1.0
            cost[i, j] = np.minimum(came, cost[i - 1, j - 1] + change)
    found: Values = cost[
        lengths[0][:, None], lengths[1][None, :], np.arange(len(first))[:, None], np.arange(len(second))[None, :]
    ]
    return found


def _attributes(bodies: Sequence[Body]) -> Values:
    """(n, L, 3) width, kernel and stride of each unit; zeros beyond the last."""
    most = max(len(body.units) for body in bodies)
    found = np.zeros((len(bodies), most, 3))
    for row, body in zip(found, bodies, strict=True):
        row[: len(body.units)] = [(unit.width, unit.kernel, unit.stride) for unit in body.units]
    return found


def _skips(first: Sequence[Body], second: Sequence[Body]) -> Values:
    """The least cost of pairing skip connections off, by the Hungarian method."""
    from scipy.optimize import linear_sum_assignment

    a, b = [_spans(body) for body in first], [_spans(body) for body in second]
    found = np.zeros((len(a), len(b)))
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            found[i, j] = abs(len(one) - len(other))
            if len(one) and len(other):
                apart = np.abs(one[:, None] - other[None]).sum(-1)
                whole = np.maximum(one[:, None], other[None]).sum(-1)
                cost = apart / np.maximum(whole, 1e-12)
                found[i, j] += cost[linear_sum_assignment(cost)].sum()
    return found


def _spans(body: Body) -> Values:
    """(s, 2) where each skip connection begins, from 1, and over how many units it goes."""
    places = [(body.place(origin), body.place(target)) for origin, target in body.skips]
    return np.array([(start + 1, end - start) for start, end in places], dtype=np.float64).reshape(-1, 2)
