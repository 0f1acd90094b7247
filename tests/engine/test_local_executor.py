import gc
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from hortus.engine.executors import EXECUTORS
from hortus.engine.executors.base import Job
from hortus.engine.executors.inline import InlineExecutor
from hortus.engine.executors.local import LocalExecutor
from hortus.engine.executors.nursery import import_path
from hortus.errors import RunError, SettingError


def test_the_table_names_both_and_suggests_the_near_name():
    assert EXECUTORS["local"] is LocalExecutor
    assert EXECUTORS["inline"] is InlineExecutor
    with pytest.raises(SettingError, match="'local'"):
        EXECUTORS["lokal"]


def test_starting_does_not_wait_for_the_workers(make_bench):
    begin = time.perf_counter()
    bench = make_bench(slots=2)
    assert time.perf_counter() - begin < 0.5
    assert bench.executor.capacity == 2


def test_a_slot_is_used_again(bench):
    assert bench.pid() == bench.pid() == bench.executor.pids()[0] != os.getpid()


def test_an_idle_worker_imports_what_trials_will_need(make_bench):
    bench = make_bench(warm=("no_such_module", "colorsys"))
    bench.pid()
    until = time.monotonic() + 60
    while not bench.run("loaded", module="colorsys").data["loaded"]:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_done_carries_what_the_trial_returned(bench):
    event = bench.run("nap", nap=0.01)
    assert (event.kind, event.data) == ("done", {"slept": 0.01})


def test_an_exception_is_told_and_the_slot_goes_on(bench):
    pid = bench.pid()
    event = bench.run("raises")
    assert event.kind == "failed"
    assert event.data["reason"] == "error"
    assert event.data["detail"] == "ValueError: no good\nat all"
    assert 'raise ValueError("no good' in event.data["traceback"]
    assert bench.pid() == pid


def test_the_code_of_our_own_errors_is_told(bench, tmp_path):
    event = bench.run("full_disk", folder=str(tmp_path))
    assert event.data["code"] == "disk-full"


def test_a_result_that_is_no_json_is_an_error(bench):
    event = bench.run("unserializable")
    assert (event.kind, event.data["reason"]) == ("failed", "error")
    assert "not JSON serializable" in event.data["detail"]


def test_sys_exit_is_an_error_of_the_trial(bench):
    event = bench.run("system_exit")
    assert event.data["detail"] == "SystemExit: 3"


def test_reports_are_answered(bench):
    number = bench.start("rungs", steps=5, reports=True)
    seen = []
    while True:
        for event in bench.executor.poll(10):
            if event.kind == "report":
                seen.append(event.data["step"])
                bench.executor.answer(number, go_on=event.data["step"] < 2)
            else:
                assert event.kind == "pruned"
                assert seen == [0, 1, 2]
                return


def test_reports_that_nobody_answers_do_not_wait(bench):
    number = bench.start("rungs", steps=3)
    events = []
    while not events or events[-1].kind == "report":
        events += bench.executor.poll(10)
    assert [event.kind for event in events] == ["report", "report", "report", "done"]
    assert {event.number for event in events} == {number}
    assert events[1].data == {"step": 1, "value": 0.1}


def test_a_trial_sees_its_threads_no_terminal_and_the_drivers_modules(bench):
    found = bench.run("environment").data
    assert found["threads"] == "1"
    assert found["blas"] == [1]
    assert found["stdin"] == ""
    assert found["session"]
    assert found["path"] == import_path()


def test_the_working_folder_comes_last_in_a_workers_path(tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise RuntimeError('the wrong random')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "/elsewhere", *sys.path])
    path = import_path()
    assert path[0] == "/elsewhere"
    assert path.index(str(tmp_path)) > path.index(str(Path(json.__file__).parents[1]))
    assert "" not in path


def test_a_flood_on_the_error_stream_blocks_nobody(bench):
    assert bench.run("floods").data == {"ok": True}


