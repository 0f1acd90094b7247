"""What a worker process may use, and how it is ended: threads, memory, descendants, process groups.

Everything that Linux alone offers (``/proc``, ``malloc_trim``) answers with "unknown" or does nothing elsewhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "LOKY_MAX_CPU_COUNT",
)

# Address space is promised more freely than it is touched; an honest fit must not meet the backstop first.
DATA_SLACK = 1.25
DATA_RESERVE = 128 * 2**20

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def worker_environment(threads: int) -> dict[str, str]:
    """The environment of a worker: this process's own, with every library held to ``threads`` threads.

    String hashing is fixed as well, so that the order of a set never makes two runs differ.
    """
    held = dict.fromkeys(THREAD_VARIABLES, str(threads))
    return {**os.environ, **held, "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}


def private_memory(pid: int) -> int:
    """Bytes resident that ``pid`` shares with no file; 0 where unknown.

    Pages of libraries and of the memory-mapped table are left out: all slots share them, and the kernel takes
    them back at will.
    """
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_bytes().split()[1:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def descendants(pid: int) -> list[int]:
    """Every living process below ``pid``, nearest first; empty where unknown."""
    found: list[int] = []
    todo = [pid]
    while todo:
        parent = todo.pop()
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{parent}/task"):  # noqa: PTH208 -- names only, twenty times a second
                children = Path(f"/proc/{parent}/task/{task}/children").read_bytes().split()
                found += map(int, children)
                todo += map(int, children)
    return found


def tree_memory(pid: int) -> int:
    """Bytes resident of ``pid`` and all below it; 0 where unknown."""
    return sum(map(private_memory, (pid, *descendants(pid))))


def kill(pids: Iterable[int]) -> None:
    """SIGKILL each; those already gone are passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def kill_group(leader: int) -> None:
    """SIGKILL the group that ``leader`` leads, and those below it that left the group.

    Only call it before the leader was waited for: later its number may be another process's.
    """
    strays = descendants(leader)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    kill(strays)


def limit_data(memory: int | None) -> None:
    """Let this process's own data grow to about ``memory`` bytes, so that one huge allocation fails at once.

    The watch over resident memory comes every 50 ms, and the kernel can hand out gigabytes in between.
    RLIMIT_DATA counts private writable pages alone; RLIMIT_AS would count the libraries' mappings, which are
    several times what they ever use.
    """
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = hard
    if memory is not None:
        if not sys.platform.startswith("linux"):
            return
        mapped = _mapped_data()
        room = max(0, memory - private_memory(os.getpid()))
        soft = mapped + int(DATA_SLACK * room) + DATA_RESERVE
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _mapped_data() -> int:
    """Bytes of private writable mappings of this process: what RLIMIT_DATA counts."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_bytes().split()[5]) * _PAGE
    return 0


def trim() -> None:
    """Hand freed memory back to the system, so that one trial's is not counted against the next."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
