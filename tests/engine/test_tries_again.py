"""Which failures a trial is given another attempt after, and how many."""

from collections import deque

import pytest

from hortus.budget import Budget, Ledger
from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.engine.executors.base import MOST_LOSSES, Event, Executor, Job
from hortus.engine.journal import Journal
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.evaluation.base import Evaluation
from hortus.spaces.pipelines import PipelineSpace


class Scripted(Executor):
    """Fails each job by the reasons it is given, one an attempt, and then ends it well."""

    def __init__(self, *reasons):
        self.capacity = 1
        self.jobs = []
        self._reasons = list(reasons)
        self._events = deque()

    def submit(self, job):
        attempts = sum(before.number == job.number for before in self.jobs)
        self.jobs.append(job)
        if attempts < len(self._reasons):
            reason = self._reasons[attempts]
            self._events.append(Event(job.number, "failed", {"reason": reason, "detail": "as told"}))
        else:
            found = Evaluation((1.0,), 1.0, seconds=0.0, predict_seconds=0.0, work=1.0)
            self._events.append(Event(job.number, "done", found.to_json()))

    def poll(self, seconds):
        return [self._events.popleft() for _ in range(len(self._events))]

    def answer(self, number, *, go_on):
        raise AssertionError("nobody reports")

    def cancel(self, number):
        raise AssertionError("nothing is left running")

    def close(self):
        pass


@pytest.fixture
def searched(tmp_path):
    def search(*reasons):
        columns = tuple(MatrixColumn(f"x{i}", f"x{i}", categories=0) for i in range(3))
        space = PipelineSpace(Facts("binary", 2, 1000, 800, columns, missing=False))
        plan = Plan(space=space, strategy="random", data=tmp_path / "data", out=tmp_path, seed=0, trials=1)
        executor, told = Scripted(*reasons), []
        with Journal.create(tmp_path) as journal:
            ledger = Ledger(Budget(trials=1))
            assert Search(plan, executor, journal, ledger, told.append).run() == "trials"
            (row,) = journal.trials()
        return executor.jobs, row, [event.kind for event in told]

    return search


@pytest.mark.parametrize("reason", ["crash", "memory"])
def test_once_more_and_then_no_more(searched, reason):
    jobs, row, told = searched(reason, reason)
    assert len(jobs) == 2
    assert (row.state.name, row.reason) == ("FAIL", f"{reason}: as told")
    assert told.count("trial_started") == told.count("trial_finished") == 1


@pytest.mark.parametrize("reason", ["timeout", "error", "cancelled"])
def test_never(searched, reason):
    jobs, row, _ = searched(reason)
    assert len(jobs) == 1
    assert row.state.name == "FAIL"


def test_a_crash_that_does_not_come_again_is_told(searched):
    jobs, row, _ = searched("crash")
    assert [job.payload["fidelity"]["rows"] for job in jobs] == [1.0, 1.0]
    assert (row.state.name, row.reason) == ("COMPLETE", "run again after: crash")


def test_after_memory_ran_out_half_the_rows(searched):
    jobs, row, _ = searched("memory")
    assert [job.payload["fidelity"]["rows"] for job in jobs] == [1.0, 0.5]
    assert (row.state.name, row.reason) == ("COMPLETE", "run again after: memory")


def test_lost_machines_are_no_fault_of_a_trials_but_one_that_always_loses_them_ends(searched):
    jobs, row, _ = searched(*["lost"] * 5)
    assert (len(jobs), row.state.name) == (6, "COMPLETE")


def test_a_trial_that_loses_every_machine_ends(searched):
    jobs, row, _ = searched(*["lost"] * 9)
    assert (len(jobs), row.state.name, row.reason) == (6, "FAIL", "lost: as told")


def test_a_job_that_runs_alone_is_run_again_when_its_machine_was_lost_and_not_for_ever():
    assert Scripted("lost", "lost").run_alone(Job(1, {})).kind == "done"
    assert Scripted("crash").run_alone(Job(1, {})).data["reason"] == "crash"
    always = Scripted(*["lost"] * 100)
    assert always.run_alone(Job(1, {})).data["reason"] == "lost"
    assert len(always.jobs) == 1 + MOST_LOSSES


def test_jobs_are_made_when_their_turn_comes_and_made_again_when_their_machine_was_lost():
    scripted = Scripted("lost")
    made: list[int] = []

    def maker(number, *, left_out=False):
        def make():
            made.append(number)
            return None if left_out else Job(number, {})

        return make

    ended = list(scripted.run_all([maker(1), maker(2), maker(3, left_out=True), maker(4)]))
    assert made == [1, 1, 2, 2, 3, 4, 4]
    assert [(event.number, event.kind) for event in ended] == [(1, "done"), (2, "done"), (4, "done")]
