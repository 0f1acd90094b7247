"""Trials in processes of their own on this machine, each killable at its deadline or at its memory limit."""

from __future__ import annotations

import queue
import threading
import weakref
from typing import Any

from hortus.engine.executors.base import Event, Executor, Job
from hortus.engine.executors.nursery import Nursery, nursery, put_by
from hortus.engine.executors.slot import Slot
from hortus.engine.executors.supervisor import Supervisor
from hortus.engine.executors.worker import DEFAULT_ENTRY, WARM
from hortus.errors import RunError


class LocalExecutor(Executor):
    """One long-lived process a slot, supervised by one thread of the driver.

    A trial that runs past its time, eats memory, crashes or hangs in native code costs itself alone: its process
    group is killed and a fresh worker takes the slot. Workers are forked from one process that imports their libraries
    while the driver still reads the data, and that ends them when the driver is killed.

    Args:
        slots: trials at once.
        threads: of each trial's libraries; slots x threads should not pass the cores.
        memory: bytes resident for jobs that name no limit; None for none.
        entry: ``"module:function"`` that runs a payload.
        warm: libraries that are imported once, for all workers; none that starts threads by it.
        own: modules that idle workers import each for itself: the user's, of which nothing is known.
    """

    def __init__(
        self,
        slots: int,
        threads: int,
        *,
        memory: int | None = None,
        entry: str = DEFAULT_ENTRY,
        warm: tuple[str, ...] = WARM,
        own: tuple[str, ...] = (),
    ) -> None:
        self.capacity = slots

        home = nursery(threads, warm)

        def start() -> Slot:
            return Slot(home, entry, own)

        self._supervisor = Supervisor(slots, start, memory)
        # The thread knows the supervisor alone, so that dropping the executor, or leaving Python, ends the workers.
        self._finalizer = weakref.finalize(self, _close, self._supervisor, home)

    def submit(self, job: Job) -> None:
        """Start ``job`` as soon as a slot is free and warm; its seconds count from there."""
        self._supervisor.tell(lambda s: s.pending.append(job))

    def poll(self, seconds: float) -> list[Event]:
        """What happened since the last call; waits up to ``seconds`` for a first event.

        Raises:
            RunError: the supervising thread has ended by an error of its own.
        """
        events = self._supervisor.events
        found: list[Event] = []
        try:
            found.append(self._checked(events.get(timeout=min(max(0.0, seconds), threading.TIMEOUT_MAX))))
            while True:
                found.append(self._checked(events.get_nowait()))
        except queue.Empty:
            return found

    def answer(self, number: int, *, go_on: bool) -> None:
        """Answer a job's report: whether it goes on to the next rung."""
        self._supervisor.tell(lambda s: s.answer(number, go_on=go_on))

    def reply(self, number: int, answer: Any, *, refused: str = "") -> None:
        """Answer a job's question; where it is ``refused``, that is raised as the job's own error."""
        self._supervisor.tell(lambda s: s.reply(number, answer, refused))

    def cancel(self, number: int) -> None:
        """Kill a job; a ``failed`` event with reason ``cancelled`` follows, unless it ended before."""
        self._supervisor.tell(lambda s: s.cancel(number))

    def close(self) -> None:
        """End every worker and whatever it started. Safe to call twice."""
        self._finalizer()

    def pids(self) -> list[int]:
        """Process ids of the workers that live now."""
        return [slot.pid for slot in list(self._supervisor.slots) if slot.pid is not None]

    @staticmethod
    def _checked(event: Event | BaseException) -> Event:
        if isinstance(event, BaseException):
            raise RunError(
                f"The supervisor of the worker processes ended with {type(event).__name__}: {event}.",
                mend="Resume the run: its journal is intact.",
                code="executor-failed",
            ) from event
        return event


def warm_up() -> None:
    """Have the libraries of tables imported for a run that is about to come, while this process imports its own."""
    home = nursery(1, WARM)
    home.start()
    put_by(home)


def _close(supervisor: Supervisor, home: Nursery) -> None:
    supervisor.stop()
    put_by(home)
