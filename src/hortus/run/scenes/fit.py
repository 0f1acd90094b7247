"""One run from scenes to a network that tells each pixel's class; the same call on the same folder goes on.

The search is the one that tables and images have: the same loop, journal, budget and executors. What differs is how
the data come in, and what goes before it: the network that all candidates share, and the architecture learned with it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from hortus.budget import Ledger
from hortus.data.notes import Note
from hortus.data.read_scenes import prepare_scenes
from hortus.data.scenes import METRIC, SceneData
from hortus.engine.executors.base import Executor
from hortus.engine.journal import Journal
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.engine.progress import Listener
from hortus.errors import SettingError
from hortus.run.origin import More, note_origin
from hortus.run.place import cores, make_executor, slot_memory
from hortus.run.scenes.phases import FAILED, confirm, finish, prepare
from hortus.run.scenes.result import SETTINGS, SceneResult, conclude, read_result, require_scenes
from hortus.run.scenes.settings import EVALUATORS, SceneSettings
from hortus.run.sitting import Sitting, begin, go_on
from hortus.run.telling import failed_note, late_note, without_best
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
    folder = Path(folder)
    _check(settings)
    with begin(
        folder,
        settings,
        partial(_executor, settings),
        listeners,
        spent=spent,
        read=lambda: prepare_scenes(
            scenes, masks, classes=settings.classes, void=settings.void, size=settings.size, seed=settings.seed
        ),
        keep=lambda found: found[0].save(folder / "data"),
        match=partial(_match, settings, folder),
    ) as sitting:
        return _search(sitting, settings)


def resume_scenes(
    folder: Path, *, listeners: Sequence[Listener] = (), spent: float = 0.0, **more: Unpack[More]
) -> SceneResult:
    """Go on with a run of scenes, from its folder alone.

    Args:
        folder: the run's.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before this call.
        more: what it may spend now and where, as `hortus.run.origin.extended` takes it.

    Raises:
        RunError: the folder holds no run of scenes, or another process works on it.
    """
    folder = Path(folder)
    require_scenes(folder)
    with go_on(folder, _settings, _executor, listeners, spent=spent, more=more) as (sitting, settings):
        return _search(sitting, settings)


def _settings(journal: Journal) -> SceneSettings:
    return SceneSettings.from_json(journal.get(SETTINGS))


def _search(sitting: Sitting, settings: SceneSettings) -> SceneResult:
    journal, folder, executor = sitting.journal, sitting.folder, sitting.executor
    data = SceneData.load(folder / "data")
    plan = _plan(data, settings, folder, executor, sitting.ledger)
    sitting.begins([Note(**note) for note in journal.get("notes")], _described(data, settings))
    # Of what runs alone. Sums in another order are other sums: what is to be repeated exactly has one on every machine.
    threads = 1 if settings.budget.deterministic else min(cores(), executor.capacity)
    if settings.prepares:
        with sitting.phase("preparing", "preparing"):
            starts = prepare(journal, plan, settings, executor, threads=threads)
        plan = dataclasses.replace(plan, starts=starts)
    left = sitting.ledger.remaining
    plan = dataclasses.replace(plan, trial_seconds=settings.trial_seconds(executor.capacity, left))
    emit = without_best(sitting.emit) if settings.shares else sitting.emit
    search = Search(plan, executor, journal, sitting.ledger, emit)
    with sitting.phase("searching"):
        why = search.run()
    journal.set("why", why)
    if settings.shares and why != "interrupted":
        with sitting.phase("confirming", "refitting"):
            confirm(journal, plan, settings, executor)
    with sitting.phase("choosing"):
        conclude(journal, settings, folder)
    if settings.final and why != "interrupted":
        with sitting.phase("refitting", "refitting"):
            seconds = None if sitting.left is None else sitting.left - settings.saving
            finish(journal, plan, settings, executor, seconds=seconds, threads=threads)
            conclude(journal, settings, folder)
            if (failed := journal.get(FAILED)) is not None:
                sitting.say(failed_note(failed, "scenes"))
    if (late := late_note(sitting.ledger)) is not None:
        sitting.say(late)
    sitting.spent()
    result = read_result(journal, folder)
    low, high = result.chosen["low"], result.chosen["high"]
    sitting.ends(result.score, low=low, high=high, trials=len(result.rows), why=why)
    return result


def _plan(data: SceneData, settings: SceneSettings, folder: Path, executor: Executor, ledger: Ledger) -> Plan:
    space = SPACES[settings.space](data.facts(settings.budget.time), **settings.space_options)
    own = {"space": space.to_json()} if settings.shares else settings.training_options
    return Plan(
        space=space,
        strategy=AFTERWARDS if settings.differentiable else settings.strategy,
        options={} if settings.differentiable else settings.strategy_options,
        pruner=settings.stopper,
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
    make_pruner(settings.stopper)


def _executor(settings: SceneSettings) -> Executor:
    more: dict[str, Any] = {} if settings.executor == "inline" else {"warm": WARM}
    return make_executor(settings.executor, settings.slots, cluster=settings.cluster, gpus=1.0, **more)


def _match(settings: SceneSettings, folder: Path, journal: Journal, found: tuple[SceneData, Sequence[Note]]) -> None:
    data, notes = found
    note_origin(
        journal,
        folder,
        digest=data.digest,
        settings=(SETTINGS, settings.to_json()),
        notes=notes,
        otherwise="other scenes (or other masks, another size)",
        mend="Give another folder for these scenes, or the same scenes as before.",
    )


def _described(data: SceneData, settings: SceneSettings) -> dict[str, Any]:
    return {
        "rows": len(data),
        "columns": math.prod(data.shape),
        "shape": list(data.shape),
        "images": " x ".join(map(str, data.shape[1:])),
        "kind": "segmentation",
        "target": f"{len(data.classes)} classes",
        "metric": METRIC,
        "trials": settings.most_trials,
        "strategy": settings.strategy,
        "folds": 1,
    }
