"""Models at work on this computer: each `hortus serve` in a process of its own, which outlives the studio.

A note says which process it is, by its id and when it began, and where it answers; so a studio that was started again
knows its deployments.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hortus.deploy.serve.server import bound
from hortus.errors import RunError, SettingError
from hortus.run.explained import model_mark
from hortus.run.result import BUNDLE
from hortus.studio.home import Home, read_note, write_note
from hortus.studio.process import Children
from hortus.studio.runs import Run

NOTE, LOG = "deployment.json", "serve.log"
COMMAND = "hortus.cli"
HOST = "127.0.0.1"
# Where ports are looked for: few programs listen here.
FIRST_PORT, PORTS = 8600, 200
# Seconds until a server must answer, and until one that was asked to end is ended.
STARTING, ENDING = 60.0, 5.0


@dataclass(frozen=True)
class Deployment:
    """A model that is served.

    Attributes:
        address: that clients ask, without a path.
        port: of it.
        since: when it was switched on, in seconds since 1970.
        current: whether it serves the run's model as it is now.
    """

    address: str
    port: int
    since: float
    current: bool


class Deployments:
    """All deployments of a studio; those of an earlier server too."""

    def __init__(self) -> None:
        self._children = Children()
        self._guard = threading.Lock()

    def find(self, home: Home, run: Run) -> Deployment | None:
        """The deployment of a run; None where it is off, or its server has died."""
        note = read_note(_place(home, run) / NOTE)
        port, since = note.get("port"), note.get("begun")
        if not isinstance(port, int) or not isinstance(since, (int, float)):
            return None
        if note.get("answers") is not True or not self._children.lives(note):
            return None
        return Deployment(f"http://{HOST}:{port}", port, float(since), note.get("model") == _mark(run))

    def switch_on(self, home: Home, run: Run) -> Deployment:
        """Serve a run's model, and come back when it answers. One that serves an older model is started anew.

        Raises:
            RunError: the server ended before it answered; its last words are told.
            SettingError: no port is free.
        """
        with self._guard:
            known = self.find(home, run)
            if known is not None and known.current:
                return known
            # Also one whose studio was killed before it answered.
            self._end(home, run)
            place = _place(home, run)
            place.mkdir(parents=True, exist_ok=True)
            (place / LOG).unlink(missing_ok=True)
            port = _free_port(read_note(place / NOTE).get("port"))
            line = [COMMAND, "serve", str(run.folder / BUNDLE), "--host", HOST, "--port", str(port)]
            child = self._children.begin(line, log=place / LOG, folder=place)
            note = {**child, "port": port, "begun": time.time(), "model": _mark(run), "answers": False}
            write_note(place / NOTE, note)
            try:
                self._wait(child, port, place)
            except BaseException:
                self._end(home, run)
                raise
            write_note(place / NOTE, {**note, "answers": True})
            found = self.find(home, run)
        if found is None:
            raise _ended(place)
        return found

    def switch_off(self, home: Home, run: Run) -> None:
        """End a run's server, if there is one; requests under way are answered first, for a while."""
        with self._guard:
            self._end(home, run)

    def _end(self, home: Home, run: Run) -> None:
        note = read_note(_place(home, run) / NOTE)
        if not note:
            return
        write_note(_place(home, run) / NOTE, {**note, "answers": False})
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self._children.lives(note):
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(note["pid"], number)
            end = time.monotonic() + ENDING
            while time.monotonic() < end and self._children.lives(note):
                time.sleep(0.02)

    def _wait(self, child: Mapping[str, Any], port: int, place: Path) -> None:
        end = time.monotonic() + STARTING
        while time.monotonic() < end:
            if not self._children.lives(child):
                raise _ended(place)
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=0.5):
                return
            time.sleep(0.05)
        raise RunError(
            f"The model's server did not answer within {STARTING:.0f} seconds.",
            mend="Try it again when the computer is less busy.",
            code="deployment-slow",
        )


def _place(home: Home, run: Run) -> Path:
    return home.path / "deployments" / run.id


def _mark(run: Run) -> list[Any]:
    """What tells this model, with its threshold, from another; as JSON has it."""
    return list(model_mark(run.folder) or ())


def _ended(place: Path) -> RunError:
    try:
        words = (place / LOG).read_text(encoding="utf-8", errors="replace").strip()[-600:]
    except OSError:
        words = ""
    return RunError(
        f"The model's server ended at once: {words or 'it said nothing'}.",
        mend="Try hortus serve by hand; it says more.",
        code="deployment-ended",
    )


def _free_port(wanted: object) -> int:
    """A port that can be bound; the last one before all others, so that an address stays what it was."""
    ports = range(FIRST_PORT, FIRST_PORT + PORTS)
    last: list[int] = [port for port in ports if port == wanted]
    port: int
    for port in (*last, *ports):
        with contextlib.suppress(SettingError):
            bound(HOST, port).close()
            return port
    raise SettingError(
        f"No port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free.",
        mend="Switch off models that are not needed.",
        code="ports-taken",
    )
