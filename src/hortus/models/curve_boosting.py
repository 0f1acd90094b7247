"""Where learning curves will end, learned from the curves of other tasks by gradient boosting.

A search asks which of its curves will end above which, so that ranks are learned: everything that is known of a curve
(its last value, the mean of its last three, its best, its rise, its roughness, what a power law makes of it) is put as
the normal quantile of its rank among the curves of its own task at that step, and so is the end that is to be told.
What was learned on one task is then of use on another, whatever its scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.models.curve_laws import extrapolate
from hortus.seeds import derive, stream

Values = NDArray[np.float64]

# Shares of the schedule at which curves are cut off to learn from.
CUTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75)
# A search has few curves beside each other: groups of so many are learned from, drawn so often from each task.
FEW, MANY, DRAWS = 6, 50, 15
SETTINGS = {
    "num_leaves": 8,
    "learning_rate": 0.07,
    "min_child_samples": 40,
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}
ROUNDS = 100


@dataclass(frozen=True)
class CurveBoosting:
    """A model of where curves end, by their ranks.

    Attributes:
        booster: LightGBM's.
    """

    booster: Any

    @classmethod
    def learned(cls, tasks: Iterable[tuple[Values, Values]], *, seed: int = 0) -> CurveBoosting:
        """Learn from whole curves.

        Args:
            tasks: of each (n, T) values, finite, greater is better, and their (T,) steps from 1 on.
            seed: of which curves are put together.
        """
        import lightgbm

        rows, ends = [], []
        for number, (values, steps) in enumerate(tasks):
            rng = stream(seed, "task", number)
            for cut in sorted({max(2, round(share * len(steps))) for share in CUTS}):
                for _ in range(DRAWS):
                    size = min(len(values), int(rng.integers(FEW, MANY)))
                    chosen = values[rng.choice(len(values), size, replace=False)]
                    rows.append(features(chosen[:, :cut], steps[:cut], float(steps[-1])))
                    ends.append(_quantiles(chosen[:, -1]))
        data = lightgbm.Dataset(np.vstack(rows), np.concatenate(ends))
        settings = SETTINGS | {"seed": derive(seed, "boosting")}
        return cls(lightgbm.train(settings, data, num_boost_round=ROUNDS))

    def __call__(self, values: Values, steps: Values, last: float) -> Values:
        """(n,) the expected normal quantile of each curve's end among these, of (n, k) values at (k,) steps."""
        found: Values = np.asarray(self.booster.predict(features(values, steps, last)), dtype=np.float64)
        return found


def features(values: Values, steps: Values, last: float) -> Values:
    """(n, 10) what is known of (n, k) curves beside each other, as quantiles; and how much of the schedule is over."""
    k = values.shape[1]
    quarter, half = max(0, k - 1 - max(1, k // 4)), max(0, k - 1 - max(1, k // 2))
    found: Sequence[Values] = (
        values[:, -1],
        values[:, -3:].mean(1),
        values.max(1),
        values[:, max(0, k // 2 - 1)],
        values[:, 0],
        values[:, -1] - values[:, quarter],
        values[:, -1] - values[:, half],
        extrapolate(values, steps, last, families=("power",)).mean,
        np.abs(np.diff(values, axis=1)).mean(1) if k > 1 else np.zeros(len(values)),
    )
    return np.column_stack([*map(_quantiles, found), np.full(len(values), steps[-1] / last)])


def _quantiles(values: Values) -> Values:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    found: Values = ndtri((rankdata(values) - 0.5) / len(values))
    return found
