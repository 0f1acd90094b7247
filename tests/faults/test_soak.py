"""Thousands of short trials: the driver grows by next to nothing and leaks neither a descriptor nor a process."""

import gc
import os
import sys
from pathlib import Path

import pytest

from hortus.budget import Budget, Ledger
from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.engine.executors import limits
from hortus.engine.executors.local import LocalExecutor
from hortus.engine.journal import Journal
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.spaces.pipelines import PipelineSpace

HERE = Path(__file__).parent


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts what /proc tells")
def test_many_short_trials(tmp_path, long, figure, monkeypatch, all_gone):
    trials = 5000 if long else 400
    monkeypatch.syspath_prepend(str(HERE))
    columns = tuple(MatrixColumn(f"x{i}", f"x{i}", categories=0) for i in range(3))
    space = PipelineSpace(Facts("binary", 2, 1000, 800, columns, missing=False), models=("linear",))
    plan = Plan(space=space, strategy="random", data=tmp_path, out=tmp_path, seed=0, trials=trials)
    seen: list[tuple[int, int, int]] = []
    ended = 0

    def count(event):
        nonlocal ended
        ended += event.kind == "trial_finished"
        if event.kind == "trial_finished" and ended in (trials // 5, trials):
            gc.collect()
            limits.trim()
            pid = os.getpid()
            seen.append(
                (limits.private_memory(pid), len(list(Path("/proc/self/fd").iterdir())), len(limits.descendants(pid)))
            )

    with Journal.create(tmp_path) as journal, LocalExecutor(2, 1, entry="light_entries:soak", warm=()) as executor:
        search = Search(plan, executor, journal, Ledger(Budget(trials=trials)), count)
        assert search.run() == "trials"
        assert sum(row.finished for row in journal.trials()) == trials
        pids = executor.pids()
    (memory, descriptors, processes), (more_memory, more_descriptors, more_processes) = seen
    grown = more_memory / memory - 1
    assert (more_descriptors, more_processes) == (descriptors, processes)
    assert grown < 0.05, f"{memory / 2**20:.1f} to {more_memory / 2**20:.1f} MiB"
    assert all_gone(pids)
    figure("short trials in a row", trials)
    figure("growth of the driver's memory from the first fifth of them to the last, %", round(100 * grown, 2))
