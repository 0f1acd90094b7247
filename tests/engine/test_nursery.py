"""The process that workers are forked from: what it spares, and what becomes of a run when it goes."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from hortus.engine.executors import nursery as nurseries

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere each worker imports for itself")


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def loaded(bench, module):
    return bench.run("loaded", module=module).data["loaded"]


@pytest.fixture(autouse=True)
def none_left_by_others():
    while nurseries._idle:
        nurseries._idle.pop().close()


@linux
def test_libraries_are_imported_once_for_all_workers_and_their_followers(make_bench):
    bench = make_bench(slots=2, warm=("colorsys",), own=("this_is_no_module", "wave"))
    pid = bench.pid()
    assert loaded(bench, "colorsys")
    nursery = parent(pid)
    assert {parent(pid) for pid in bench.executor.pids()} == {nursery}
    os.kill(pid, signal.SIGKILL)
    assert bench.pid() != pid
    assert {parent(pid) for pid in bench.executor.pids()} == {nursery}


def test_a_users_own_module_is_imported_by_the_workers(make_bench):
    bench = make_bench(own=("this_is_no_module", "wave"))
    until = time.monotonic() + 60
    while not loaded(bench, "wave"):
        assert time.monotonic() < until
        time.sleep(0.02)


@linux
def test_the_next_run_begins_with_what_the_last_one_imported(make_bench, tmp_path, monkeypatch):
    first = make_bench(warm=("colorsys",))
    before = parent(first.pid())
    first.executor.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HORTUS_TOLD", "later")
    bench = make_bench(warm=("colorsys",))
    assert parent(bench.pid()) == before
    # It runs where this process is now, and not where it was when the nursery was started.
    found = bench.run("surroundings", name="HORTUS_TOLD").data
    assert found == {"folder": str(tmp_path), "value": "later", "path": nurseries.import_path()}


@linux
def test_a_run_with_other_libraries_gets_a_nursery_of_its_own(make_bench):
    first = make_bench(warm=("colorsys",))
    before = parent(first.pid())
    first.executor.close()
    assert parent(make_bench(warm=("wave",)).pid()) != before


@linux
def test_two_runs_at_once_share_none(make_bench):
    first, second = make_bench(), make_bench()
    assert parent(first.pid()) != parent(second.pid())


@linux
def test_a_killed_nursery_costs_the_trials_under_way_alone(make_bench, all_gone):
    bench = make_bench()
    pid = bench.pid()
    number = bench.start("hang")
    time.sleep(0.1)
    nursery = parent(pid)
    os.kill(nursery, signal.SIGKILL)
    assert bench.end(number).data["reason"] == "crash"
    assert all_gone([nursery, pid])
    assert parent(bench.pid()) != nursery


@linux
def test_it_leaves_when_nobody_needs_it(make_bench, all_gone, monkeypatch):
    monkeypatch.setattr(nurseries, "IDLE_SECONDS", 0.3)
    bench = make_bench()
    pid = bench.pid()
    nursery = parent(pid)
    time.sleep(0.6)
    # An idle worker is a reason to stay.
    assert bench.pid() == pid
    bench.executor.close()
    assert all_gone([nursery])
    assert make_bench().pid() != pid


@linux
def test_a_fork_of_the_driver_leaves_the_drivers_nursery_alone(make_bench, is_alive):
    bench = make_bench()
    nursery = parent(bench.pid())
    bench.executor.close()
    child = os.fork()
    if not child:
        ours = nurseries.nursery(1, ())
        used = any(ours is idle for idle in nurseries._idle)
        nurseries.put_by(ours)
        os._exit(int(used))
    assert os.waitpid(child, 0)[1] == 0
    assert is_alive(nursery)
    assert parent(make_bench().pid()) == nursery
