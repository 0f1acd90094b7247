"""Intervals and sets: the level is kept on new rows, width follows difficulty, and nonsense is refused."""

import json
import math

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from hortus.ensemble.conformal import MOST, Conformal, Ladder, fit_ladder
from hortus.ensemble.difficulty import Difficulty, fit_difficulty
from hortus.ensemble.stacking import softmax
from hortus.errors import ArtifactError, SettingError


def values(rows, seed, skewed=False):
    """A target whose noise grows with the prediction."""
    rng = np.random.default_rng(seed)
    prediction = rng.uniform(0, 10, rows)
    noise = rng.exponential(size=rows) - 1 if skewed else rng.normal(size=rows)
    return prediction + (0.2 + 0.3 * prediction) * noise, prediction


def covered(bounds, y):
    return (bounds[:, 0] <= y) & (y <= bounds[:, 1])


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("skewed", [False, True])
def test_new_values_are_inside_as_often_as_asked(level, skewed):
    y, prediction = values(6_000, 0, skewed)
    found = Conformal.fit(y, prediction)
    new, where = values(40_000, 1, skewed)
    bounds = found.interval(where, level=level)
    inside = covered(bounds, new)
    assert inside.mean() == pytest.approx(level, abs=0.012)


def test_width_follows_difficulty_and_so_the_level_is_kept_in_every_part():
    y, prediction = values(6_000, 2)
    found = Conformal.fit(y, prediction)
    new, where = values(40_000, 3)
    bounds = found.interval(where, level=0.9)
    width = np.diff(bounds, axis=1)[:, 0]
    for low in (0, 2, 4, 6, 8):
        part = (where >= low) & (where < low + 2)
        assert covered(bounds, new)[part].mean() == pytest.approx(0.9, abs=0.045)
    assert width[where > 9].mean() > 4 * width[where < 1].mean()


def test_noise_alone_is_taken_for_no_difficulty():
    rng = np.random.default_rng(5)
    kept = 0
    for _ in range(20):
        errors, where = rng.normal(size=500), rng.normal(size=500)
        made, sizes = fit_difficulty(errors, where, np.ones(500), np.arange(500) % 5)
        kept += len(made.at) > 1
        assert sizes.min() > 0
    assert kept <= 6


def test_sizes_of_a_row_do_not_depend_on_its_own_error():
    rng = np.random.default_rng(6)
    errors, where, blocks = rng.normal(size=600), rng.random(600), np.arange(600) % 5
    changed = errors.copy()
    changed[blocks == 2] *= 100
    first, second = (fit_difficulty(e, where, np.ones(600), blocks)[1] for e in (errors, changed))
    np.testing.assert_array_equal(first[blocks == 2], second[blocks == 2])


@pytest.mark.parametrize("n", [1, 9, 19, 100])
@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.95])
def test_a_quantile_is_the_one_of_n_and_one_rows(n, level):
    scores = np.random.default_rng(n).permutation(n).astype(float)
    rank = math.ceil((n + 1) * level - 1e-9)
    ladder = fit_ladder(scores, np.ones(n))
    if rank > n:
        assert level > ladder.highest
    else:
        assert ladder.at(level) == rank - 1


def test_a_long_ladder_is_shortened_to_the_safe_side_and_exact_at_its_end():
    scores = np.random.default_rng(7).normal(size=50_000)
    ladder, ranked = fit_ladder(scores, np.ones(50_000)), np.sort(scores)
    assert len(ladder.scores) == MOST
    assert len(json.dumps(ladder.to_json())) < 50_000
    for level in (0.1, 0.5, 0.9, 0.99, 0.995, 0.9999):
        exact = ranked[math.ceil(50_001 * level - 1e-9) - 1]
        assert ladder.at(level) >= exact
        assert (scores <= ladder.at(level)).mean() < level + 0.0016
    assert ladder.at(0.9999) == ranked[math.ceil(50_001 * 0.9999) - 1]


def test_weights_count_as_rows_do():
    rng = np.random.default_rng(8)
    scores, weight = rng.normal(size=300), rng.integers(0, 4, 300).astype(float)
    weighted = fit_ladder(scores, weight)
    repeated = fit_ladder(np.repeat(scores, weight.astype(int)), np.ones(int(weight.sum())))
    for level in (0.3, 0.6, 0.9):
        assert weighted.at(level) == pytest.approx(repeated.at(level), abs=0.1)
    y, prediction = values(2_000, 9)
    heavy = np.where(prediction > 5, 10.0, 1.0)
    loud = Conformal.fit(y, np.full(2_000, 5.0), weight=heavy).interval(np.array([5.0]))
    plain = Conformal.fit(y, np.full(2_000, 5.0)).interval(np.array([5.0]))
    assert loud[0, 1] > plain[0, 1]


def test_what_was_never_negative_gets_no_negative_bound():
    rng = np.random.default_rng(10)
    y = rng.exponential(size=500)
    bounds = Conformal.fit(y, np.ones(500)).interval(np.array([0.1, -3.0, 2.0]), level=0.95)
    assert bounds.min() == 0
    assert (bounds[:, 0] <= bounds[:, 1]).all()
    assert Conformal.fit(y - 0.5, np.full(500, 0.5)).interval(np.array([0.0]), level=0.95).min() < 0


