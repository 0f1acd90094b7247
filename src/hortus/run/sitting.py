"""One sitting of a run, from the lock on its folder to its last event: what all kinds of runs share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from hortus.budget import Budget, Ledger
from hortus.data.artifacts import sweep
from hortus.data.notes import Note
from hortus.engine.executors.base import Executor
from hortus.engine.journal import Journal
from hortus.engine.lock import RunLock
from hortus.engine.progress import Listener, ProgressEvent
from hortus.run.origin import More, extended
from hortus.run.place import emitter


class Budgeted(Protocol):
    """Settings of a run, of any kind."""

    @property
    def budget(self) -> Budget:
        """What the run may spend."""


D = TypeVar("D")
S = TypeVar("S", bound=Budgeted)


@dataclass(frozen=True)
class Sitting:
    """A run that is being worked on.

    Attributes:
        journal: the run's.
        folder: the run's.
        ledger: what this sitting may spend and has spent.
        executor: where trials run.
        emit: told of everything that happens.
    """

    journal: Journal
    folder: Path
    ledger: Ledger
    executor: Executor
    emit: Listener

    @property
    def left(self) -> float | None:
        """Seconds; None where there is no limit."""
        return self.ledger.remaining if math.isfinite(self.ledger.remaining) else None

    def say(self, note: Note) -> None:
        """Tell of a note."""
        self.emit(ProgressEvent("note", self.ledger.elapsed, note.to_json()))

    def tell_phase(self, name: str) -> None:
        """Tell what is done from now on."""
        self.emit(ProgressEvent("phase", self.ledger.elapsed, {"name": name}))

    @contextmanager
    def phase(self, charge: str, told: str | None = None) -> Iterator[None]:
        """Charge the block's seconds to ``charge``; tell of it as the phase ``told``, where that is given."""
        with self.ledger.charge(charge):
            if told is not None:
                self.tell_phase(told)
            yield

    def begins(self, notes: Sequence[Note], told: Mapping[str, Any]) -> None:
        """Tell of the notes on the data and the journal, and of the run: ``told`` and what all kinds have."""
        for note in (*notes, *self.journal.notes):
            self.say(note)
        common = {
            "folder": str(self.folder),
            "time": self.ledger.budget.time,
            "slots": self.executor.capacity,
        }
        self.emit(ProgressEvent("run_started", self.ledger.elapsed, {**common, **told}))

    def spent(self) -> None:
        """Note in the journal what was spent, before the run is read for its end."""
        self.journal.set("spent", {"elapsed": self.ledger.elapsed, "phases": self.ledger.phases})

    def ends(self, score: float | None, *, trials: int, why: str, **more: Any) -> None:
        """Tell of the end: the best score, how many trials there are, why the search stopped; and ``more``."""
        told = {
            "score": score,
            "seconds": self.ledger.elapsed,
            "trials": trials,
            "why": why,
            "folder": str(self.folder),
        }
        self.emit(ProgressEvent("run_finished", self.ledger.elapsed, {**told, **more}))


@contextmanager
def begin(
    folder: Path,
    settings: Budgeted,
    place: Callable[[], AbstractContextManager[Executor]],
    listeners: Sequence[Listener],
    *,
    spent: float,
    read: Callable[[], D],
    keep: Callable[[D], None],
    match: Callable[[Journal, D], None],
) -> Iterator[Sitting]:
    """The first sitting of a run, or a further one by the same call.

    Args:
        folder: the run's; made where it is not there.
        settings: with the budget.
        place: makes the executor.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before.
        read: reads the data.
        keep: writes them into a new run's folder, where they are read from afterwards.
        match: notes what the run is made from, and refuses other data than it was begun with.

    Raises:
        RunError: the folder cannot be used, another process works on it, or it holds another run.
    """
    ledger = Ledger(settings.budget, spent=spent)
    with RunLock(folder), place() as executor:
        sweep(folder)
        emit = emitter(listeners)
        with ledger.charge("reading"):
            emit(ProgressEvent("phase", ledger.elapsed, {"name": "reading"}))
            known = (folder / "journal.sqlite").exists()
            data = read()
        if not known:
            # Before there is a journal: a run that has one can always be resumed.
            keep(data)
        with Journal.open(folder) if known else Journal.create(folder) as journal:
            match(journal, data)
            # They lie in the folder now and are mapped from there: what was read need not stay in memory.
            del data
            yield Sitting(journal, folder, ledger, executor, emit)


@contextmanager
def go_on(
    folder: Path,
    load: Callable[[Journal], S],
    place: Callable[[S], AbstractContextManager[Executor]],
    listeners: Sequence[Listener],
    *,
    spent: float,
    more: More,
) -> Iterator[tuple[Sitting, S]]:
    """A further sitting of a run, from its folder alone.

    Args:
        folder: the run's.
        load: reads its settings.
        place: makes the executor.
        listeners: told of everything that happens.
        spent: seconds of the budget that had been used before.
        more: what it may spend now and where.

    Yields:
        The sitting, and the settings that hold now.

    Raises:
        RunError: another process works on the run.
    """
    with RunLock(folder), Journal.open(folder) as journal:
        sweep(folder)
        settings = extended(load(journal), journal, **more)
        ledger = Ledger(settings.budget, spent=spent)
        with place(settings) as executor:
            yield Sitting(journal, folder, ledger, executor, emitter(listeners)), settings
