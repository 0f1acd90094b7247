"""One slot on another machine: the same supervisor and worker as at home, behind calls that a cluster can carry.

Everything goes in and out as JSON, files as bytes. Paths are the only thing that two machines do not share: the
table's folder and the run's are replaced by folders here, and deadlines by the seconds that are left.
"""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

from hortus.data.artifacts import Stored, verify
from hortus.engine.executors.base import Event, Job
from hortus.engine.executors.local import LocalExecutor
from hortus.engine.executors.parcels import Parcel, Stockroom, pieces, receive
from hortus.evaluation.base import Artifact

# How long one call waits for news of a trial before it comes back empty (seconds).
LISTEN_SECONDS = 20.0
# Where a payload names paths and instants, which mean nothing on another machine.
DATA, OUT, NEEDS, DEADLINE = "data", "out", "needs", "deadline"


class Charge(TypedDict):
    """What a slot is told at its start.

    Keys:
        run: names the run.
        threads: of each trial's libraries.
        memory: bytes resident for jobs that name no limit; None for none.
        entry: ``"module:function"`` that runs a payload.
        warm: modules that idle workers import.
    """

    run: str
    threads: int
    memory: int | None
    entry: str
    warm: list[str]


class RemoteSlot:
    """One slot; it lives in a process of the cluster's, and its trials in a process of their own below that.

    Args:
        charge: a `Charge` as JSON.
    """

    def __init__(self, charge: str) -> None:
        told: Charge = json.loads(charge)
        self._stock = Stockroom(told["run"])
        self._out = Path(tempfile.mkdtemp(prefix="slot-", dir=self._stock.folder))
        self._data: dict[str, Path] = {}
        self._executor = LocalExecutor(
            1, told["threads"], memory=told["memory"], entry=told["entry"], warm=tuple(told["warm"])
        )

    def about(self) -> str:
        """Versions and names of this machine, as JSON."""
        return json.dumps({"hortus": version("hortus"), "python": platform.python_version(), "host": platform.node()})

    def stock(self, parcel: str, refs: dict[str, list[Any]]) -> str:
        """Have a parcel's files on this machine; return the parcel's digest.

        Args:
            parcel: as JSON.
            refs: the cluster's references to each file's pieces, by the file's digest.
        """
        import ray

        def fetch(digest: str) -> Iterator[bytes]:
            # One piece at a time: the table never stands in this process as a whole.
            return (ray.get(ref) for ref in refs[digest])

        found = Parcel.from_json(json.loads(parcel))
        self._data[found.digest] = self._stock.have(found, fetch)
        return found.digest

    def begin(self, job: str, needed: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
        """Start a job, and wait for what happens first.

        Args:
            job: a `Job` as JSON. In its payload ``data`` is the digest of a parcel that is in stock and ``deadline``
                the seconds that are left.
            needed: files of the run that it reads, by digest.

        Returns:
            What happened, and the files that it left, by digest.
        """
        found = Job(**json.loads(job))
        payload = found.payload
        if payload.get(DATA):
            payload[DATA] = str(self._data[payload[DATA]])
        if OUT in payload:
            payload[OUT] = str(self._out)
        if payload.get(DEADLINE) is not None:
            payload[DEADLINE] += time.monotonic()
        for file in (Stored(**file) for file in payload.get(NEEDS, ())):
            if not (self._out / file.path).exists():
                receive(file, iter([needed[file.sha256]]), self._out)
        self._executor.submit(found)
        return self.listen()

    def answer(self, number: int, go_on: bool) -> tuple[str, dict[str, bytes]]:
        """Answer a job's report, and wait for what happens next; as `begin` returns it."""
        self._executor.answer(number, go_on=go_on)
        return self.listen()

    def reply(self, number: int, answer: Any, refused: str) -> tuple[str, dict[str, bytes]]:
        """Answer a job's question, and wait for what happens next; as `begin` returns it."""
        self._executor.reply(number, answer, refused=refused)
        return self.listen()

    def listen(self) -> tuple[str, dict[str, bytes]]:
        """Wait for what happens next; as `begin` returns it."""
        events = self._executor.poll(LISTEN_SECONDS)
        left = {}
        for event in events:
            for file in _files(event):
                left[file.sha256] = b"".join(pieces(verify(self._out, file)))
                (self._out / file.path).unlink()
        return json.dumps([asdict(event) for event in events]), left

    def cancel(self, number: int) -> None:
        """Kill a job; whoever listens hears of it."""
        self._executor.cancel(number)

    def close(self) -> None:
        """End the worker, and clear away what lies here."""
        self._executor.close()
        shutil.rmtree(self._out, ignore_errors=True)
        self._stock.leave()


def _files(event: Event) -> list[Stored]:
    """The files that a finished trial left in the run's folder."""
    artifacts = event.data.get("artifacts", ()) if event.kind == "done" else ()
    return [Artifact(**file).stored for file in artifacts]
