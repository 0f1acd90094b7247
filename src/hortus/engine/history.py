"""What the strategy has been told, and what waits to be told to it.

When only trials count, ask k sees exactly the trials 0 … k - `LAG`, told in the order of their numbers, whichever
finished first. So the walk does not depend on how many slots there are, nor on a kill and a resume in between.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from hortus.engine.goal import Goal
from hortus.engine.row import TrialRow
from hortus.engine.study import new_study
from hortus.evaluation.base import Evaluation
from hortus.strategies.base import ROWS

# How many trials back an ask looks when only trials count; at most so many run at once.
LAG = 8


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        state: COMPLETE, PRUNED or FAIL.
        score: greater is better; None where it failed.
        evaluation: what the evaluator found, where it came so far.
        reason: why it failed or was stopped.
    """

    state: TrialState
    score: float | None
    evaluation: Evaluation | None = None
    reason: str = ""


class History:
    """The study of a run, and its trials' outcomes.

    Args:
        rows: the journal's; what had finished counts, what was interrupted is run again.
        ordered: tell outcomes in the order of the trials' numbers, ``lag`` behind; else as they come.
        lag: how many trials back an ask looks where they are ordered.
        goal: what a strategy is told of a trial.

    Attributes:
        interrupted: numbers of the trials to run again, in order.
    """

    def __init__(self, rows: Sequence[TrialRow], *, ordered: bool, lag: int = LAG, goal: Goal | None = None) -> None:
        self._goal = goal or Goal()
        self._study = new_study(values=self._goal.count)
        self._ordered = ordered
        self._lag = lag
        self._open: dict[int, tuple[Trial, BaseSampler]] = {}
        self._answers: dict[int, tuple[Mapping[str, Any], Mapping[str, BaseDistribution]]] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._told = 0
        self._shared: dict[str, dict[str, BaseDistribution]] = {}
        self._seen: dict[int, int] = {}
        self.interrupted: list[int] = []
        told_before = rows[-1].after if rows and ordered else len(rows)
        for row in rows:
            told = row.finished and row.number < told_before
            frozen = row.to_frozen(running=not told)
            if frozen.state == TrialState.COMPLETE and row.value is not None:
                frozen.values = list(self._goal.told(row.value, row.evaluation))
            self._study.add_trial(frozen)
            self._seen[row.number] = row.after
            self._told += told
            if told:
                self._share(row.number)
            if not row.finished:
                self.interrupted.append(row.number)
            elif not told:
                self._outcomes[row.number] = Outcome(row.state, row.value, row.evaluation, row.reason)

    def __len__(self) -> int:
        """How many trials were asked."""
        return len(self._study.get_trials(deepcopy=False))

    @property
    def study(self) -> Study:
        """The study itself, as samplers see it."""
        return self._study

    def ready(self) -> bool:
        """Tell what the next ask is to see; False where a trial that it must see still runs."""
        if not self._ordered:
            return True
        while self._told <= len(self) - self._lag:
            if self._told not in self._outcomes:
                return False
            self._tell(self._told)
        return True

    def ask(self, sampler: BaseSampler, answers: Mapping[str, Any]) -> Trial:
        """The next trial; ``answers`` are given, the sampler gives the rest."""
        self._study.sampler = sampler
        if answers:
            self._study.enqueue_trial(dict(answers))
        trial = self._study.ask()
        self._seen[trial.number] = self._told
        return trial

    def open(self, sampler: BaseSampler, answers: Mapping[str, Any], *, number: int | None = None) -> int:
        """Begin a trial whose questions come while it runs; return its number.

        Args:
            sampler: answers them.
            answers: given, by name; the sampler gives the rest.
            number: of a trial that was interrupted, which is asked again; None for a new one.
        """
        again = number is not None
        number = len(self) if number is None else number
        seen = self._seen[number] if again else self._told
        # Where several run at once, what is told meanwhile must not change the answers to come.
        aside = self._ordered and self._lag > 1
        study = self._study_of(number, told=seen) if aside else self._study
        study.sampler = sampler
        if again and not aside:
            trial = Trial(study, self.frozen(number)._trial_id)
        else:
            answers = self.frozen(number).system_attrs.get("fixed_params", answers) if again else answers
            if answers:
                study.enqueue_trial(dict(answers))
            trial = study.ask()
            if aside and not again:
                noted = study.get_trials(deepcopy=False)[number].system_attrs
                self._study.add_trial(create_trial(state=TrialState.RUNNING, system_attrs=noted))
        self._seen[number] = seen
        self._open[number] = (trial, sampler)
        return number

    def is_open(self, number: int) -> bool:
        """Whether trial ``number`` can be asked for answers."""
        return number in self._open

    def suggest(self, number: int, name: str, distribution: BaseDistribution) -> Any:
        """The answer to a question of a trial that was begun by `open`.

        Raises:
            ValueError: the question was asked before with another distribution.
        """
        trial, sampler = self._open[number]
        trial.study.sampler = sampler
        return trial._suggest(name, distribution)

    def close(self, number: int) -> tuple[Mapping[str, Any], Mapping[str, BaseDistribution]]:
        """Let no more be asked by trial ``number``; return its answers and what is behind them."""
        trial, _ = self._open.pop(number)
        found = trial.params, trial.distributions
        if trial.study is not self._study:
            self._answers[number] = found
            for name, value in trial.study.get_trials(deepcopy=False)[number].system_attrs.items():
                if self.frozen(number).system_attrs.get(name) != value:
                    self._study._storage.set_trial_system_attr(self.frozen(number)._trial_id, name, value)
        return found

    def sample(self, number: int, *, least: float) -> None:
        """Hold the share of rows that the sampler wants for trial ``number`` to ``least`` or more."""
        trial = self.frozen(number)
        if trial.system_attrs.get(ROWS, 1.0) < least:
            self._study._storage.set_trial_system_attr(trial._trial_id, ROWS, least)

    def shrink(self, number: int, share: float) -> None:
        """Have trial ``number`` learn from ``share`` of the rows that it learnt from."""
        self._study._storage.set_trial_system_attr(self.frozen(number)._trial_id, ROWS, share * self.rows(number))

    def note(self, number: int, name: str, value: Any) -> None:
        """Write something beside trial ``number``, which the journal keeps with it."""
        self._study._storage.set_trial_system_attr(self.frozen(number)._trial_id, name, value)

    def rows(self, number: int) -> float:
        """The share of the training rows that trial ``number`` learns from."""
        return float(self.frozen(number).system_attrs.get(ROWS, 1.0))

    def seen_by(self, number: int) -> int:
        """How many trials had been told when trial ``number`` was asked."""
        return self._seen[number]

    def best(self, family: Callable[[Mapping[str, Any]], str]) -> dict[str, float]:
        """The best score told so far, family by family."""
        found: dict[str, float] = {}
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            name = family(trial.params)
            found[name] = max(found.get(name, -math.inf), float(trial.values[0]))
        return found

    def frozen(self, number: int) -> FrozenTrial:
        """Trial ``number`` as it stands."""
        return self._study.get_trials(deepcopy=False)[number]

    def report(self, number: int, step: int, value: float) -> None:
        """Note what trial ``number`` reports; only the first report of a step counts."""
        trial = self.frozen(number)
        if step not in trial.intermediate_values:
            # To make Optuna's own Trial would ask the sampler again.
            self._study._storage.set_trial_intermediate_value(trial._trial_id, step, value)

    def take(self, number: int, outcome: Outcome) -> None:
        """Take in how trial ``number`` ended."""
        if outcome.evaluation is not None:
            trial = self.frozen(number)
            self._study._storage.set_trial_user_attr(trial._trial_id, "work", outcome.evaluation.work)
        self._outcomes[number] = outcome
        if not self._ordered:
            self._tell(number)

    def stops(self, pruner: BasePruner, number: int) -> bool:
        """Whether ``pruner`` would stop trial ``number`` at its last report."""
        # Where nothing is kept from it, it sees the study itself: to copy hundreds of trials takes a tenth of a second.
        view = self.shown_to(number) if self._ordered else self._study
        trial = view.get_trials(deepcopy=False)[number]
        found = pruner.prune(view, trial)
        # Successive halving notes which rungs a trial has passed.
        for name, value in view.get_trials(deepcopy=False)[number].system_attrs.items():
            if self.frozen(number).system_attrs.get(name) != value:
                self._study._storage.set_trial_system_attr(self.frozen(number)._trial_id, name, value)
        return bool(found)

    def shown_to(self, number: int) -> Study:
        """A study in which trial ``number`` runs, and only those trials have ended that its ask saw.

        Every trial has its own number there, since some pruners go by it.
        """
        told = self._seen[number]
        return self._study_of(max(number + 1, told), told=told, running=number)

    def _study_of(self, count: int, *, told: int, running: int | None = None) -> Study:
        """The first ``count`` trials: those before ``told`` as they ended, ``running`` as it is, others bare."""
        view = new_study()
        for trial in self._study.get_trials(deepcopy=False)[:count]:
            ended = trial.number < told and trial.state.is_finished()
            view.add_trial(trial if ended or trial.number == running else create_trial(state=TrialState.RUNNING))
        return view

    def _tell(self, number: int) -> None:
        outcome = self._outcomes.pop(number)
        params, distributions = self._answers.pop(number, ({}, {}))
        for name, distribution in distributions.items():
            value = distribution.to_internal_repr(params[name])
            self._study._storage.set_trial_param(self.frozen(number)._trial_id, name, value, distribution)
        state = outcome.state
        if state == TrialState.PRUNED and outcome.score is None:
            state = TrialState.FAIL
        complete = state == TrialState.COMPLETE and outcome.score is not None
        values = self._goal.told(outcome.score, outcome.evaluation) if complete and outcome.score is not None else None
        self._study.tell(number, values, state=state)
        self._share(number)
        self._told += 1

    def _share(self, number: int) -> None:
        """Have a trial that was told hold the names and distributions that others hold too, not copies of its own.

        A space makes both anew in each trial: over thousands they are most of what a run holds.
        """
        trial = self.frozen(number)
        trial.params = {sys.intern(name): value for name, value in trial.params.items()}
        found = {sys.intern(name): distribution for name, distribution in trial.distributions.items()}
        # Nobody changes them: a trial that has ended is asked nothing more.
        trial.distributions = self._shared.setdefault(repr(found), found)
