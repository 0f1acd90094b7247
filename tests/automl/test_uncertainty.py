"""Intervals, sets and thresholds through the estimators and the saved file."""

import copy
import json
import zipfile

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from hortus import AutoClassifier, AutoRegressor, SettingError, load
from hortus.ensemble.isotonic import Isotonic
from hortus.errors import ArtifactError

FAST = {"trials": 2, "models": ["linear"], "folds": 2, "executor": "inline", "verbosity": 0, "random_state": 0}


@pytest.fixture(scope="module")
def values():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return AutoRegressor(**FAST).fit(X[:300], y[:300]), X[300:], y[300:]


@pytest.fixture(scope="module")
def classes():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return AutoClassifier(**FAST).fit(X[:400], y[:400]), X[400:], y[400:].to_numpy()


@pytest.fixture(scope="module")
def careful(classes):
    model = copy.copy(classes[0])
    return model, model.tune_threshold(costs={"fp": 20, "fn": 1})


def test_intervals_hold_new_values(values):
    model, X, y = values
    low, high = model.predict_interval(X, level=0.8).T
    assert 0.7 < ((low <= y) & (y <= high)).mean() < 0.9
    assert (low < model.predict(X)).all()
    assert (model.predict(X) < high).all()
    assert (np.diff(model.predict_interval(X, level=0.95)) > np.diff(model.predict_interval(X))).all()
    assert model.predict_interval(X[:0]).shape == (0, 2)


def test_sets_hold_new_classes(classes):
    model, X, y = classes
    sets = model.predict_set(X, level=0.99)
    assert sets.shape == (len(y), 2)
    assert sets[np.arange(len(y)), y].mean() > 0.96
    assert sets.any(axis=1).all()
    assert model.predict_set(X[:0]).shape == (0, 2)


def test_costs_decide_and_probabilities_stay_as_they_were(classes, careful):
    model, X, _ = classes
    decided, chosen = careful
    assert chosen.value > 0.8
    assert (decided.predict(X) <= model.predict(X)).all()
    assert (decided.predict(X) < model.predict(X)).any()
    np.testing.assert_array_equal(decided.predict_proba(X), model.predict_proba(X))


def test_the_saved_file_says_the_same(values, careful, classes, tmp_path):
    model, X, _ = values
    model.save(tmp_path / "values.hortus")
    np.testing.assert_array_equal(load(tmp_path / "values.hortus").predict_interval(X), model.predict_interval(X))
    decided, chosen = careful
    X = classes[1]
    decided.save(tmp_path / "classes.hortus")
    again = load(tmp_path / "classes.hortus")
    assert again.threshold == chosen
    np.testing.assert_array_equal(again.predict(X), decided.predict(X))
    np.testing.assert_array_equal(again.predict_set(X), decided.predict_set(X))


def test_the_wrong_question_is_answered_with_the_right_one(values, classes):
    with pytest.raises(SettingError, match="predict_set"):
        classes[0].predictor_.predict_interval(classes[1])
    with pytest.raises(SettingError, match="predict_interval"):
        values[0].predictor_.predict_set(values[1])
    with pytest.raises(SettingError, match="between 0 and 1"):
        values[0].predict_interval(values[1], level=95)
    with pytest.raises(SettingError, match="highest"):
        values[0].predict_interval(values[1], level=0.9999)
    with pytest.raises(SettingError, match="Did you mean 'f1'"):
        classes[0].tune_threshold(metric="f11")


def changed(source, path, **changes):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "manifest.json":
                data = json.dumps({**json.loads(data), **changes}).encode()
            new.writestr(name, data)
    return path


def test_what_was_stored_is_applied_or_refused(values, classes, careful, tmp_path):
    model, X, _ = classes
    model.save(tmp_path / "model.hortus")
    curve = Isotonic((((0.5,), (0.1,)),))
    bent = load(changed(tmp_path / "model.hortus", tmp_path / "bent.hortus", calibration=curve.to_json()))
    assert bent.calibration == curve
    older = load(changed(tmp_path / "model.hortus", tmp_path / "older.hortus", conformal=None, threshold=None))
    with pytest.raises(SettingError):
        older.predict_set(X)
    for damage in ({"conformal": 5}, {"conformal": {}}, {"threshold": {}}, {"threshold": "f1"}):
        with pytest.raises(ArtifactError):
            load(changed(tmp_path / "model.hortus", tmp_path / "damaged.hortus", **damage))
    values[0].save(tmp_path / "values.hortus")
    with pytest.raises(ArtifactError):
        load(changed(tmp_path / "values.hortus", tmp_path / "damaged.hortus", threshold=careful[1].to_json()))
