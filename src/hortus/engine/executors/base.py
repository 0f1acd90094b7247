"""Where a trial runs, and how it is stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Reason = Literal["timeout", "memory", "crash", "error", "cancelled"]


@dataclass(frozen=True)
class Job:
    """One trial to run.

    Attributes:
        number: the trial's; names the job in every event.
        payload: JSON values; what ``hortus.evaluation.trial.run`` takes.
        seconds: of wall clock after which it is killed; None for never.
        memory: bytes resident after which it is killed; None for never.
    """

    number: int
    payload: dict[str, Any]
    seconds: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        number: the job's.
        kind: ``"report"`` {step, value} while it runs; ``"done"`` with the evaluation's JSON; ``"pruned"`` when it
            stopped at a report; ``"failed"`` {reason, detail}.
        data: JSON values, as said.
    """

    number: int
    kind: Literal["report", "done", "pruned", "failed"]
    data: dict[str, Any] = field(default_factory=dict)


class Executor(ABC):
    """Runs jobs, at most ``capacity`` at once."""

    capacity: int

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Start ``job``; the caller never has more than ``capacity`` under way."""

    @abstractmethod
    def poll(self, seconds: float) -> list[Event]:
        """What happened since the last call; waits up to ``seconds`` for a first event."""

    @abstractmethod
    def answer(self, number: int, *, go_on: bool) -> None:
        """Answer a job's report: whether it goes on to the next rung."""

    @abstractmethod
    def cancel(self, number: int) -> None:
        """Kill a job; a ``failed`` event with reason ``cancelled`` follows."""

    @abstractmethod
    def close(self) -> None:
        """End every worker and whatever it started. Safe to call twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