def test_a_perfect_model_has_intervals_of_no_width():
    y = np.arange(300.0)
    bounds = Conformal.fit(y, y).interval(np.array([1.0, 7.0]))
    np.testing.assert_allclose(bounds, [[1, 1], [7, 7]], atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 12])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_sets_hold_the_truth_as_often_as_asked_and_are_never_empty(classes, level):
    rng = np.random.default_rng(11)
    z = rng.normal(size=(24_000, classes)) * 2
    y = np.array((rng.random(24_000)[:, None] > np.cumsum(softmax(z), axis=1)).sum(axis=1))
    # Too sure of itself: the level is kept though the probabilities are wrong.
    p = softmax(2 * z)
    found = Conformal.fit(y[:4_000], p[:4_000])
    sets = found.sets(p[4_000:], level=level)
    hit = sets[np.arange(20_000), y[4_000:]].mean()
    right = (p[4_000:].argmax(axis=1) == y[4_000:]).mean()
    assert hit == pytest.approx(max(level, right), abs=0.02)
    assert sets.any(axis=1).all()
    assert sets[np.arange(20_000), p[4_000:].argmax(axis=1)].all()
    assert (sets <= found.sets(p[4_000:], level=0.99)).all()


def test_sets_of_a_model_that_is_right_more_often_are_its_predictions():
    X, y = load_digits(return_X_y=True)
    p = cross_val_predict(LogisticRegression(C=0.02), X / 16, y, cv=3, method="predict_proba")
    right = (p.argmax(axis=1) == y).mean()
    found = Conformal.fit(y, p)
    assert (found.sets(p, level=right - 0.01).sum(axis=1) == 1).all()
    wide = found.sets(p, level=0.99)
    assert wide[np.arange(len(y)), y].mean() == pytest.approx(0.99, abs=0.002)
    assert 1 < wide.sum(axis=1).mean() < 4


def test_of_equal_probabilities_one_is_enough():
    found = Conformal.fit(np.array([0] * 99), np.tile([0.5, 0.5], (99, 1)))
    assert found.sets(np.array([[0.5, 0.5]]), level=0.9).tolist() == [[True, False]]


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.1, float("nan"), "0.9", None, True, 90])
def test_a_level_that_is_none_is_refused(level):
    y, prediction = values(100, 12)
    with pytest.raises(SettingError, match=r"between 0 and 1\. Give 0\.9"):
        Conformal.fit(y, prediction).interval(prediction, level=level)


def test_a_level_too_high_for_the_rows_is_refused_with_the_highest():
    y, prediction = values(100, 13)
    found = Conformal.fit(y, prediction)
    assert found.ladder.highest == pytest.approx(100 / 101)
    assert np.isfinite(found.interval(prediction, level=0.99)).all()
    with pytest.raises(SettingError, match=r"100 rows .* highest is 0\.99"):
        found.interval(prediction, level=0.995)


def test_the_wrong_question_is_answered_with_the_right_one():
    y, prediction = values(100, 14)
    classes = Conformal.fit(np.arange(100) % 2, np.tile([0.4, 0.6], (100, 1)))
    with pytest.raises(SettingError, match="predict_set"):
        classes.interval(prediction)
    with pytest.raises(SettingError, match="predict_interval"):
        Conformal.fit(y, prediction).sets(np.tile([0.4, 0.6], (100, 1)))


def test_it_comes_back_from_json_as_it_was_and_small():
    y, prediction = values(60_000, 15)
    three = softmax(np.random.default_rng(1).normal(size=(500, 3)))
    for made, classes in (
        (Conformal.fit(y, prediction, folds=np.arange(60_000) % 4), 0),
        (Conformal.fit(np.arange(500) % 3, three), 3),
    ):
        text = json.dumps(made.to_json(), allow_nan=False)
        assert len(text) < 100_000
        assert Conformal.from_json(json.loads(text), classes=classes) == made
        with pytest.raises(ArtifactError):
            Conformal.from_json(json.loads(text), classes=3 - classes)


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 0},
        {"rows": True},
        {"rows": "5"},
        {"ladder": None},
        {"ladder": {"scores": [2.0, 1.0], "shares": [0.5, 0.6]}},
        {"ladder": {"scores": [1.0, 2.0], "shares": [0.6, 0.6]}},
        {"ladder": {"scores": [1.0], "shares": [0.5, 0.6]}},
        {"ladder": {"scores": [1.0], "shares": [1.0]}},
        {"ladder": {"scores": [1.0], "shares": [0.0]}},
        {"ladder": {"scores": [float("inf")], "shares": [0.5]}},
        {"ladder": {"scores": [-1.0], "shares": [0.5]}},
        {"ladder": {"scores": [], "shares": []}},
        {"ladder": "x"},
        {"difficulty": None},
        {"difficulty": {"at": [1.0, 1.0], "size": [1.0, 1.0]}},
        {"difficulty": {"at": [1.0], "size": [0.0]}},
        {"difficulty": {"at": [], "size": []}},
        {"difficulty": 5},
        {"least": "0"},
    ],
)
def test_what_is_damaged_is_refused(change):
    y, prediction = values(300, 16)
    state = Conformal.fit(y, prediction).to_json()
    with pytest.raises(ArtifactError):
        Conformal.from_json(state | change, classes=0)
    for part in (Ladder, Difficulty):
        with pytest.raises(ArtifactError):
            part.from_json(None)
    with pytest.raises(ArtifactError):
        Conformal.from_json([], classes=0)
