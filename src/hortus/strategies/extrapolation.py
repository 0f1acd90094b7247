"""Stopping by where a learning curve is expected to end, at a few shares of the schedule.

Successive halving with its rungs at shares of the schedule (Li et al. 2020, "ASHA", promotes without waiting likewise),
and with the choice of what is compared there: what was last reported, or what the curve is extrapolated to (Domhan et
al. 2015). Which of them stops best is measured in benchmarks/curves.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hortus.errors import SettingError, nearest
from hortus.models.curve_laws import extrapolate
from hortus.strategies.base import checked

Values = NDArray[np.float64]
# (n, k) values, (k,) steps from 1 on and the last step -> (n,) what is expected there, or anything that ranks alike.
Expected = Callable[[Values, Values, float], Values]

SHARES = (0.05, 0.1, 0.2, 0.4)


def _last(values: Values, _steps: Values, _last_step: float) -> Values:
    return values[:, -1]


def _lawful(values: Values, steps: Values, last: float, *, families: Sequence[str]) -> Values:
    return extrapolate(values, steps, last, families=families).mean


PREDICTORS: Mapping[str, Expected] = {
    "last": _last,
    "power": partial(_lawful, families=("power",)),
    "laws": partial(_lawful, families=()),
}


class Extrapolation(BasePruner):
    """Keep a trial at a rung where its expected end is among the best share of all that came so far, as a pruner.

    Args:
        predictor: ``"last"`` (what was reported last), ``"power"`` (a power law), ``"laws"`` (an average over laws), or
            a function of values, steps and the last step.
        keep: share of those that reach a rung that goes on.
        shares: of the schedule, where the rungs are.
        last: the last step of the schedule; None for the greatest step that a trial that ended well has reported.
        others: as many others a rung must have seen before it stops anything.

    Raises:
        SettingError: there is no such predictor, or a number is out of its range.
    """

    def __init__(
        self,
        predictor: str | Expected = "last",
        *,
        keep: float = 1 / 3,
        shares: Sequence[float] = SHARES,
        last: int | None = None,
        others: int = 1,
    ) -> None:
        if isinstance(predictor, str) and predictor not in PREDICTORS:
            raise SettingError(
                f"There is no predictor of curves called {predictor!r}.",
                mend=nearest(predictor, PREDICTORS),
                code="unknown-curve-predictor",
            )
        self.expected = PREDICTORS[predictor] if isinstance(predictor, str) else predictor
        self.keep = checked("keep", keep, 0, 1)
        self.shares = tuple(sorted(checked("shares", share, 0, 1) for share in shares))
        self.last = last
        self.others = int(checked("others", others, 1, 1_000_000))

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether ``trial`` should stop at its last report."""
        sign = -1.0 if study.direction is StudyDirection.MINIMIZE else 1.0
        trials = study.get_trials(deepcopy=False)
        own = _curve(trial, sign)
        last = self._last_step(trials)
        if last is None or len(own) == 0:
            return False
        rung = self._rung(own[:, 0], last)
        if rung is None:
            return False
        known = [_reached(_curve(t, sign), rung) for t in trials if t.number != trial.number]
        others = [curve for curve in known if len(curve)]
        if len(others) < self.others:
            return False
        value, *rest = self._compared([own, *others], last).tolist()
        # Of n with itself, keep x n go on, and always the best.
        better = sum(other > value for other in rest)
        return bool(value == -np.inf or better >= max(1.0, self.keep * (len(rest) + 1)))

    def _last_step(self, trials: Sequence[FrozenTrial]) -> float | None:
        if self.last is not None:
            return float(self.last)
        ended = [max(t.intermediate_values) for t in trials if t.state is TrialState.COMPLETE and t.intermediate_values]
        return float(max(ended)) if ended else None

    def _rung(self, steps: Values, last: float) -> float | None:
        """The highest rung that was reached with the last step and not before; None for none."""
        before = steps[-2] if len(steps) > 1 else -np.inf
        crossed = [share * last for share in self.shares if before < share * last <= steps[-1]]
        return max(crossed) if crossed and steps[-1] < last else None

    def _compared(self, curves: Sequence[Values], last: float) -> Values:
        """What is expected of each curve, at the steps of the first; -inf where something in it is no number."""
        steps = curves[0][:, 0]
        values = np.stack([np.interp(steps, *curve.T) for curve in curves])
        sound: NDArray[np.bool_] = np.all(np.isfinite(values), axis=1)
        found = np.full(len(curves), -np.inf)
        if sound[0]:
            # Laws of learning begin at step 1.
            unit, shift = (1.0, 1.0 - steps[0]) if steps[0] <= 0 else (steps[0], 0.0)
            found[sound] = self.expected(values[sound], steps / unit + shift, last / unit + shift)
        return found


def _curve(trial: FrozenTrial, sign: float) -> Values:
    """(k, 2) steps and what was reported there, greater is better."""
    found = sorted(trial.intermediate_values.items())
    return np.array([(step, sign * value) for step, value in found], dtype=np.float64).reshape(-1, 2)


def _reached(curve: Values, rung: float) -> Values:
    """The curve up to its first step at ``rung`` or beyond; empty where it has none."""
    beyond = np.flatnonzero(curve[:, 0] >= rung)
    return curve[: beyond[0] + 1] if len(beyond) else curve[:0]
