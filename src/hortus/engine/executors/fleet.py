"""The thread that owns the slots of a cluster: it alone starts, feeds and replaces them.

What the local supervisor is to processes, the fleet is to a cluster's actors. The driver's orders and the cluster's
answers come through one inbox, one after the other, so no state is shared. The cluster itself never tries anything a
second time: a slot that is lost is reported with its job, and whoever searches decides.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hortus.engine.executors.base import Event, Job
from hortus.engine.executors.parcels import Parcel, pieces
from hortus.engine.executors.post import News, Post
from hortus.engine.executors.remote import DATA, DEADLINE, NEEDS, OUT, Charge, RemoteSlot
from hortus.errors import HortusError, RunError

# Without a single slot for so long, the run ends (seconds); so many slots may die in a row before one has come up.
EMPTY_SECONDS = 120.0
START_ATTEMPTS = 3
IDLE_SECONDS = 1.0
# So often a fleet that takes what the cluster has looks for more (seconds).
GROW_SECONDS = 5.0
# Of all slots together, to end their trials and clear their folders away.
CLOSE_SECONDS = 5.0
# Calls of one slot at once: one listens, the others cancel and look.
CALLS = 4


class Fleet:
    """The thread that owns a cluster's slots.

    Args:
        ray: the module, connected.
        count: slots to begin with.
        charge: what each is told at its start.
        gpus: that each holds.
        room: how many slots the cluster holds now, for a fleet that grows with it; None for one that does not.
    """

    def __init__(
        self, ray: Any, count: int, charge: Charge, *, gpus: float, room: Callable[[], int] | None = None
    ) -> None:
        self.news: queue.SimpleQueue[News | BaseException] = queue.SimpleQueue()
        self.posts: list[Post] = []
        self.pending: deque[Job] = deque()
        self._ray = ray
        self._charge = json.dumps(charge)
        self._maker = ray.remote(RemoteSlot).options(
            num_cpus=charge["threads"],
            num_gpus=gpus,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=CALLS,
            scheduling_strategy="SPREAD",
        )
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._parcels: dict[tuple[str, int], tuple[Parcel, dict[str, list[Any]]]] = {}
        self._waiting: set[Future[Any]] = set()
        self._room = room
        self._expected = count
        self._failed_starts = 0
        self._empty_since = self._grown = time.monotonic()
        self._stopping = False
        self._broken = False
        self._thread = threading.Thread(target=self._run, args=(count,), name="hortus-fleet", daemon=True)
        self._thread.start()

    # From the driver's threads.

    @property
    def capacity(self) -> int:
        """Slots that are up or are expected."""
        return max(1, self._expected, sum(post.ready or post.wanted for post in list(self.posts)))

    def tell(self, order: Callable[[Fleet], None]) -> None:
        """Have ``order`` called with this fleet, on its own thread."""
        self._inbox.put(partial(order, self))

    def stop(self) -> None:
        """End every slot, then the thread; returns once that is done."""
        self._stopping = True
        self.tell(lambda _: None)
        if self._thread is not threading.current_thread():
            self._thread.join()

    # On the fleet's thread.

    def _run(self, count: int) -> None:
        try:
            for _ in range(count):
                self._start(wanted=True)
            self._expected = 0
            while not self._stopping:
                self._next()()
                self._feed()
                self._look_after()
        except BaseException as error:  # the driver must hear of it or wait for ever
            self._broken = not isinstance(error, HortusError)
            told = error if isinstance(error, HortusError) else _lost(error)
            self.news.put(told)
        finally:
            self._close()

    def _next(self) -> Callable[[], None]:
        try:
            return self._inbox.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return lambda: None

    def _start(self, *, wanted: bool) -> None:
        post = Post(self._maker.remote(self._charge), wanted)
        self.posts.append(post)
        self._call(post, self._met, "about")

    def _met(self, post: Post, about: str) -> None:
        here = version("hortus")
        told = json.loads(about)
        if told["hortus"] != here:
            raise RunError(
                f"{told['host']} has Hortus {told['hortus']}; here it is {here}.",
                mend=f"Install the same on every node: pip install 'hortus[ray]=={here}'.",
                code="cluster-version",
            )
        post.ready = True
        self._failed_starts = 0

    def _call(self, post: Post, then: Callable[[Post, Any], None], method: str, *arguments: Any) -> None:
        """Call a slot; ``then`` is called with what it returns, here, unless the slot is lost before."""
        future = getattr(post.actor, method).remote(*arguments).future()
        self._waiting.add(future)
        future.add_done_callback(lambda done: self._inbox.put(partial(self._returned, post, then, done)))

    def _returned(self, post: Post, then: Callable[[Post, Any], None], done: Future[Any]) -> None:
        self._waiting.discard(done)
        if post not in self.posts:
            return
        error = done.exception()
        if error is None:
            then(post, done.result())
            return
        known = self._ray.exceptions
        if isinstance(error, known.RayActorError | known.NodeDiedError | known.WorkerCrashedError):
            self._bury(post, error)
        elif isinstance(error, known.RayTaskError) and post.job is not None:
            # What the slot itself could not do: its disk is full, a file arrived damaged.
            self._fail(post, "crash", f"Its machine could not run it: {_last_line(error)}")
        else:
            raise error

    def _bury(self, post: Post, error: BaseException) -> None:
        """A slot is gone, and its job with it; another is asked for."""
        self.posts.remove(post)
        self._empty_since = time.monotonic() if not self._ready() else self._empty_since
        if post.job is not None:
            self._fail(post, "lost", "Its machine or its process was lost.")
        if not post.ready:
            self._failed_starts += 1
            if self._failed_starts >= START_ATTEMPTS:
                raise RunError(
                    f"No slot starts on the cluster: {_last_line(error)}",
                    mend="Install the same versions of Python and hortus[ray] on every node.",
                    code="cluster-start",
                )
        self._start(wanted=False)

    def _ready(self) -> bool:
        return any(post.ready for post in self.posts)

    def _look_after(self) -> None:
        if self._room is not None and time.monotonic() - self._grown > GROW_SECONDS:
            self._grown = time.monotonic()
            for _ in range(self._room() - len(self.posts)):
                self._start(wanted=False)
        if self._ready():
            self._empty_since = time.monotonic()
        elif self.pending and time.monotonic() - self._empty_since > EMPTY_SECONDS:
            raise RunError(
                f"The cluster had no place for a trial for {EMPTY_SECONDS:.0f} s.",
                mend="Look at `ray status` on its head: other programs may hold its cores, or its nodes are gone. "
                "The run is kept: hortus resume RUN.",
                code="cluster-empty",
            )

    # -- jobs ------------------------------------------------------------------------------------------------------

    def _feed(self) -> None:
        for post in self.posts:
            if not self.pending:
                return
            if post.ready and post.job is None:
                post.job = self.pending.popleft()
                self._supply(post, post.job)

    def _supply(self, post: Post, job: Job) -> None:
        """Have the job's data on the slot's machine, then begin it."""
        if not job.payload.get(DATA):
            self._begin(post, job, "")
            return
        parcel, refs = self._sent(Path(job.payload[DATA]))
        if parcel.digest in post.stocked:
            self._begin(post, job, parcel.digest)
        else:
            self._call(post, self._stocked, "stock", json.dumps(parcel.to_json()), refs)

    def _stocked(self, post: Post, digest: str) -> None:
        post.stocked.add(digest)
        if post.job is not None:
            self._begin(post, post.job, digest)

    def _sent(self, folder: Path) -> tuple[Parcel, dict[str, list[Any]]]:
        """The folder's files as a parcel that the cluster holds; they travel there once."""
        key = (str(folder), max(path.stat().st_mtime_ns for path in folder.iterdir()))
        if key not in self._parcels:
            parcel = Parcel.of(folder)
            refs = {
                file.sha256: [self._ray.put(piece) for piece in pieces(folder / file.path)] for file in parcel.files
            }
            self._parcels[key] = parcel, refs
        return self._parcels[key]

    def _begin(self, post: Post, job: Job, digest: str) -> None:
        payload = dict(job.payload)
        if digest:
            payload[DATA] = digest
        if payload.get(DEADLINE) is not None:
            payload[DEADLINE] -= time.monotonic()
        needed = {file["sha256"]: (Path(payload[OUT]) / file["path"]).read_bytes() for file in payload.get(NEEDS, ())}
        told = Job(job.number, payload, seconds=job.seconds, memory=job.memory)
        self._call(post, self._heard, "begin", json.dumps(asdict(told)), needed)

    def _heard(self, post: Post, found: tuple[str, dict[str, bytes]]) -> None:
        told, files = found
        for event in (Event(**event) for event in json.loads(told)):
            job = post.job
            if job is None or event.number != job.number:
                continue
            self.news.put(News(event, job.payload.get(OUT), files))
            if event.kind == "report":
                post.asking = bool(job.payload.get("reports"))
            elif event.kind == "question":
                post.asking = True
            else:
                post.job, post.asking = None, False
        if post.job is not None and not post.asking:
            self._call(post, self._heard, "listen")

    def _fail(self, post: Post, reason: str, detail: str) -> None:
        if post.job is not None:
            data = {"reason": reason, "detail": detail, "code": "", "traceback": ""}
            self.news.put(News(Event(post.job.number, "failed", data)))
            post.job, post.asking = None, False

    def answer(self, number: int, method: str, *told: Any) -> None:
        """Pass the driver's answer to a report or to a question on to the job's slot."""
        for post in self.posts:
            if post.job is not None and post.job.number == number and post.asking:
                post.asking = False
                self._call(post, self._heard, method, number, *told)

    def cancel(self, number: int) -> None:
        """Kill the job, or take it back when it has not begun."""
        for job in [job for job in self.pending if job.number == number]:
            self.pending.remove(job)
            data = {"reason": "cancelled", "detail": "It was taken back.", "code": "", "traceback": ""}
            self.news.put(News(Event(number, "failed", data)))
        for post in self.posts:
            if post.job is not None and post.job.number == number:
                if post.asking:
                    post.asking = False
                    self._call(post, self._heard, "listen")
                self._call(post, lambda _post, _nothing: None, "cancel", number)

    def _close(self) -> None:
        """End the slots, as far as they can be reached."""
        if not self._broken:
            closing = [post.actor.close.remote() for post in self.posts if post.ready]
            if closing:
                self._ray.wait(closing, num_returns=len(closing), timeout=CLOSE_SECONDS)
            for post in self.posts:
                self._ray.kill(post.actor)
        self.posts.clear()
        self._parcels.clear()


def _lost(error: BaseException) -> RunError:
    told = RunError(
        f"The cluster is lost: {_last_line(error)}",
        mend="Finished trials are kept. Go on here with `hortus resume RUN --executor local`, "
        "or on a cluster with `hortus resume RUN --cluster ray://HOST:PORT`.",
        code="cluster-lost",
    )
    told.__cause__ = error
    return told


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
