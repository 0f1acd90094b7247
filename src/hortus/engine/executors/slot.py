"""One slot: a worker process as the supervisor sees it, from its start to its last breath."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hortus.engine.executors import limits
from hortus.engine.executors.base import Job
from hortus.engine.executors.worker import BOOTSTRAP, names_memory

# Of a worker's error stream so many bytes are kept, and so many lines told.
LAST_WORDS = 1 << 15
LAST_LINES = 30
SEND_SECONDS = 5.0


def import_path() -> list[str]:
    """This process's ``sys.path``, with the working folder and the script's folder last.

    A worker finds what the user's script finds, but a ``random.py`` beside the script shadows no library.
    """
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    last = {str(Path.cwd())}
    if main and not sys.flags.safe_path:
        last.add(str(Path(main).resolve().parent))
    path = list(dict.fromkeys(entry or str(Path.cwd()) for entry in sys.path))
    return [entry for entry in path if entry not in last] + [entry for entry in path if entry in last]


class Slot:
    """A worker process, its socket and its job. Only the supervisor's thread touches it.

    Args:
        threads: how many the worker's libraries may use.
        entry: ``"module:function"`` that runs a trial.
        warm: modules it imports while there is nothing to do.
    """

    def __init__(self, *, threads: int, entry: str, warm: tuple[str, ...]) -> None:
        self.job: Job | None = None
        self.begun = False
        self.deadline: float | None = None
        self.guard: int | None = None
        self.born = time.monotonic()
        ours, theirs = socket.socketpair()
        life, self._life = os.pipe()
        order = {
            "path": import_path(),
            "job": theirs.fileno(),
            "life": life,
            "driver": os.getpid(),
            "entry": entry,
            "warm": list(warm),
        }
        try:
            self.process = subprocess.Popen(  # noqa: S603 -- this interpreter, our own arguments
                [sys.executable, "-P", "-X", "faulthandler", "-W", "ignore", "-c", BOOTSTRAP, json.dumps(order)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(), life),
                env=limits.worker_environment(threads),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            os.close(self._life)
            raise
        finally:
            theirs.close()
            os.close(life)
        ours.settimeout(SEND_SECONDS)
        self.socket = ours
        if self.process.stderr is None:
            raise AssertionError("a piped stream is never None")
        self.errors = self.process.stderr
        os.set_blocking(self.errors.fileno(), False)
        self._begun = b""
        self._words = b""

    @property
    def ready(self) -> bool:
        """Whether it has said that it takes jobs."""
        return self.guard is not None

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
            chunk = os.read(self.errors.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._words = (self._words + chunk)[-LAST_WORDS:]
        return bool(chunk)

    def died(self) -> bool:
        """Whether the process has ended; it is not waited for yet, so that its number stays its own."""
        if not hasattr(os, "waitid"):
            return False
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def sweep(self) -> None:
        """Kill what a finished trial left running."""
        limits.kill(pid for pid in limits.descendants(self.process.pid) if pid != self.guard)

    def kill(self) -> None:
        """End the worker and whatever it started. Wait for it with ``process.wait``."""
        if self.process.returncode is None:
            limits.kill_group(self.process.pid)
        while self.hear() and self._pending():
            pass
        self.socket.close()
        self.errors.close()
        with contextlib.suppress(OSError):
            os.close(self._life)
        self._life = -1

    def _pending(self) -> bool:
        return bool(select.select([self.errors], [], [], 0)[0])

    def last_words(self) -> dict[str, Any]:
        """What a ``failed`` event says of a worker that died by itself; call it after ``kill``."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(SEND_SECONDS)
        lines = self._words.decode(errors="replace").strip().splitlines()
        # Hundreds of names, which say nothing and hide where it happened.
        lines = [line for line in lines if not line.startswith("Extension modules:")]
        words = "\n".join(lines[-LAST_LINES:]).strip()
        how = _ending(self.process.returncode)
        return {
            "reason": "memory" if names_memory(words) else "crash",
            "detail": f"The worker process {how}.",
            "code": "",
            "traceback": words,
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
