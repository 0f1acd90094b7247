"""The thread that owns the slots: it alone starts, feeds, watches and kills their workers.

One thread waits on all sockets, timers and deaths at once, so a deadline holds while the driver is busy elsewhere,
and no state is shared: the driver hands in orders, and takes events out of a queue.
"""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from hortus.engine.executors import limits
from hortus.engine.executors.base import Event, Job
from hortus.engine.executors.slot import Slot

EventKind = Literal["report", "question", "done", "pruned", "failed"]

WATCH_SECONDS = 0.05
IDLE_SECONDS = 1.0
START_SECONDS = 120.0
START_ATTEMPTS = 3
# A killed process ends at once, unless the kernel holds it (a dead network disk).
END_SECONDS = 5.0


class Supervisor:
    """The thread that owns the slots: it alone starts, feeds, watches and kills them."""

    def __init__(self, count: int, start: Callable[[], Slot], memory: int | None) -> None:
        self.events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        self.pending: deque[Job] = deque()
        self.slots: list[Slot] = []
        self._count = count
        self._start = start
        self._memory = memory
        self._failed_starts = 0
        self._dying: list[Slot] = []
        self._orders: deque[Callable[[Supervisor], None]] = deque()
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, self._woken)
        self._thread = threading.Thread(target=self._run, name="hortus-supervisor", daemon=True)
        self._thread.start()

    # From the driver's threads.

    def tell(self, order: Callable[[Supervisor], None]) -> None:
        """Have ``order`` called with this supervisor, on its own thread."""
        self._orders.append(order)
        # A full bell rings already; a closed one has nobody to wake.
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

    def stop(self) -> None:
        """End every worker, then the thread; returns once that is done."""
        self._stopping = True
        self.tell(lambda _: None)
        if self._thread is not threading.current_thread():
            self._thread.join()

    # On the supervisor's thread.

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._fill()
                self._feed()
                for key, _ in self._selector.select(self._patience()):
                    key.data()
                self._watch()
        except BaseException as error:  # the driver must hear of it or wait for ever
            self.events.put(error)
        finally:
            for slot in list(self.slots):
                self._end(slot)
            for slot in self._dying:
                # One that never was ready may not be forked yet, and never will be.
                slot.gone(END_SECONDS if slot.ready else 0.0)
            self._selector.close()
            self._ear.close()
            self._bell.close()

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._ear.recv(4096)
        while self._orders:
            self._orders.popleft()(self)

    def _fill(self) -> None:
        """Start workers where slots are empty; after a row of deaths without a job, only when a job asks for it."""
        if self._failed_starts >= START_ATTEMPTS:
            if self.slots or not self.pending:
                return
            self._failed_starts = START_ATTEMPTS - 1
        while len(self.slots) < self._count:
            slot = self._start()
            self.slots.append(slot)
            self._selector.register(slot.socket, selectors.EVENT_READ, lambda slot=slot: self._listen(slot))
            self._selector.register(slot.errors, selectors.EVENT_READ, lambda slot=slot: self._overhear(slot))

    def _feed(self) -> None:
        for slot in list(self.slots):
            if not self.pending:
                return
            if slot.ready and slot.job is None:
                job = self.pending.popleft()
                if not slot.begin(job, self._limit(job)):
                    self._lost(slot)

    def _limit(self, job: Job) -> int | None:
        return self._memory if job.memory is None else job.memory

    def _patience(self) -> float:
        """Seconds until something must be looked at."""
        busy = [slot for slot in self.slots if slot.job is not None]
        waits = [WATCH_SECONDS if busy or self._dying else IDLE_SECONDS]
        waits += [slot.deadline - time.monotonic() for slot in busy if slot.deadline is not None]
        return max(0.0, min(waits))

    def _watch(self) -> None:
        now = time.monotonic()
        self._dying = [slot for slot in self._dying if not slot.gone()]
        for slot in list(self.slots):
            if slot.deadline is not None and now >= slot.deadline and slot.job is not None:
                self._fail(slot, "timeout", f"It ran longer than its {slot.job.seconds:g} s.")
            elif slot.job is not None and self._over_memory(slot.pid, self._limit(slot.job)):
                self._fail(slot, "memory", f"It held more than its {_mebibytes(self._limit(slot.job))} MiB.")
            elif slot.died() or (not slot.ready and now - slot.born > START_SECONDS):
                self._lost(slot)

    @staticmethod
    def _over_memory(pid: int | None, limit: int | None) -> bool:
        return pid is not None and limit is not None and limits.tree_memory(pid) > limit

    def _listen(self, slot: Slot) -> None:
        if slot not in self.slots:
            return
        for message in slot.messages():
            if message is None:
                self._lost(slot)
                return
            kind, data = _single(message)
            if kind == "ready":
                slot.pid = data
            elif kind == "begun":
                slot.begun = True
            elif kind in ("report", "question"):
                self._emit(slot, kind, data)
            else:
                self._emit(slot, kind, data)
                slot.job = slot.deadline = None
                self._failed_starts = 0
                if kind == "failed" and data["reason"] == "memory":
                    # What an allocation failed in the middle of is in no state to go on with.
                    self._end(slot)
                    return
                slot.sweep()

    def _overhear(self, slot: Slot) -> None:
        if slot in self.slots and not slot.hear():
            self._selector.unregister(slot.errors)

    def _emit(self, slot: Slot, kind: EventKind, data: dict[str, Any]) -> None:
        if slot.job is not None:
            self.events.put(Event(slot.job.number, kind, data))

    def _fail(self, slot: Slot, reason: str, detail: str) -> None:
        self._end(slot)
        self._emit(slot, "failed", {"reason": reason, "detail": detail, "code": "", "traceback": ""})

    def _lost(self, slot: Slot) -> None:
        """A worker died by itself."""
        self._end(slot)
        if slot.job is not None and slot.begun:
            self._emit(slot, "failed", slot.last_words())
            return
        if slot.job is not None:
            # It was dead before the job reached it: the job goes to another, untouched.
            self.pending.appendleft(slot.job)
        self._failed_starts += 1
        if self._failed_starts >= START_ATTEMPTS and not self.slots and self.pending:
            words = slot.last_words()
            while self.pending:
                self.events.put(Event(self.pending.popleft().number, "failed", words))

    def _end(self, slot: Slot) -> None:
        """Kill a slot's process; the next round fills its place."""
        self.slots.remove(slot)
        for stream in (slot.socket, slot.errors):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(stream)
        slot.kill()
        self._dying.append(slot)

    def answer(self, number: int, *, go_on: bool) -> None:
        """Pass the driver's answer on to the job's worker."""
        for slot in self.slots:
            if slot.job is not None and slot.job.number == number:
                slot.send(go_on=go_on)

    def reply(self, number: int, answer: Any, refused: str) -> None:
        """Pass the answer to a question on to the job's worker."""
        for slot in self.slots:
            if slot.job is not None and slot.job.number == number:
                slot.send(answer=answer, refused=refused)

    def cancel(self, number: int) -> None:
        """Kill the job, or take it back when it has not begun."""
        for job in [job for job in self.pending if job.number == number]:
            self.pending.remove(job)
            data = {"reason": "cancelled", "detail": "It was taken back.", "code": "", "traceback": ""}
            self.events.put(Event(number, "failed", data))
        for slot in list(self.slots):
            if slot.job is not None and slot.job.number == number:
                self._fail(slot, "cancelled", "It was stopped.")


def _single(message: dict[str, Any]) -> tuple[Any, Any]:
    (item,) = message.items()
    return item


def _mebibytes(size: int | None) -> int:
    return round((size or 0) / 2**20)
