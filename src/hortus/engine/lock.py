"""One process a run folder: the lock that says which."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hortus.data.disk import disk_error
from hortus.errors import RunInUseError

FILE = "run.lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class RunLock:
    """Holds a run's folder for this process, as a context manager; the folder is made where it is not there.

    The operating system's lock on the file goes with the process, however it ends. The file also says who holds it
    (process id and start time, since ids are given again), for the message, and for file systems without locks and
    locks that outlive their owner in a process it forked.

    Args:
        folder: the run's.

    Raises:
        RunInUseError: on entering, a live process holds the folder.
        RunError: on entering, the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = Path(folder) / FILE
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock, also from a process that died with it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while self._descriptor is None:
                self._descriptor = self._try()
        except OSError as error:
            raise disk_error(self.path.parent, error) from error

    def release(self) -> None:
        """Give the lock back. Safe to call twice."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)

    def _try(self) -> int | None:
        """Open and lock the file; None when it was replaced meanwhile and has to be tried again."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            locked = _flock(descriptor)
            owner = _read(descriptor)
            if locked is not True and owner is not None and _lives(owner):
                raise self._in_use(owner)
            if locked is False:
                # Its owner is dead, a process that it forked holds the lock still: leave it the old file.
                if owner is None:
                    raise self._in_use({})
                if _same(descriptor, self.path):
                    self.path.unlink()
                os.close(descriptor)
                return None
            if not _same(descriptor, self.path):
                os.close(descriptor)
                return None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(_oneself()).encode(), 0)
            os.fsync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(descriptor)
            raise
        return descriptor

    def _in_use(self, owner: dict[str, Any]) -> RunInUseError:
        pid, host = owner.get("pid", "unknown"), owner.get("host", "")
        place = "" if host in ("", socket.gethostname()) else f" on {host}"
        return RunInUseError(
            f"Process {pid}{place} works on the run in {str(self.path.parent)!r}.",
            mend="Wait for it or stop it, or choose another folder.",
            code="run-in-use",
        )


def _flock(descriptor: int) -> bool | None:
    """Lock the file: True when it is ours, False when another holds it, None where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _read(descriptor: int) -> dict[str, Any] | None:
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("pid"), int) else None


def _oneself() -> dict[str, Any]:
    return {"pid": os.getpid(), "started": started(os.getpid()), "host": socket.gethostname()}


def _lives(owner: dict[str, Any]) -> bool:
    """Whether the process that wrote the file runs; one on another machine is taken to."""
    if owner.get("host") != socket.gethostname():
        return True
    return alive(owner["pid"], str(owner.get("started", "")))


def held(folder: Path) -> int | None:
    """The id of the process that works on a run now; None where none does. Nothing is locked to find out.

    Args:
        folder: the run's.
    """
    try:
        descriptor = os.open(Path(folder) / FILE, os.O_RDONLY)
    except OSError:
        return None
    try:
        owner = _read(descriptor)
    finally:
        os.close(descriptor)
    return owner["pid"] if owner is not None and _lives(owner) else None


def alive(pid: int, since: str = "") -> bool:
    """Whether a process runs, and is the one that began then; one that has ended and was not collected does not.

    Args:
        pid: its id.
        since: what `started` said of it; "" where that was unknown.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        state = ""
    return state not in ("Z", "X") and since in ("", started(pid))


def started(pid: int) -> str:
    """When a process began, in the system's own words; "" where unknown."""
    try:
        # The name in parentheses may hold anything; the start time is the 20th word after it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        return subprocess.run(  # noqa: S603 -- fixed arguments
            ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 -- wherever the system keeps it
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
