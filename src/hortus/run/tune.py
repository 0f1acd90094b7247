"""One run over a function of the user's own; the same call on the same folder goes on where the last one stopped.

The search is the one that tables and images have: the same loop, journal, strategies, pruners and executors. What
differs is that the candidate's worth is whatever the function returns.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hortus.budget import Budget, Ledger
from hortus.data.notes import Note
from hortus.engine.executors.base import Executor
from hortus.engine.history import LAG
from hortus.engine.journal import Journal
from hortus.engine.lock import RunLock
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.engine.progress import Listener, ProgressEvent
from hortus.errors import RunError, SettingError, nearest
from hortus.evaluation.function import Objective, load_function
from hortus.evaluation.trial import run as run_trial
from hortus.run.function_name import Named, name_of
from hortus.run.place import cores, emitter, make_executor, slot_memory
from hortus.run.settings import DEFAULT_TIME
from hortus.run.sitting import Sitting
from hortus.run.tuned import TUNED, Direction, Tuned, open_tuned
from hortus.spaces.base import Space
from hortus.spaces.declared import declared
from hortus.spaces.live import LiveSpace
from hortus.strategies import STRATEGIES, make_sampler
from hortus.strategies.halving import make_pruner

DIRECTIONS = ("maximize", "minimize")
EXECUTORS = ("auto", "local", "threads", "inline", "ray")
# What "auto" stands for: what found most with fewest evaluations in benchmarks/results/hpo.csv.
STRATEGY = "predictor"
# What idle workers import, before the function's own module.
WARM = ("hortus.evaluation.function", "hortus.spaces.declared", "hortus.spaces.live")


@dataclass(frozen=True)
class TuneSettings:
    """How a function is to be tuned.

    Attributes:
        direction: whether greater or smaller values are better.
        time: seconds; `DEFAULT_TIME` where neither time nor trials are given.
        trials: how many, those of earlier sittings in the same folder included.
        memory: bytes resident at once, over all processes.
        trial_time: seconds after which one trial is killed; None for when the run's time is over.
        strategy: a name in ``hortus.strategies.STRATEGIES``, or ``"auto"``.
        strategy_options: its own arguments.
        pruner: a name that `hortus.strategies.halving.make_pruner` knows.
        starts: params to try first, by the function's names where nothing is nested.
        workers: trials at once; None for one a core.
        executor: ``"local"`` (processes that can be killed), ``"threads"``, ``"inline"`` (one thread), ``"ray"``, or
            ``"auto"``: processes where they can import the function.
        cluster: ``"ray://HOST:PORT"``, where trials run; None for here, or for RAY_ADDRESS with ``"ray"``.
        seed: the same seed, trials and workers give the same result.
    """

    direction: Direction = "maximize"
    time: float | None = None
    trials: int | None = None
    memory: int | None = None
    trial_time: float | None = None
    strategy: str = "auto"
    strategy_options: Mapping[str, Any] = field(default_factory=dict)
    pruner: str = "none"
    starts: tuple[Mapping[str, Any], ...] = ()
    workers: int | None = None
    executor: str = "auto"
    cluster: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for what, value, known in (
            ("direction", self.direction, DIRECTIONS),
            ("executor", self.executor, EXECUTORS),
            ("strategy", self.strategy, ("auto", *STRATEGIES)),
        ):
            if value not in known:
                raise SettingError(
                    f"There is no {what} called {value!r}.", mend=nearest(value, known), code=f"unknown-{what}"
                )
        if self.workers is not None and (isinstance(self.workers, bool) or not isinstance(self.workers, int)):
            raise SettingError(f"workers is {self.workers!r}.", mend="Give a whole number.", code="workers")
        Budget(time=self.trial_time)
        make_pruner(self.pruner)
        make_sampler(self.strategy_name, seed=0, options=self.strategy_options)
        _ = self.budget

    @property
    def budget(self) -> Budget:
        """Time, trials and memory together."""
        time = DEFAULT_TIME if self.time is None and self.trials is None else self.time
        return Budget(time=time, trials=self.trials, memory=self.memory)

    @property
    def strategy_name(self) -> str:
        """The strategy that is taken."""
        return STRATEGY if self.strategy == "auto" else self.strategy

    @property
    def sign(self) -> float:
        """1 where greater values are better, -1 where smaller ones are; the search is told sign x value."""
        return 1.0 if self.direction == "maximize" else -1.0

    @property
    def kind(self) -> str:
        """The executor that is asked for."""
        return self.executor if self.cluster is None else "ray"

    @property
    def slots(self) -> int:
        """Trials at once, where they run here."""
        wanted = cores() if self.workers in (None, 0) else int(self.workers or 1)
        return max(1, cores() + 1 + wanted) if wanted < 0 else wanted


def tune_function(
    objective: Objective | str,
    settings: TuneSettings,
    *,
    folder: Path,
    space: Mapping[str, Any] | None = None,
    listeners: Sequence[Listener] = (),
) -> Tuned:
    """Search for the arguments at which a function is best.

    Args:
        objective: the function, or its name, ``"module:function"`` or ``"/path/script.py:function"``.
        settings: how.
        folder: the run's; made where it is not there. One that holds the same run already is gone on with.
        space: what its arguments may be, see `hortus.spaces.declared`; None where it asks the trial itself.
        listeners: told of everything that happens; scores as the function returned them.

    Raises:
        SettingError: a setting or the space is not understood.
        InputError: there is no such function.
        RunError: the folder cannot be used, or holds another run.
    """
    searched: Space = LiveSpace() if space is None else declared(space)
    if space is None and settings.strategy_name == "grid":
        raise SettingError(
            "A grid needs to know its axes beforehand.", mend="Give space={...}.", code="grid-without-space"
        )
    named = Named(objective, "", objective) if isinstance(objective, str) else name_of(objective)
    if isinstance(objective, str):
        load_function(objective)
    ledger, folder = Ledger(settings.budget), Path(folder)
    with RunLock(folder), _executor(objective, named, settings) as executor:
        known = (folder / "journal.sqlite").exists()
        with Journal.open(folder) if known else Journal.create(folder) as journal:
            lag = _match(journal, settings, searched, named, executor)
            sitting = Sitting(journal, folder, ledger, executor, _signed(emitter(listeners), settings.sign))
            sitting.begins(_notes(named, settings, executor), _described(named, settings, searched))
            plan = _plan(settings, searched, named, folder, executor, lag)
            with sitting.phase("searching"):
                why = Search(plan, executor, journal, ledger, sitting.emit).run()
            journal.set("why", why)
            sitting.spent()
    found = open_tuned(folder)
    sitting.ends(None if found.best is None else found.best.value, trials=len(found.rows), why=why)
    return found


def _plan(settings: TuneSettings, space: Space, named: Named, folder: Path, executor: Executor, lag: int) -> Plan:
    return Plan(
        space=space,
        strategy=settings.strategy_name,
        options=settings.strategy_options,
        starts=settings.starts,
        pruner=settings.pruner,
        evaluator="function",
        evaluator_options={"objective": named.name or "", "sign": settings.sign},
        data=None,
        out=folder,
        seed=settings.seed,
        trials=settings.trials,
        trial_limit=settings.trial_time,
        memory=slot_memory(settings.memory, executor),
        lag=lag,
    )


@contextlib.contextmanager
def _executor(objective: Objective | str, named: Named, settings: TuneSettings) -> Iterator[Executor]:
    kind = settings.kind
    if kind == "auto":
        kind = "local" if named.name is not None else "threads"
    if kind in ("local", "ray") and named.name is None:
        raise SettingError(
            f"Worker processes cannot import {named.shown}: {named.why}.",
            mend="Put it into a module of its own, "
            + ("that every machine of the cluster has." if kind == "ray" else "or give executor='threads'."),
            code="objective-not-importable",
        )
    if kind == "ray":
        with make_executor("ray", settings.workers, cluster=settings.cluster, warm=WARM) as executor:
            yield executor
        return
    if kind == "local":
        module = str(named.name).rpartition(":")[0]
        own = () if module.endswith(".py") else (module,)
        with make_executor("local", settings.slots, warm=WARM, own=own) as executor:
            yield executor
        return
    function = load_function(objective) if isinstance(objective, str) else objective

    def entry(payload: dict[str, Any], report: Callable[[int, float], bool], *ask: Any) -> dict[str, Any]:
        return run_trial({**payload, "options": {**payload["options"], "objective": function}}, report, *ask)

    slots = 1 if kind == "inline" else settings.slots
    with make_executor("threads", slots, entry=entry) as executor:
        yield executor


def _match(journal: Journal, settings: TuneSettings, space: Space, named: Named, executor: Executor) -> int:
    """Note what the run is of; refuse to go on with another. Return how far back an ask looks."""
    told = {"direction": settings.direction, "space": space.to_json()}
    before = journal.get(TUNED)
    if before is None and journal.trials():
        raise RunError(
            f"The run in {str(journal.path.parent)!r} is none of a function.",
            mend="Give another folder.",
            code="run-other-kind",
        )
    if before is not None and {name: before[name] for name in told} != told:
        raise RunError(
            f"The run in {str(journal.path.parent)!r} has another space or direction.",
            mend="Give another folder, or the same space and direction as before.",
            code="run-other-space",
        )
    # A cluster may have any number of slots, and all of them are to be busy.
    lag = executor.capacity if settings.kind == "ray" else min(LAG, settings.slots)
    if before is not None:
        lag = int(before["lag"])
    journal.set(TUNED, {**told, "objective": named.name or named.shown, "strategy": settings.strategy_name, "lag": lag})
    return lag


def _notes(named: Named, settings: TuneSettings, executor: Executor) -> list[Note]:
    """What a person should know of where the trials run."""
    if named.name is not None or settings.executor != "auto":
        return []
    where = "a thread" if executor.capacity == 1 else f"{executor.capacity} threads"
    return [
        Note(
            "objective-in-threads",
            f"Worker processes cannot import {named.shown}: {named.why}. It runs in {where} of this process, where "
            "a trial that hangs or crashes cannot be contained.",
            mend="Put it into a module of its own for processes that can be killed.",
            warning=True,
        )
    ]


def _signed(emit: Listener, sign: float) -> Listener:
    """Scores as the function returned them."""

    def signed(event: ProgressEvent) -> None:
        score = event.data.get("score")
        if score is None or event.kind == "run_finished":
            emit(event)
        else:
            emit(replace(event, data={**event.data, "score": sign * score}))

    return signed


def _described(named: Named, settings: TuneSettings, space: Space) -> dict[str, Any]:
    return {
        "objective": named.shown if named.name is None else named.name.rpartition(os.sep)[2],
        "kind": settings.direction,
        "target": named.shown,
        "metric": "value",
        "trials": settings.trials,
        "strategy": settings.strategy_name,
        "space": space.name,
        "rows": 0,
        "columns": 0,
        "folds": 0,
    }
