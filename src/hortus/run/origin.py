"""What a run was made from and how, as its journal keeps it; and the same run with more to spend."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from hortus.data.notes import Note
from hortus.engine.journal import Journal
from hortus.errors import RunError

S = TypeVar("S")


def note_origin(
    journal: Journal,
    folder: Path,
    *,
    digest: str,
    settings: tuple[str, Mapping[str, Any]],
    notes: Sequence[Note],
    otherwise: str,
    mend: str,
) -> None:
    """Note what the run is made from; refuse to go on with a run of other data.

    Args:
        journal: the run's.
        folder: the run's.
        digest: of the data.
        settings: their name in the journal, and their values.
        notes: what was noticed about the data.
        otherwise: what a run of another digest was made from, for a person.
        mend: what to do then.

    Raises:
        RunError: the run was made from other data.
    """
    before = journal.get("digest")
    if before is not None and before != digest:
        raise RunError(
            f"The run in {str(folder)!r} was made from {otherwise}.",
            mend=mend,
            code="run-other-data",
        )
    name, values = settings
    journal.set("digest", digest)
    journal.set(name, values)
    journal.set("notes", [note.to_json() for note in notes])


class More(TypedDict, total=False):
    """What a run that goes on may spend from now on, and where, as `extended` takes it."""

    time: float | None
    trials: int | None
    memory: int | None
    executor: str | None
    cluster: str | None


def extended(
    settings: S,
    journal: Journal,
    *,
    time: float | None = None,
    trials: int | None = None,
    memory: int | None = None,
    executor: str | None = None,
    cluster: str | None = None,
) -> S:
    """The settings of a run that goes on.

    Args:
        settings: as the run began with, a dataclass.
        journal: the run's.
        time: seconds more.
        trials: trials more.
        memory: bytes resident at once; None as before.
        executor: where the trials run from now on; None as before.
        cluster: ``"ray://HOST:PORT"``, likewise.
    """
    made: Any = settings
    if time is not None or trials is not None:
        trials = None if trials is None else len(journal.trials()) + trials
        made = dataclasses.replace(made, time=time, trials=trials)
    made = dataclasses.replace(made, memory=memory or made.memory)
    if executor is not None or cluster is not None:
        made = dataclasses.replace(made, executor=executor or "ray", cluster=cluster)
    found: S = made
    return found
