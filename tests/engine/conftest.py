"""Executors whose workers run the trials of ``trial_entries.py``."""

import os
import time
from pathlib import Path

import pytest

from hortus.engine.executors.base import Job
from hortus.engine.executors.local import LocalExecutor


class Bench:
    """An executor with short words for what the tests do with it."""

    def __init__(self, slots=1, **settings):
        settings.setdefault("entry", "trial_entries:run")
        settings.setdefault("warm", ())
        self.executor = LocalExecutor(slots, 1, **settings)
        self.count = 0
        self.ended = []

    def start(self, what, *, seconds=20.0, memory=None, **payload):
        self.count += 1
        self.executor.submit(Job(self.count, {"what": what, **payload}, seconds, memory))
        return self.count

    def end(self, number=None):
        """The event that ends the job; reports before it are passed over."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for event in self.ended:
                if number in (None, event.number):
                    self.ended.remove(event)
                    return event
            self.ended += [event for event in self.executor.poll(1.0) if event.kind != "report"]
        raise AssertionError("no event ended the job")

    def run(self, what, **settings):
        return self.end(self.start(what, **settings))

    def pid(self):
        return self.run("echo").data["pid"]


def lives(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").is_dir()
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def gone(pids, seconds=5.0):
    """Whether all of the processes end within some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(map(lives, pids)):
            return True
        time.sleep(0.01)
    return False


@pytest.fixture(scope="module")
def entries_on_path():
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(Path(__file__).parent))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def bench(entries_on_path):
    bench = Bench()
    bench.pid()
    yield bench
    bench.executor.close()


@pytest.fixture
def make_bench(entries_on_path):
    made = []

    def make(**settings):
        made.append(Bench(**settings))
        return made[-1]

    yield make
    for bench in made:
        bench.executor.close()


@pytest.fixture
def all_gone():
    return gone


@pytest.fixture
def is_alive():
    return lives
