"""The questions a space asks a trial, and what was answered: the params of the candidate, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from optuna.trial import BaseTrial

from hortus.errors import SettingError

T = TypeVar("T", bool, int, float, str)


class Questions:
    """Asks a trial and remembers.

    Args:
        trial: may have been asked other things before.

    Attributes:
        answers: what was asked here, by name.

    >>> from optuna.trial import FixedTrial
    >>> asked = Questions(FixedTrial({"depth": 3, "rate": 0.1}))
    >>> asked.whole("depth", 1, 4), asked.answers
    (3, {'depth': 3})
    """

    def __init__(self, trial: BaseTrial) -> None:
        self._trial = trial
        self.answers: dict[str, Any] = {}

    def choose(self, name: str, choices: Sequence[T]) -> T:
        """One of ``choices``; where there is one alone nothing is asked."""
        if len(choices) == 1:
            return choices[0]
        found: T = self._trial.suggest_categorical(name, choices)
        self.answers[name] = found
        return found

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``; where they are equal nothing is asked."""
        if low == high:
            return low
        found = self._trial.suggest_int(name, low, high)
        self.answers[name] = found
        return found

    def share(self, name: str) -> float:
        """A number from 0 to 1, in steps of 1/64."""
        found = self._trial.suggest_float(name, 0.0, 1.0, step=1 / 64)
        self.answers[name] = found
        return found


def within(what: str, value: int, low: int, high: int) -> int:
    """Return the setting ``value``.

    Raises:
        SettingError: it is not within ``low`` and ``high``.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingError(
            f"{what} is {value!r}.", mend=f"Give a whole number from {low} to {high}.", code="space-setting"
        )
    return value
