"""Hostile trials, one after the other on the same slots: each costs itself alone, and none leaves a process."""

import random
import time
from pathlib import Path

import pytest

MIB = 2**20
# What a trial does, and what is told of it.
FAULTS = [
    ("hang", {"seconds": 0.3}, "timeout"),
    ("blas_loop", {"seconds": 0.3}, "timeout"),
    ("lock_held", {"seconds": 0.3}, "timeout"),
    ("segfault", {}, "crash"),
    ("abort", {}, "crash"),
    ("leave", {}, "crash"),
    ("kill_itself", {}, "crash"),
    ("eat", {"memory": 250 * MIB}, "memory"),
    ("gulp", {"bytes": 3 * 10**9, "memory": 250 * MIB}, "memory"),
    ("gulp_by_child", {"memory": 250 * MIB}, "memory"),
    ("bad_alloc", {}, "memory"),
    ("full_disk", {}, "error"),
    ("children", {"seconds": 1.5, "then": "die"}, "crash"),
    ("children", {"seconds": 1.5, "then": "hang"}, "timeout"),
]


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="memory is watched on Linux alone")
def test_hostile_trials_cost_themselves_alone(make_bench, all_gone, tmp_path, long, slice_number, figure):
    bench = make_bench(slots=2)
    before = descriptors()
    chance = random.Random(slice_number)
    drawn = [chance.choice(FAULTS) for _ in range(100 if long else 10)]
    pids: set[int] = set()
    for number, (what, given, reason) in enumerate(drawn):
        file, folder = tmp_path / f"{number}.pids", tmp_path / str(number)
        folder.mkdir()
        beside = bench.start("nap", nap=0.2)
        event = bench.end(bench.start(what, **given, file=str(file), folder=str(folder)))
        pids |= set(bench.executor.pids())
        assert (event.kind, event.data["reason"]) == ("failed", reason), (what, event)
        assert bench.end(beside).data == {"slept": 0.2}, f"a trial beside {what} was not untouched"
        if file.exists():
            assert all_gone([int(pid) for pid in file.read_text().split()]), f"{what} left a process"
    assert bench.run("echo").kind == "done"
    until = time.monotonic() + 5
    while descriptors() > before + 8 and time.monotonic() < until:
        time.sleep(0.1)
    assert descriptors() <= before + 8
    bench.executor.close()
    assert all_gone(pids)
    figure("hostile trials, each lost alone", len(drawn))
