"""A real Ray cluster, a head and two nodes, in a network of its own: what it runs, and what dies in it.

The tests stand in order: each takes away more of the cluster than the one before.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_wine

from hortus.engine.journal import FILE, Journal

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="no benchmarks here")

HORTUS = str(Path(sys.executable).with_name("hortus"))
# A trial runs in a fork of the nursery, which has its command line.
SLOT, TRIAL = "ray::RemoteSlot", "hortus.engine.executors.nursery_process"
TRIALS = 24
COLUMNS = ["trial", "pipeline", "score", "state"]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(scratch):
    from benchmarks.loopback import Loopback, possible

    if why := possible():
        pytest.skip(why)
    with Loopback(nodes=2, gpus=1, path=HERE) as made:
        yield made


@pytest.fixture(scope="module")
def table(scratch):
    frame = load_wine(as_frame=True).frame
    frame.to_csv(scratch / "wine.csv", index=False)
    return scratch / "wine.csv"


def fit(table, out, trials, *more):
    models = ["--model", "linear", "--model", "tree"]
    fixed = [
        "--target",
        "target",
        "--trials",
        str(trials),
        "--seed",
        "3",
        "--folds",
        "2",
        "--single",
        "--jobs",
        "2",
        "--quiet",
    ]
    return [HORTUS, "fit", str(table), *fixed, *models, "--out", str(out), *more]


def board(folder):
    with Journal.open(folder, read_only=True) as journal:
        rows = journal.trials()
    told = [(row.number, row.describe, row.value, row.state.name) for row in rows]
    return pd.DataFrame(told, columns=COLUMNS)


def finished(folder):
    if not (folder / FILE).exists():
        return 0
    with Journal.open(folder, read_only=True) as journal:
        return sum(row.finished for row in journal.trials())


def wait_for(what, *, seconds=180.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def local(cluster, table, scratch):
    """The leaderboard of all trials, as they run here."""
    done = cluster.run(fit(table, scratch / "local", TRIALS))
    assert done.returncode == 0, done.stderr
    return board(scratch / "local")


@pytest.fixture(scope="module")
def told(cluster, scratch):
    place = scratch / "slots"
    place.mkdir()
    done = cluster.run([sys.executable, str(HERE / "drive_slots.py"), cluster.url, str(place)])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_wrong_token_is_an_error_at_once(cluster, table, scratch):
    environment = cluster.environment(RAY_AUTH_TOKEN="0" * 64)
    begin = time.monotonic()
    done = cluster.run(fit(table, scratch / "refused", 3, "--cluster", cluster.url), environment=environment)
    # Ray's own client would try for half a minute.
    assert time.monotonic() - begin < 20
    assert done.returncode == 2, done.stderr
    assert "cluster-token-wrong" in done.stderr
    assert "RAY_AUTH_TOKEN" in done.stderr
    assert not (scratch / "refused" / FILE).exists()


def test_two_hundred_trials(told, scratch):
    assert told["capacity"] == [2, 1]
    events = {int(number): event for number, event in told["quick"].items()}
    assert sorted(events) == list(range(200))
    for number, event in events.items():
        assert event["kind"] == "done"
        assert (event["data"]["score"], event["data"]["bytes"]) == (number / 10, 5 * 2**20 + 1)
        (artifact,) = event["data"]["artifacts"]
        assert (scratch / "slots/run" / artifact["path"]).read_bytes() == b"%d" % number * 100


def test_the_table_lies_on_a_machine_once(told):
    # Both nodes of the test are one machine.
    assert len({event["data"]["place"] for event in told["quick"].values()}) == 1


def test_each_trial_holds_a_gpu_where_there_are_any(told):
    assert {event["data"]["gpu"] for event in told["quick"].values()} == {"0"}


def test_a_deadline_is_told_in_the_other_machines_time(told):
    left = told["left"]["data"]["left"] - told["left"]["data"]["now"]
    assert 0 < left <= 7.0


def test_reports_and_questions_are_answered_and_files_are_sent(told):
    assert told["rungs"]["data"]["stopped"] == 3
    assert told["asks"]["data"] == {"answer": 0.25, "refused": "not again", "artifacts": []}
    assert told["needy"]["data"]["read"] == "needed"


@pytest.mark.parametrize("reason", ["timeout", "memory", "crash", "cancelled"])
def test_limits_are_the_same_as_at_home(told, reason):
    assert (told[reason]["kind"], told[reason]["data"]["reason"]) == ("failed", reason)


def test_nothing_is_left_behind(cluster, told):
    wait_for(lambda: not cluster.processes(SLOT, TRIAL), seconds=10)
    assert [path.name for path in (cluster.place / f"hortus-{os.getuid()}").iterdir()] == ["gate.lock"]


def test_a_run_is_the_same_there_though_a_process_and_a_machine_die(cluster, table, scratch, local):
    folder = scratch / "killed"
    from benchmarks.loopback import kill

    running = cluster.start(fit(table, folder, TRIALS, "--cluster", cluster.url))
    wait_for(lambda: finished(folder) >= 4)
    slots, trials = cluster.processes(SLOT), cluster.processes(TRIAL)
    kill(slots[:1])
    wait_for(lambda: finished(folder) >= 10)
    assert len(set(trials) & set(cluster.processes(TRIAL))) < len(trials), "its trial ended with it"
    cluster.kill_node(2)
    assert running.wait(180) == 0
    pd.testing.assert_frame_equal(board(folder), local)


def test_a_run_goes_on_at_home_when_the_head_is_lost(cluster, table, scratch, local):
    folder = scratch / "headless"
    environment = cluster.environment(RAY_CLIENT_RECONNECT_GRACE_PERIOD="3")
    running = cluster.start(
        fit(table, folder, TRIALS, "--cluster", cluster.url), environment=environment, stderr=-1, text=True
    )
    wait_for(lambda: finished(folder) >= 4)
    cluster.kill_node(0)
    _, errors = running.communicate(timeout=180)
    assert running.returncode == 2, errors
    assert "cluster-lost" in errors
    assert "hortus resume" in errors
    kept = board(folder).query("state == 'COMPLETE'")
    assert 4 <= len(kept) < TRIALS
    done = cluster.run([HORTUS, "resume", str(folder), "--executor", "local", "--quiet"])
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(board(folder), local)
    shutil.rmtree(folder)
