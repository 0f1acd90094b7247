"""What becomes of the rows at every threshold: of two classes, who is called, who is missed, who is called wrongly.

From probabilities of rows that the model had not learned from, so that what is chosen by them can be believed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.confusion import tables_above
from hortus.errors import SettingError
from hortus.explain.evidence import Evidence

STEPS = 200


@dataclass(frozen=True)
class Thresholds:
    """Tables of true against predicted, threshold by threshold.

    Attributes:
        values: (T,) thresholds, ascending; the second class is said where its probability exceeds one.
        tables: (T, 2, 2) weight of rows of true class i that are called j.
        now: the threshold that the model decides by.
    """

    values: NDArray[np.float64]
    tables: NDArray[np.float64]
    now: float

    def cheapest(self, false_alarm: float, miss: float) -> float:
        """The threshold of the least cost; the middle one of equals, so that it stands clear of both ends.

        Args:
            false_alarm: what a row of the first class costs that is called the second.
            miss: what a row of the second class costs that is called the first.

        Raises:
            SettingError: a cost is negative or no finite number.
        """
        if not all(np.isfinite(cost) and cost >= 0 for cost in (false_alarm, miss)):
            raise SettingError(
                f"The costs are {false_alarm:g} and {miss:g}.",
                mend="Give two numbers, 0 or more.",
                code="costs-refused",
            )
        costs = false_alarm * self.tables[:, 0, 1] + miss * self.tables[:, 1, 0]
        least = np.flatnonzero(costs <= costs.min() * (1 + 1e-12))
        return float(self.values[least[len(least) // 2]])


def thresholds(evidence: Evidence, steps: int = STEPS) -> Thresholds:
    """Count all judged rows at ``steps`` + 1 thresholds from 0 to 1, evenly apart, and at the model's own.

    Raises:
        SettingError: there are not two classes.
    """
    if evidence.task.kind != "binary":
        raise SettingError(
            "Only a question of two answers has a threshold.", mend="Look at confusion().", code="threshold-classes"
        )
    chosen = getattr(evidence.predictor, "threshold", None)
    now = 0.5 if chosen is None or chosen.value is None else float(chosen.value)
    values = np.unique(np.append(np.linspace(0.0, 1.0, steps + 1), now))
    weight = np.ones(len(evidence.y)) if evidence.weight is None else evidence.weight
    # A row lies above all thresholds that its probability exceeds.
    place = np.searchsorted(values, evidence.predictions[:, 1], side="left")
    sides = [
        np.bincount(place, weight * (evidence.y == k), minlength=len(values) + 1).astype(np.float64) for k in (0, 1)
    ]
    return Thresholds(values, tables_above(sides[0], sides[1]), now)
