"""Which answers can only lead to candidates that were tried, for spaces whose questions depend on earlier answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial

from hortus.strategies.genes import number

# Whole numbers of a wider range are not counted as something that can be used up.
WIDEST = 100


class Tried:
    """The trials so far as a tree of questions and answers.

    Args:
        trials: those that ended or run; a running one counts with what it was asked so far.
    """

    def __init__(self, trials: Iterable[FrozenTrial]) -> None:
        self._root: dict[Any, Any] = {}
        self._choices: dict[str, int] = {}
        for trial in trials:
            node = self._root
            for name, distribution in trial.distributions.items():
                if name not in self._choices:
                    self._choices[name] = choices(distribution)
                node = node.setdefault((name, type(trial.params[name]), trial.params[name]), {})

    def exhausted(self, params: Mapping[str, Any], name: str) -> list[Any]:
        """The answers to ``name`` after which, all else having been answered as ``params``, nothing new can come.

        >>> from optuna.trial import create_trial
        >>> kind = CategoricalDistribution(("a", "b"))
        >>> one = create_trial(value=0.0, params={"x": "a", "y": "b"}, distributions={"x": kind, "y": kind})
        >>> Tried([one]).exhausted({"x": "a"}, "y"), Tried([one]).exhausted({}, "x")
        (['b'], [])
        """
        node = self._root
        for given, value in params.items():
            node = node.get((given, type(value), value), {})
        return [answer[2] for answer, below in node.items() if answer[0] == name and self._used_up(below)]

    def _used_up(self, node: Mapping[Any, Any]) -> bool:
        if not node:
            return True
        (name, *_), *_ = node
        return len(node) == self._choices[name] and all(self._used_up(below) for below in node.values())


def choices(distribution: BaseDistribution) -> int:
    """How many answers there are; 0 where there are too many to count.

    >>> choices(CategoricalDistribution(("a", "b"))), choices(FloatDistribution(0.0, 1.0))
    (2, 0)
    """
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    distribution = number(distribution)
    if distribution.single():
        return 1
    if isinstance(distribution, FloatDistribution):
        return 0
    many = (distribution.high - distribution.low) // distribution.step + 1
    return many if many <= WIDEST else 0
