"""Candidates are tied while the rows cannot tell them apart, and not a moment longer."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from optuna.trial import TrialState

from hortus.data.metrics import make_metric
from hortus.engine.result import leaderboard
from hortus.engine.row import TrialRow
from hortus.ensemble.replicates import Replicates, replicate
from hortus.ensemble.ties import tied
from hortus.evaluation.interval import standard_error
from hortus.evaluation.scoring import by_fold

RMSE = make_metric("rmse", "regression", ())


def values(rng, rows, noises):
    y, common = rng.normal(size=rows), rng.normal(size=rows)
    return [y + common + noise * rng.normal(size=rows) for noise in noises], y


def test_the_best_is_among_the_tied_as_often_as_said():
    noises = [0.3, *np.linspace(0.35, 0.6, 9)]
    kept, counts = 0, []
    for run in range(200):
        predictions, y = values(np.random.default_rng(run), 150, noises)
        found = tied(replicate(predictions, y, RMSE, seed=run), seed=run)
        kept += bool(found[0])
        counts.append(found.sum())
    assert kept / 200 >= 0.93
    assert 1 < np.mean(counts) < 9


def test_what_is_worse_beyond_noise_is_not_tied_and_what_is_equal_is():
    predictions, y = values(np.random.default_rng(0), 2000, [0.3, 0.3, 1.0, 3.0])
    predictions.append(predictions[0].copy())
    assert tied(replicate(predictions, y, RMSE)).tolist() == [True, True, False, False, True]


def test_differences_are_taken_on_the_same_rows():
    """A difference far smaller than either score's own error tells two candidates apart, where it is always there."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=500)
    error = rng.normal(size=500)
    replicates = replicate([y + error, y + 1.01 * error], y, RMSE)
    assert replicates.errors.min() > 2 * np.ptp(replicates.scores)
    assert tied(replicates).tolist() == [True, False]


def test_nothing_known_ties_all():
    assert tied(Replicates(np.array([np.nan, np.nan]), np.full((2, 20), np.nan))).all()
    predictions, y = values(np.random.default_rng(2), 2, [1.0, 2.0])
    assert tied(replicate(predictions, y, RMSE)).all()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("roc_auc", "binary"),
        ("neg_log_loss", "multiclass"),
        ("accuracy", "multiclass"),
        ("f1_macro", "multiclass"),
        ("rmse", "regression"),
        ("r2", "regression"),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_replicates_are_the_jackknife_of_each_score(name, kind, weighted):
    rng = np.random.default_rng(3)
    K = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    y = rng.integers(0, K, 300) if K else rng.normal(size=300)
    one_hot = np.eye(K)[y] if K else y
    predictions = [one_hot + rng.random(one_hot.shape) * 3 for _ in range(2)]
    predictions = [p / p.sum(axis=1, keepdims=True) if K else p for p in predictions]
    weight = rng.random(300) if weighted else None
    folds = rng.integers(0, 3, 300)
    metric = make_metric(name, kind, tuple(range(K)))
    found = replicate(predictions, y, metric, weight=weight, folds=folds, seed=4)

    def scored(p, rows):
        return by_fold(metric, y[rows], p[rows], folds[rows], None if weight is None else weight[rows])

    for p, score, error in zip(predictions, found.scores, found.errors, strict=True):
        assert score == pytest.approx(scored(p, np.arange(300)), abs=1e-12)
        assert error == pytest.approx(standard_error(partial(scored, p), 300, seed=4), rel=1e-9)


def test_the_leaderboard_marks_them():
    rows = [TrialRow(n, TrialState.COMPLETE, {"model": "linear"}, value=score) for n, score in enumerate([1.0, 3.0])]
    board = leaderboard(rows, weights={}, intervals={}, tied=[1])
    assert board["trial"].tolist() == [1, 0]
    assert board["tied"].tolist() == [True, False]
    assert pd.api.types.is_bool_dtype(board["tied"])
