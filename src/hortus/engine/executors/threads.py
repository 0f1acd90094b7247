"""Trials in threads of the caller's own process: for functions that no other process can import.

A trial that raises costs itself alone. One that hangs cannot be killed, and one that crashes takes the process with it.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

from hortus.engine.executors.base import Event, Executor, Job
from hortus.engine.executors.worker import DEFAULT_ENTRY, Entry, run_entry


class ThreadExecutor(Executor):
    """Runs each job in a thread of its own; of its limits the time is kept only in that nobody waits any longer.

    Args:
        slots: jobs at once.
        threads: taken for the sake of one signature for all executors; libraries keep the threads they have.
        memory: likewise.
        entry: runs a payload: a function, or its ``"module:function"``.
    """

    def __init__(
        self, slots: int = 1, threads: int = 1, *, memory: int | None = None, entry: str | Entry = DEFAULT_ENTRY
    ) -> None:
        del threads, memory
        self.capacity = slots
        self._entry = entry
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._running: dict[int, _Thread] = {}

    def submit(self, job: Job) -> None:
        """Start ``job``."""
        thread = _Thread(job, self._entry, self._events)
        self._running[job.number] = thread
        thread.start()

    def poll(self, seconds: float) -> list[Event]:
        """What happened since the last call; waits up to ``seconds`` for a first event."""
        found: list[Event] = []
        try:
            found.append(self._events.get(timeout=min(max(0.0, seconds), threading.TIMEOUT_MAX)))
            while True:
                found.append(self._events.get_nowait())
        except queue.Empty:
            return [event for event in found if self._wanted(event)]

    def answer(self, number: int, *, go_on: bool) -> None:
        """Answer a job's report: whether it goes on to the next rung."""
        if number in self._running:
            self._running[number].answers.put((go_on, ""))

    def reply(self, number: int, answer: Any, *, refused: str = "") -> None:
        """Answer a job's question; where it is ``refused``, that is raised as the job's own error."""
        if number in self._running:
            self._running[number].answers.put((answer, refused))

    def cancel(self, number: int) -> None:
        """Wait for a job no longer; it ends at its next report or question. A ``failed`` event follows."""
        thread = self._running.get(number)
        if thread is not None:
            thread.give_up("cancelled", "It was stopped.")

    def close(self) -> None:
        """Wait for no job any longer. Safe to call twice."""
        for thread in self._running.values():
            thread.give_up("cancelled", "It was stopped.")
        self._running.clear()

    def _wanted(self, event: Event) -> bool:
        """Whether an event is one of a job that is waited for; those that have ended are forgotten."""
        thread = self._running.get(event.number)
        if thread is None:
            return False
        if event.kind not in ("report", "question"):
            del self._running[event.number]
        return True


class _Thread(threading.Thread):
    """One job's thread."""

    def __init__(self, job: Job, entry: str | Entry, events: queue.SimpleQueue[Event]) -> None:
        super().__init__(name=f"hortus-trial-{job.number}", daemon=True)
        self.answers: queue.SimpleQueue[tuple[Any, str]] = queue.SimpleQueue()
        self._job = job
        self._entry = entry
        self._events = events
        self._ended = threading.Lock()
        self._given_up = False
        self._timer: threading.Timer | None = None

    def run(self) -> None:
        """Run the job and tell how it ended, unless nobody waits for it any longer."""
        if self._job.seconds is not None:
            self._timer = threading.Timer(
                self._job.seconds, self.give_up, ("timeout", f"It ran longer than its {self._job.seconds:g} s.")
            )
            self._timer.daemon = True
            self._timer.start()
        waits = bool(self._job.payload.get("reports"))

        def report(step: int, value: float) -> bool:
            self._tell("report", {"step": int(step), "value": float(value)})
            return bool(self._answer()) if waits else True

        def ask(name: str, distribution: str) -> Any:
            self._tell("question", {"name": name, "distribution": distribution})
            return self._answer()

        try:
            kind, data = run_entry(self._entry, self._job.payload, report, ask)
        except _GivenUpError:
            return
        with self._ended:
            if not self._given_up:
                self._given_up = True
                self._events.put(Event(self._job.number, kind, data))
        if self._timer is not None:
            self._timer.cancel()

    def give_up(self, reason: str, detail: str) -> None:
        """Tell that the job has failed, whatever it still does."""
        with self._ended:
            if self._given_up:
                return
            self._given_up = True
            data = {"reason": reason, "detail": detail, "code": "", "traceback": ""}
            self._events.put(Event(self._job.number, "failed", data))
        self.answers.put((None, ""))

    def _tell(self, kind: Any, data: dict[str, Any]) -> None:
        with self._ended:
            if self._given_up:
                raise _GivenUpError
            self._events.put(Event(self._job.number, kind, data))

    def _answer(self) -> Any:
        answer, refused = self.answers.get()
        if self._given_up:
            raise _GivenUpError
        if refused:
            raise ValueError(refused)
        return answer


class _GivenUpError(BaseException):
    """Passes through a trial's own ``except Exception``."""
