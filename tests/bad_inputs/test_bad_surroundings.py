"""What is wrong around the table: the folder, the budget, the clock, the weights. Numbers are those of the list."""

import math
import os
import time

import numpy as np
import pandas as pd
import pytest

from hortus.budget import Budget, Ledger
from hortus.data.weights import check_weights
from hortus.engine.lock import RunLock
from hortus.errors import BudgetError, InputError, RunError, RunInUseError
from hortus.run import Settings, fit


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    made = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc"))
    made["y"] = (made["a"] > 0).astype(int)
    return made


def test_57_a_place_that_cannot_be_written_is_told_before_the_table_is_read(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError) as caught:
        fit(tmp_path / "never-read.csv", "y", Settings(trials=1, executor="inline"), folder=tmp_path / "file/run")
    assert caught.value.code == "folder-not-writable"
    assert caught.value.mend


def test_58_a_run_in_use_names_the_process_before_the_table_is_read(tmp_path):
    with RunLock(tmp_path), pytest.raises(RunInUseError) as caught:
        fit(tmp_path / "never-read.csv", "y", Settings(trials=1, executor="inline"), folder=tmp_path)
    assert str(os.getpid()) in str(caught.value)
    assert caught.value.mend


@pytest.mark.parametrize("what", ["time", "trials", "memory"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "60"])
def test_65_a_budget_that_is_none(what, value):
    with pytest.raises(BudgetError) as caught:
        Settings(**{what: value})
    assert repr(value) in caught.value.what
    assert caught.value.mend


def test_67_a_clock_that_steps_back_changes_no_budget(monkeypatch, frame, tmp_path):
    now = time.time()
    steps = iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: now - 3600.0 * next(steps))
    ledger = Ledger(Budget(time=60.0))
    assert 0.0 <= ledger.elapsed < 5.0
    assert 55.0 < ledger.remaining <= 60.0
    settings = Settings(trials=2, folds=2, models=("linear",), executor="inline")
    assert [row.number for row in fit(frame, "y", settings, folder=tmp_path / "run").rows] == [0, 1]


@pytest.mark.parametrize("weights", [[-1.0] + [1.0] * 9, [0.0] * 10, [math.nan] + [1.0] * 9, [1.0] * 9, ["a"] * 10])
def test_68_weights_that_are_none(weights):
    with pytest.raises(InputError) as caught:
        check_weights(weights, 10)
    assert caught.value.code
    assert caught.value.mend
