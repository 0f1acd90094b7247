"""Every combination once, in a seeded random order, over spaces whose questions depend on earlier answers.

Optuna's brute-force sampler refuses continuous parameters. Here a parameter with too many answers to list is asked
at ``points`` values spread evenly over its range (over its logarithm where it has one), both ends included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hortus.seeds import stream
from hortus.strategies.base import Independent, checked
from hortus.strategies.genes import from_unit, number


class _Node:
    """A question and what became of its answers; a leaf where a trial ended."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.below: dict[int, _Node] = {}
        self.ended = False

    @property
    def exhausted(self) -> bool:
        if not self.answers:
            return self.ended
        return len(self.below) == len(self.answers) and all(node.exhausted for node in self.below.values())


class Grid(Independent):
    """Exhaustive search over a define-by-run space; when all is tried it repeats, and `exhausted` says so.

    In ``study.optimize`` it stops the study when all is tried.

    Args:
        seed: of the order.
        points: values of a parameter that has too many to list.
        whole: up to how many values an integer or a stepped parameter is listed in full.

    Raises:
        SettingError: an argument is out of its range.
    """

    several: ClassVar[bool] = True

    def __init__(self, *, seed: int = 0, points: int = 5, whole: int = 10) -> None:
        self.seed = seed
        self.points = int(checked("points", points, 2, 10_000))
        self.whole = int(checked("whole", whole, 1, 10_000))

    def values(self, distribution: BaseDistribution) -> list[Any]:
        """The answers tried for a question, in order.

        >>> from optuna.distributions import FloatDistribution
        >>> Grid(points=3).values(FloatDistribution(0.01, 100.0, log=True))
        [0.01, 1.0, 100.0]
        """
        if isinstance(distribution, CategoricalDistribution):
            return list(distribution.choices)
        distribution = number(distribution)
        if distribution.step is not None:
            many = round((distribution.high - distribution.low) / distribution.step) + 1
            if many <= self.whole:
                listed = [distribution.low + i * distribution.step for i in range(many)]
                return [v for v in listed if not distribution.log or v > 0]
        spread = [from_unit(distribution, i / (self.points - 1)) for i in range(self.points)]
        return [round(v, 12) if isinstance(v, float) else v for v in dict.fromkeys(spread)]

    def exhausted(self, study: Study) -> bool:
        """Whether every combination was tried or is running."""
        return self._tree(_trials(study, -1), {}).exhausted

    def _tree(self, trials: Sequence[FrozenTrial], given: dict[str, Any]) -> _Node:
        root = _Node()
        for trial in trials:
            if any(trial.params.get(name) != value for name, value in given.items()):
                continue
            node = root
            for name, distribution in trial.distributions.items():
                if name in given:
                    continue
                node.answers = node.answers or self.values(distribution)
                value = trial.params[name]
                if value not in node.answers:
                    break
                node = node.below.setdefault(node.answers.index(value), _Node())
            else:
                node.ended = True
        return root

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Answer with a value below which something is still untried."""
        values = self.values(param_distribution)
        node = self._tree(_trials(study, trial.number), trial.params)
        untried = [i for i in range(len(values)) if i not in node.below or not node.below[i].exhausted]
        rng = stream(self.seed, trial.number, param_name)
        return values[int(rng.choice(untried or len(values)))]

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,  # noqa: ARG002
        state: TrialState,  # noqa: ARG002
        values: Sequence[float] | None,  # noqa: ARG002
    ) -> None:
        """Stop ``study.optimize`` when nothing is left."""
        if study._thread_local.in_optimize_loop and self.exhausted(study):
            study.stop()


def _trials(study: Study, number: int) -> list[FrozenTrial]:
    found = study.get_trials(deepcopy=False)
    return [t for t in found if t.number != number and t.state is not TrialState.WAITING]
