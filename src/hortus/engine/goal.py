"""What a search strives for: a score alone, a score at little cost, or both apart.

A cost (latency, parameters, multiply-adds) with a target makes one number of both by MnasNet's reward, for any
strategy. Costs without a target are told beside the score, each the better the smaller, to strategies that search for
several.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hortus.errors import SettingError, nearest
from hortus.evaluation.base import Evaluation
from hortus.strategies import STRATEGIES
from hortus.strategies.reward import reward

# What a network can cost, as it stands in an evaluation's notes.
COSTS = ("latency", "params", "macs")


@dataclass(frozen=True)
class Goal:
    """What a strategy is told of a trial.

    Attributes:
        costs: what should be small beside a score that should be great.
        targets: by cost, what it should be; empty where costs are told apart.

    >>> goal = Goal.read(("accuracy", "params=1000"))
    >>> goal.targets, goal.several
    ({'params': 1000.0}, False)
    """

    costs: tuple[str, ...] = ()
    targets: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, objectives: Sequence[str], *, metric: str | None = None) -> Goal:
        """The goal that is written as ``("accuracy", "latency")`` or ``("accuracy", "latency=0.002")``.

        Args:
            objectives: the metric first, then costs; all of these with a target, or none.
            metric: that is optimized; None for accuracy.

        Raises:
            SettingError: the first is not the metric, another is no cost, a target is no positive number, or one cost
                has a target and another has not.
        """
        score = metric or "accuracy"
        if isinstance(objectives, str) or not objectives or objectives[0] != score:
            raise SettingError(
                f"The objectives are {objectives!r}, and the first of them is what is optimized, {score!r}.",
                mend=f"Write them as ({score!r}, 'latency').",
                code="objectives-metric",
            )
        targets: dict[str, float] = {}
        costs = []
        for text in objectives[1:]:
            name, equals, target = text.partition("=")
            if name not in COSTS or name in costs:
                raise SettingError(
                    f"There is no cost called {name!r}." if name not in COSTS else f"The cost {name!r} is named twice.",
                    mend=nearest(name, COSTS),
                    code="unknown-cost",
                )
            costs.append(name)
            if equals:
                targets[name] = _positive(name, target)
        if targets and len(targets) < len(costs):
            raise SettingError(
                f"Of the costs {', '.join(costs)} some have a target and some have none.",
                mend="Give each a target, for one reward; or none, for a Pareto front.",
                code="objectives-mixed",
            )
        return cls(tuple(costs), targets)

    @property
    def several(self) -> bool:
        """Whether a strategy is told several numbers."""
        return bool(self.costs) and not self.targets

    @property
    def count(self) -> int:
        """How many numbers a strategy is told."""
        return 1 + len(self.costs) if self.several else 1

    def check(self, strategy: str, pruner: str) -> None:
        """Refuse what cannot search for it.

        Raises:
            SettingError: the strategy searches for one score alone, or a pruner is to stop trials by one.
        """
        if self.several and not getattr(STRATEGIES[strategy], "several", True):
            raise SettingError(
                f"The strategy {strategy!r} searches for one score, and the objectives are {1 + len(self.costs)}.",
                mend=f"Take 'nsga2', or give a target: '{self.costs[0]}=...' makes one reward of both.",
                code="strategy-single-score",
            )
        if self.several and pruner != "none":
            raise SettingError(
                f"The pruner {pruner!r} stops trials by one score, and the objectives are {1 + len(self.costs)}.",
                mend="Leave it out, or give each cost a target.",
                code="pruner-single-score",
            )

    def told(self, score: float, evaluation: Evaluation | None) -> tuple[float, ...]:
        """What a strategy is told, greater is better; a cost that is not known is the greatest there is."""
        notes = evaluation.notes if evaluation is not None else {}
        costs = [float(notes.get(name) or math.inf) for name in self.costs]
        if self.several:
            return score, *(-cost for cost in costs)
        return (self.reward(score, costs),)

    def reward(self, score: float, costs: Sequence[float]) -> float:
        """The score with its costs, as one number."""
        for name, cost in zip(self.costs, costs, strict=True):
            score = reward(max(0.0, score), cost, self.targets[name]) if math.isfinite(cost) else -math.inf
        return score


def _positive(name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise SettingError(
            f"The target of {name} is {text!r}.",
            mend=f"Give a positive number, such as {name}=0.002." if name == "latency" else "Give a positive number.",
            code="objectives-target",
        )
    return found
