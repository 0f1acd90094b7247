"""The same run twice: at one slot and at two, uninterrupted and killed, under every kind of strategy."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from hortus.engine.journal import Journal
from hortus.run import Settings, fit, resume

CLOCK = ["fit_seconds", "predict_ms"]
TRIALS = 14


def settings(**changed):
    found = {"trials": TRIALS, "seed": 3, "folds": 2, "models": ("lightgbm", "linear", "extra_trees"), "slots": 1}
    return Settings(**{**found, **changed})


def table():
    return load_breast_cancer(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    X, y = table()
    return fit(X, y, settings(), folder=tmp_path_factory.mktemp("reference")).leaderboard().drop(columns=CLOCK)


def same(result, reference):
    pd.testing.assert_frame_equal(result.leaderboard().drop(columns=CLOCK), reference)


def test_two_slots_give_what_one_gives(tmp_path, reference):
    X, y = table()
    same(fit(X, y, settings(slots=2), folder=tmp_path), reference)


def test_a_run_killed_twice_and_resumed_gives_what_an_uninterrupted_one_gives(tmp_path, reference):
    script = (
        "from pathlib import Path; from hortus.run import Settings, fit\n"
        "from sklearn.datasets import load_breast_cancer\n"
        "X, y = load_breast_cancer(return_X_y=True, as_frame=True)\n"
        f"fit(X, y, {settings(slots=2)!r}, folder=Path({str(tmp_path)!r}))"
    )
    for trials in (3, 8):
        driver = subprocess.Popen([sys.executable, "-c", script])
        wait_for(tmp_path, trials)
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    with Journal.open(tmp_path, read_only=True) as journal:
        assert 8 <= sum(row.finished for row in journal.trials()) < TRIALS
    same(resume(tmp_path), reference)


def test_a_larger_budget_extends_a_finished_run(tmp_path, reference):
    X, y = table()
    first = fit(X, y, settings(trials=6), folder=tmp_path)
    assert len(first.rows) == 6
    same(fit(X, y, settings(), folder=tmp_path), reference)


def test_a_race_over_folds_is_the_same_race_at_two_slots(tmp_path):
    X, y = table()
    # Most of what a search tries at random cannot enter the ensemble.
    raced = settings(trials=36, folds=4, models=("linear", "extra_trees"))
    one = fit(X, y, raced, folder=tmp_path / "one").leaderboard().drop(columns=CLOCK)
    assert 3 <= (one["state"] == "pruned").sum() <= 24
    same(fit(X, y, replace(raced, slots=2), folder=tmp_path / "two"), one)


def wait_for(folder: Path, trials: int) -> None:
    """Until so many trials have finished."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.01)
        if not (folder / "journal.sqlite").exists():
            continue
        with Journal.open(folder, read_only=True) as journal:
            if sum(row.finished for row in journal.trials()) >= trials:
                return
    raise AssertionError(f"{trials} trials did not finish in time")
