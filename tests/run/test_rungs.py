"""Pruners stop what is poor at a cheap rung, and a run with a pruner repeats exactly."""

import numpy as np
import pandas as pd
import pytest
from optuna.trial import TrialState
from scipy.stats import spearmanr
from sklearn.datasets import make_classification

from hortus.engine.journal import Journal
from hortus.run import Settings, fit


@pytest.fixture(scope="module")
def table():
    X, y = make_classification(600, 12, n_informative=6, class_sep=0.7, random_state=0)
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(12)]), y


@pytest.mark.rotated
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


@pytest.mark.rotated
def test_small_budgets_are_held_against_large_ones(table, tmp_path):
    X, y = table
    asked = Settings(
        trials=14,
        strategy="random",
        pruner="hyperband",
        rungs="rows",
        folds=2,
        seed=1,
        models=("tree",),
        executor="inline",
    )
    result = fit(X, y, asked, folder=tmp_path)
    budgets = result.budgets()
    assert list(budgets.columns) == ["11 % of the rows", "33 % of the rows", "full"]
    with Journal.open(tmp_path) as journal:
        seen = [row.intermediate for row in journal.trials()]
    both = [(one[11], one[33]) for one in seen if {11, 33} <= set(one)]
    assert len(both) >= 8
    assert budgets.loc["11 % of the rows", "33 % of the rows"] == pytest.approx(spearmanr(both).statistic)
    found = result.agreement().set_index("cheap")
    assert list(found.index) == ["11 % of the rows", "33 % of the rows"]
    assert (found["count"] == sum(row.state == TrialState.COMPLETE for row in result.rows)).all()


def test_a_frugal_run_begins_with_a_sample_of_many_rows(tmp_path):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40_000, 3)), columns=list("abc"))
    y = X.a + np.sin(3 * X.b) + rng.normal(0, 0.1, len(X))
    settings = Settings(trials=12, strategy="frugal", models=("tree",), folds=2, executor="inline")
    fit(X, y, settings, folder=tmp_path)
    with Journal.open(tmp_path) as journal:
        trials = journal.trials()
    # 20,000 rows to learn from: half of them are 10,000.
    assert trials[0].system_attrs["hortus:rows"] == 0.5
    grown = next(trial for trial in trials if trial.system_attrs["hortus:rows"] == 1.0)
    before = next(trial for trial in trials if trial.params == grown.params)
    assert before.number < grown.number
    assert grown.evaluation.work == 2 * before.evaluation.work
