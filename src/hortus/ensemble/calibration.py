"""Probabilities made as sure as they are right: by a temperature (Guo et al. 2017) or a rising curve, where that pays.

Each kind is fitted with every block of rows left out and judged on that block. It is kept only if it lowers log loss
by more than a standard error, against whatever was kept before it, and the metric does not lose by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric, make_metric
from hortus.ensemble.gain import gain
from hortus.ensemble.isotonic import Isotonic, enough, fit_isotonic
from hortus.ensemble.stacking import numbers, softmax
from hortus.errors import ArtifactError
from hortus.evaluation.scoring import by_fold

Array = NDArray[np.floating[Any]]

# A power beyond these comes from too few errors to learn from, and would round sure probabilities to 0 and 1.
BOUNDS = (0.25, 4.0)
LEAST = 1e-15
STEPS = 50
# The power's prior standard deviation around 1: a few rows without an error do not make a model sure of itself.
PRIOR = 0.25


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
        return {"kind": "temperature", "power": self.power}

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
    """The likeliest power, within `BOUNDS`: that of least log loss, pulled towards 1.

    Minus the logarithm of its posterior is convex, so its slope is halved in on.

    Args:
        probabilities: (n, K).
        y: (n,) class codes.
        weight: (n,) sample weights.
    """
    logs = np.log(np.maximum(probabilities, LEAST)).astype(np.float64)
    chosen = logs[np.arange(len(y)), y]
    low, high = BOUNDS

    def slope(power: float) -> float:
        found = np.average((softmax(power * logs) * logs).sum(axis=1) - chosen, weights=weight)
        return float(found) + (power - 1) / (PRIOR**2 * len(y))

    for _ in range(STEPS):
        middle = (low + high) / 2
        if slope(middle) > 0:
            high = middle
        else:
            low = middle
        if high - low < 1e-6:
            break
    return Temperature((low + high) / 2)


Calibration = Temperature | Isotonic
Fit = Callable[[Array, NDArray[Any], "Array | None"], Calibration]

# A new kind is a file of its own, and a line in each of these.
FITS: dict[str, Fit] = {"temperature": fit_temperature, "isotonic": fit_isotonic}
READERS: dict[str, Callable[[dict[str, Any], int], Calibration]] = {
    "temperature": lambda found, _: Temperature.from_json(found),
    "isotonic": lambda found, classes: Isotonic.from_json(found, classes=classes),
}


def read_calibration(found: dict[str, Any], *, classes: int) -> Calibration:
    """What any kind's ``to_json`` gave; what names no kind is a temperature.

    Raises:
        ArtifactError: the kind is unknown, or its numbers are not ones that it can have.
    """
    kind = found.get("kind", "temperature")
    if isinstance(kind, str) and kind in READERS:
        return READERS[kind](found, classes)
    raise ArtifactError(
        f"This Hortus knows no calibration called {kind!r}.",
        mend="Install a newer Hortus: pip install -U hortus.",
        code="ensemble-damaged",
    )


def calibrate(
    unseen: NDArray[np.float64],
    seen: NDArray[np.float64],
    y: NDArray[Any],
    metric: Metric,
    blocks: NDArray[np.int64],
    *,
    weight: NDArray[np.float64] | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
    kinds: Sequence[str] = tuple(FITS),
) -> tuple[Calibration | None, NDArray[np.float64]]:
    """The calibration that pays, and the probabilities as it makes them, of rows that it was not fitted on.

    Args:
        unseen: (n, K) probabilities, as rows that the combination was not fitted on are predicted.
        seen: (n, K) as it predicts the rows it was fitted on; ranks must be kept there too.
        y: (n,) class codes.
        metric: greater is better.
        blocks: (n,) 0 … B - 1.
        weight: (n,) sample weights.
        folds: (n,) the fold each row was validated in.
        seed: of the run.
        kinds: names in `FITS`, the simplest first.
    """
    log_loss = make_metric("neg_log_loss", "multiclass", tuple(range(unseen.shape[1])))
    before = by_fold(metric, y, unseen, folds, weight)
    chosen: Calibration | None = None
    crossed = kept = unseen
    for kind in kinds:
        if kind == "isotonic" and not enough(y, unseen.shape[1]):
            continue
        after = np.empty_like(unseen)
        for block in range(int(blocks.max()) + 1):
            rows, out = np.flatnonzero(blocks != block), np.flatnonzero(blocks == block)
            fitted = FITS[kind](unseen[rows], y[rows], None if weight is None else weight[rows])
            after[out] = fitted.apply(unseen[out])
        more, error = gain(log_loss, y, after, crossed, weight, seed=seed)
        if not more > max(error, 1e-9):
            continue
        whole = FITS[kind](unseen, y, weight)
        if unseen.shape[1] == 2 and any(_ties(whole, p) for p in (unseen, seen)):
            continue
        judged, applied = by_fold(metric, y, after, folds, weight), whole.apply(unseen)
        # A metric of ranks sees no calibration; blocks within a fold, each with its own, would look like a loss.
        blind = abs(by_fold(metric, y, applied, folds, weight) - before) < 1e-9
        if blind or judged >= by_fold(metric, y, kept, folds, weight):
            chosen, crossed, kept = whole, after, applied if blind and abs(judged - before) >= 1e-9 else after
    return chosen, kept


def _ties(calibration: Calibration, probabilities: NDArray[np.float64]) -> bool:
    """Whether rounding makes rows equal that were not."""
    return len(np.unique(calibration.apply(probabilities)[:, 1])) < len(np.unique(probabilities[:, 1]))