def test_a_large_payload_and_result_pass(bench):
    assert bench.run("repeat", text="é" * 2_000_000).data == {"text": "é" * 2_000_000}


def test_a_deadline_holds_while_the_driver_is_busy(make_bench):
    bench = make_bench()
    pid = bench.pid()
    number = bench.start("hang", seconds=0.2)
    until = time.monotonic() + 0.6
    while time.monotonic() < until:
        sum(range(1000))
    assert pid not in bench.executor.pids()
    (event,) = bench.executor.poll(0)
    assert (event.number, event.data["reason"]) == (number, "timeout")


def test_a_job_that_waits_for_a_slot_keeps_its_time(make_bench):
    bench = make_bench()
    first = bench.start("nap", seconds=3, nap=0.5)
    second = bench.start("nap", seconds=0.4, nap=0.01)
    assert bench.end(first).kind == "done"
    assert bench.end(second).kind == "done"


def test_cancel_kills_what_runs_and_takes_back_what_waits(make_bench):
    bench = make_bench()
    pid = bench.pid()
    running, waiting = bench.start("hang"), bench.start("hang")
    time.sleep(0.1)
    bench.executor.cancel(waiting)
    bench.executor.cancel(running)
    events = {}
    while len(events) < 2:
        events.update((event.number, event) for event in bench.executor.poll(5))
    assert {event.data["reason"] for event in events.values()} == {"cancelled"}
    assert bench.pid() != pid


def test_cancel_and_answer_of_an_unknown_job_do_nothing(bench):
    bench.executor.cancel(10_000)
    bench.executor.answer(10_000, go_on=True)
    assert bench.executor.poll(0.05) == []


def test_an_entry_that_is_not_there_fails_the_trial(make_bench):
    bench = make_bench(entry="no_such_module:run")
    event = bench.run("echo")
    assert event.data["reason"] == "error"
    assert "no_such_module" in event.data["detail"]


def test_workers_that_cannot_start_fail_the_trial_instead_of_hanging(make_bench, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    bench = make_bench(slots=2)
    event = bench.run("echo")
    assert event.data["reason"] == "crash"
    assert "exit status 1" in event.data["detail"]
    monkeypatch.undo()


def test_a_supervisor_that_fails_is_heard_of(make_bench, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    bench = make_bench()
    with pytest.raises(RunError, match="supervisor"):
        bench.executor.poll(5)


def test_an_idle_worker_killed_from_outside_costs_nothing(bench):
    pid = bench.pid()
    os.kill(pid, signal.SIGKILL)
    assert bench.run("echo").kind == "done"


def test_close_ends_everything_and_twice_is_fine(make_bench, all_gone, tmp_path):
    bench = make_bench(slots=2)
    until = time.monotonic() + 60
    while len(bench.executor.pids()) < 2:
        assert time.monotonic() < until
        time.sleep(0.005)
    bench.start("children", then="hang", file=str(tmp_path / "pids"))
    pids = _read_when_there(tmp_path / "pids") + bench.executor.pids()
    assert len(pids) == 4
    bench.executor.close()
    bench.executor.close()
    assert all_gone(pids, seconds=1.0)
    assert bench.executor.pids() == []
    assert bench.executor.poll(0) == []


def test_dropping_the_executor_ends_its_workers(entries_on_path, all_gone):
    executor = LocalExecutor(1, 1, entry="trial_entries:run", warm=())
    executor.submit(Job(1, {"what": "echo"}))
    while not executor.poll(5):
        pass
    pids = executor.pids()
    del executor
    gc.collect()
    assert all_gone(pids)


def test_the_executor_is_a_context(entries_on_path, all_gone):
    with LocalExecutor(1, 1, entry="trial_entries:run", warm=()) as executor:
        while not executor.pids():
            time.sleep(0.005)
        pids = executor.pids()
    assert all_gone(pids)


def _read_when_there(path, seconds=10.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if path.exists():
            return [int(pid) for pid in path.read_text().split()]
        time.sleep(0.01)
    raise AssertionError(f"{path} was never written")
