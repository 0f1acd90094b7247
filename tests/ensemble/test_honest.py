"""Estimates of chosen models where the truth is known: right on average, and covering it as often as they say."""

import itertools
import time

import numpy as np
import pytest

from hortus.data.metrics import Metric, make_metric
from hortus.ensemble.combination import Combination, combine
from hortus.ensemble.honest import Estimate, honest_estimate, judge, selection_optimism
from hortus.ensemble.replicates import replicate
from hortus.evaluation.scoring import by_fold

ACCURACY = make_metric("accuracy", "binary", (0, 1))
AUC = make_metric("roc_auc", "binary", (0, 1))
RMSE = make_metric("rmse", "regression", ())


def alone(predictions, y, metric, folds=None):
    """The best candidate by itself, as a run without an ensemble takes it."""
    best = int(np.argmax([by_fold(metric, y, p, folds) for p in predictions]))
    return Combination(np.eye(len(predictions))[best], None, None, predictions[best])


def guesses(rng, rows, models, right, alike=0.0):
    """Labels, and candidates that are each right with a probability of its own; alike on a share of the rows."""
    y = rng.integers(0, 2, rows)
    luck = np.where(rng.random(rows) < alike, rng.random(rows), rng.random((models, rows)))
    hits = luck < np.broadcast_to(right, models)[:, None]
    chosen = np.where(hits, y, 1 - y)
    return [np.column_stack([1.0 - c, c]) for c in chosen], y


def values(rng, rows, models, noise=0.5):
    """Values, and candidates that each miss them by a common error and one of their own."""
    y, common = rng.normal(size=rows), rng.normal(size=rows)
    return [y + common + noise * rng.normal(size=rows) for _ in range(models)], y


def test_of_equals_the_best_looks_better_than_it_is_and_the_estimate_does_not():
    runs, truth = 200, 0.8
    found = []
    for run in range(runs):
        predictions, y = guesses(np.random.default_rng(run), 200, 15, truth, alike=0.5)
        found.append(honest_estimate(predictions, alone(predictions, y, ACCURACY), y, ACCURACY, seed=run))
    naive, score = (np.array([getattr(e, name) for e in found]) for name in ("naive", "score"))
    assert naive.mean() - truth > 0.02
    assert abs(score.mean() - truth) < 0.005
    assert np.abs(score - truth).mean() < 0.8 * np.abs(naive - truth).mean()
    covered = sum(e.low <= truth <= e.high for e in found)
    assert 0.92 <= covered / runs <= 0.98


def test_the_interval_of_a_skewed_score_covers_on_either_side():
    runs, outside = 200, {"below": 0, "above": 0}
    truth = -np.sqrt(1.25)
    for run in range(runs):
        predictions, y = values(np.random.default_rng(run), 100, 6)
        found = honest_estimate(predictions, alone(predictions, y, RMSE), y, RMSE, seed=run)
        outside["below"] += truth < found.low
        outside["above"] += truth > found.high
    assert 0.92 <= 1 - sum(outside.values()) / runs <= 0.98
    assert max(outside.values()) / runs <= 0.06


def test_a_candidate_far_better_than_all_keeps_its_score():
    predictions, y = guesses(np.random.default_rng(0), 1000, 10, [0.95, *[0.6] * 9])
    found = honest_estimate(predictions, alone(predictions, y, ACCURACY), y, ACCURACY)
    assert found.optimism < 0.001
    assert found.score == pytest.approx(found.naive, abs=0.001)
    assert found.low < 0.95 < found.high


def test_an_ensemble_judged_on_rows_it_was_not_chosen_by_is_not_corrected_twice():
    predictions, y = values(np.random.default_rng(1), 600, 12)
    folds = np.arange(600) % 5
    chosen = combine(predictions, y, RMSE, folds=folds)
    assert np.count_nonzero(chosen.weights) > 1
    found = honest_estimate(predictions, chosen, y, RMSE, folds=folds)
    error = replicate([chosen.predictions], y, RMSE, folds=folds).errors[0]
    assert found.score == pytest.approx(by_fold(RMSE, y, chosen.predictions, folds), abs=0.25 * error)
    assert found.naive == max(by_fold(RMSE, y, p, folds) for p in predictions)
    assert found.optimism > 0


def test_an_ensemble_judged_on_the_rows_it_was_chosen_by_is_corrected():
    predictions, y = guesses(np.random.default_rng(2), 200, 20, 0.8)
    chosen = combine(predictions, y, ACCURACY, deadline=time.monotonic())
    found = honest_estimate(predictions, chosen, y, ACCURACY)
    assert found.score == pytest.approx(ACCURACY(y, chosen.predictions) - found.optimism, abs=0.003)
    assert found.optimism > 0.01


def test_what_rows_left_out_say_is_what_rows_drawn_say():
    """The optimism over groups of rows is that of the paper's own algorithm, which draws rows."""
    predictions, y = guesses(np.random.default_rng(3), 300, 10, np.linspace(0.75, 0.8, 10))
    rng, scores = np.random.default_rng(4), []
    for _ in itertools.repeat(None, 1000):
        drawn = rng.integers(0, 300, 300)
        rest = np.setdiff1d(np.arange(300), drawn)
        best = int(np.argmax([ACCURACY(y[drawn], p[drawn]) for p in predictions]))
        scores.append(ACCURACY(y[rest], predictions[best][rest]))
    paper = max(ACCURACY(y, p) for p in predictions) - np.mean(scores)
    seeds = [selection_optimism(replicate(predictions, y, ACCURACY, seed=seed), seed=seed) for seed in range(10)]
    assert np.mean(seeds) == pytest.approx(paper, abs=0.25 * paper)


