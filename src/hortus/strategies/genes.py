"""Single answers: draw one, move one a little, place one on the unit interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

Number = FloatDistribution | IntDistribution


def number(distribution: BaseDistribution) -> Number:
    """Return ``distribution``, known to be one of numbers."""
    if not isinstance(distribution, Number):
        raise TypeError(f"{distribution!r} is not a distribution of numbers.")
    return distribution


def fits(distribution: BaseDistribution, value: Any) -> bool:
    """Whether ``value`` is an answer that ``distribution`` allows.

    >>> fits(IntDistribution(1, 3), 2), fits(IntDistribution(1, 3), 4), fits(IntDistribution(1, 3), "2")
    (True, False, False)
    """
    if isinstance(distribution, CategoricalDistribution):
        return any(type(choice) is type(value) and choice == value for choice in distribution.choices)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if isinstance(distribution, IntDistribution) and value != int(value):
        return False
    return bool(distribution._contains(value))


def draw(distribution: BaseDistribution, rng: np.random.Generator) -> Any:
    """Draw an answer, uniformly or log-uniformly as the distribution says."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(rng.integers(len(distribution.choices)))]
    return from_unit(number(distribution), float(rng.random()))


def other(distribution: BaseDistribution, value: Any, rng: np.random.Generator) -> Any:
    """Draw an answer unlike ``value``; the same one only where there is no other."""
    if isinstance(distribution, CategoricalDistribution):
        rest = [c for c in distribution.choices if not (type(c) is type(value) and c == value)]
        return rest[int(rng.integers(len(rest)))] if rest else value
    for _ in range(8):
        drawn = draw(distribution, rng)
        if drawn != value:
            return drawn
    return drawn


def nudge(distribution: BaseDistribution, value: Any, rng: np.random.Generator, *, scale: float) -> Any:
    """Move ``value`` by a Gaussian step of ``scale`` times the range, on the log axis where there is one.

    A category is drawn anew. The result differs from ``value`` where it can.
    """
    if isinstance(distribution, CategoricalDistribution):
        return other(distribution, value, rng)
    distribution = number(distribution)
    at = to_unit(distribution, value)
    moved = from_unit(distribution, _reflect(at + scale * float(rng.standard_normal())))
    if moved != value:
        return moved
    # The step was smaller than the grid: go to a neighbour on it.
    step = distribution.step or 0
    sides = [v for v in (value - step, value + step) if v != value and fits(distribution, v)]
    return sides[int(rng.integers(len(sides)))] if sides else other(distribution, value, rng)


def to_unit(distribution: Number, value: float) -> float:
    """Place ``value`` on [0, 1].

    >>> round(to_unit(FloatDistribution(0.01, 100.0, log=True), 1.0), 6)
    0.5
    """
    low, high = _bounds(distribution)
    at = math.log(value) if distribution.log else float(value)
    return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.5


def from_unit(distribution: Number, at: float) -> Any:
    """Return the allowed answer at ``at`` on [0, 1]; the inverse of `to_unit` up to rounding.

    >>> from_unit(IntDistribution(1, 9), 0.5)
    5
    """
    low, high = _bounds(distribution)
    value = low + min(1.0, max(0.0, at)) * (high - low)
    value = math.exp(value) if distribution.log else value
    if distribution.step is not None:
        value = distribution.low + round((value - distribution.low) / distribution.step) * distribution.step
    value = min(max(value, distribution.low), distribution.high)
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


def _bounds(distribution: Number) -> tuple[float, float]:
    # Half a step on either side gives the ends of a grid their full share of a uniform draw.
    half = (distribution.step or 0) / 2
    low, high = distribution.low - half, distribution.high + half
    if distribution.log:
        return math.log(low), math.log(high)
    return low, high


def _reflect(at: float) -> float:
    at = abs(at) % 2.0
    return 2.0 - at if at > 1.0 else at
