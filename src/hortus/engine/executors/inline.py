"""Trials in the caller's own process, one after the other: for debugging, where a breakpoint must be reached."""

from __future__ import annotations

import queue
import threading
from collections import deque
from typing import Any

from hortus.engine.executors.base import Event, Executor, Job
from hortus.engine.executors.worker import DEFAULT_ENTRY, run_entry


class InlineExecutor(Executor):
    """Runs each job inside ``poll``; its time and memory limits are not enforced.

    A job whose reports or questions are answered runs in a thread, since the one who answers is the caller of ``poll``.

    Args:
        slots: taken for the sake of one signature for all executors; the capacity is always 1.
        threads: likewise; libraries already imported keep the threads they have.
        memory: likewise.
        entry: ``"module:function"`` that runs a payload.
    """

    def __init__(
        self, slots: int = 1, threads: int = 1, *, memory: int | None = None, entry: str = DEFAULT_ENTRY
    ) -> None:
        del slots, threads, memory
        self.capacity = 1
        self._entry = entry
        self._pending: deque[Job] = deque()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._running: int | None = None
        self._cancelled = False

    def submit(self, job: Job) -> None:
        """Take ``job``; the next ``poll`` runs it."""
        self._pending.append(job)

    def poll(self, seconds: float) -> list[Event]:
        """Run what was submitted, then say what happened; waits up to ``seconds`` only for a job with reports."""
        if self._pending and self._running is None:
            job = self._pending.popleft()
            self._running, self._cancelled = job.number, False
            self._answers = queue.SimpleQueue()
            if job.payload.get("reports") or job.payload.get("asks"):
                self._thread = threading.Thread(target=self._run, args=(job,), name="hortus-inline", daemon=True)
                self._thread.start()
            else:
                self._run(job)
        found: list[Event] = []
        try:
            if self._running is not None:
                found.append(self._events.get(timeout=min(max(0.0, seconds), threading.TIMEOUT_MAX)))
            while True:
                found.append(self._events.get_nowait())
        except queue.Empty:
            return found

    def answer(self, number: int, *, go_on: bool) -> None:
        """Answer a job's report: whether it goes on to the next rung."""
        if number == self._running:
            self._answers.put(go_on)

    def reply(self, number: int, answer: Any, *, refused: str = "") -> None:
        """Answer a job's question; where it is ``refused``, that is raised as the job's own error."""
        if number == self._running:
            self._answers.put((answer, refused))

    def cancel(self, number: int) -> None:
        """Take a job back, or stop it at its next report; a ``failed`` event with reason ``cancelled`` follows."""
        for job in [job for job in self._pending if job.number == number]:
            self._pending.remove(job)
            self._events.put(_cancelled(number))
        if number == self._running:
            self._cancelled = True
            self._answers.put(False)

    def close(self) -> None:
        """Stop at the next report whatever runs. Safe to call twice."""
        self._pending.clear()
        if self._running is not None:
            self.cancel(self._running)

    def _run(self, job: Job) -> None:
        waits = bool(job.payload.get("reports"))

        def report(step: int, value: float) -> bool:
            if self._cancelled:
                raise _CancelledError
            self._events.put(Event(job.number, "report", {"step": int(step), "value": float(value)}))
            if not waits:
                return True
            go_on = self._answers.get()
            if self._cancelled:
                raise _CancelledError
            return bool(go_on)

        def ask(name: str, distribution: str) -> Any:
            self._events.put(Event(job.number, "question", {"name": name, "distribution": distribution}))
            found = self._answers.get()
            if self._cancelled:
                raise _CancelledError
            answer, refused = found
            if refused:
                raise ValueError(refused)
            return answer

        try:
            kind, data = run_entry(self._entry, job.payload, report, ask)
            event = Event(job.number, kind, data)
        except _CancelledError:
            event = _cancelled(job.number)
        finally:
            # Also when Ctrl-C ends it: the next job can run.
            self._running = None
        self._events.put(event)


class _CancelledError(BaseException):
    """Passes through a trial's own ``except Exception``."""


def _cancelled(number: int) -> Event:
    data = {"reason": "cancelled", "detail": "It was stopped.", "code": "", "traceback": ""}
    return Event(number, "failed", data)
