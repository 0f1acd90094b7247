"""Where a trial runs, and how it is stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from hortus.errors import SettingError

# Of a failed trial. "lost" says that its machine was, which is no fault of the trial's.
Reason = Literal["timeout", "memory", "crash", "error", "cancelled", "lost"]

# So often a job whose machine was lost is run again.
MOST_LOSSES = 5


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
        kind: ``"report"`` {step, value} and ``"question"`` {name, distribution} while it runs; ``"done"`` with the
            evaluation's JSON; ``"pruned"`` when it stopped at a report; ``"failed"`` {reason, detail}.
        data: JSON values, as said.
    """

    number: int
    kind: Literal["report", "question", "done", "pruned", "failed"]
    data: dict[str, Any] = field(default_factory=dict)


class Executor(ABC):
    """Runs jobs, at most ``capacity`` at once, none of them a second time by itself.

    Where machines come and go, so does the capacity.
    """

    capacity: int

    @property
    def on_one_machine(self) -> int:
        """How many jobs at once share the memory of one machine."""
        return self.capacity

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Start ``job``; the caller never has more than ``capacity`` under way."""

    @abstractmethod
    def poll(self, seconds: float) -> list[Event]:
        """What happened since the last call; waits up to ``seconds`` for a first event."""

    def run_all(self, waiting: Iterable[Callable[[], Job | None]]) -> Iterator[Event]:
        """Run jobs, as many at once as there is room for, and tell how each ended when it has. What they report on
        their way is passed over.

        One whose machine was lost is made and run again, a few times at most.

        Args:
            waiting: what makes each job when its turn has come, for that may depend on the time; None leaves it out.
        """
        left, running, losses = list(waiting), dict[int, Callable[[], Job | None]](), Counter[int]()
        while left or running:
            while left and len(running) < self.capacity:
                make = left.pop(0)
                job = make()
                if job is not None:
                    self.submit(job)
                    running[job.number] = make
            for event in self.poll(0.5) if running else ():
                # What was given up before may still have a last word to say.
                if event.number not in running or event.kind == "report":
                    continue
                make = running.pop(event.number)
                losses[event.number] += event.data.get("reason") == "lost"
                if event.data.get("reason") == "lost" and losses[event.number] <= MOST_LOSSES:
                    left.insert(0, make)
                else:
                    yield event

    def run_alone(self, job: Job) -> Event:
        """Run one job while no other is wanted; how it ended."""
        return next(self.run_all([lambda: job]))

    @abstractmethod
    def answer(self, number: int, *, go_on: bool) -> None:
        """Answer a job's report: whether it goes on to the next rung."""

    def reply(self, number: int, answer: Any, *, refused: str = "") -> None:  # noqa: ARG002
        """Answer a job's question; where it is ``refused``, that is raised as the job's own error.

        Raises:
            SettingError: this executor carries no questions.
        """
        raise SettingError(
            f"{type(self).__name__} cannot answer what a trial asks while it runs.",
            mend="Declare the space, or take the executor 'local'.",
            code="executor-no-questions",
        )

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
