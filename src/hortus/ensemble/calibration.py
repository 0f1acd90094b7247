"""Temperature scaling (Guo et al. 2017): one number that makes probabilities as sure as they are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.stacking import numbers, softmax
from hortus.errors import ArtifactError

Array = NDArray[np.floating[Any]]

# A power beyond these comes from too few errors to learn from, and would round sure probabilities to 0 and 1.
BOUNDS = (0.25, 4.0)
LEAST = 1e-15
STEPS = 50


@dataclass(frozen=True)
class Temperature:
    """Probabilities to a power, made to sum to one again.

    The order of the rows of two classes, and the likeliest class of any number, stay as they are.

    Attributes:
        power: one over the temperature; below 1 makes less sure, above 1 surer.
    """

    power: float

    def apply(self, probabilities: Array) -> NDArray[np.float64]:
        """(n, K) probabilities of (n, K) probabilities.

        >>> Temperature(2.0).apply(np.array([[0.25, 0.75]]))
        array([[0.1, 0.9]])
        """
        if probabilities.shape[1] == 2:
            # From one column alone: rows whose sum is off by a rounding must not change places.
            p = np.clip(probabilities[:, 1].astype(np.float64), np.finfo(np.float64).tiny, 1.0)
            odds = np.exp(np.clip(self.power * (np.log1p(-np.minimum(p, 1 - 2**-53)) - np.log(p)), -700, 700))
            return np.column_stack([odds / (1 + odds), 1 / (1 + odds)])
        return softmax(self.power * np.log(np.maximum(probabilities, LEAST)))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"power": self.power}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """The inverse of ``to_json``.

        Raises:
            ArtifactError: the power is not a number within `BOUNDS`.
        """
        (power,) = numbers([found.get("power")], "power")
        if not BOUNDS[0] <= power <= BOUNDS[1]:
            raise ArtifactError(f"The calibration of this model has the power {power}.", code="ensemble-damaged")
        return cls(power)


def fit_temperature(probabilities: Array, y: NDArray[Any], weight: Array | None = None) -> Temperature:
    """The power that lowers log loss most, within `BOUNDS`; the loss is convex in it, so its slope is halved in on.

    Args:
        probabilities: (n, K).
        y: (n,) class codes.
        weight: (n,) sample weights.
    """
    logs = np.log(np.maximum(probabilities, LEAST)).astype(np.float64)
    chosen = logs[np.arange(len(y)), y]
    low, high = BOUNDS

    def slope(power: float) -> float:
        return float(np.average((softmax(power * logs) * logs).sum(axis=1) - chosen, weights=weight))

    for _ in range(STEPS):
        middle = (low + high) / 2
        if slope(middle) > 0:
            high = middle
        else:
            low = middle
        if high - low < 1e-6:
            break
    return Temperature((low + high) / 2)
