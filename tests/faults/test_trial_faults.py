"""A trial that hangs, crashes, eats memory or leaves children behind costs itself alone."""

import os
import signal
import sys
import time

import pytest

MIB = 2**20

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is watched on Linux alone")


@pytest.mark.parametrize("what", ["hang", "blas_loop", "lock_held"])
def test_a_trial_that_hangs_is_killed_at_its_deadline(bench, all_gone, what):
    pid = bench.pid()
    begin = time.monotonic()
    event = bench.run(what, seconds=0.4)
    late = time.monotonic() - begin - 0.4
    assert (event.kind, event.data["reason"]) == ("failed", "timeout")
    assert "0.4 s" in event.data["detail"]
    # 2 to 10 ms on a quiet machine.
    assert 0 <= late < 0.2
    assert all_gone([pid])
    assert bench.pid() != pid


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("segfault", "SIGSEGV"),
        ("abort", "SIGABRT"),
        ("leave", "exit status 7"),
        ("kill_itself", "SIGKILL"),
    ],
)
def test_a_crash_is_named_and_the_slot_goes_on(bench, what, told):
    event = bench.run(what)
    assert (event.kind, event.data["reason"]) == ("failed", "crash")
    assert told in event.data["detail"]
    assert bench.run("echo").kind == "done"


def test_the_last_words_of_a_crash_are_told(bench):
    assert bench.run("says").data["traceback"] == "last words"
    told = bench.run("segfault").data["traceback"]
    assert "in segfault" in told
    assert "Extension modules" not in told


def test_a_worker_killed_from_outside_in_the_middle_of_a_trial(bench):
    pid = bench.pid()
    bench.start("hang")
    time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    event = bench.end()
    assert (event.data["reason"], "SIGKILL" in event.data["detail"]) == ("crash", True)
    assert bench.run("echo").kind == "done"


@linux
def test_memory_that_grows_is_stopped(bench):
    event = bench.run("eat", memory=250 * MIB)
    assert event.data["reason"] == "memory"
    assert "250 MiB" in event.data["detail"] or "Unable to allocate" in event.data["detail"]
    assert bench.run("echo").kind == "done"


@linux
def test_one_huge_allocation_is_stopped_before_it_is_touched(bench):
    begin = time.monotonic()
    event = bench.run("gulp", bytes=3 * 10**9, memory=250 * MIB)
    assert event.data["reason"] == "memory"
    assert "Unable to allocate" in event.data["detail"]
    assert time.monotonic() - begin < 0.5


@linux
def test_memory_within_the_limit_is_no_fault_and_a_trial_inherits_none(bench):
    for _ in range(3):
        assert bench.run("gulp", bytes=120 * MIB, memory=250 * MIB).kind == "done"


@linux
def test_memory_of_a_child_counts(bench):
    assert bench.run("gulp_by_child", memory=250 * MIB).data["reason"] == "memory"


@linux
def test_the_executors_own_limit_holds_where_a_job_names_none(make_bench):
    bench = make_bench(memory=250 * MIB)
    assert bench.run("gulp", bytes=3 * 10**9).data["reason"] == "memory"
    assert bench.run("gulp", bytes=300 * MIB, memory=2000 * MIB).kind == "done"


@linux
def test_memory_that_native_code_runs_out_of_is_called_so(bench):
    event = bench.run("bad_alloc")
    assert event.data["reason"] == "memory"


@pytest.mark.parametrize(("then", "kind"), [("hang", "failed"), ("die", "failed"), ("return", "done")])
def test_children_end_with_their_trial(bench, all_gone, tmp_path, then, kind):
    event = bench.run("children", seconds=3.0 if then != "hang" else 0.6, then=then, file=str(tmp_path / "pids"))
    assert event.kind == kind
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert all_gone(pids)
    assert bench.run("echo").kind == "done"


@linux
def test_a_child_that_leaves_the_group_ends_with_a_trial_that_is_killed(bench, all_gone, tmp_path):
    bench.run("child_with_its_own_session", seconds=0.6, file=str(tmp_path / "pid"))
    assert all_gone([int((tmp_path / "pid").read_text())])


def test_a_trial_beside_one_that_crashes_is_untouched(make_bench):
    bench = make_bench(slots=2)
    long = bench.start("nap", nap=0.6)
    ended = []
    for what in ("segfault", "leave"):
        ended.append(bench.end(bench.start(what)))
    assert {event.data["reason"] for event in ended} == {"crash"}
    assert bench.end(long).data == {"slept": 0.6}
