"""A run's own process, in a session of its own: a killed server or a closed browser costs it nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hortus.data.disk import disk_error
from hortus.engine.lock import alive, started


class Children:
    """The processes that this server began, until they are collected: one that has ended would stay as a zombie.

    A server that was started again has begun none of them, and knows its runs by id and start time alone.
    """

    def __init__(self) -> None:
        self._known: dict[int, subprocess.Popen[bytes]] = {}
        self._guard = threading.Lock()

    def begin(self, arguments: Sequence[str], *, log: Path, folder: Path) -> dict[str, Any]:
        """Start ``python -m …`` and leave it to itself.

        Args:
            arguments: after ``python -m``; no shell reads them.
            log: the file that its output is appended to.
            folder: that it works in.

        Returns:
            What it is known by later: ``pid`` and ``since``.
        """
        try:
            with log.open("ab") as out:
                child = subprocess.Popen(  # noqa: S603 -- our own interpreter and a list of arguments
                    [sys.executable, "-m", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    start_new_session=True,
                    env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "200"},
                )
        except OSError as error:
            raise disk_error(folder, error) from error
        with self._guard:
            self._known[child.pid] = child
        return {"pid": child.pid, "since": started(child.pid)}

    def lives(self, known: Mapping[str, Any]) -> bool:
        """Whether a process that `begin` started, now or in an earlier server, still runs."""
        pid = known.get("pid")
        if not isinstance(pid, int):
            return False
        with self._guard:
            child = self._known.get(pid)
            if child is not None and child.poll() is not None:
                del self._known[pid]
                return False
        return alive(pid, str(known.get("since", "")))


def ask_to_stop(pid: int) -> None:
    """Ask a run to end now and keep the best it has."""
    try:
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        return
