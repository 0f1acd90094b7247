"""Centered isotonic regression (Oron & Flournoy 2017) of classes on probabilities: any monotone curve, without ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.stacking import numbers
from hortus.errors import ArtifactError

Array = NDArray[np.floating[Any]]

# A curve is drawn through the means of so many groups of rows at most, of so many rows each at least.
GROUPS = 100
LEAST_ROWS = 40
# Each group is joined by so many rows that behave as they were predicted, so that no rate is 0 or 1.
PRIOR_ROWS = 4.0
# A class of fewer rows is no ground for a curve.
NEEDED = 300


@dataclass(frozen=True)
class Isotonic:
    """One strictly rising, piecewise linear curve from (0, 0) to (1, 1) a class; rows are made to sum to one again.

    Two classes have one curve, of the second. The rank of the rows of two classes stays as it was.

    Attributes:
        curves: a class's points between (0, 0) and (1, 1): as predicted, and as it came.
    """

    curves: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]

    def apply(self, probabilities: Array) -> NDArray[np.float64]:
        """(n, K) probabilities of (n, K) probabilities.

        >>> Isotonic((((0.5,), (0.2,)),)).apply(np.array([[0.5, 0.5], [0.25, 0.75]]))
        array([[0.8, 0.2],
               [0.4, 0.6]])
        """
        if len(self.curves) == 1:
            second = self._drawn(0, probabilities[:, 1])
            return np.column_stack([1 - second, second])
        each = np.column_stack([self._drawn(k, probabilities[:, k]) for k in range(len(self.curves))])
        found: NDArray[np.float64] = each / each.sum(axis=1, keepdims=True)
        return found

    def _drawn(self, k: int, p: Array) -> NDArray[np.float64]:
        before, after = self.curves[k]
        return np.interp(p.astype(np.float64), [0.0, *before, 1.0], [0.0, *after, 1.0])

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"kind": "isotonic", "curves": [[list(before), list(after)] for before, after in self.curves]}

    @classmethod
    def from_json(cls, found: dict[str, Any], *, classes: int) -> Self:
        """The inverse of ``to_json``.

        Raises:
            ArtifactError: there is not one curve a class (one for two), or one does not rise from 0 to 1.
        """
        curves = found.get("curves")
        if not isinstance(curves, list) or len(curves) != (1 if classes == 2 else classes):
            raise _damaged()
        made = []
        for curve in curves:
            if not isinstance(curve, list) or len(curve) != 2:
                raise _damaged()
            before, after = (numbers(side, "calibration") for side in curve)
            if len(before) != len(after) or not (_rises(before) and _rises(after)):
                raise _damaged()
            made.append((before, after))
        return cls(tuple(made))


def _rises(points: tuple[float, ...]) -> bool:
    return bool((np.diff([0.0, *points, 1.0]) > 0).all())


def _damaged() -> ArtifactError:
    return ArtifactError(
        "The calibration of this model is not made of curves that rise from 0 to 1.", code="ensemble-damaged"
    )


def enough(y: NDArray[Any], classes: int) -> bool:
    """Whether every class has the rows that a curve needs."""
    counts = np.bincount(y, minlength=classes)
    return bool(counts.min() >= NEEDED)


def fit_isotonic(probabilities: Array, y: NDArray[Any], weight: Array | None = None) -> Isotonic:
    """Each class's rate as a rising curve of its probability.

    Rows are grouped by their probability. The pool-adjacent-violators algorithm makes the groups' rates rise, and each
    stretch that it levels is drawn back to its centre, so that the curve rises strictly and ranks stay.

    Args:
        probabilities: (n, K).
        y: (n,) class codes.
        weight: (n,) sample weights.
    """
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64) / np.mean(weight)
    K = probabilities.shape[1]
    return Isotonic(tuple(_curve(probabilities[:, k], y == k, w) for k in ([1] if K == 2 else range(K))))


def _curve(p: Array, came: NDArray[np.bool_], weight: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    from scipy.optimize import isotonic_regression

    order = np.argsort(p, kind="stable")
    groups = np.array_split(order, int(np.clip(len(p) // LEAST_ROWS, 1, GROUPS)))
    rows = np.array([weight[g].sum() for g in groups])
    groups, rows = [g for g, r in zip(groups, rows, strict=True) if r > 0], rows[rows > 0]
    middle = np.array([np.average(p[g], weights=weight[g]) for g in groups], dtype=np.float64)
    rate = np.array([weight[g] @ came[g] for g in groups])
    rate = (rate + PRIOR_ROWS * middle) / (rows + PRIOR_ROWS)
    found = isotonic_regression(rate, weights=rows)
    starts = np.asarray(found.blocks)[:-1]
    before = np.add.reduceat(middle * rows, starts) / np.add.reduceat(rows, starts)
    after = np.asarray(found.x)[starts]
    # Many rows of one probability fill several groups: their centre is one point.
    inside = (before > 0) & (before < 1) & (after > 0) & (after < 1)
    new = inside & (np.diff(before, prepend=0.0) > 0) & (np.diff(after, prepend=0.0) > 0)
    return tuple(before[new].tolist()), tuple(after[new].tolist())
