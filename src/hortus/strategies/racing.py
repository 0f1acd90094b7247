"""Racing: a candidate is dropped after its first folds when it can no longer enter the ensemble.

Maron and Moore 1994, "Hoeffding races", drop what is worse than the best by more than chance allows; López-Ibáñez et
al. 2016, "irace", do so over instances, as here over folds. All candidates see the same folds, so what a fold is worth
is known from those that went through all of them: how far scores after the first k folds stand from the final ones,
and how much that differs from one candidate to the next. An ensemble wants more than the best, so a candidate goes on
where it may become one of the best few, or one of the best of its own family.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hortus.strategies.base import checked

# The standard deviation of normal numbers over the median of their absolute values.
NORMAL = 1.4826


class Racing(BasePruner):
    """Stop a trial that will be neither among the best of all nor among the best of its family, as a pruner.

    Args:
        room: how many of all trials are worth finishing.
        seats: how many of a family (a value of the first categorical question, such as the model) are.
        certainty: standard deviations that a trial's expected end must lie below their scores.
        others: as many must have ended before any is stopped.

    Raises:
        SettingError: a number is out of its range.
    """

    def __init__(self, *, room: int = 5, seats: int = 2, certainty: float = 1.0, others: int = 6) -> None:
        self.room = int(checked("room", room, 1, 1_000_000))
        self.seats = int(checked("seats", seats, 0, 1_000_000))
        self.certainty = checked("certainty", certainty, 0, 1_000_000)
        self.others = int(checked("others", others, 2, 1_000_000))

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether ``trial`` should stop at its last report."""
        step = trial.last_step
        if step is None:
            return False
        sign = -1.0 if study.direction is StudyDirection.MINIMIZE else 1.0
        ended = [
            (other, sign * other.value)
            for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if other.value is not None and math.isfinite(other.value)
        ]
        gains = [final - sign * other.intermediate_values[step] for other, final in ended if _reported(other, step)]
        if len(gains) < self.others:
            return False
        # Some end far from where they began; the middle of all is not moved by them.
        gain = float(np.median(gains))
        spread = NORMAL * float(np.median(np.abs(np.array(gains) - gain)))
        hoped = sign * trial.intermediate_values[step] + gain + self.certainty * spread
        if not math.isfinite(hoped):
            return True
        ahead = [_family(other) for other, final in ended if final > hoped]
        return len(ahead) >= self.room and ahead.count(_family(trial)) >= self.seats


def _reported(trial: FrozenTrial, step: int) -> bool:
    return math.isfinite(trial.intermediate_values.get(step, math.nan))


def _family(trial: FrozenTrial) -> Any:
    name = next(iter(trial.params), "")
    return trial.params[name] if isinstance(trial.distributions.get(name), CategoricalDistribution) else None
