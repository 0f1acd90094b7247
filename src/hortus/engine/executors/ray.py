"""Trials on a Ray cluster: the same slots as at home, on every machine that the cluster has.

    hortus fit train.csv --target y --time 3600 --cluster ray://HOST:10001

Each slot is one actor with a supervisor and a worker of its own, so limits are the same everywhere. The table goes to
each machine once; a trial goes out as its parameters, comes back as JSON, and its files by their digests.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import uuid
import weakref
from functools import partial
from pathlib import Path
from typing import Any

from hortus.data.artifacts import write_artifact
from hortus.engine.executors.base import Event, Executor, Job
from hortus.engine.executors.cluster import connect
from hortus.engine.executors.fleet import Fleet
from hortus.engine.executors.post import News
from hortus.engine.executors.remote import Charge
from hortus.engine.executors.worker import DEFAULT_ENTRY, WARM


class RayExecutor(Executor):
    """One actor a slot, on whatever machines of the cluster have room.

    A machine or a process that is lost costs the trials that ran there, which are reported as ``lost``; a slot is
    asked for in its place, and joins when the cluster has room again.

    Args:
        slots: trials at once; None for as many as the cluster's cores hold, also when machines join later.
        threads: of each trial's libraries; each slot holds so many cores.
        memory: bytes resident for jobs that name no limit; None for none.
        cluster: ``"ray://HOST:PORT"``; None for what RAY_ADDRESS says.
        gpus: that each trial holds, where the cluster has any.
        entry: ``"module:function"`` that runs a payload.
        warm: modules that idle workers import.

    Raises:
        SettingError: there is no address.
        MissingExtraError: Ray is not installed.
        RunError: the cluster cannot be reached, has no token, or refuses this one.
    """

    def __init__(
        self,
        slots: int | None = None,
        threads: int = 1,
        *,
        memory: int | None = None,
        cluster: str | None = None,
        gpus: float = 0.0,
        entry: str = DEFAULT_ENTRY,
        warm: tuple[str, ...] = WARM,
    ) -> None:
        ray = connect(cluster)
        try:
            gpus = gpus if ray.cluster_resources().get("GPU", 0.0) >= gpus else 0.0
            rooms = _rooms(ray, threads, gpus)
            count = slots or max(1, sum(rooms))
            self._on_one_machine = min(count, max([1, *rooms]))
            charge = Charge(run=uuid.uuid4().hex, threads=threads, memory=memory, entry=entry, warm=list(warm))
            room = None if slots else lambda: sum(_rooms(ray, threads, gpus))
            self._fleet = Fleet(ray, count, charge, gpus=gpus, room=room)
        except BaseException:
            ray.shutdown()
            raise
        # The thread knows the fleet alone, so that dropping the executor, or leaving Python, ends the slots.
        self._finalizer = weakref.finalize(self, _leave, self._fleet, ray)

    @property
    def capacity(self) -> int:  # type: ignore[override]
        """Slots that are up or are expected; it falls when machines are lost, and grows again with them."""
        return self._fleet.capacity

    @property
    def on_one_machine(self) -> int:
        """Slots on the machine that has most of them."""
        return self._on_one_machine

    def submit(self, job: Job) -> None:
        """Start ``job`` as soon as a slot is free; its seconds count from there."""
        self._fleet.tell(lambda fleet: fleet.pending.append(job))

    def poll(self, seconds: float) -> list[Event]:
        """What happened since the last call; waits up to ``seconds`` for a first event.

        Raises:
            RunError: the cluster is lost, or a file that came cannot be written here.
        """
        found: list[Event] = []
        try:
            found.append(self._taken(self._fleet.news.get(timeout=min(max(0.0, seconds), threading.TIMEOUT_MAX))))
            while True:
                found.append(self._taken(self._fleet.news.get_nowait()))
        except queue.Empty:
            return found

    def answer(self, number: int, *, go_on: bool) -> None:
        """Answer a job's report: whether it goes on to the next rung."""
        self._fleet.tell(lambda fleet: fleet.answer(number, "answer", go_on))

    def reply(self, number: int, answer: Any, *, refused: str = "") -> None:
        """Answer a job's question; where it is ``refused``, that is raised as the job's own error."""
        self._fleet.tell(lambda fleet: fleet.answer(number, "reply", answer, refused))

    def cancel(self, number: int) -> None:
        """Kill a job; a ``failed`` event with reason ``cancelled`` follows, unless it ended before."""
        self._fleet.tell(lambda fleet: fleet.cancel(number))

    def close(self) -> None:
        """End every slot and whatever it started, and leave the cluster. Safe to call twice."""
        self._finalizer()

    @staticmethod
    def _taken(news: News | BaseException) -> Event:
        """The event, once the files that came with it lie in the run's folder."""
        if isinstance(news, BaseException):
            raise news
        event = news.event
        if event.kind == "done" and news.out is not None:
            for file in event.data.get("artifacts", ()):
                write = partial(_write, news.files[file["sha256"]])
                stored = write_artifact(Path(news.out), file["path"], write)
                if stored.sha256 != file["sha256"]:
                    data = {"reason": "error", "detail": f"{file['path']!r} came damaged.", "code": "", "traceback": ""}
                    return Event(event.number, "failed", data)
        return event


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _rooms(ray: Any, threads: int, gpus: float) -> list[int]:
    """Slots that each machine of the cluster holds."""
    held = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    by_cores = [int(one.get("CPU", 0.0) // threads) for one in held]
    if gpus == 0.0:
        return by_cores
    return [min(room, int(one.get("GPU", 0.0) // gpus)) for room, one in zip(by_cores, held, strict=True)]


def _leave(fleet: Fleet, ray: Any) -> None:
    fleet.stop()
    with contextlib.suppress(Exception):  # a head that is gone cannot be taken leave of
        ray.shutdown()
