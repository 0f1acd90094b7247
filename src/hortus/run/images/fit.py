"""One run from images to a network; the same call on the same folder goes on where the last one stopped.

The search is the one that tables have: the same loop, journal, budget and executors. What differs is how the data
come in, and that at the end the best network is trained again on all images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from hortus.data.images import ImageData
from hortus.data.notes import Note
from hortus.data.read_images import prepare_images
from hortus.engine.executors.base import Executor
from hortus.engine.journal import Journal
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.engine.progress import Listener
from hortus.run.combinations import check
from hortus.run.images.confirm import confirm
from hortus.run.images.finish import FAILED, conclude, train_final
from hortus.run.images.grow import grow
from hortus.run.images.prepare import prepare
from hortus.run.images.result import ImageResult, read_result, require_images
from hortus.run.images.rows import SETTINGS
from hortus.run.images.settings import ImageSettings
from hortus.run.images.trial import ENTRY
from hortus.run.origin import More, note_origin
from hortus.run.place import cores, make_executor, slot_memory
from hortus.run.sitting import Sitting, begin, go_on
from hortus.run.telling import failed_note, late_note, without_best
from hortus.spaces import SPACES
from hortus.strategies import make_sampler
from hortus.strategies.halving import make_pruner

# What idle workers import.
WARM = ("torch", "hortus.nets.training", "hortus.evaluation.network")


def fit_images(
    images: Any,
    labels: Any,
    settings: ImageSettings,
    *,
    folder: Path,
    listeners: Sequence[Listener] = (),
    spent: float = 0.0,
) -> ImageResult:
    """Search for a network that tells images apart, and train it.

    Args:
        images: whatever `hortus.data.read_images.prepare_images` takes: arrays, tensors, a folder, paths.
        labels: (n,) of them; None where the folders tell them.
        settings: how.
        folder: the run's; made where it is not there. One that holds the same run already is gone on with.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before this call.

    Raises:
        InputError: the images or their labels cannot be used.
        SettingError: a setting is not understood.
        RunError: the folder cannot be used, or holds another run.
    """
    folder = Path(folder)
    _check_names(settings)
    with begin(
        folder,
        settings,
        partial(_executor, settings),
        listeners,
        spent=spent,
        read=lambda: prepare_images(images, labels, metric=settings.metric, size=settings.size, seed=settings.seed),
        keep=lambda found: found[0].save(folder / "data"),
        match=partial(_match, settings, folder),
    ) as sitting:
        return _search(sitting, settings)


def resume_images(
    folder: Path, *, listeners: Sequence[Listener] = (), spent: float = 0.0, **more: Unpack[More]
) -> ImageResult:
    """Go on with a run of images, from its folder alone.

    Args:
        folder: the run's.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before this call.
        more: what it may spend now and where, as `hortus.run.origin.extended` takes it.

    Raises:
        RunError: the folder holds no run of images, or another process works on it.
    """
    folder = Path(folder)
    require_images(folder)
    with go_on(folder, _settings, _executor, listeners, spent=spent, more=more) as (sitting, settings):
        return _search(sitting, settings)


def _settings(journal: Journal) -> ImageSettings:
    return ImageSettings.from_json(journal.get(SETTINGS))


def _search(sitting: Sitting, settings: ImageSettings) -> ImageResult:
    journal, folder, executor = sitting.journal, sitting.folder, sitting.executor
    data = ImageData.load(folder / "data")
    plan = _plan(data, settings, folder, executor)
    with sitting.phase("preparing"):
        plan = prepare(journal, plan, settings, executor, seconds=settings.preparing, say=sitting.say)
    emit = sitting.emit if settings.trains else without_best(sitting.emit)
    search = Search(plan, executor, journal, sitting.ledger, emit)
    sitting.begins([Note(**note) for note in journal.get("notes")], _described(data, settings))
    with sitting.phase("searching"):
        why = search.run(meanwhile=_import_torch)
    journal.set("why", why)
    twins = sum("same_as" in row.evaluation.notes for row in journal.trials() if row.evaluation)
    if twins:
        what = f"{twins} of the candidates were networks that had been judged before: they were not trained again."
        sitting.say(Note("networks-again", what))
    if not settings.trains:
        with sitting.phase("confirming", "refitting"):
            confirm(journal, plan, settings, executor, seconds=settings.confirming)
    with sitting.phase("choosing"):
        conclude(journal, settings, folder)
    if settings.grows and why != "interrupted":
        with sitting.phase("growing", "refitting"):
            grow(journal, plan, settings, executor, seconds=settings.growing)
            conclude(journal, settings, folder)
    if settings.final and why != "interrupted":
        with sitting.phase("refitting", "refitting"):
            seconds = None if sitting.left is None else sitting.left - settings.saving
            if train_final(journal, plan, settings, executor, seconds=seconds, threads=_final_threads(settings)):
                conclude(journal, settings, folder)
            if (failed := journal.get(FAILED)) is not None:
                sitting.say(failed_note(failed, "images"))
    if (late := late_note(sitting.ledger)) is not None:
        sitting.say(late)
    sitting.spent()
    result = read_result(journal, folder)
    for one in result.misleading():
        note = Note(
            code="fidelity-misleads",
            what="What this search judged candidates by ranks them otherwise than training them to the end does: "
            f"{one.first}, on {one.count} candidates (Spearman {one.spearman.value:.2f}; 1 is the same order).",
            place=one.first,
            mend="Judge by more of the training (a later first rung, or another evaluator), or give more time.",
            warning=True,
        )
        sitting.say(note)
    said = result.estimate
    sitting.ends(said.score, low=said.low, high=said.high, trials=len(result.rows), why=why)
    return result


def _import_torch() -> None:
    """What loading the network will need takes seconds to import; the first trials run meanwhile."""
    import hortus.nets.training
    import hortus.nets.weights  # noqa: F401


def _plan(data: ImageData, settings: ImageSettings, folder: Path, executor: Executor) -> Plan:
    space = SPACES[settings.space](data.facts(settings.budget.time), **settings.space_options)
    return Plan(
        space=space,
        strategy=settings.strategy,
        options=settings.strategy_options,
        pruner=settings.stopper,
        rungs=settings.stages,
        evaluator=settings.evaluator,
        evaluator_options=settings.trial_options,
        inherits=settings.inherits,
        fidelity=settings.fidelity(len(data), *data.shape[1:], executor.capacity),
        data=folder / "data",
        out=folder,
        goal=settings.goal,
        seed=settings.seed,
        trials=settings.trials,
        trial_seconds=settings.trial_seconds(executor.capacity),
        memory=slot_memory(settings.memory, executor),
        reserve=settings.reserve,
        owed=True,
    )


def _check_names(settings: ImageSettings) -> None:
    """Refuse names that nobody knows before anything is read.

    Raises:
        SettingError: the space, the strategy, the evaluator or the pruner is unknown, or an option of the strategy's;
            or the three do not fit each other.
    """
    make_sampler(settings.strategy, seed=0, options=settings.strategy_options)
    make_pruner(settings.stopper)
    check(settings.space, settings.strategy, settings.evaluator)
    settings.goal.check(settings.strategy, settings.stopper)


def _executor(settings: ImageSettings) -> Executor:
    more = {} if settings.executor == "inline" else {"warm": WARM}
    return make_executor(settings.executor, settings.slots, cluster=settings.cluster, gpus=1.0, entry=ENTRY, **more)


def _final_threads(settings: ImageSettings) -> int:
    # Sums in another order are other sums: what is to be repeated exactly has one thread on every machine.
    return 1 if settings.budget.deterministic else cores()


def _match(settings: ImageSettings, folder: Path, journal: Journal, found: tuple[ImageData, Sequence[Note]]) -> None:
    data, notes = found
    note_origin(
        journal,
        folder,
        digest=data.digest,
        settings=(SETTINGS, settings.to_json()),
        notes=notes,
        otherwise="other images (or other labels, another size or metric)",
        mend="Give another folder for these images, or the same images as before.",
    )


def _described(data: ImageData, settings: ImageSettings) -> dict[str, Any]:
    return {
        "rows": len(data),
        "columns": math.prod(data.shape),
        "shape": list(data.shape),
        "images": " x ".join(map(str, data.shape[1:])),
        "kind": data.task.kind,
        "target": data.task.target,
        "metric": data.task.metric,
        "trials": settings.trials,
        "strategy": settings.strategy,
        "folds": data.folds.count,
    }
