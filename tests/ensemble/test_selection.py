import itertools

import numpy as np
import pytest

from hortus.data.metrics import make_metric
from hortus.ensemble.selection import select
from hortus.evaluation.interval import interval


@pytest.fixture
def noisy():
    """Five regressors with independent errors of growing size, and the truth."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=2000)
    return [y + scale * rng.normal(size=2000) for scale in (0.5, 0.6, 0.7, 2.0, 5.0)], y


def test_the_blend_beats_its_best_member_and_nears_the_best_weights(noisy):
    predictions, y = noisy
    metric = make_metric("rmse", "regression", ())
    weights = select(predictions, y, metric)
    blended = metric(y, weights @ np.stack(predictions))
    # Independent errors: the best weights are the inverse variances.
    inverse = np.array([s**-2 for s in (0.5, 0.6, 0.7, 2.0, 5.0)])
    best = metric(y, (inverse / inverse.sum()) @ np.stack(predictions))
    assert weights.sum() == pytest.approx(1)
    assert blended > max(metric(y, p) for p in predictions)
    assert blended > best - 0.01


def test_a_useless_model_gets_no_weight(noisy):
    predictions, y = noisy
    weights = select([*predictions[:2], np.full(2000, 50.0)], y, make_metric("rmse", "regression", ()))
    assert weights[2] == 0


def test_two_models_are_weighed_as_exhaustive_search_would():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 500)
    first = np.clip(y + rng.normal(0, 0.6, 500), 0.01, 0.99)
    second = np.clip(y + rng.normal(0, 0.8, 500), 0.01, 0.99)
    stack = [np.column_stack([1 - p, p]) for p in (first, second)]
    metric = make_metric("log_loss", "binary", (0, 1))
    found = select(stack, y, metric, rounds=20)
    grid = [(a / 20, 1 - a / 20) for a in range(21)]
    scores = [metric(y, a * stack[0] + b * stack[1]) for a, b in grid]
    assert metric(y, found[0] * stack[0] + found[1] * stack[1]) > max(scores) - 1e-3


def test_weights_count_and_many_rows_are_sampled_the_same_way_each_time():
    rng = np.random.default_rng(2)
    y = rng.normal(size=30_000)
    predictions = [y + rng.normal(size=30_000) * s for s in (0.5, 0.5)]
    metric = make_metric("rmse", "regression", ())
    assert (select(predictions, y, metric, seed=4) == select(predictions, y, metric, seed=4)).all()
    # Weighing only rows on which the first is right makes it the only member.
    right = np.abs(predictions[0] - y) < 0.1
    assert select(predictions, y, metric, weight=right.astype(float) + 1e-9)[0] > 0.9


def test_the_interval_has_the_width_of_a_bootstrap():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 1000)
    score = y + rng.normal(0, 1.2, 1000)
    p = np.column_stack([-score, score])
    metric = make_metric("roc_auc", "binary", (0, 1))
    low, high = interval(metric, y, p)
    samples = (rng.integers(0, 1000, 1000) for _ in itertools.repeat(None, 400))
    spread = np.std([metric(y[rows], p[rows]) for rows in samples])
    assert low < metric(y, p) < high
    assert (high - low) / 2 / 1.96 == pytest.approx(spread, rel=0.5)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(4)
    metric = make_metric("accuracy", "binary", (0, 1))
    covered = 0
    for trial in range(400):
        y = rng.integers(0, 2, 400)
        right = rng.random(400) < 0.8
        chosen = np.where(right, y, 1 - y)
        low, high = interval(metric, y, np.column_stack([1 - chosen, chosen]).astype(float), seed=trial)
        covered += low <= 0.8 <= high
    assert 0.90 <= covered / 400 <= 0.98
