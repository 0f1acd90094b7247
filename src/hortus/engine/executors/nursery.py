"""The process that workers are forked from: it imports the libraries once, for all slots and for every replacement.

    to it       one byte with three descriptors, once a worker: its job socket, its error stream, its leash
    from it     over the leash, once the worker has ended: its exit status, negative for a signal (see `Leash`)

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
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

from hortus.engine.executors import limits
from hortus.engine.executors.worker import work

# How the driver starts it: the driver's own import path, without "" or the script's folder in front.
BOOTSTRAP = (
    "import json, sys; order = json.loads(sys.argv[1]); sys.path[:] = order.pop('path'); "
    "from hortus.engine.executors.nursery import main; main(order)"
)

FORKS_AFTER_IMPORTS = sys.platform.startswith("linux")
# The end of its line says at once that the driver is gone; but a process that the driver forked may still hold it.
LOOK_SECONDS = 1.0
PR_SET_PDEATHSIG = 1


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


class Order(TypedDict):
    """What the nursery is told at its start.

    Keys:
        line: number of the descriptor that workers are asked for over.
        driver: the driver's process id.
        entry: ``"module:function"`` that runs a trial.
        warm: modules that it imports, before it forks.
        own: modules that each worker imports for itself while it has nothing to do.
    """

    line: int
    driver: int
    entry: str
    warm: list[str]
    own: list[str]


class Nursery:
    """The process as the driver sees it: started when a first worker is asked for, and again where it was killed.

    Args:
        threads: how many the workers' libraries may use.
        entry: ``"module:function"`` that runs a trial.
        warm: modules imported once, for all workers; none that starts threads.
        own: modules that each worker imports while there is nothing to do: the user's, of which nothing is known.
    """

    def __init__(self, *, threads: int, entry: str, warm: tuple[str, ...], own: tuple[str, ...]) -> None:
        self._threads = threads
        self._order = {
            "path": import_path(),
            "driver": os.getpid(),
            "entry": entry,
            "warm": list(warm),
            "own": list(own),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._words: IO[bytes] | None = None

    def fork(self, *descriptors: int) -> None:
        """Have a worker forked that gets these: job socket, error stream, leash. They may be closed afterwards.

        Where the nursery cannot be reached, their other ends find them closed.
        """
        for _ in range(2):
            line = self._reach()
            with contextlib.suppress(OSError):
                socket.send_fds(line, [b"+"], descriptors)
                return
            self.close()

    def _reach(self) -> socket.socket:
        if self._line is None or self._process is None or self._process.poll() is not None:
            self.close()
            self._line = self._start()
        return self._line

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 -- read when it has died, closed in `close`
        try:
            order = json.dumps({**self._order, "line": theirs.fileno()})
            self._process = subprocess.Popen(  # noqa: S603 -- this interpreter, our own arguments
                [sys.executable, "-P", "-X", "faulthandler", "-W", "ignore", "-c", BOOTSTRAP, order],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                pass_fds=(theirs.fileno(),),
                env=limits.worker_environment(self._threads),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours

    def last_words(self, seconds: float) -> tuple[int | None, bytes]:
        """Exit status (None while it lives) and error stream of a nursery that cannot have forked a worker."""
        if self._process is None or self._words is None:
            return None, b""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._words.seek(0)
        return self._process.returncode, self._words.read()

    def close(self) -> None:
        """End it, and with it whatever it forked. Safe to call twice."""
        if self._line is not None:
            self._line.close()
        if self._process is not None and self._process.returncode is None:
            limits.kill_group(self._process.pid)
            self._process.wait()
        if self._words is not None:
            self._words.close()
        self._line = self._process = self._words = None


class Leash:
    """One worker as the driver holds it. While it is held, the worker's number is no other process's.

    Args:
        line: the driver's end; the nursery has the other one.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._line.setblocking(False)
        self._told = b""
        self._over = False

    def ended(self) -> bool:
        """Whether the worker has ended."""
        self._hear()
        return bool(self._told) or self._over

    def gone(self, seconds: float = 0.0) -> bool:
        """Whether a worker that was let go is no more; waits for it up to ``seconds``."""
        if not self._over:
            self._line.settimeout(seconds)
            while not self._over and self._hear():
                pass
        if self._over:
            self._line.close()
        return self._over

    def status(self, seconds: float) -> int | None:
        """Its exit status, negative for a signal; None where that was not told within ``seconds``."""
        self._line.settimeout(seconds)
        if not self._told:
            self._hear()
        return int(self._told) if self._told else None

    def let_go(self) -> None:
        """Have it killed where it still lives, and waited for."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)

    def _hear(self) -> bool:
        try:
            heard = self._line.recv(16)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            heard = b""
        self._told += heard
        self._over = not heard
        return True


# -- in the nursery itself --------------------------------------------------------------------------------------------


@dataclass
class _Child:
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
    job = _serve(line, order["driver"])
    if job is not None:
        work(job, order["entry"], [*order["warm"], *order["own"]])


def _serve(line: socket.socket, driver: int) -> int | None:
    """Fork workers and watch them; None at the driver's end, and in a worker the number of its job socket."""
    children: dict[int, _Child] = {}
    ear, bell = socket.socketpair()
    for end in (ear, bell):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(bell.fileno())
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        selector.register(ear, selectors.EVENT_READ)
        while driver and _lives(driver):
            for key, _ in selector.select(LOOK_SECONDS):
                if key.fileobj is ear:
                    ear.recv(4096)
                elif key.fileobj is not line:
                    _let_go(key.data, children[key.data])
                    selector.unregister(key.fileobj)
                else:
                    asked, descriptors, *_ = socket.recv_fds(line, 1, 3)
                    if not asked:
                        driver = 0
                        break
                    job, errors, leash = descriptors
                    nursery, pid = os.getpid(), os.fork()  # noqa: TID251 -- no thread of its own, and nothing was called
                    if not pid:
                        _be_worker(nursery, errors, [line, ear, bell, *(child.leash for child in children.values())])
                        os.close(leash)
                        return job
                    os.close(job)
                    os.close(errors)
                    children[pid] = _Child(socket.socket(fileno=leash))
                    selector.register(children[pid].leash, selectors.EVENT_READ, pid)
            for pid in list(children):
                if _is_over(pid, children[pid]):
                    del children[pid]
        for pid in children:
            _kill(pid)
    return None


def _be_worker(nursery: int, errors: int, others: list[socket.socket]) -> None:
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
    for other in others:
        other.close()


def _let_go(pid: int, child: _Child) -> None:
    child.free = True
    _kill(pid)


def _is_over(pid: int, child: _Child) -> bool:
    """Tell of a worker's end; whether it is over with it: it has ended and was let go."""
    if not child.told:
        status = _ended(pid)
        if status is None:
            return False
        with contextlib.suppress(OSError):
            child.leash.sendall(str(status).encode())
        child.told = True
    if child.free:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        child.leash.close()
    return child.free


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


def _lives(pid: int) -> bool:
    with contextlib.suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