def test_a_constant_fitted_to_each_fold_flatters_the_score_and_not_the_estimate():
    """Each fold's model is moved to where its own validation rows like it best; the shipped one is their mean."""
    folds, runs = np.arange(100) % 5, 200
    seen, estimated = [], []
    for run in range(runs):
        y = np.random.default_rng(run).normal(size=100)
        moved = np.array([y[folds == fold].mean() for fold in range(5)])
        p, truth = moved[folds], -np.sqrt(1 + moved.mean() ** 2)
        seen.append(by_fold(RMSE, y, p, folds) - truth)
        estimated.append(honest_estimate([p], alone([p], y, RMSE, folds), y, RMSE, folds=folds).score - truth)
    assert np.mean(seen) > 0.02
    assert abs(np.mean(estimated)) < 0.5 * np.mean(seen)


def test_certainty_that_was_never_wrong_is_not_taken_for_certain():
    y = np.arange(200) % 3
    p = np.where(np.eye(3)[y] == 1, 1 - 1e-6, 0.5e-6)
    loss = make_metric("log_loss", "multiclass", (0, 1, 2))
    found = honest_estimate([p], alone([p], y, loss), y, loss)
    assert found.score == pytest.approx(-1e-6, abs=1e-6)
    # 3.7 of 200 rows may be wrong, and each would cost 13.8.
    assert found.low == pytest.approx(-3.7 / 200 * 13.8, rel=0.05)


@pytest.mark.parametrize("perfect", [0, 1])
def test_scores_at_the_end_of_their_range_have_an_interval_inside_it(perfect):
    y = np.arange(60) % 2
    sure = np.column_stack([1.0 - y, y])
    wrong = sure if perfect else np.where(np.arange(60)[:, None] == 0, 1 - sure, sure)
    for metric in (ACCURACY, AUC):
        found = honest_estimate([wrong], alone([wrong], y, metric), y, metric)
        assert 0.8 < found.low < found.score <= found.high <= 1.0
        assert found.low < 0.98


def test_rows_that_come_in_groups_count_as_groups():
    predictions, y = values(np.random.default_rng(5), 200, 3)
    few = judge(predictions, alone(predictions, y, RMSE), y, RMSE).estimate
    many = [np.repeat(p, 10) for p in predictions], np.repeat(y, 10)
    told = judge(many[0], alone(*many, RMSE), many[1], RMSE, groups=np.repeat(np.arange(200), 10)).estimate
    untold = judge(many[0], alone(*many, RMSE), many[1], RMSE).estimate
    assert told.high - told.low == pytest.approx(few.high - few.low, rel=0.5)
    assert untold.high - untold.low < 0.6 * (told.high - told.low)


def test_scores_that_change_with_time_widen_the_interval():
    rng = np.random.default_rng(6)
    folds = np.repeat(np.arange(5), 100)
    y = rng.normal(size=500)
    for spread, wider in ((0.0, 1.6), (0.4, None)):
        p = y + rng.normal(size=500) * (1 + spread * folds)
        ordered, random = (
            judge([p], alone([p], y, RMSE, folds), y, RMSE, folds=folds, ordered=o).estimate for o in (True, False)
        )
        ratio = (ordered.high - ordered.low) / (random.high - random.low)
        assert 1 <= ratio <= wider if wider else ratio > 3


def test_the_same_seed_gives_the_same_estimate_and_no_time_still_gives_one():
    predictions, y = values(np.random.default_rng(7), 300, 8)
    predictions = sorted(predictions, key=lambda p: -RMSE(y, p))
    chosen = alone(predictions, y, RMSE)
    first, again = (judge(predictions, chosen, y, RMSE, seed=3) for _ in range(2))
    assert first == again
    assert Estimate(**first.estimate.to_json()) == first.estimate
    assert len(first.intervals) == len(first.tied) == 8
    hurried = judge(predictions, chosen, y, RMSE, seed=3, deadline=time.monotonic() - 1)
    assert hurried.estimate.low < hurried.estimate.score < hurried.estimate.high
    assert hurried.estimate.naive == max(RMSE(y, p) for p in predictions)
    assert len(hurried.intervals) < 8


def test_too_few_rows_for_an_interval_say_so():
    predictions, y = values(np.random.default_rng(8), 12, 4)
    found = judge(predictions, alone(predictions, y, RMSE), y, RMSE)
    assert np.isfinite([found.estimate.score, found.estimate.naive]).all()
    assert np.isnan([found.estimate.low, found.estimate.high]).all()


def test_a_metric_of_ones_own_has_an_estimate_with_weights_too():
    predictions, y = guesses(np.random.default_rng(9), 200, 3, 0.7)
    weight = np.where(np.arange(200) < 100, 1.0, 3.0)
    own = Metric("gain", "label", lambda y, label, w: 100 * float(np.average(y == label, weights=w)))
    found = honest_estimate(predictions, alone(predictions, y, own), y, own, weight=weight)
    assert found.naive == max(own(y, p, weight) for p in predictions)
    assert found.low < found.score < found.high
