"""What the strategies of Hortus share: the past of a study, and a way to answer a trial's questions from a proposal.

A strategy proposes genes, a value for each parameter name it has an opinion on, once when the trial begins. The
genes stand in the trial's system attributes, so that any sampler of the same seed can go on with the trial; what
was not proposed, or does not fit the question, is answered at random.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hortus.errors import SettingError
from hortus.seeds import stream
from hortus.strategies.genes import draw, fits

Genes = dict[str, Any]

PROPOSAL = "hortus:genes"
LINEAGE = "hortus:parents"
TAG = "hortus:tag"
# The share of the training rows that a trial is to learn from; whoever evaluates it may use more.
ROWS = "hortus:rows"


@dataclass(frozen=True)
class Proposal:
    """What a trial should answer.

    Attributes:
        genes: value by parameter name; may name parameters that are never asked for.
        parents: numbers of the trials it comes from.
        tag: the part of the search it belongs to, for strategies that run several at once.
        rows: share of the training rows to learn from.
    """

    genes: Mapping[str, Any]
    parents: tuple[int, ...] = ()
    tag: str = ""
    rows: float = 1.0


@dataclass(frozen=True)
class Past:
    """The trials of a study as a strategy sees them, in the order of their numbers.

    Attributes:
        done: the trials that ended with a score.
        others: running, failed and pruned ones; of the running ones only their parameters count.
        scores: of ``done``, greater is better whatever the study's direction.
        sign: 1, or -1 where the study's own scores are the better the smaller they are.
    """

    done: tuple[FrozenTrial, ...]
    others: tuple[FrozenTrial, ...]
    scores: Mapping[int, float] = field(default_factory=dict)
    sign: float = 1.0

    def score(self, trial: FrozenTrial) -> float:
        """The score of a trial in ``done``; greater is better."""
        return self.scores[trial.number]

    @property
    def best(self) -> FrozenTrial:
        """The best of ``done``, the earliest of equals."""
        return max(self.done, key=lambda t: (self.scores[t.number], -t.number))

    def seen(self, genes: Mapping[str, Any]) -> bool:
        """Whether the genes answer every question just as some trial did, and so can only repeat it."""
        return any(_within(t.params, genes) for t in (*self.done, *self.others))


def _within(params: Mapping[str, Any], genes: Mapping[str, Any]) -> bool:
    if not params:
        return False
    return all(name in genes and genes[name] == value for name, value in params.items())


def past(study: Study, *, before: int) -> Past:
    """Read the trials of ``study`` whose numbers are below ``before``.

    Trials of higher numbers may already run or have ended in a parallel study; leaving them out makes a proposal
    a function of the trial's own past.
    """
    sign = -1.0 if study.direction is StudyDirection.MINIMIZE else 1.0
    done, others, scores = [], [], {}
    for trial in sorted(study.get_trials(deepcopy=False), key=lambda t: t.number):
        if trial.number >= before:
            continue
        if trial.state is TrialState.COMPLETE and trial.values is not None:
            done.append(trial)
            scores[trial.number] = sign * trial.values[0]
        elif trial.state is not TrialState.WAITING:
            others.append(trial)
    return Past(tuple(done), tuple(others), scores, sign)


class Independent(BaseSampler):
    """A sampler that answers each question when it comes, since which will come is not known before.

    Class attributes:
        requires: what it asks of a space, by the words of `hortus.spaces.base.Space.provides`.
        several: whether it can search for several scores at once.
        prepares: the trial that must have ended before its first proposal, as that of a supernet; None for none.
    """

    requires: ClassVar[frozenset[str]] = frozenset()
    several: ClassVar[bool] = False
    prepares: ClassVar[str | None] = None

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Nothing is answered ahead."""
        return {}

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Nothing is answered ahead."""
        return {}


class Strategy(Independent, ABC):
    """Base of the strategies that propose genes.

    Args:
        seed: every random number comes from it, the trial's number and the parameter's name.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    @abstractmethod
    def propose(self, past: Past, number: int, rng: np.random.Generator) -> Proposal:
        """Return what trial ``number`` should answer. Depends on the arguments and the settings alone."""

    def fresh(self, name: str, distribution: BaseDistribution, rng: np.random.Generator) -> Any:  # noqa: ARG002
        """Answer a question on which the proposal is silent; at random."""
        return draw(distribution, rng)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Write the proposal beside the trial."""
        if len(study.directions) > 1:
            raise SettingError(
                f"{type(self).__name__} searches for one score and the study has {len(study.directions)}.",
                mend="Use 'nsga2', or one score.",
                code="strategy-single-score",
            )
        proposal = self.propose(past(study, before=trial.number), trial.number, stream(self.seed, trial.number))
        # Optuna's public setter is deprecated; its own samplers go through the storage likewise.
        write = study._storage.set_trial_system_attr
        write(trial._trial_id, PROPOSAL, dict(proposal.genes))
        write(trial._trial_id, LINEAGE, list(proposal.parents))
        write(trial._trial_id, TAG, proposal.tag)
        write(trial._trial_id, ROWS, proposal.rows)

    def sample_independent(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Answer one question, from the proposal where it has a fitting answer."""
        genes = trial.system_attrs.get(PROPOSAL, {})
        if param_name in genes and fits(param_distribution, genes[param_name]):
            return genes[param_name]
        return self.fresh(param_name, param_distribution, stream(self.seed, trial.number, param_name))


def checked(name: str, value: float, low: float, high: float) -> float:
    """Return ``value``, which must lie within ``low`` and ``high``.

    Raises:
        SettingError: it does not, or is no number.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise SettingError(
            f"The option {name!r} is {value!r}.", mend=f"Give a number from {low:g} to {high:g}.", code="bad-option"
        )
    return value
