"""The search itself: ask the strategy, evaluate in a slot, journal, tell.

The same loop serves every space, strategy and evaluator. Two rules make a run repeatable. A fresh sampler, seeded
by the trial's number, answers each ask, so nothing but the history decides; and the history is told in a fixed order
(`hortus.engine.history`). The file is longer than most: asking, time, questions, reports and ends are one machine's
states.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from hortus.budget import Ledger
from hortus.engine import interrupts
from hortus.engine.executors.base import MOST_LOSSES, Event, Executor, Job
from hortus.engine.history import History, Outcome
from hortus.engine.journal import Journal
from hortus.engine.lineage import HERITAGE, Heritage, Lineage
from hortus.engine.pace import Pace
from hortus.engine.plan import Plan
from hortus.engine.progress import EventKind, Listener, ProgressEvent
from hortus.engine.shelf import ANCESTORS, ROOM, Shelf
from hortus.engine.twins import MOST as MOST_TWINS
from hortus.engine.twins import Twins
from hortus.errors import RunError
from hortus.evaluation.base import Evaluation
from hortus.evaluation.trial import Order
from hortus.seeds import derive, stream
from hortus.spaces.live import LIVE
from hortus.strategies import make_sampler
from hortus.strategies.grid import Grid
from hortus.strategies.halving import make_pruner

# A trial may take this share of the time left; what grows step by step stops there.
TRIAL_SHARE = 0.75
# A killed trial is one that would not stop by itself this long (seconds) after it should have.
OVERDUE = 0.3
# Where nothing can be handed over before a first trial has ended well, the search may be late by so many seconds (on a
# slow machine a library may take longer to load than the whole budget); a trial that begins late has LATE seconds, and
# so many may begin.
GRACE, LATE, LATE_TRIALS = 60.0, 1.0, 3
# How often a trial is run again, by why it failed. One that was killed at its deadline never is.
AGAIN = {"crash": 1, "memory": 1, "lost": MOST_LOSSES}
# After memory ran out it learns from this share of its rows.
SMALLER = 0.5
# Saving and loading a byte of the chosen models, and how many of them there usually are.
LOAD_SECONDS = 2.5e-8
MEMBERS = 8

Why = Literal["trials", "time", "interrupted", "exhausted"]


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
        make_pruner(plan.pruner)
        self._pace = Pace(plan.space, plan.fits)
        self._shelf = Shelf(plan.out, room=ANCESTORS if plan.inherits else ROOM)
        self._lineage = Lineage(plan.space) if plan.inherits else None
        self._live = LIVE in plan.space.provides
        # What inherits weights is judged by its ancestors too: the same network may do better there.
        self._twins = Twins(plan.space) if "canonical" in plan.space.provides and not plan.inherits else None
        self._best = -math.inf
        rows = journal.trials()
        self._history = History(rows, ordered=ledger.budget.deterministic, lag=plan.lag, goal=plan.goal)
        for row in rows:
            self._count(row.params, Outcome(row.state, row.value, row.evaluation), row.number)
        self._starts = list(plan.starts)[len(rows) :]
        self._running: set[int] = set()
        self._late = 0
        self._failures: Counter[tuple[int, str]] = Counter()

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
                interrupts.let()
                if not self._running:
                    return stop or "trials"
                for event in self._executor.poll(self._patience()):
                    self._handle(event)
                if self._time_left() <= -OVERDUE - self._grace:
                    return "time"
        except KeyboardInterrupt:
            return "interrupted"
        finally:
            for number in list(self._running):
                self._executor.cancel(number)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _fill(self) -> Why | None:
        """Start trials while slots are free; return why no more can be started, if that is so."""
        history = self._history
        most = self.plan.lag if self._ledger.budget.deterministic else math.inf
        while len(self._running) < min(self._executor.capacity, most):
            if history.interrupted:
                self._submit(history.interrupted.pop(0))
                continue
            if self.plan.trials is not None and len(history) >= self.plan.trials:
                return "trials"
            if self._time_left() <= self._least() and not self._begins_late():
                return "time"
            if not history.ready():
                return None
            number = self._ask()
            if number is None or (self._twins is not None and self._twins.row >= MOST_TWINS):
                return "exhausted"
            self._submit(number)
        return None

    def _ask(self) -> int | None:
        """The number of a new trial, in the journal; None where the strategy has nothing left to try."""
        number = len(self._history)
        sampler = self._sampler(number)
        start = self._next_start()
        if not start and isinstance(sampler, Grid) and sampler.exhausted(self._history.study):
            return None
        if not start and math.isfinite(self._time_left()):
            rng = stream(self.plan.seed, "affordable", number)
            start = self._pace.affordable(self._history.best(self.plan.space.family), self._time_left(), rng)
        if self._live:
            self._history.open(sampler, start)
            self._journal.asked(self._history.frozen(number), after=self._history.seen_by(number))
            return number
        trial = self._history.ask(sampler, start)
        self._history.sample(number, least=self.plan.least_rows)
        candidate = self.plan.space(trial)
        seen = self._history.seen_by(number)
        if self._lineage is not None:
            before = seen if self._ledger.budget.deterministic else None
            heritage = self._lineage.of(trial.params, before=before)
            self._history.note(number, HERITAGE, None if heritage is None else heritage.to_json())
        self._journal.asked(self._history.frozen(number), after=seen, describe=candidate.describe())
        return number

    def _sampler(self, number: int) -> BaseSampler:
        seed = derive(self.plan.seed, "ask", number)
        return make_sampler(self.plan.strategy, seed=seed, options=self.plan.options)

    def _next_start(self) -> Mapping[str, Any]:
        """The next starting point that is likely to end in time; {} where there is none."""
        while self._starts:
            start = self._starts.pop(0)
            if self._pace.fits_in(self.plan.space.family(start), self._time_left()):
                return start
        return {}

    def _order(self, number: int, params: dict[str, Any], deadline: float | None) -> Order:
        heritage = self._history.frozen(number).system_attrs.get(HERITAGE)
        own = (Heritage.from_json(heritage).weights,) if heritage else ()
        return Order(
            number=number,
            space=self.plan.space.to_json(),
            params=params,
            evaluator=self.plan.evaluator,
            options={**self.plan.evaluator_options, **({"heritage": heritage} if heritage else {})},
            data="" if self.plan.data is None else str(self.plan.data),
            out=str(self.plan.out),
            seed=derive(self.plan.seed, "trial", number),
            threads=self.plan.threads,
            deadline=deadline,
            budget=self._ledger.budget.time,
            memory=self.plan.memory,
            reports=self.plan.pruner != "none",
            needs=(*self.plan.needs, *own),
            asks=self._live,
            fidelity=replace(self.plan.fidelity, rows=self.plan.fidelity.rows * self._history.rows(number)),
            rungs=self.plan.rungs if self.plan.pruner != "none" else (),
        )

    def _submit(self, number: int) -> None:
        left = self._time_left()
        timed = math.isfinite(left)
        if self._live and not self._history.is_open(number):
            # It was interrupted, and asks everything again.
            self._history.open(self._sampler(number), {}, number=number)
        params = self._history.frozen(number).params
        if self._twins is not None and number not in self._running:
            before = self._history.seen_by(number) if self._ledger.budget.deterministic else None
            twin = self._twins.of(params, self._history.rows(number), before=before)
            if twin is not None:
                self._running.add(number)
                self._finish(number, twin)
                return
        share = min(TRIAL_SHARE * left, self.plan.trial_seconds or math.inf)
        if self._grace:
            share = max(share, LATE)
        order = self._order(number, params, time.monotonic() + share if timed else None)
        if number not in self._running:
            self._running.add(number)
            self._tell("trial_started", number=number, name=self._name(number))
        limits = (max(left, 0.0) + OVERDUE + self._grace if timed else math.inf, self.plan.trial_limit or math.inf)
        seconds = min(limits) if math.isfinite(min(limits)) else None
        self._executor.submit(Job(number, order.to_json(), seconds=seconds, memory=self.plan.memory))

    # -- time -----------------------------------------------------------------------------------------------------

    def _time_left(self) -> float:
        return self._ledger.remaining - self._reserve()

    def _reserve(self) -> float:
        """Seconds for what comes after: more where the models to be loaded are large."""
        return self.plan.reserve + LOAD_SECONDS * self._shelf.bytes_of_best(MEMBERS) if self.plan.reserve else 0.0

    def _least(self) -> float:
        """Seconds below which nothing is worth starting."""
        return self._pace.least({self.plan.space.family(start) for start in self._starts})

    def _patience(self) -> float:
        return max(0.01, min(0.5, self._time_left() + OVERDUE + self._grace))

    @property
    def _grace(self) -> float:
        """Seconds that the search may go on after its time is over: for its first result, where one is owed."""
        return GRACE if self.plan.owed and self._best == -math.inf else 0.0

    def _begins_late(self) -> bool:
        """Whether one more trial begins though the time is over, since there is nothing to hand over yet."""
        late = self._grace > 0.0 and not self._running and self._late < LATE_TRIALS and self._time_left() > -GRACE
        self._late += late
        return late

    # -- what comes back --------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        if event.number not in self._running:
            return
        if event.kind == "report":
            self._handle_report(event)
        elif event.kind == "question":
            self._answer(event.number, event.data["name"], json_to_distribution(event.data["distribution"]))
        elif event.kind == "done":
            self._finish(event.number, self._complete(event.number, Evaluation.from_json(event.data)))
        elif event.kind == "pruned":
            self._finish(event.number, Outcome(TrialState.PRUNED, self._last_report(event.number), reason="pruned"))
        elif event.data.get("code") == "disk-full":
            # Every further trial would fail by it; what is in the journal is safe.
            raise RunError(
                f"The disk is full: {event.data.get('detail', '')}",
                mend="Make room, then go on with `hortus resume`; finished trials are kept.",
                code="disk-full",
            )
        elif not self._tries_again(event.number, event.data["reason"]):
            reason = f"{event.data['reason']}: {event.data.get('detail', '')}".strip(": ")
            self._finish(event.number, Outcome(TrialState.FAIL, None, reason=reason))

    def _tries_again(self, number: int, reason: str) -> bool:
        """Run a trial once more whose failure need not come again; whether that was done."""
        self._failures[number, reason] += 1
        if self._failures[number, reason] > AGAIN.get(reason, 0) or self._time_left() <= self._pace.least():
            return False
        if reason == "memory":
            self._history.shrink(number, SMALLER)
        self._submit(number)
        return True

    def _complete(self, number: int, evaluation: Evaluation) -> Outcome:
        score = evaluation.score
        if score is None and self.plan.score is not None:
            score = self.plan.score(evaluation)
        if score is None or not math.isfinite(score):
            return Outcome(TrialState.FAIL, None, evaluation, f"error: the score is {score}")
        before = [why for who, why in self._failures if who == number]
        reason = f"run again after: {', '.join(before)}" if before else ""
        return Outcome(TrialState.COMPLETE, score, evaluation, reason)

    def _finish(self, number: int, outcome: Outcome) -> None:
        self._running.remove(number)
        params, distributions = self._history.close(number) if self._history.is_open(number) else (None, None)
        frozen = self._history.frozen(number)
        self._journal.finished(
            number,
            outcome.state,
            outcome.score,
            evaluation=outcome.evaluation,
            reason=outcome.reason,
            intermediate=frozen.intermediate_values,
            system_attrs=frozen.system_attrs,
            params=params,
            distributions=distributions,
        )
        self._history.take(number, outcome)
        name = self._name(number)
        self._tell(
            "trial_finished",
            number=number,
            name=name,
            state=outcome.state.name.lower().replace("fail", "failed"),
            score=outcome.score,
            seconds=outcome.evaluation.seconds if outcome.evaluation else None,
            reason=outcome.reason,
        )
        best = self._best
        self._count(frozen.params, outcome, number)
        if self._best > best:
            self._tell("best", score=self._best, name=name, members=1)

    def _count(self, params: Mapping[str, Any], outcome: Outcome, number: int) -> None:
        """What a trial's end says of the pace, the best score, and the models worth keeping."""
        if outcome.evaluation is None:
            return
        if self._twins is not None:
            self._twins.note(number, params, self._history.rows(number), outcome)
        if "same_as" in outcome.evaluation.notes:
            return
        self._pace.note(params, outcome.evaluation.seconds)
        if outcome.state == TrialState.COMPLETE and outcome.score is not None:
            self._best = max(self._best, outcome.score)
            self._shelf.put(number, outcome.score, outcome.evaluation, family=self.plan.space.family(params))
            if self._lineage is not None:
                self._lineage.put(number, params, outcome.evaluation)

    # -- questions ------------------------------------------------------------------------------------------------

    def _answer(self, number: int, name: str, distribution: BaseDistribution) -> None:
        try:
            answer = self._history.suggest(number, name, distribution)
        except ValueError as error:
            self._executor.reply(number, None, refused=str(error))
        else:
            self._executor.reply(number, answer)

    # -- pruning ----------------------------------------------------------------------------------------------------

    def _handle_report(self, event: Event) -> None:
        number = event.number
        self._history.report(number, int(event.data["step"]), float(event.data["value"]))
        if self.plan.pruner != "none":
            # A fresh one each time, as with samplers: nothing but the history decides.
            stops = self._history.stops(make_pruner(self.plan.pruner), number)
            self._executor.answer(number, go_on=not stops)

    def _last_report(self, number: int) -> float | None:
        values = self._history.frozen(number).intermediate_values
        return values[max(values)] if values else None

    # -- saying -----------------------------------------------------------------------------------------------------

    def _tell(self, kind: EventKind, **data: Any) -> None:
        self._emit(ProgressEvent(kind, self._ledger.elapsed, data))

    def _name(self, number: int) -> str:
        return self.plan.space.family(self._history.frozen(number).params) or f"trial {number}"
