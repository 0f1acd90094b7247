"""Reinforcement learning: a recurrent controller answers the questions, and is rewarded with the score.

Zoph and Le 2017, "Neural Architecture Search with Reinforcement Learning" (ICLR), with proximal policy optimization
as in Zoph et al. 2018 ("Learning Transferable Architectures for Scalable Image Recognition") and Tan et al. 2019
("MnasNet"); with one epoch it is REINFORCE. The controller is what it becomes by learning from the trials in the order
of their numbers: its first weights are the same for all seeds, and a seed only draws from its probabilities.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial

from hortus.errors import SettingError
from hortus.seeds import stream
from hortus.strategies.base import Independent, Past, checked, past
from hortus.strategies.controller import Controller, Step
from hortus.strategies.genes import fits, from_unit, number, to_unit
from hortus.strategies.tried import Tried, choices

# Stretches into which the range of a number is divided.
STRETCHES = 8
CLIP = 0.2
# How many of a study's last learned controllers are remembered.
REMEMBERED = 4


@dataclass(frozen=True)
class _Lesson:
    """A controller and the trials it has learned from, as numbers and scores, in order."""

    learned: tuple[tuple[int, float], ...]
    settings: tuple[float, ...]
    baseline: float | None
    controller: Controller


# Work done already, by study: what is not found here is learned again from the trials, to the same end.
_LESSONS: WeakKeyDictionary[Study, list[_Lesson]] = WeakKeyDictionary()


class Reinforcement(Independent):
    """A controller as a sampler, for one score; over categories, whole numbers and stretches of a range.

    Args:
        seed: of the draws.
        batch: the controller learns each time that so many more trials have a score.
        epochs: passes over a batch; 1 is REINFORCE, more is proximal policy optimization.
        rate: Adam's step.
        entropy: weight of the bonus for being undecided; greater explores for longer.
        decay: of the moving mean that a reward is compared with.
        size: of the hidden state.

    Raises:
        SettingError: an argument is out of its range.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        batch: int = 10,
        epochs: int = 4,
        rate: float = 0.02,
        entropy: float = 0.02,
        decay: float = 0.9,
        size: int = 32,
    ) -> None:
        self.seed = seed
        self.batch = int(checked("batch", batch, 1, 100_000))
        self.epochs = int(checked("epochs", epochs, 1, 1_000))
        self.rate = checked("rate", rate, 0, 10)
        self.entropy = checked("entropy", entropy, 0, 10)
        self.decay = checked("decay", decay, 0, 1)
        self.size = int(checked("size", size, 1, 4096))
        self._ready: tuple[Study, int, Controller, Tried] | None = None

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Bring the controller up to what has been told."""
        if len(study.directions) > 1:
            raise SettingError(
                f"Reinforcement searches for one score and the study has {len(study.directions)}.",
                mend="Use 'nsga2', or one score made of them by the soft reward of hortus.strategies.reward.",
                code="strategy-single-score",
            )
        known = past(study, before=trial.number)
        tried = Tried((*known.done, *known.others))
        self._ready = study, trial.number, self._learned(study, known), tried

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw an answer from the controller's probabilities, given the trial's answers so far."""
        if self._ready is None or self._ready[0] is not study or self._ready[1] != trial.number:
            self.before_trial(study, trial)
        assert self._ready is not None  # noqa: S101 - before_trial has set it
        _, _, controller, tried = self._ready
        state = controller.start
        for step in steps(trial):
            state = controller.told(state, step)
        rng = stream(self.seed, trial.number, param_name)
        probabilities = controller.ask(state, param_name, count(param_distribution))
        # A candidate that was tried teaches nothing; where all were, one is repeated.
        if count(param_distribution) == choices(param_distribution):
            left = probabilities.copy()
            left[[place(param_distribution, value) for value in tried.exhausted(trial.params, param_name)]] = 0.0
            probabilities = left / left.sum() if left.sum() > 0 else probabilities
        chosen = int(rng.choice(len(probabilities), p=probabilities))
        return answer(param_distribution, chosen, float(rng.random()))

    def _learned(self, study: Study, known: Past) -> Controller:
        """What the controller has become by the trials of ``known``."""
        pairs = tuple((trial.number, known.score(trial)) for trial in known.done)
        pairs = pairs[: len(pairs) - len(pairs) % self.batch]
        settings: tuple[float, ...] = self.batch, self.epochs, self.rate, self.entropy, self.decay, self.size
        remembered = _LESSONS.setdefault(study, [])
        fitting = [one for one in remembered if one.settings == settings and pairs[: len(one.learned)] == one.learned]
        blank = _Lesson((), settings, None, Controller(self.size))
        lesson = max(fitting, key=lambda one: len(one.learned), default=blank)
        while len(lesson.learned) < len(pairs):
            lesson = self._next(lesson, known, pairs)
            remembered.append(lesson)
            del remembered[:-REMEMBERED]
        return lesson.controller

    def _next(self, lesson: _Lesson, known: Past, pairs: tuple[tuple[int, float], ...]) -> _Lesson:
        """Learn from one more batch."""
        begin = len(lesson.learned)
        learned = pairs[: begin + self.batch]
        rewards = quantiles([score for _, score in learned])[begin:]
        controller, baseline = lesson.controller.copy(), lesson.baseline
        sequences = [steps(trial) for trial in known.done[begin : begin + self.batch]]
        old = [controller.log_probabilities(sequence) for sequence in sequences]
        baseline = float(np.mean(rewards)) if baseline is None else baseline
        advantages = [reward - baseline for reward in rewards]
        for _ in range(self.epochs):
            total: dict[str, Any] = {}
            for sequence, advantage, logs in zip(sequences, advantages, old, strict=True):
                _, gradient = controller.gradient(sequence, advantage, logs, clip=CLIP, entropy=self.entropy)
                for name, value in gradient.items():
                    total[name] = total[name] + value if name in total else value
            controller.update({name: value / len(sequences) for name, value in total.items()}, self.rate)
        for reward in rewards:
            baseline = self.decay * baseline + (1.0 - self.decay) * reward
        return _Lesson(learned, lesson.settings, baseline, controller)


