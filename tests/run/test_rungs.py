"""Pruners stop what is poor at a cheap rung, and a run with a pruner repeats exactly."""

import pandas as pd
import pytest
from sklearn.datasets import make_classification

from hortus.run import Settings, fit


@pytest.fixture(scope="module")
def table():
    X, y = make_classification(600, 12, n_informative=6, class_sep=0.7, random_state=0)
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(12)]), y


@pytest.mark.parametrize("rungs", ["folds", "rows", "rounds"])
def test_poor_trials_are_stopped_and_the_best_kept(table, rungs, tmp_path):
    X, y = table
    asked = Settings(
        trials=24, strategy="random", pruner="median", rungs=rungs, folds=4, seed=1, slots=2, models=("extra_trees",)
    )
    board = fit(X, y, asked, folder=tmp_path / "two").leaderboard()
    states = board.state.value_counts()
    assert states["pruned"] >= 3
    assert states["complete"] >= 5
    again = fit(X, y, asked, folder=tmp_path / "again").leaderboard()
    clock = ["fit_seconds", "predict_ms"]
    pd.testing.assert_frame_equal(board.drop(columns=clock), again.drop(columns=clock))
