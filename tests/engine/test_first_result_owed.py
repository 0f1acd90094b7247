"""A search that alone can give a model goes on beyond its time for a first one, and for no second."""

from collections import deque

import pytest

from hortus.budget import Budget, Ledger
from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.engine.executors.base import Event, Executor
from hortus.engine.journal import Journal
from hortus.engine.loop import GRACE, LATE_TRIALS, Search
from hortus.engine.plan import Plan
from hortus.evaluation.base import Evaluation
from hortus.spaces.pipelines import PipelineSpace

TIME = 5.0


class Slow(Executor):
    """Two slots, each of whose trials takes so many seconds by a clock of its own."""

    capacity = 2

    def __init__(self, clock, seconds, ends):
        self._clock, self._seconds, self._ends = clock, seconds, ends
        self.jobs, self.cancelled, self._due = [], [], deque()

    def submit(self, job):
        self.jobs.append(job)
        self._due.append((self._clock[0] + self._seconds, job.number))

    def poll(self, seconds):
        self._clock[0] += seconds
        if not self._due or self._due[0][0] > self._clock[0]:
            return []
        _, number = self._due.popleft()
        if self._ends == "well":
            found = Evaluation((1.0,), 1.0, seconds=self._seconds, predict_seconds=0.0, work=1.0)
            return [Event(number, "done", found.to_json())]
        return [Event(number, "failed", {"reason": "error", "detail": "as told"})]

    def answer(self, number, *, go_on):
        raise AssertionError("nobody reports")

    def cancel(self, number):
        self.cancelled.append(number)

    def close(self):
        pass


@pytest.fixture
def searched(tmp_path):
    def search(*, seconds, owed, ends="well"):
        columns = tuple(MatrixColumn(f"x{i}", f"x{i}", categories=0) for i in range(3))
        space = PipelineSpace(Facts("binary", 2, 1000, 800, columns, missing=False))
        plan = Plan(space=space, strategy="random", data=tmp_path / "data", out=tmp_path, seed=0, owed=owed)
        clock = [0.0]
        executor = Slow(clock, seconds, ends)
        with Journal.create(tmp_path) as journal:
            ledger = Ledger(Budget(time=TIME), clock=lambda: clock[0])
            assert Search(plan, executor, journal, ledger, lambda _: None).run() == "time"
            states = [row.state.name for row in journal.trials()]
        return executor, states, clock[0]

    return search


def test_the_first_may_be_late_and_the_second_is_given_up(searched):
    executor, states, took = searched(seconds=30.0, owed=True)
    assert states.count("COMPLETE") == 1
    assert executor.cancelled == [1]
    assert 30.0 <= took < 32.0
    assert all(job.seconds >= GRACE for job in executor.jobs)


def test_where_nothing_is_owed_time_is_time(searched):
    executor, states, took = searched(seconds=30.0, owed=False)
    assert "COMPLETE" not in states
    assert executor.cancelled == [0, 1]
    assert took < TIME + 1.0


def test_grace_ends(searched):
    _, states, took = searched(seconds=1000.0, owed=True)
    assert "COMPLETE" not in states
    assert TIME + GRACE <= took < TIME + GRACE + 2.0


def test_of_trials_that_fail_few_begin_late(searched):
    executor, states, took = searched(seconds=TIME + 1.0, owed=True, ends="badly")
    assert set(states) == {"FAIL"}
    # Two that began in time, and those that began when it was over.
    assert len(executor.jobs) == 2 + LATE_TRIALS
    assert took < TIME + GRACE