def quantiles(scores: Sequence[float]) -> list[float]:
    """Where each score stands among all of them, from 0 to 1; scores of any scale and with any tail make fair rewards.

    >>> quantiles([0.5, float("-inf"), 0.9, 0.5])
    [0.5, 0.125, 0.875, 0.5]
    """
    order = sorted(scores)
    return [(bisect.bisect_left(order, s) + bisect.bisect_right(order, s)) / (2 * len(order)) for s in scores]


def steps(trial: FrozenTrial) -> list[Step]:
    """The answers of a trial as the controller's, in the order in which they were asked."""
    found = []
    for name, distribution in trial.distributions.items():
        if name in trial.params:
            found.append(Step(name, count(distribution), place(distribution, trial.params[name])))
    return found


def count(distribution: BaseDistribution) -> int:
    """How many answers the controller tells apart: categories, or stretches of a range."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    distribution = number(distribution)
    if isinstance(distribution, IntDistribution):
        return min(STRETCHES, (distribution.high - distribution.low) // distribution.step + 1)
    return 1 if distribution.single() else STRETCHES


def place(distribution: BaseDistribution, value: Any) -> int:
    """Which of the answers ``value`` is; of a foreign one the nearest, of a foreign category the first.

    >>> from optuna.distributions import FloatDistribution
    >>> place(FloatDistribution(0.0, 1.0), 0.3), place(IntDistribution(1, 3), 3)
    (2, 2)
    """
    if isinstance(distribution, CategoricalDistribution):
        fitting = (fits(CategoricalDistribution([choice]), value) for choice in distribution.choices)
        return next((i for i, fit in enumerate(fitting) if fit), 0)
    many = count(distribution)
    return min(many - 1, int(to_unit(number(distribution), value) * many))


def answer(distribution: BaseDistribution, chosen: int, at: float) -> Any:
    """The answer at ``chosen``; of a stretch of a range, what lies at ``at`` of its length, from 0 to 1.

    >>> answer(IntDistribution(1, 3), 2, 0.5)
    3
    """
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[chosen]
    return from_unit(number(distribution), (chosen + at) / count(distribution))
