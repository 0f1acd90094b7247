"""One run from scenes to a network that tells each pixel's class; the same call on the same folder goes on.

The search is the one that tables and images have: the same loop, journal, budget and executors. What differs is how
the data come in, and what goes before it: the network that all candidates share, and the architecture learned with it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hortus.budget import Ledger
from hortus.data.artifacts import sweep
from hortus.data.notes import Note
from hortus.data.read_scenes import prepare_scenes
from hortus.data.scenes import METRIC, SceneData
from hortus.engine.executors.base import Executor
from hortus.engine.journal import Journal
from hortus.engine.lock import RunLock
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.engine.progress import Listener, ProgressEvent
from hortus.errors import SettingError
from hortus.run.late import late_note
from hortus.run.origin import extended, note_origin
from hortus.run.place import cores, emitter, make_executor, slot_memory
from hortus.run.scenes.phases import FAILED, confirm, finish, prepare
from hortus.run.scenes.result import SETTINGS, SceneResult, conclude, read_result, require_scenes
from hortus.run.scenes.settings import EVALUATORS, SceneSettings
from hortus.spaces import SPACES
from hortus.strategies import make_sampler
from hortus.strategies.halving import make_pruner

# What goes on where an architecture was learned by gradients, and more trials were asked for.
AFTERWARDS = "evolution"
# What idle workers import.
WARM = ("torch", "hortus.nets.scene_training", "hortus.evaluation.scenes")


def fit_scenes(
    scenes: Any,
    masks: Any,
    settings: SceneSettings,
    *,
    folder: Path,
    listeners: Sequence[Listener] = (),
    spent: float = 0.0,
) -> SceneResult:
    """Search for a network that tells each pixel's class, and train it.

    Args:
        scenes: whatever `hortus.data.read_scenes.prepare_scenes` takes: arrays, tensors, a folder, paths.
        masks: one for each; None where the folder has them.
        settings: how.
        folder: the run's; made where it is not there. One that holds the same run already is gone on with.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before this call.

    Raises:
        InputError: the scenes or their masks cannot be used.
        SettingError: a setting is not understood.
        RunError: the folder cannot be used, or holds another run.
    """
    ledger = Ledger(settings.budget, spent=spent)
    folder = Path(folder)
    _check(settings)
    with RunLock(folder), _executor(settings) as executor:
        sweep(folder)
        emit = emitter(listeners)
        with ledger.charge("reading"):
            emit(ProgressEvent("phase", ledger.elapsed, {"name": "reading"}))
            known = (folder / "journal.sqlite").exists()
            data, notes = prepare_scenes(
                scenes, masks, classes=settings.classes, void=settings.void, size=settings.size, seed=settings.seed
            )
        if not known:
            # Before there is a journal: a run that has one can always be resumed.
            data.save(folder / "data")
        with Journal.open(folder) if known else Journal.create(folder) as journal:
            _match(journal, settings, data, notes, folder)
            return _search(journal, settings, folder, ledger, executor, emit)


def resume_scenes(
    folder: Path,
    *,
    time: float | None = None,
    trials: int | None = None,
    memory: int | None = None,
    executor: str | None = None,
    cluster: str | None = None,
    listeners: Sequence[Listener] = (),
    spent: float = 0.0,
) -> SceneResult:
    """Go on with a run of scenes, from its folder alone.

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
        RunError: the folder holds no run of scenes, or another process works on it.
    """
    folder = Path(folder)
    require_scenes(folder)
    with RunLock(folder), Journal.open(folder) as journal:
        sweep(folder)
        settings = SceneSettings.from_json(journal.get(SETTINGS))
        settings = extended(
            settings, journal, time=time, trials=trials, memory=memory, executor=executor, cluster=cluster
        )
        ledger = Ledger(settings.budget, spent=spent)
        with _executor(settings) as place:
            return _search(journal, settings, folder, ledger, place, emitter(listeners))


def _search(
    journal: Journal, settings: SceneSettings, folder: Path, ledger: Ledger, executor: Executor, emit: Listener
) -> SceneResult:
    data = SceneData.load(folder / "data")
    plan = _plan(data, settings, folder, executor, ledger)

    def say(note: Note) -> None:
        emit(ProgressEvent("note", ledger.elapsed, note.to_json()))

    for note in (*(Note(**note) for note in journal.get("notes")), *journal.notes):
        say(note)
    emit(ProgressEvent("run_started", ledger.elapsed, _described(data, settings, folder, executor)))
    if settings.prepares:
        with ledger.charge("preparing"):
            emit(ProgressEvent("phase", ledger.elapsed, {"name": "preparing"}))
            learned = prepare(journal, plan, settings, executor)
        plan = dataclasses.replace(plan, starts=() if learned is None else (learned,))
    left = ledger.remaining
    plan = dataclasses.replace(plan, trial_seconds=settings.trial_seconds(executor.capacity, left))
    search = Search(plan, executor, journal, ledger, _without_best(emit) if settings.shares else emit)
    with ledger.charge("searching"):
        why = search.run()
    journal.set("why", why)
    if settings.shares and why != "interrupted":
        with ledger.charge("confirming"):
            emit(ProgressEvent("phase", ledger.elapsed, {"name": "refitting"}))
            confirm(journal, plan, settings, executor)
    with ledger.charge("choosing"):
        conclude(journal, settings, folder)
    if settings.final and why != "interrupted":
        with ledger.charge("refitting"):
            emit(ProgressEvent("phase", ledger.elapsed, {"name": "refitting"}))
            seconds = ledger.remaining - settings.saving if math.isfinite(ledger.remaining) else None
            # Sums in another order are other sums: what is to be repeated exactly has one thread on every machine.
            threads = 1 if settings.budget.deterministic else min(cores(), executor.capacity)
            finish(journal, plan, settings, executor, seconds=seconds, threads=threads)
            conclude(journal, settings, folder)
            if (failed := journal.get(FAILED)) is not None:
                what = f"The training on all scenes did not end well: {failed}."
                mend = "The network is handed over as it was judged."
                say(Note("final-failed", what, mend=mend, warning=True))
    if (late := late_note(ledger)) is not None:
        say(late)
    journal.set("spent", {"elapsed": ledger.elapsed, "phases": ledger.phases})
    result = read_result(journal, folder)
    finished = {
        "score": result.score,
        "low": result.chosen["low"],
        "high": result.chosen["high"],
        "seconds": ledger.elapsed,
        "trials": len(result.rows),
        "why": why,
        "folder": str(folder),
    }
    emit(ProgressEvent("run_finished", ledger.elapsed, finished))
    return result


def _without_best(emit: Listener) -> Listener:
    """A score by shared weights is far below what training gives: the best of them is not told as if it were it."""

    def tell(event: ProgressEvent) -> None:
        if event.kind != "best":
            emit(event)

    return tell


def _plan(data: SceneData, settings: SceneSettings, folder: Path, executor: Executor, ledger: Ledger) -> Plan:
    space = SPACES[settings.space](data.facts(settings.budget.time), **settings.space_options)
    own = {"space": space.to_json()} if settings.shares else settings.training_options
    return Plan(
        space=space,
        strategy=AFTERWARDS if settings.differentiable else settings.strategy,
        options={} if settings.differentiable else settings.strategy_options,
        pruner=settings.pruner,
        evaluator=EVALUATORS[settings.evaluator],
        evaluator_options=own,
        data=folder / "data",
        out=folder,
        seed=settings.seed,
        trials=settings.most_trials,
        trial_seconds=settings.trial_seconds(executor.capacity, ledger.remaining),
        memory=slot_memory(settings.memory, executor),
        reserve=settings.reserve,
        owed=True,
    )


def _check(settings: SceneSettings) -> None:
    """Refuse names that nobody knows, and spaces whose networks tell no pixels apart, before anything is read.

    Raises:
        SettingError: the space, the strategy or the pruner is unknown or unfit, or an option of the strategy's.
    """
    offered: frozenset[str] = getattr(SPACES[settings.space], "provides", frozenset())
    if "dense" not in offered:
        fitting = [repr(name) for name in SPACES if "dense" in getattr(SPACES[name], "provides", ())]
        raise SettingError(
            f"The networks of the space {settings.space!r} tell images apart and not their pixels.",
            mend=f"Take one of the spaces {', '.join(fitting)}.",
            code="space-unfit",
        )
    if settings.shares and "dense_supernet" not in offered:
        raise SettingError(
            f"The candidates of the space {settings.space!r} share no network.",
            mend="Take the space 'auto_deeplab', or the evaluator 'train'.",
            code="space-without-supernet",
        )
    if not settings.differentiable:
        make_sampler(settings.strategy, seed=0, options=settings.strategy_options)
    make_pruner(settings.pruner)


def _executor(settings: SceneSettings) -> Executor:
    more: dict[str, Any] = {} if settings.executor == "inline" else {"warm": WARM}
    return make_executor(settings.executor, settings.slots, cluster=settings.cluster, gpus=1.0, **more)


def _match(journal: Journal, settings: SceneSettings, data: SceneData, notes: Sequence[Note], folder: Path) -> None:
    note_origin(
        journal,
        folder,
        digest=data.digest,
        settings=(SETTINGS, settings.to_json()),
        notes=notes,
        otherwise="other scenes (or other masks, another size)",
        mend="Give another folder for these scenes, or the same scenes as before.",
    )


def _described(data: SceneData, settings: SceneSettings, folder: Path, executor: Executor) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "rows": len(data),
        "columns": math.prod(data.shape),
        "shape": list(data.shape),
        "images": " x ".join(map(str, data.shape[1:])),
        "kind": "segmentation",
        "target": f"{len(data.classes)} classes",
        "metric": METRIC,
        "time": settings.budget.time,
        "trials": settings.most_trials,
        "strategy": settings.strategy,
        "slots": executor.capacity,
        "folds": 1,
    }
