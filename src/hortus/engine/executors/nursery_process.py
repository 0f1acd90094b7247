"""The process that workers are forked from: it imports the libraries once, for all slots and for every replacement.

    to it       for each worker a `Wish`: its length, with three descriptors (job socket, error stream, leash), and JSON
    from it     over the leash, once the worker has ended: its exit status, negative for a signal

It runs no trial, starts no thread and calls nothing of what it imports, so a fork of it is as good as a fresh Python:
what makes a fork hang is a lock or a thread pool (OpenMP's) that the parent had used. Where forking after imports is
unsafe as such (macOS) it imports nothing, and each worker does.

It is the workers' guard as well: once the driver is gone it kills their groups. A thread of a worker could not do that:
it needs the interpreter's lock, which a trial's native code may hold for minutes.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass
from typing import TypedDict

from hortus.engine.executors import limits
from hortus.engine.executors.worker import work
from hortus.engine.lock import alive

FORKS_AFTER_IMPORTS = sys.platform.startswith("linux")
# The end of its line says at once that the driver is gone; but a process that the driver forked may still hold it.
LOOK_SECONDS = 1.0
# Bytes of the length of a wish.
LENGTH = 4
PR_SET_PDEATHSIG = 1


class Order(TypedDict):
    """What the nursery is told at its start.

    Keys:
        line: number of the descriptor that workers are asked for over.
        driver: the driver's process id.
        warm: modules that it imports, before it forks.
        idle: seconds without a worker after which it leaves.
    """

    line: int
    driver: int
    warm: list[str]
    idle: float


class Wish(TypedDict):
    """What a worker is told at its start.

    Keys:
        entry: ``"module:function"`` that runs a trial.
        warm: modules to import while there is nothing to do.
        path: ``sys.path``.
        folder: the driver's working folder.
        environment: the driver's, with the limits on threads.
    """

    entry: str
    warm: list[str]
    path: list[str]
    folder: str
    environment: dict[str, str]


@dataclass
class Child:
    """A forked worker.

    Attributes:
        leash: this process's end; the driver lets the worker go by closing the other.
        told: whether its end was told.
        free: whether it was let go: it is killed, and its number may be given to others.
    """

    leash: socket.socket
    told: bool = False
    free: bool = False


def main(order: Order) -> None:
    """Import, then fork workers until the driver is gone; in a worker, run its trials."""
    line = socket.socket(fileno=order["line"])
    line.set_inheritable(False)
    if FORKS_AFTER_IMPORTS:
        for module in order["warm"]:
            # Should it fail, the first trial that needs it says why.
            with contextlib.suppress(Exception):
                importlib.import_module(module)
        gc.collect()
        gc.freeze()
    worker = _Nursery(line, order["driver"], order["idle"]).serve()
    if worker is not None:
        job, wish = worker
        work(job, wish["entry"], wish["warm"])


class _Nursery:
    """What forks and watches.

    Args:
        line: where workers are asked for.
        driver: the driver's process id.
        idle: seconds without a worker after which it leaves.
    """

    def __init__(self, line: socket.socket, driver: int, idle: float) -> None:
        self._line = line
        self._driver = driver
        self._idle = idle
        self._children: dict[int, Child] = {}
        # A child's end wakes the selector through these.
        self._ear, self._bell = socket.socketpair()
        for end in (self._ear, self._bell):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        for stream in (line, self._ear):
            self._selector.register(stream, selectors.EVENT_READ)

    def serve(self) -> tuple[int, Wish] | None:
        """Fork workers and watch them. None at the end; in a worker its job socket's number and what it is told."""
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._bell.fileno())
        busy = time.monotonic()
        while alive(self._driver) and time.monotonic() - busy < self._idle:
            for key, _ in self._selector.select(min(LOOK_SECONDS, self._idle)):
                if key.fileobj is self._ear:
                    self._ear.recv(4096)
                elif key.fileobj is not self._line:
                    self._let_go(key.data)
                else:
                    wish, descriptors = _read_wish(self._line)
                    if wish is None:
                        self._end()
                        return None
                    if self._fork(*descriptors):
                        _move(wish)
                        return descriptors[0], wish
            for pid in list(self._children):
                self._watch(pid)
            if self._children:
                busy = time.monotonic()
        self._end()
        return None

    def _fork(self, job: int, errors: int, leash: int) -> bool:
        """Make a worker; whether this is it."""
        nursery, pid = os.getpid(), os.fork()  # noqa: TID251 -- it has no thread of its own, and nothing was called
        if not pid:
            self._become_worker(nursery, errors, leash)
            return True
        os.close(job)
        os.close(errors)
        self._children[pid] = Child(socket.socket(fileno=leash))
        self._selector.register(self._children[pid].leash, selectors.EVENT_READ, pid)
        return False

    def _become_worker(self, nursery: int, errors: int, leash: int) -> None:
        """Leave the nursery's group, its descriptors and its signals behind."""
        os.setsid()
        if sys.platform.startswith("linux"):
            with contextlib.suppress(OSError, AttributeError):
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != nursery:
            os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(errors, 2)
        os.close(errors)
        os.close(leash)
        self._selector.close()
        for other in (self._line, self._ear, self._bell, *(child.leash for child in self._children.values())):
            other.close()

    def _let_go(self, pid: int) -> None:
        child = self._children[pid]
        child.free = True
        self._selector.unregister(child.leash)
        _kill(pid)

    def _watch(self, pid: int) -> None:
        """Tell of a worker's end, and be done with one that has ended and was let go."""
        child = self._children[pid]
        if not child.told:
            status = _ended(pid)
            if status is None:
                return
            with contextlib.suppress(OSError):
                child.leash.sendall(str(status).encode())
            child.told = True
        if child.free:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
            child.leash.close()
            del self._children[pid]

    def _end(self) -> None:
        for pid in self._children:
            _kill(pid)


def _read_wish(line: socket.socket) -> tuple[Wish | None, list[int]]:
    """The next worker that is asked for, and its descriptors; None once the driver has hung up."""
    head, descriptors, *_ = socket.recv_fds(line, LENGTH, 3)
    size, text = int.from_bytes(head), b""
    while len(text) < size:
        more = line.recv(size - len(text))
        if not more:
            return None, descriptors
        text += more
    return (json.loads(text) if text else None), descriptors


def _move(wish: Wish) -> None:
    """Go where the driver is now, and take over its environment."""
    sys.path[:] = wish["path"]
    with contextlib.suppress(OSError):
        os.chdir(wish["folder"])
    os.environ.clear()
    os.environ.update(wish["environment"])


def _ended(pid: int) -> int | None:
    """The exit status of a worker that has ended; where the system can, it stays a zombie that keeps its number."""
    if hasattr(os, "waitid"):
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _kill(pid: int) -> None:
    limits.kill_group(pid)
    # Just forked, it may not lead its group yet.
    limits.kill([pid])
