"""One slot of a cluster as the driver sees it, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hortus.engine.executors.base import Event, Job


@dataclass(eq=False)
class Post:
    """One slot of the cluster as the fleet sees it.

    Attributes:
        actor: the cluster's handle of it.
        wanted: whether it counts as capacity before it is up; a replacement may wait for a machine for ever.
        ready: whether it has said which version it is of.
        job: what it does.
        asking: whether its job waits for an answer, to a report or to a question.
        stocked: digests of the parcels on its machine, as far as it has said so.
    """

    actor: Any
    wanted: bool
    ready: bool = False
    job: Job | None = None
    asking: bool = False
    stocked: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class News:
    """An event, and the files that came with it.

    Attributes:
        event: what happened.
        out: the run's folder here; None where the job named none.
        files: by digest.
    """

    event: Event
    out: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
