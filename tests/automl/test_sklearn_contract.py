"""Both estimators keep scikit-learn's contract."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import hortus
from hortus import AutoClassifier, AutoRegressor
from hortus.errors import SettingError

QUICK = {"trials": 1, "models": ["linear"], "folds": 2, "executor": "inline", "verbosity": 0, "random_state": 0}

# A weight of two is not a row twice where rows are dealt into folds: scikit-learn says the same of its own
# estimators that cross-validate inside.
SPLITS = "the folds are dealt by rows, so a row of weight two and two rows of weight one are split differently"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": SPLITS,
    "check_sample_weight_equivalence_on_sparse_data": SPLITS,
}


@parametrize_with_checks(
    [AutoClassifier(**QUICK), AutoRegressor(**QUICK)], expected_failed_checks=lambda _: EXPECTED, xfail_strict=True
)
@pytest.mark.filterwarnings("ignore")
def test_the_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return AutoClassifier(**QUICK).fit(X, y.map({0: "setosa", 1: "versicolor", 2: "virginica"})), X


def test_labels_come_back_as_they_came(fitted):
    model, X = fitted
    assert list(model.classes_) == ["setosa", "versicolor", "virginica"]
    assert set(model.predict(X)) == {"setosa", "versicolor", "virginica"}
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_a_fitted_model_survives_pickle_and_clone_starts_anew(fitted):
    model, X = fitted
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    pd.testing.assert_frame_equal(again.leaderboard(), model.leaderboard())
    with pytest.raises(NotFittedError):
        clone(model).predict(X)


def test_a_saved_model_predicts_the_same(fitted, tmp_path):
    model, X = fitted
    model.save(tmp_path / "iris.hortus")
    again = hortus.load(tmp_path / "iris.hortus")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_it_stands_in_pipelines_and_cross_validation():
    X, y = load_diabetes(return_X_y=True)
    scores = cross_val_score(make_pipeline(StandardScaler(), AutoRegressor(**QUICK)), X, y, cv=3)
    assert scores.mean() > 0.35


def test_set_output_of_the_steps_before_it_is_taken():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(StandardScaler(), AutoClassifier(**QUICK)).set_output(transform="pandas")
    assert pipeline.fit(X, y).score(X, y) > 0.95
    assert list(pipeline[-1].feature_names_in_) == list(X.columns)


def test_the_same_seed_and_trials_give_the_same_leaderboard():
    X, y = load_iris(return_X_y=True)
    models = [AutoClassifier(**{**QUICK, "trials": 3, "random_state": 7}).fit(X, y) for _ in range(2)]
    pd.testing.assert_frame_equal(*(m.leaderboard().drop(columns=["fit_seconds", "predict_ms"]) for m in models))


def test_generations_belong_to_evolution():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(SettingError, match="strategy='evolution'"):
        AutoClassifier(generations=2, verbosity=0).fit(X, y)


def test_the_global_random_state_is_untouched():
    before = np.random.get_state()[1].copy()
    X, y = load_iris(return_X_y=True)
    AutoClassifier(**{**QUICK, "random_state": None}).fit(X, y)
    assert (np.random.get_state()[1] == before).all()
