"""The journal as an Optuna study: in memory to go on with, or as a file that optuna-dashboard reads."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import optuna
from optuna.samplers import BaseSampler

from hortus.engine.journal import Journal

DASHBOARD_FILE = "optuna.log"


def new_study(direction: Literal["maximize", "minimize"] = "maximize", *, values: int = 1) -> optuna.Study:
    """An empty study in memory, of so many values; greater ones are better unless said.

    Its name is always the same: Hyperband deals trials out by it. Optuna's announcement of it is left out.
    """
    logger = logging.getLogger("optuna.storages._in_memory")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        return optuna.create_study(study_name="hortus", directions=[direction] * values)
    finally:
        logger.setLevel(level)


def rebuild_study(journal: Journal, sampler: BaseSampler | None = None) -> optuna.Study:
    """The study that wrote ``journal``, in memory; greater values are better.

    Its trials have the journal's numbers. One that was interrupted is there as running, and ``study.tell`` takes its
    number as it would have.
    """
    study = new_study()
    if sampler is not None:
        study.sampler = sampler
    study.add_trials(row.to_frozen() for row in journal.trials())
    return study


def export_study(folder: Path, file: Path | None = None) -> optuna.Study:
    """Copy the run in ``folder`` into a file for ``optuna-dashboard FILE``; return the study in that file.

    Args:
        folder: the run's; it may be under way.
        file: replaced where it is there already; ``folder/optuna.log`` for None.

    Raises:
        JournalError: the folder holds no journal, or it is damaged or newer than this Hortus.
    """
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    target = Path(folder) / DASHBOARD_FILE if file is None else Path(file)
    with Journal.open(folder, read_only=True) as journal:
        rows = journal.trials()
    new = target.with_name(target.name + ".new")
    new.unlink(missing_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(new))),
        study_name=Path(folder).resolve().name,
        direction="maximize",
    )
    study.add_trials(row.to_frozen() for row in rows)
    new.replace(target)
    storage = JournalStorage(JournalFileBackend(str(target)))
    return optuna.load_study(storage=storage, study_name=study.study_name)
