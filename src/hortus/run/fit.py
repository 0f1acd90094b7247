"""One run from table to model; the same call on the same folder goes on where the last one stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from hortus.budget import Budget
from hortus.data.within_memory import Sampled
from hortus.engine.executors.base import Executor
from hortus.engine.history import LAG
from hortus.engine.journal import Journal
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.engine.progress import Listener
from hortus.evaluation.base import Fidelity
from hortus.run.combinations import check
from hortus.run.finish import Ensemble, score_of
from hortus.run.meanwhile import meanwhile
from hortus.run.origin import More, note_origin
from hortus.run.place import emitter, make_executor, slot_memory
from hortus.run.prepare import Prepared, Sides, keep, prepare, recall
from hortus.run.result import LEARNED, Result, conclude, read_result, require_run
from hortus.run.scrutiny import LEAKS, ORDERS
from hortus.run.settings import Settings
from hortus.run.sitting import Sitting, begin, go_on
from hortus.run.stream import stays, stream, stream_seconds
from hortus.run.stream_fits import Phase
from hortus.run.swap import Held, hold_streamed
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
    folder = Path(folder)
    check(settings.space_name, "tpe" if settings.strategy == "auto" else settings.strategy, "cross_validation")
    with begin(
        folder,
        settings,
        partial(_executor, settings),
        listeners,
        spent=spent,
        read=lambda: prepare(table, target, settings, sides or Sides()),
        keep=lambda prepared: keep(prepared, folder),
        match=partial(_match, settings, folder),
    ) as sitting:
        return _search(sitting, recall(folder, settings), settings, starts)


def resume(folder: Path, *, listeners: Sequence[Listener] = (), spent: float = 0.0, **more: Unpack[More]) -> Result:
    """Go on with a run, from its folder alone.

    Args:
        folder: the run's.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before this call.
        more: what it may spend now and where, as `hortus.run.origin.extended` takes it.

    Raises:
        RunError: the folder holds no run, or another process works on it.
    """
    folder = Path(folder)
    require_run(folder)
    with go_on(folder, _settings, _executor, listeners, spent=spent, more=more) as (sitting, settings):
        return _search(sitting, recall(folder, settings), settings)


def _settings(journal: Journal) -> Settings:
    return Settings.from_json(journal.get("settings"))


def _executor(settings: Settings) -> Executor:
    return make_executor(settings.executor, settings.slots, cluster=settings.cluster)


def _search(sitting: Sitting, prepared: Prepared, settings: Settings, starts: Starts | None = None) -> Result:
    journal, folder, ledger, executor = sitting.journal, sitting.folder, sitting.ledger, sitting.executor
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
    search = Search(plan, executor, journal, ledger, emitter((warmup, sitting.emit)))
    scrutinized = {finding.code for finding in prepared.findings} & {*LEAKS, *ORDERS}
    # What a model is asked about first is told with its answer, once there is one.
    waiting = scrutinized if journal.get("findings") is None else set()
    sitting.begins([note for note in prepared.notes if note.code not in waiting], _described(prepared, settings))
    with sitting.phase("searching"):
        why = search.run(meanwhile=lambda: meanwhile(sitting, prepared, settings))
    journal.set("why", why)
    warmup.close()
    stayed = stays(journal, prepared, settings, folder, why)
    if stayed is not None:
        learned: str | None = stayed.what
        journal.set(LEARNED, stayed.to_json())
        sitting.say(stayed)
    else:
        with sitting.phase("ensembling", "ensembling"):
            left = sitting.left
            seconds = None if left is None else max(0.2, (left - streaming) / 2)
            held = hold_streamed(journal, folder)
            ensemble = conclude(journal, prepared, settings, folder, seconds=seconds)
        learned = None
        if starts is None and why != "interrupted" and Sampled.load(folder) is not None:
            with sitting.phase("streaming", "streaming"):
                learned = _stream(sitting, prepared, settings, ensemble, held)
    sitting.spent()
    result = read_result(journal, folder, settings)
    said = result.estimate
    sitting.ends(said.score, low=said.low, high=said.high, trials=len(result.rows), why=why, learned=learned)
    return result


def _stream(
    sitting: Sitting, prepared: Prepared, settings: Settings, ensemble: Ensemble, held: Held | None
) -> str | None:
    """Fit the best on all rows of a file that a sample was taken of; say what came of it."""
    left = None if sitting.left is None else sitting.left - SAVING_SHARE * (settings.budget.time or 0.0)
    # The rows lie here and nowhere else.
    elsewhere = settings.executor == "ray" or settings.cluster is not None
    with make_executor("local", 1) if elsewhere else nullcontext(sitting.executor) as place:
        phase = Phase(sitting.journal, prepared, settings, sitting.folder, ensemble, place, left)
        note = stream(phase, sitting.say, held)
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
        pruner=settings.stopper,
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


def _match(settings: Settings, folder: Path, journal: Journal, prepared: Prepared) -> None:
    begun = journal.get("digest") is not None
    note_origin(
        journal,
        folder,
        digest=prepared.data.digest,
        settings=("settings", settings.to_json()),
        notes=prepared.notes,
        otherwise="other data (or other columns, metric or folds)",
        mend="Give another folder for this table, or the same table as before.",
    )
    if begun and prepared.sampled is not None:
        # The same table may lie elsewhere by now.
        prepared.sampled.save(folder)


def _described(prepared: Prepared, settings: Settings) -> dict[str, Any]:
    return {
        "rows": len(prepared.data),
        "columns": len(prepared.schema.features),
        "kind": prepared.task.kind,
        "target": prepared.task.target,
        "metric": prepared.metric.name,
        "trials": settings.trials,
        "strategy": settings.strategy,
        "folds": prepared.data.folds.count,
    }
