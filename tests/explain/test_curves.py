import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from hortus.errors import SettingError
from hortus.evaluation.scoring import by_fold
from hortus.explain.curves import POINTS, confusion, gains, precision_recall, reliability, roc


def binary(known, n=3000, *, weight=None, twist=1.0):
    """Probabilities that hold, to the power of ``twist``."""
    p = np.random.default_rng(0).uniform(size=n)
    y = (np.random.default_rng(1).uniform(size=n) < p).astype(int)
    told = p**twist
    proba = np.column_stack([1 - told, told])
    return known(pd.DataFrame({"a": p}), lambda f, _: proba[: len(f)], y, classes=("no", "yes"), weight=weight)


def weights(n=3000):
    return np.random.default_rng(2).integers(0, 4, n).astype(float)


@pytest.mark.parametrize("weight", [None, weights()])
def test_confusion_counts_as_scikit_learn_does(known, weight):
    evidence = binary(known, weight=weight)
    found = confusion(evidence)
    called = evidence.predictions.argmax(axis=1)
    np.testing.assert_allclose(found.counts, confusion_matrix(evidence.y, called, sample_weight=weight))
    np.testing.assert_allclose(found.normalized.sum(axis=1), 1)
    assert found.classes == ("no", "yes")


def test_a_class_without_rows_has_no_shares(known):
    evidence = known(pd.DataFrame({"a": np.zeros(9)}), lambda f, _: np.eye(3)[[0] * 9], np.zeros(9, int), classes="xyz")
    found = confusion(evidence)
    assert found.counts[0, 0] == 9
    assert np.isnan(found.normalized[1:]).all()


@pytest.mark.parametrize("weight", [None, weights()])
def test_the_areas_are_those_of_the_scores_by_fold(known, weight):
    evidence = binary(known, weight=weight)
    folds = [np.flatnonzero(evidence.folds == fold) for fold in range(4)]
    for curves, score in ((roc(evidence), roc_auc_score), (precision_recall(evidence), average_precision_score)):
        (curve,) = curves
        assert curve.label == "yes"
        areas = [
            score(evidence.y[r], evidence.predictions[r, 1], sample_weight=None if weight is None else weight[r])
            for r in folds
        ]
        assert curve.area == pytest.approx(np.mean(areas), abs=2e-3)
        assert len(curve.x) == len(curve.y) == POINTS
        # What is drawn has the area that is told.
        assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area, abs=0.01)
    assert curve.chance == pytest.approx(np.average(evidence.y, weights=weight))


def test_the_roc_curve_rises_from_corner_to_corner(cancer):
    (curve,) = roc(cancer)
    assert curve.area == pytest.approx(by_fold(cancer.metric, cancer.y, cancer.predictions, cancer.folds))
    assert curve.y[-1] == 1
    assert (np.diff(curve.y) >= 0).all()
    assert (precision_recall(cancer)[0].y <= 1).all()


def test_more_classes_are_each_held_against_the_rest(wine):
    assert [curve.label for curve in roc(wine)] == [0, 1, 2]
    assert [curve.label for curve in precision_recall(wine)] == [0, 1, 2]
    assert [curve.label for curve in gains(wine)] == [0, 1, 2]
    assert min(curve.area for curve in roc(wine)) > 0.95
    assert reliability(wine).label is None


def test_a_class_that_no_fold_can_hold_against_another_has_no_curve(known):
    y = np.arange(8) % 2
    evidence = known(
        pd.DataFrame({"a": np.zeros(8)}),
        lambda f, _: np.full((8, 2), 0.5),
        y,
        classes=(0, 1),
        folds=y.astype(np.int8),
    )
    assert roc(evidence) == precision_recall(evidence) == ()


@pytest.mark.parametrize("weight", [None, weights()])
def test_probabilities_that_hold_are_found_to_hold(known, weight):
    found = reliability(binary(known, weight=weight))
    assert found.label == "yes"
    assert len(found.counts) == 10
    assert found.counts.sum() == 3000
    assert ((found.low <= found.predicted) & (found.predicted <= found.high)).sum() >= 8
    assert found.error < 0.04
    assert (np.diff(found.predicted) > 0).all()


def test_probabilities_that_do_not_hold_are_found_out(known):
    found = reliability(binary(known, twist=3.0))
    # The mean of p - p^3 over p from 0 to 1.
    assert found.error == pytest.approx(0.25, abs=0.03)
    assert (found.observed > found.predicted).all()


def test_equal_probabilities_are_one_bin(known):
    n = 100
    frame = pd.DataFrame({"a": np.zeros(n)})
    evidence = known(frame, lambda f, _: np.full((n, 2), 0.5), np.arange(n) % 2, classes=(0, 1))
    found = reliability(evidence)
    assert found.counts.tolist() == [n]
    assert found.error == pytest.approx(0)


def test_gains_of_chance_and_of_certainty(known):
    n = 1000
    y = (np.arange(n) % 5 == 0).astype(int)
    frame = pd.DataFrame({"a": np.zeros(n)})
    (sure,) = gains(known(frame, lambda f, _: np.column_stack([1 - y, y]).astype(float), y, classes=(0, 1)))
    (blind,) = gains(known(frame, lambda f, _: np.full((n, 2), 0.5), y, classes=(0, 1)))
    assert sure.found[sure.share >= 0.2].min() == pytest.approx(1)
    assert sure.lift[:40] == pytest.approx(5)
    np.testing.assert_allclose(blind.found, blind.share, atol=1e-9)
    np.testing.assert_allclose(blind.lift, 1)


def test_a_regression_has_none_of_these(diabetes):
    for curve in (confusion, roc, precision_recall, reliability, gains):
        with pytest.raises(SettingError, match="A regression has no classes"):
            curve(diabetes)
