"""Isotonic calibration: undoes any monotone distortion, keeps every rank, and is refused when damaged."""

import numpy as np
import pytest

from hortus.data.metrics import make_metric
from hortus.ensemble.calibration import Temperature, calibrate, read_calibration
from hortus.ensemble.isotonic import Isotonic, enough, fit_isotonic
from hortus.ensemble.stacking import softmax
from hortus.errors import ArtifactError

LOSS = make_metric("log_loss", "multiclass", (0, 1, 2))
AUC = make_metric("roc_auc", "binary", (0, 1))


def distorted(rows, seed):
    """Calibrated probabilities of two classes, classes drawn from them, and a monotone curve of the probabilities."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.6, 1.2, rows)
    y = (rng.random(rows) < p).astype(int)
    bad = p**3 / (p**3 + 0.3 * (1 - p))
    return np.column_stack([1 - p, p]), y, np.column_stack([1 - bad, bad])


def test_a_monotone_distortion_is_undone():
    _, y, bad = distorted(20_000, 0)
    right, _, new = distorted(20_000, 1)
    after = fit_isotonic(bad, y).apply(new)
    assert abs(new - right).mean() > 0.08
    assert abs(after - right).mean() < 0.015
    np.testing.assert_allclose(after.sum(axis=1), 1)


def test_no_two_rows_are_tied_that_were_not():
    _, y, bad = distorted(5_000, 2)
    _, other, new = distorted(5_000, 3)
    # Where the classes have nothing to do with the probabilities, the curve is nearly level.
    for labels in (y, np.random.default_rng(0).permutation(y)):
        after = fit_isotonic(bad, labels).apply(new)
        assert len(np.unique(after[:, 1])) == len(np.unique(new[:, 1]))
        assert AUC(other, after) == pytest.approx(AUC(other, new), abs=1e-12)


def test_the_rate_of_rows_is_kept_and_no_probability_is_certain():
    _, y, bad = distorted(8_000, 4)
    after = fit_isotonic(bad, y).apply(bad)[:, 1]
    assert after.mean() == pytest.approx(y.mean(), abs=0.01)
    assert 0 < after.min() < after.max() < 1
    separate = np.repeat([[0.9, 0.1], [0.2, 0.8]], 2_000, axis=0) + np.linspace(-0.05, 0.05, 4_000)[:, None] * [1, -1]
    sure = fit_isotonic(separate, np.repeat([0, 1], 2_000)).apply(separate)[:, 1]
    assert 0 < sure.min() < 0.02 < 0.98 < sure.max() < 1


def test_weights_count_as_rows_do():
    _, y, bad = distorted(3_000, 5)
    weight = np.random.default_rng(6).integers(1, 4, len(y)).astype(float)
    points = np.linspace(0.01, 0.99, 50)
    grid = np.column_stack([1 - points, points])
    weighted = fit_isotonic(bad, y, weight).apply(grid)
    repeated = fit_isotonic(np.repeat(bad, weight.astype(int), axis=0), np.repeat(y, weight.astype(int))).apply(grid)
    plain = fit_isotonic(bad, y).apply(grid)
    assert abs(weighted - repeated).mean() < 0.03
    np.testing.assert_array_equal(fit_isotonic(bad, y, np.full(len(y), 7.0)).apply(grid), plain)


def test_three_classes_each_have_their_curve():
    rng = np.random.default_rng(7)
    z = rng.normal(size=(12_000, 3)) * 1.5
    p = softmax(z)
    y = (rng.random(12_000)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    bad = softmax(z * [3.0, 1.0, 0.5])
    found = fit_isotonic(bad[:6_000], y[:6_000])
    assert len(found.curves) == 3
    before, after, best = (LOSS(y[6_000:], q[6_000:]) for q in (bad, found.apply(bad), p))
    # One curve a class cannot undo what mixes the classes, and goes most of the way.
    assert best - after < 0.5 * (best - before)


@pytest.mark.parametrize("p", [0.3, 0.0, 1.0])
def test_one_probability_for_all_rows_is_no_trouble(p):
    flat = np.tile([1 - p, p], (500, 1))
    after = fit_isotonic(flat, np.arange(500) % 2).apply(flat)
    assert np.isfinite(after).all()
    np.testing.assert_allclose(after.sum(axis=1), 1)


def test_a_curve_needs_rows_of_every_class():
    assert enough(np.repeat([0, 1], [300, 300]), 2)
    assert not enough(np.repeat([0, 1], [5_000, 299]), 2)
    assert not enough(np.zeros(5_000, dtype=int), 2)


def test_it_comes_back_from_json_as_it_was():
    _, y, bad = distorted(3_000, 8)
    found = fit_isotonic(bad, y)
    assert Isotonic.from_json(found.to_json(), classes=2) == found


@pytest.mark.parametrize(
    "curves",
    [
        None,
        [],
        [[[0.2], [0.3]]] * 2,
        [[[0.2, 0.1], [0.3, 0.4]]],
        [[[0.2, 0.3], [0.4, 0.4]]],
        [[[0.2], [0.3, 0.4]]],
        [[[0.2], [1.0]]],
        [[[0.0], [0.5]]],
        [[[0.2], [float("nan")]]],
        [[["0.2"], [0.3]]],
        [[0.2, 0.3]],
        [{"before": [0.2], "after": [0.3]}],
    ],
)
def test_damaged_curves_are_refused(curves):
    with pytest.raises(ArtifactError):
        Isotonic.from_json({"curves": curves}, classes=2)


def judged(unseen, y, metric, folds=None, **options):
    return calibrate(unseen, unseen, y, metric, np.arange(len(y)) % 5, folds=folds, **options)


@pytest.mark.parametrize("metric", [AUC, make_metric("neg_log_loss", "binary", (0, 1))], ids=lambda m: m.name)
def test_a_curve_is_chosen_where_no_temperature_would_do(metric):
    right, y, bad = distorted(6_000, 9)
    folds = np.arange(6_000) % 5
    chosen, unseen = judged(bad, y, metric, folds)
    assert isinstance(chosen, Isotonic)
    # What it hands back is on the scale of what it will predict, by fits that did not see the row.
    assert abs(unseen - right).mean() < 0.03
    assert not np.array_equal(unseen, chosen.apply(bad))
    _, new, later = distorted(6_000, 10)
    assert LOSS(new, chosen.apply(later)) > LOSS(new, later) + 0.05


def test_the_simplest_that_does_is_chosen_and_none_where_all_is_well():
    right, y, _ = distorted(6_000, 11)
    assert judged(right, y, AUC) == (None, right)
    odds = (right[:, 1] / right[:, 0]) ** 2.5
    sure = np.column_stack([1 / (1 + odds), odds / (1 + odds)])
    chosen, unseen = judged(sure, y, AUC)
    assert isinstance(chosen, Temperature)
    assert chosen.power == pytest.approx(0.4, abs=0.03)
    # Ranks are seen by the metric, so the blocks' own powers must not mix.
    assert AUC(y, unseen) == AUC(y, sure)
    np.testing.assert_allclose(unseen, right, atol=0.03)
    assert judged(sure, y, AUC, kinds=())[0] is None


def test_few_rows_of_a_class_get_no_curve():
    _, y, bad = distorted(6_000, 12)
    rows = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:200]])
    assert not isinstance(judged(bad[rows], y[rows], AUC)[0], Isotonic)


def test_any_kind_is_read_back_and_what_names_none_is_a_temperature():
    _, y, bad = distorted(3_000, 13)
    for made in (Temperature(0.7), fit_isotonic(bad, y)):
        assert read_calibration(made.to_json(), classes=2) == made
    assert read_calibration({"power": 0.7}, classes=2) == Temperature(0.7)
    for damaged in ({"kind": "magic"}, {"kind": None}, {"kind": ["isotonic"]}, {"kind": "isotonic"}, {}):
        with pytest.raises(ArtifactError):
            read_calibration(damaged, classes=2)
