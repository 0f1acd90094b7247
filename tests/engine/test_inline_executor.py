import os

import pytest

from hortus.engine.executors.base import Job
from hortus.engine.executors.inline import InlineExecutor


@pytest.fixture
def inline(entries_on_path):
    with InlineExecutor(4, 1, memory=10, entry="trial_entries:run") as executor:
        yield executor


def test_it_runs_in_the_callers_process_one_at_a_time(inline):
    assert inline.capacity == 1
    inline.submit(Job(3, {"what": "echo", "number": 3}))
    (event,) = inline.poll(1)
    assert (event.number, event.kind, event.data) == (3, "done", {"number": 3, "pid": os.getpid()})
    assert inline.poll(0) == []


def test_an_error_is_an_event_as_in_a_worker(inline):
    inline.submit(Job(1, {"what": "raises"}))
    (event,) = inline.poll(1)
    assert (event.kind, event.data["reason"]) == ("failed", "error")
    assert event.data["detail"].startswith("ValueError: no good")


def test_reports_that_nobody_answers(inline):
    inline.submit(Job(1, {"what": "rungs", "steps": 2}))
    assert [event.kind for event in inline.poll(1)] == ["report", "report", "done"]


@pytest.mark.parametrize(("last", "kind"), [(1, "pruned"), (9, "done")])
def test_reports_that_are_answered(inline, last, kind):
    inline.submit(Job(1, {"what": "rungs", "steps": 4, "reports": True}))
    events = []
    while not events or events[-1].kind == "report":
        found = inline.poll(5)
        events += found
        for event in found:
            if event.kind == "report":
                inline.answer(1, go_on=event.data["step"] < last)
    assert events[-1].kind == kind


def test_cancel_before_and_between_reports(inline):
    inline.submit(Job(1, {"what": "echo"}))
    inline.cancel(1)
    (event,) = inline.poll(0)
    assert event.data["reason"] == "cancelled"
    inline.submit(Job(2, {"what": "rungs", "steps": 4, "reports": True}))
    assert [event.kind for event in inline.poll(5)] == ["report"]
    inline.cancel(2)
    (event,) = inline.poll(5)
    assert event.data["reason"] == "cancelled"
    inline.submit(Job(3, {"what": "echo"}))
    (event,) = inline.poll(5)
    assert event.kind == "done"


def test_a_debugger_or_ctrl_c_leaves_it_usable(inline):
    inline.submit(Job(1, {"what": "interrupted"}))
    with pytest.raises(KeyboardInterrupt):
        inline.poll(1)
    inline.submit(Job(2, {"what": "echo"}))
    (event,) = inline.poll(1)
    assert (event.number, event.kind) == (2, "done")
