"""The search itself: ask the strategy, evaluate in a slot, journal, tell.

The same loop serves every space, strategy and evaluator. Two rules make a run repeatable. A fresh sampler, seeded
by the trial's number, answers each ask, so nothing but the history decides. And when only trials count, ask k sees
exactly the trials 0 … k - LAG, whichever finished first: so one slot, two slots, and a run that was killed and
resumed all walk the same way.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from optuna.trial import FrozenTrial, Trial, TrialState

from hortus.budget import Ledger
from hortus.engine.executors.base import Event, Executor, Job
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.pace import Pace
from hortus.engine.progress import Listener, ProgressEvent
from hortus.engine.shelf import Shelf
from hortus.engine.study import new_study
from hortus.errors import RunError
from hortus.evaluation.base import Evaluation, Fidelity
from hortus.evaluation.trial import Order
from hortus.seeds import derive, stream
from hortus.spaces.base import Space
from hortus.strategies import make_sampler
from hortus.strategies.halving import make_pruner

# How many trials back an ask looks when only trials count; at most so many run at once.
LAG = 8
# A trial may take this share of the time left; what grows step by step stops there.
TRIAL_SHARE = 0.75
# A killed trial is one that would not stop by itself this long (seconds) after it should have.
OVERDUE = 0.3

Why = Literal["trials", "time", "interrupted", "exhausted"]


@dataclass(frozen=True)
class Plan:
    """What is searched, and how.

    Attributes:
        space: what can be searched.
        starts: params tried first, in this order.
        strategy: a name in ``hortus.strategies.STRATEGIES``.
        options: the strategy's own arguments.
        pruner: a name that `make_pruner` knows.
        rungs: cheap fidelities at which the pruner is asked; without any, it is asked after each fold.
        evaluator: a name in ``hortus.evaluation.EVALUATORS``.
        data: the folder of the encoded data set.
        out: the run's folder.
        seed: of the run.
        threads: per slot.
        fits: fits in one trial, for predicting how long it takes.
        trials: how many trials there may be in all, those of earlier sittings included; None for no limit.
        memory: bytes that one trial may hold; None for no limit.
        reserve: seconds kept back for what comes after the search.
        score: gives a trial's score where the evaluator could not (a metric that is the user's own function).
    """

    space: Space
    strategy: str
    data: Path
    out: Path
    seed: int
    starts: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    pruner: str = "none"
    rungs: tuple[Fidelity, ...] = ()
    evaluator: str = "cross_validation"
    fidelity: Fidelity = field(default_factory=Fidelity)
    threads: int = 1
    fits: int = 1
    trials: int | None = None
    memory: int | None = None
    reserve: float = 0.0
    score: Callable[[Evaluation], float] | None = None


@dataclass(frozen=True)
class _Outcome:
    state: TrialState
    score: float | None
    evaluation: Evaluation | None = None
    reason: str = ""


class Search:
    """One search under way.

    Args:
        plan: what is searched, and how.
        executor: where trials run.
        journal: what remembers; trials already in it are not run again.
        ledger: what may be spent.
        emit: told of everything that happens.
    """

    def __init__(self, plan: Plan, executor: Executor, journal: Journal, ledger: Ledger, emit: Listener) -> None:
        self.plan = plan
        self._executor = executor
        self._journal = journal
        self._ledger = ledger
        self._emit = emit
        self._pruner = make_pruner(plan.pruner)
        self._study = new_study()
        self._running: dict[int, Trial] = {}
        self._waiting: list[int] = []
        self._outcomes: dict[int, _Outcome] = {}
        self._told = 0
        self._seen: dict[int, int] = {}
        self._pace = Pace(plan.space, plan.fits)
        self._best = -math.inf
        self._starts = list(plan.starts)
        self._shelf = Shelf(plan.out)
        self._recall(journal.trials())

    def run(self, meanwhile: Callable[[], None] | None = None) -> Why:
        """Search until the budget is spent; return why it ended. What was under way then is given up.

        Args:
            meanwhile: done once, here, while the first trials run.
        """
        try:
            while True:
                stop = self._fill()
                if meanwhile is not None:
                    meanwhile()
                    meanwhile = None
                if not self._running:
                    return stop or "trials"
                for event in self._executor.poll(self._patience()):
                    self._handle(event)
                if self._ledger.remaining <= self.plan.reserve - OVERDUE:
                    return "time"
        except KeyboardInterrupt:
            return "interrupted"
        finally:
            for number in list(self._running):
                self._executor.cancel(number)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _fill(self) -> Why | None:
        """Start trials while slots are free; return why no more can be started, if that is so."""
        while len(self._running) < min(self._executor.capacity, LAG):
            if self._waiting:
                number = self._waiting.pop(0)
                self._submit(self._revive(number))
                continue
            number = len(self._study.get_trials(deepcopy=False))
            if self.plan.trials is not None and number >= self.plan.trials:
                return "trials"
            if self._time_left() <= self._pace.least:
                return "time"
            if self._ledger.budget.deterministic and not self._tell_up_to(number - LAG):
                return None
            self._submit(self._ask(number))
        return None

    def _ask(self, number: int) -> Trial:
        self._study.sampler = make_sampler(
            self.plan.strategy, seed=derive(self.plan.seed, "ask", number), options=self.plan.options
        )
        start = self._next_start() or self._affordable(number)
        if start:
            self._study.enqueue_trial(dict(start))
        trial = self._study.ask()
        candidate = self.plan.space(trial)
        self._seen[number] = self._told
        self._journal.asked(self._frozen(number), after=self._told, describe=candidate.describe())
        return trial

    def _next_start(self) -> Mapping[str, Any]:
        """The next starting point that is likely to end in time; {} where there is none."""
        while self._starts:
            start = self._starts.pop(0)
            if self._pace.fits_in(self.plan.space.family(start), self._time_left()):
                return start
        return {}

    def _affordable(self, number: int) -> Mapping[str, Any]:
        """Where some families would not end in time: one of those that would."""
        families = self.plan.space.families
        kept = [family for family in families if self._pace.fits_in(family, self._time_left())]
        if not kept or len(kept) == len(families):
            return {}
        chosen = int(stream(self.plan.seed, "affordable", number).integers(len(kept)))
        return self.plan.space.confined(kept[chosen])

    def _order(self, number: int, params: dict[str, Any], deadline: float | None) -> Order:
        return Order(
            number=number,
            space=self.plan.space.to_json(),
            params=params,
            evaluator=self.plan.evaluator,
            data=str(self.plan.data),
            out=str(self.plan.out),
            seed=derive(self.plan.seed, "trial", number),
            threads=self.plan.threads,
            deadline=deadline,
            budget=self._ledger.budget.time,
            reports=self.plan.pruner != "none",
            fidelity=self.plan.fidelity,
            rungs=self.plan.rungs if self.plan.pruner != "none" else (),
        )

    def _submit(self, trial: Trial) -> None:
        left = self._time_left()
        timed = math.isfinite(left)
        order = self._order(trial.number, trial.params, time.monotonic() + TRIAL_SHARE * left if timed else None)
        seconds = left + OVERDUE if timed else None
        self._running[trial.number] = trial
        self._tell_listeners("trial_started", number=trial.number, name=self._name(trial.number))
        self._executor.submit(Job(trial.number, order.to_json(), seconds=seconds, memory=self.plan.memory))

    # -- time -----------------------------------------------------------------------------------------------------

    def _time_left(self) -> float:
        return self._ledger.remaining - self.plan.reserve

    def _patience(self) -> float:
        return max(0.01, min(0.5, self._time_left() + OVERDUE))

    # -- what comes back --------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        if event.number not in self._running:
            return
        if event.kind == "report":
            self._handle_report(event)
        elif event.kind == "done":
            self._finish(event.number, self._complete(Evaluation.from_json(event.data)))
        elif event.kind == "pruned":
            self._finish(event.number, _Outcome(TrialState.PRUNED, self._last_report(event.number), reason="pruned"))
        elif event.data.get("code") == "disk-full":
            # Every further trial would fail by it; what is in the journal is safe.
            raise RunError(
                f"The disk is full: {event.data.get('detail', '')}",
                mend="Make room, then go on with `hortus resume`; finished trials are kept.",
                code="disk-full",
            )
        else:
            reason = f"{event.data['reason']}: {event.data.get('detail', '')}".strip(": ")
            self._finish(event.number, _Outcome(TrialState.FAIL, None, reason=reason))

    def _complete(self, evaluation: Evaluation) -> _Outcome:
        score = evaluation.score
        if score is None and self.plan.score is not None:
            score = self.plan.score(evaluation)
        if score is None or not math.isfinite(score):
            return _Outcome(TrialState.FAIL, None, evaluation, f"error: the score is {score}")
        return _Outcome(TrialState.COMPLETE, score, evaluation)

    def _finish(self, number: int, outcome: _Outcome) -> None:
        trial = self._running.pop(number)
        frozen = self._frozen(number)
        self._journal.finished(
            number,
            outcome.state,
            outcome.score,
            evaluation=outcome.evaluation,
            reason=outcome.reason,
            intermediate=frozen.intermediate_values,
        )
        if outcome.evaluation is not None:
            self._note(trial, outcome.evaluation)
        self._outcomes[number] = outcome
        if not self._ledger.budget.deterministic:
            self._tell(number)
        self._report(frozen, outcome)

    def _note(self, trial: Trial, evaluation: Evaluation) -> None:
        trial.set_user_attr("work", evaluation.work)
        self._pace.note(trial.params, evaluation.seconds)

    def _report(self, frozen: FrozenTrial, outcome: _Outcome) -> None:
        self._ledger.trials += 1
        state = outcome.state.name.lower().replace("fail", "failed")
        seconds = outcome.evaluation.seconds if outcome.evaluation else None
        name = self._name(frozen.number)
        self._tell_listeners(
            "trial_finished",
            number=frozen.number,
            name=name,
            state=state,
            score=outcome.score,
            seconds=seconds,
            reason=outcome.reason,
        )
        if outcome.state != TrialState.COMPLETE or outcome.score is None or outcome.evaluation is None:
            return
        self._shelf.put(frozen.number, outcome.score, outcome.evaluation)
        if outcome.score > self._best:
            self._best = outcome.score
            self._tell_listeners("best", score=outcome.score, name=name, members=1)

    # -- telling ----------------------------------------------------------------------------------------------------

    def _tell_up_to(self, number: int) -> bool:
        """Tell trials in the order of their numbers up to ``number``; False if one of them still runs."""
        while self._told <= number:
            if self._told not in self._outcomes:
                return False
            self._tell(self._told)
        return True

    def _tell(self, number: int) -> None:
        outcome = self._outcomes.pop(number)
        if outcome.state == TrialState.PRUNED and outcome.score is None:
            outcome = _Outcome(TrialState.FAIL, None)
        value = outcome.score if outcome.state == TrialState.COMPLETE else None
        self._study.tell(number, value, state=outcome.state)
        self._told += 1

    # -- pruning ----------------------------------------------------------------------------------------------------

    def _handle_report(self, event: Event) -> None:
        trial = self._running[event.number]
        step, value = int(event.data["step"]), float(event.data["value"])
        trial.report(value, step)
        if self.plan.pruner != "none":
            self._executor.answer(event.number, go_on=not self._should_stop(event.number))

    def _should_stop(self, number: int) -> bool:
        """What the pruner says, shown only the trials that ask number ``number`` saw."""
        trials = self._study.get_trials(deepcopy=False)
        seen = self._seen[number] if self._ledger.budget.deterministic else len(trials)
        view = new_study()
        view.add_trials([t for t in trials[:seen] if t.state.is_finished()])
        return self._pruner.prune(view, trials[number])

    def _last_report(self, number: int) -> float | None:
        values = self._frozen(number).intermediate_values
        return values[max(values)] if values else None

    # -- remembering --------------------------------------------------------------------------------------------------

    def _recall(self, rows: Sequence[TrialRow]) -> None:
        """Take up where the journal stops: finished trials count, interrupted ones are run again."""
        told_before_last = rows[-1].after if rows and self._ledger.budget.deterministic else len(rows)
        for row in rows:
            evaluation = row.evaluation
            told = row.finished and row.number < told_before_last
            self._study.add_trial(row.to_frozen(running=not told))
            self._seen[row.number] = row.after
            self._told += told
            if self._starts:
                self._starts.pop(0)
            if evaluation is not None:
                self._pace.note(row.params, evaluation.seconds)
            if row.state == TrialState.COMPLETE and row.value is not None and evaluation is not None:
                self._best = max(self._best, row.value)
                self._shelf.put(row.number, row.value, evaluation)
            if told:
                continue
            if row.finished:
                self._outcomes[row.number] = _Outcome(row.state, row.value, evaluation, row.reason)
            else:
                self._waiting.append(row.number)

    def _revive(self, number: int) -> Trial:
        return Trial(self._study, self._frozen(number)._trial_id)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]

    def _tell_listeners(self, kind: Any, **data: Any) -> None:
        self._emit(ProgressEvent(kind, self._ledger.elapsed, data))

    def _name(self, number: int) -> str:
        return self.plan.space.family(self._frozen(number).params) or f"trial {number}"
