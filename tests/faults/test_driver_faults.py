"""The driver killed at any instant: nothing acknowledged is lost, nothing is left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from optuna.trial import TrialState

from hortus.data.artifacts import Stored, sweep, verify
from hortus.engine.journal import Journal
from hortus.engine.lock import RunLock
from hortus.engine.study import rebuild_study

HERE = Path(__file__).parent
ENTRIES = HERE.parent / "engine"


def test_kills_at_random_instants_lose_no_acknowledged_trial(tmp_path, all_gone, long, slice_number, figure):
    folder = tmp_path / "run"
    kills = int(os.environ.get("HORTUS_KILLS") or (200 if long else 20))
    done = subprocess.run(
        [sys.executable, str(HERE / "killed_driver.py"), str(folder), str(kills), str(slice_number)],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=3 * kills,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = folder.with_suffix(".acknowledged").read_text().split("\n")[:-1]
    assert [line for line in lines if not line.isdigit()] == []
    acknowledged = [int(line) for line in lines]
    assert len(acknowledged) >= kills // 2
    # No trial ran to its end twice.
    assert len(set(acknowledged)) == len(acknowledged)
    with RunLock(folder), Journal.open(folder) as journal:
        rows = journal.trials()
        assert journal.notes == []
        study = rebuild_study(journal)
    assert [row.number for row in rows] == list(range(len(rows)))
    complete = {row.number: row for row in rows if row.state == TrialState.COMPLETE}
    assert set(acknowledged) <= set(complete)
    # At most the one whose commit was under way counts without having been acknowledged, in each sitting.
    assert len(complete) - len(acknowledged) <= kills
    assert all(row.state in (TrialState.COMPLETE, TrialState.RUNNING) for row in rows)
    assert sum(row.state == TrialState.RUNNING for row in rows) <= 2
    sweep(folder)
    for number, row in complete.items():
        assert row.value == number / 10 == row.params["x"]
        (artifact,) = row.evaluation.artifacts
        verify(folder, Stored(artifact.path, artifact.sha256, artifact.size))
    assert len(study.trials) == len(rows)
    assert all_gone({int(pid) for pid in folder.with_suffix(".workers").read_text().split()})
    figure("kills of the driver at random instants", kills)
    figure("trials acknowledged over them, none of them lost", len(acknowledged))


DRIVER = f"""
import sys, time
sys.path.insert(0, {str(ENTRIES)!r})
from hortus.engine.executors.base import Job
from hortus.engine.executors.local import LocalExecutor
executor = LocalExecutor(1, 1, entry="trial_entries:run", warm=())
executor.submit(Job(1, {{"what": "echo"}}))
executor.poll(30)
print(executor.pids()[0], flush=True)
executor.submit(Job(2, {{"what": sys.argv[1], "then": "hang", "file": sys.argv[2]}}))
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("hang", signal.SIGKILL),
        ("lock_held", signal.SIGKILL),
        ("blas_loop", signal.SIGKILL),
        ("children", signal.SIGKILL),
        ("children", signal.SIGTERM),
    ],
)
def test_workers_end_with_a_killed_driver(tmp_path, all_gone, is_alive, what, how):
    file = tmp_path / "pids"
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, what, str(file)], stdout=subprocess.PIPE, text=True)
    with driver:
        pids = [int(driver.stdout.readline())]
        until = time.monotonic() + 10
        while what == "children" and not file.exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(0.05)
        pids += [int(pid) for pid in file.read_text().split()] if what == "children" else []
        assert all(map(is_alive, pids))
        driver.send_signal(how)
        # At once; the second is for a machine that is busy.
        assert all_gone(pids, seconds=1.0)


def test_workers_end_although_a_fork_of_the_driver_lives_on(tmp_path, all_gone, is_alive):
    fork = "import os\nif not os.fork():\n    time.sleep(5)\n    os._exit(0)\ntime.sleep(60)"
    code = DRIVER.replace("time.sleep(60)", fork)
    driver = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, "hang", str(tmp_path / "x")], stdout=subprocess.PIPE, text=True
    )
    pid = int(driver.stdout.readline())
    time.sleep(0.1)
    assert is_alive(pid)
    driver.kill()
    driver.wait()
    driver.stdout.close()
    assert all_gone([pid], seconds=3.0)
