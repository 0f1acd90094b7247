"""The process that workers are forked from, as the driver sees it (`hortus.engine.executors.nursery_process`).

It outlives its run, so that the next run of the same process begins at once.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from hortus.engine.executors import limits
from hortus.engine.executors.nursery_process import LENGTH, Order, Wish

# How the driver starts it: the driver's own import path, without "" or the script's folder in front.
BOOTSTRAP = (
    "import json, sys; order = json.loads(sys.argv[1]); sys.path[:] = order.pop('path'); "
    "from hortus.engine.executors.nursery_process import main; main(order)"
)

# Without a run for so long it leaves.
IDLE_SECONDS = 300.0


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


class Nursery:
    """The process as the driver sees it: started when a first worker is asked for, and again where it has ended.

    Args:
        threads: how many the workers' libraries may use.
        warm: modules imported once, for all workers; none that starts threads.
    """

    def __init__(self, threads: int, warm: tuple[str, ...]) -> None:
        self.threads = threads
        self.warm = warm
        # Of this process alone: what it forks has the same descriptors, and must not use them.
        self._facts = (os.getpid(), sys.executable, threads, warm)
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._words: IO[bytes] | None = None

    def fork(self, entry: str, own: tuple[str, ...], descriptors: tuple[int, int, int]) -> None:
        """Have a worker forked.

        Where the nursery cannot be reached, the other ends of the descriptors are closed.

        Args:
            entry: ``"module:function"`` that runs a trial.
            own: modules that it imports while there is nothing to do: the user's, of which nothing is known.
            descriptors: its job socket, its error stream and its leash. They may be closed afterwards.
        """
        wish = Wish(
            entry=entry,
            warm=[*self.warm, *own],
            path=import_path(),
            folder=str(Path.cwd()),
            environment=limits.worker_environment(self.threads),
        )
        text = json.dumps(wish).encode()
        for _ in range(2):
            line = self._reach()
            with contextlib.suppress(OSError):
                socket.send_fds(line, [len(text).to_bytes(LENGTH)], descriptors)
                line.sendall(text)
                return
            # It is started again by who asks next; until then it can be asked for its last words.
            line.close()
            self._line = None

    def start(self) -> None:
        """Have it import, where it does not yet."""
        self._reach()

    def _reach(self) -> socket.socket:
        if self._line is None or self._process is None or self._process.poll() is not None:
            self.close()
            self._line = self._start()
        return self._line

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 -- read when it has died, closed in `close`
        try:
            order = Order(line=theirs.fileno(), driver=os.getpid(), warm=list(self.warm), idle=IDLE_SECONDS)
            told = json.dumps({**order, "path": import_path()})
            self._process = subprocess.Popen(  # noqa: S603 -- this interpreter, our own arguments
                [sys.executable, "-P", "-X", "faulthandler", "-W", "ignore", "-c", BOOTSTRAP, told],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                pass_fds=(theirs.fileno(),),
                env=limits.worker_environment(self.threads),
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
        if self._process is not None and self._process.returncode is None and self._facts[0] == os.getpid():
            limits.kill_group(self._process.pid)
            self._process.wait()
        if self._words is not None:
            self._words.close()
        self._line = self._process = self._words = None

    def same_as(self, other: Nursery) -> bool:
        """Whether the two would fork the same workers."""
        return self._facts == other._facts


_idle: list[Nursery] = []
_guard = threading.Lock()


def nursery(threads: int, warm: tuple[str, ...]) -> Nursery:
    """A nursery for one run: the last run's, where it suits."""
    made = Nursery(threads, warm)
    with _guard:
        return _idle.pop() if _idle and made.same_as(_idle[0]) else made


def put_by(used: Nursery) -> None:
    """Keep a run's nursery for the next run; of several the last."""
    with _guard:
        before, _idle[:] = list(_idle), [used]
    for other in before:
        other.close()


@atexit.register
def _leave() -> None:
    while _idle:
        _idle.pop().close()


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
