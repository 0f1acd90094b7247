"""The processes that explain runs: each begun once, left to itself, and known again by what it writes into the run."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Any

from hortus.engine.lock import held
from hortus.run.explained import FOLDER, explained, note_stopped
from hortus.studio.process import Children
from hortus.studio.runs import Run

COMMAND = "hortus.run.explained"
LOG = "log.txt"
# Seconds until one that was asked to end has ended.
ENDING = 5.0


class Explainers:
    """All that this server began."""

    def __init__(self) -> None:
        self._children = Children()
        self._begun: dict[str, dict[str, Any]] = {}
        self._guard = threading.Lock()

    def start(self, run: Run, seconds: float) -> None:
        """Begin to explain a run, unless that is done or under way."""
        with self._guard:
            known = explained(run.folder)
            if known.state == "working" or (known.state == "ready" and known.current) or self.under_way(run):
                return
            place = run.folder / FOLDER
            place.mkdir(exist_ok=True)
            line = [COMMAND, str(run.folder), f"{seconds:g}"]
            self._begun[run.id] = self._children.begin(line, log=place / LOG, folder=place)

    def stop(self, run: Run) -> None:
        """End the process that explains a run, whichever server began it; nothing happens where there is none."""
        with self._guard:
            pid = held(run.folder / FOLDER)
            if pid is None and self.under_way(run):
                pid = self._begun[run.id]["pid"]
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                end = time.monotonic() + ENDING
                while time.monotonic() < end and (held(run.folder / FOLDER) is not None or self.under_way(run)):
                    time.sleep(0.02)
                note_stopped(run.folder)

    def under_way(self, run: Run) -> bool:
        """Whether a process was begun that lives: between its start and its first word it has written nothing."""
        return run.id in self._begun and self._children.lives(self._begun[run.id])
