"""One slot: a worker process as the supervisor sees it, from its start to its last breath."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

from hortus.engine.executors import limits
from hortus.engine.executors.base import Job
from hortus.engine.executors.nursery import Leash, Nursery
from hortus.engine.executors.worker import names_memory

# Of a worker's error stream so many bytes are kept, and so many lines told.
LAST_WORDS = 1 << 15
LAST_LINES = 30
SEND_SECONDS = 5.0


class Slot:
    """A worker process, its socket and its job. Only the supervisor's thread touches it.

    Args:
        nursery: what forks the worker.
        entry: ``"module:function"`` that runs a trial.
        own: modules of the user's that it imports while there is nothing to do.

    Attributes:
        socket: the driver's end of the line to the worker.
        errors: number of the descriptor that its error stream is read from.
        pid: of the worker; None until it has said that it takes jobs.
        job, begun, deadline: what it does, whether it has said that it began, and when its time is over.
        born: when it was asked for.
    """

    def __init__(self, nursery: Nursery, entry: str, own: tuple[str, ...]) -> None:
        self.job: Job | None = None
        self.begun = False
        self.deadline: float | None = None
        self.pid: int | None = None
        self.born = time.monotonic()
        self._nursery = nursery
        self._begun = b""
        self._words = b""
        self.socket, job = socket.socketpair()
        leash, held = socket.socketpair()
        self.errors, errors = os.pipe()
        os.set_blocking(self.errors, False)
        self._leash = Leash(leash)
        try:
            nursery.fork(entry, own, (job.fileno(), errors, held.fileno()))
        except BaseException:
            self.kill()
            raise
        finally:
            job.close()
            held.close()
            os.close(errors)
        self.socket.settimeout(SEND_SECONDS)

    @property
    def ready(self) -> bool:
        """Whether it has said that it takes jobs."""
        return self.pid is not None

    def send(self, **message: Any) -> bool:
        """Send one message; False when the worker cannot be reached."""
        try:
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return False
        return True

    def begin(self, job: Job, memory: int | None) -> bool:
        """Hand it a job; its time runs from now. False when the worker cannot be reached."""
        self.job = job
        self.begun = False
        self.deadline = None if job.seconds is None else time.monotonic() + job.seconds
        # What the last trial's libraries said is not this one's fault.
        self.hear()
        self._words = b""
        return self.send(job=job.payload, memory=memory)

    def messages(self) -> Iterator[dict[str, Any] | None]:
        """Every whole message that has come; None once the worker has hung up."""
        try:
            chunk = self.socket.recv(1 << 20)
        except (OSError, TimeoutError):
            chunk = b""
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)
        if not chunk:
            yield None

    def hear(self) -> bool:
        """Take what it wrote to its error stream; False at the stream's end."""
        try:
            chunk = os.read(self.errors, 1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._words = (self._words + chunk)[-LAST_WORDS:]
        return bool(chunk)

    def died(self) -> bool:
        """Whether the process has ended; its number stays its own until ``kill``."""
        return self._leash.ended()

    def sweep(self) -> None:
        """Kill what a finished trial left running."""
        if self.pid is not None:
            limits.kill(limits.descendants(self.pid))

    def kill(self) -> None:
        """End the worker and whatever it started. It is no more once it is ``gone``."""
        if self.pid is not None:
            limits.kill_group(self.pid)
        while self.hear() and self._pending():
            pass
        self.socket.close()
        os.close(self.errors)
        self._leash.let_go()

    def gone(self, seconds: float = 0.0) -> bool:
        """Whether nothing is left of a killed worker; waits for it up to ``seconds``."""
        return self._leash.gone(seconds)

    def _pending(self) -> bool:
        return bool(select.select([self.errors], [], [], 0)[0])

    def last_words(self) -> dict[str, Any]:
        """What a ``failed`` event says of a worker that died by itself; call it after ``kill``."""
        status, words = self._leash.status(SEND_SECONDS), self._words
        if status is None and self.pid is None:
            status, words = self._nursery.last_words(SEND_SECONDS)
        lines = words.decode(errors="replace").strip().splitlines()
        # Hundreds of names, which say nothing and hide where it happened.
        lines = [line for line in lines if not line.startswith("Extension modules:")]
        told = "\n".join(lines[-LAST_LINES:]).strip()
        how = _ending(status)
        return {
            "reason": "memory" if names_memory(told) else "crash",
            "detail": f"The worker process {how}.",
            "code": "",
            "traceback": told,
        }


def _ending(status: int | None) -> str:
    if status is None:
        return "stopped answering"
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name == "SIGKILL":
        return "was killed by SIGKILL from outside (the kernel does so when memory runs out)"
    return f"was killed by {name}"
