"""One run from table to model; the same call on the same folder goes on where the last one stopped."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hortus.budget import Budget, Ledger
from hortus.data.artifacts import sweep
from hortus.data.within_memory import Sampled
from hortus.engine.executors.base import Executor
from hortus.engine.history import LAG
from hortus.engine.journal import Journal
from hortus.engine.lock import RunLock
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.engine.progress import Listener, ProgressEvent
from hortus.evaluation.base import Fidelity
from hortus.run.combinations import check
from hortus.run.finish import Ensemble, score_of
from hortus.run.meanwhile import meanwhile
from hortus.run.origin import extended, note_origin
from hortus.run.place import emitter, make_executor, slot_memory
from hortus.run.prepare import Prepared, Sides, keep, prepare, recall
from hortus.run.result import LEARNED, Result, conclude, read_result, require_run
from hortus.run.scrutiny import LEAKS, ORDERS
from hortus.run.settings import Settings
from hortus.run.stream import stays, stream, stream_seconds
from hortus.run.stream_fits import Phase
from hortus.run.warmup import Warmup
from hortus.spaces import SPACES
from hortus.spaces.pipelines import PipelineSpace
from hortus.spaces.portfolio import portfolio

# What is kept back for choosing, loading and saving the model: this share of the time, within these bounds.
RESERVE_SHARE = 0.05
RESERVE_LEAST = 0.7
RESERVE_MOST = 10.0
# Of the time, what is left for saving a model that has learned from all rows.
SAVING_SHARE = 0.02
# Frugal walks begin with this share of the rows, but no fewer rows than this, as FLAML does.
FIRST_SAMPLE, LEAST_SAMPLE = 0.1, 10_000

# The params to try, from the space of the table at hand.
Starts = Callable[[Any], Sequence[Mapping[str, Any]]]


def fit(
    table: Any,
    target: Any,
    settings: Settings,
    *,
    folder: Path,
    sides: Sides | None = None,
    listeners: Sequence[Listener] = (),
    starts: Starts | None = None,
    spent: float = 0.0,
) -> Result:
    """Make a model from a table.

    Args:
        table: a path, a frame or an array.
        target: the name of the column to predict, or its (n,) values.
        settings: how.
        folder: the run's; made where it is not there. One that holds the same run already is gone on with.
        sides: weights, groups and order that are no columns of the table.
        listeners: told of everything that happens.
        starts: what is tried, and nothing else; None for a search.
        spent: seconds of the budget that had been used before this call.

    Raises:
        InputError: the table or its target cannot be used.
        SettingError: a setting is not understood.
        RunError: the folder cannot be used, or holds another run.
    """
    ledger = Ledger(settings.budget, spent=spent)
    folder = Path(folder)
    check(settings.space_name, "tpe" if settings.strategy == "auto" else settings.strategy, "cross_validation")
    with RunLock(folder), make_executor(settings.executor, settings.slots, cluster=settings.cluster) as executor:
        sweep(folder)
        emit = emitter(listeners)
        with ledger.charge("reading"):
            emit(ProgressEvent("phase", ledger.elapsed, {"name": "reading"}))
            known = (folder / "journal.sqlite").exists()
            prepared = prepare(table, target, settings, sides or Sides())
        if not known:
            # Before there is a journal: a run that has one can always be resumed.
            keep(prepared, folder)
        with Journal.open(folder) if known else Journal.create(folder) as journal:
            _match(journal, settings, prepared, folder)
            if known and prepared.sampled is not None:
                # The same table may lie elsewhere by now.
                prepared.sampled.save(folder)
            prepared = recall(folder, settings)
            return _search(journal, prepared, settings, folder, ledger, executor, emit, starts)


def resume(
    folder: Path,
    *,
    time: float | None = None,
    trials: int | None = None,
    memory: int | None = None,
    executor: str | None = None,
    cluster: str | None = None,
    listeners: Sequence[Listener] = (),
    spent: float = 0.0,
) -> Result:
    """Go on with a run, from its folder alone.

    Args:
        folder: the run's.
        time: seconds more.
        trials: trials more.
        memory: bytes resident at once; None as before.
        executor: where the trials run from now on; None as before.
        cluster: ``"ray://HOST:PORT"``, likewise.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before this call.

    Raises:
        RunError: the folder holds no run, or another process works on it.
    """
    folder = Path(folder)
    require_run(folder)
    with RunLock(folder), Journal.open(folder) as journal:
        sweep(folder)
        settings = Settings.from_json(journal.get("settings"))
        settings = extended(
            settings, journal, time=time, trials=trials, memory=memory, executor=executor, cluster=cluster
        )
        ledger = Ledger(settings.budget, spent=spent)
        with make_executor(settings.executor, settings.slots, cluster=settings.cluster) as place:
            prepared = recall(folder, settings)
            return _search(journal, prepared, settings, folder, ledger, place, emitter(listeners))


def _search(
    journal: Journal,
    prepared: Prepared,
    settings: Settings,
    folder: Path,
    ledger: Ledger,
    executor: Executor,
    emit: Listener,
    starts: Starts | None = None,
) -> Result:
    reading = ledger.phases.get("reading", 0.0)
    streaming = stream_seconds(prepared, settings, folder, reading) if starts is None else 0.0
    plan = _plan(prepared, settings, folder, _reserve(ledger.budget) + streaming, executor)
    # More slots than the lag has would idle; but a run keeps the one that it began with, wherever it goes on.
    lag = journal.get("lag") or max(LAG, executor.capacity)
    journal.set("lag", lag)
    plan = dataclasses.replace(plan, lag=lag)
    warmup = Warmup()
    if starts is not None:
        tried = starts(plan.space)
        plan = dataclasses.replace(plan, starts=tried, trials=len(tried))
    search = Search(plan, executor, journal, ledger, emitter((warmup, emit)))
    scrutinized = {finding.code for finding in prepared.findings} & {*LEAKS, *ORDERS}
    # What a model is asked about first is told with its answer, once there is one.
    waiting = scrutinized if journal.get("findings") is None else set()
    for note in (*(note for note in prepared.notes if note.code not in waiting), *journal.notes):
        emit(ProgressEvent("note", ledger.elapsed, note.to_json()))
    emit(ProgressEvent("run_started", ledger.elapsed, _described(prepared, settings, folder, executor)))
    with ledger.charge("searching"):
        why = search.run(meanwhile=lambda: meanwhile(journal, prepared, settings, folder, ledger, emit))
    journal.set("why", why)
    warmup.close()
    stayed = stays(journal, prepared, settings, folder, why)
    if stayed is not None:
        learned: str | None = stayed.what
        journal.set(LEARNED, stayed.to_json())
        emit(ProgressEvent("note", ledger.elapsed, stayed.to_json()))
    else:
        with ledger.charge("ensembling"):
            emit(ProgressEvent("phase", ledger.elapsed, {"name": "ensembling"}))
            left = ledger.remaining - streaming
            seconds = max(0.2, left / 2) if math.isfinite(left) else None
            ensemble = conclude(journal, prepared, settings, folder, seconds=seconds)
        learned = None
        if starts is None and why != "interrupted":
            with ledger.charge("streaming"):
                learned = _stream(journal, prepared, settings, folder, ensemble, ledger, executor, emit)
    journal.set("spent", {"elapsed": ledger.elapsed, "phases": ledger.phases})
    result = read_result(journal, folder, settings)
    finished = {
        "score": result.estimate.score,
        "low": result.estimate.low,
        "high": result.estimate.high,
        "seconds": ledger.elapsed,
        "trials": len(result.rows),
        "why": why,
        "folder": str(folder),
        "learned": learned,
    }
    emit(ProgressEvent("run_finished", ledger.elapsed, finished))
    return result


def _stream(
    journal: Journal,
    prepared: Prepared,
    settings: Settings,
    folder: Path,
    ensemble: Ensemble,
    ledger: Ledger,
    executor: Executor,
    emit: Listener,
) -> str | None:
    """Fit the best on all rows of a file that a sample was taken of; say what came of it."""
    if Sampled.load(folder) is None:
        return None
    emit(ProgressEvent("phase", ledger.elapsed, {"name": "streaming"}))
    left = ledger.remaining - SAVING_SHARE * (ledger.budget.time or 0.0)
    # The rows lie here and nowhere else.
    elsewhere = settings.executor == "ray" or settings.cluster is not None
    with make_executor("local", 1) if elsewhere else nullcontext(executor) as place:
        phase = Phase(journal, prepared, settings, folder, ensemble, place, left if math.isfinite(left) else None)
        note = stream(phase, lambda note: emit(ProgressEvent("note", ledger.elapsed, note.to_json())))
    return None if note is None else note.what


def _plan(prepared: Prepared, settings: Settings, folder: Path, reserve: float, executor: Executor) -> Plan:
    facts = prepared.data.facts(settings.budget.time)
    space = SPACES[settings.space_name](facts, **settings.space_options)
    strategy = "tpe" if settings.strategy == "auto" else settings.strategy
    own = prepared.data.metric_name is None
    return Plan(
        space=space,
        strategy=strategy,
        # In a study of the user's own, who knows what a share of the rows means? Here it is known.
        options={"sample": FIRST_SAMPLE, **settings.strategy_options}
        if strategy == "frugal"
        else settings.strategy_options,
        starts=portfolio(space) if settings.strategy == "auto" and isinstance(space, PipelineSpace) else (),
        pruner=settings.pruner,
        rungs=_rungs(settings.rungs),
        least_rows=min(1.0, LEAST_SAMPLE / facts.train_rows),
        data=folder / "data",
        out=folder,
        seed=settings.seed,
        fits=prepared.data.folds.count,
        trials=settings.trials,
        memory=slot_memory(settings.memory, executor),
        reserve=reserve,
        score=(lambda evaluation: score_of(prepared, folder, evaluation)) if own else None,
    )


def _rungs(of: str) -> tuple[Fidelity, ...]:
    """A ninth and a third of the full cost, as successive halving with eta = 3 has it."""
    shares = () if of == "folds" else (1 / 9, 1 / 3)
    return tuple(Fidelity(rows=share) if of == "rows" else Fidelity(rounds=share) for share in shares)


def _reserve(budget: Budget) -> float:
    if budget.time is None:
        return 0.0
    return min(RESERVE_MOST, max(RESERVE_LEAST, RESERVE_SHARE * budget.time))


def _match(journal: Journal, settings: Settings, prepared: Prepared, folder: Path) -> None:
    note_origin(
        journal,
        folder,
        digest=prepared.data.digest,
        settings=("settings", settings.to_json()),
        notes=prepared.notes,
        otherwise="other data (or other columns, metric or folds)",
        mend="Give another folder for this table, or the same table as before.",
    )


def _described(prepared: Prepared, settings: Settings, folder: Path, executor: Executor) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "rows": len(prepared.data),
        "columns": len(prepared.schema.features),
        "kind": prepared.task.kind,
        "target": prepared.task.target,
        "metric": prepared.metric.name,
        "time": settings.budget.time,
        "trials": settings.trials,
        "strategy": settings.strategy,
        "slots": executor.capacity,
        "folds": prepared.data.folds.count,
    }
