import time

import numpy as np
import pandas as pd
import pytest

from hortus.errors import MissingExtraError, SettingError
from hortus.explain.coalition import MOST
from hortus.explain.row import explain_row
from hortus.explain.shapley import OTHERS, shap_values

pytest.importorskip("shap")


@pytest.mark.parametrize("name", ["cancer", "wine", "diabetes"])
def test_base_and_values_add_up_to_the_prediction_out_of_fold(name, request):
    evidence = request.getfixturevalue(name)
    found = shap_values(evidence, rows=4, seconds=None)
    predicted = evidence.predict(evidence.frame)
    predicted = predicted[:, 1] if name == "cancer" else predicted
    there = np.searchsorted(evidence.frame.index, found.frame.index)
    np.testing.assert_allclose(found.bases + found.values.sum(axis=1), predicted[there], atol=1e-9)
    np.testing.assert_allclose(found.base, found.bases.mean(axis=0))
    assert found.columns == tuple(evidence.frame.columns)
    assert found.values.shape == (4, len(found.columns), 3)[: 2 + (name == "wine")]
    assert found.importance.shape == (len(found.columns),)
    assert found.kind == ("value" if name == "diabetes" else "probability")


@pytest.mark.parametrize("columns", [4, 9])
def test_a_sum_is_taken_apart_exactly(known, columns):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(40, columns)), columns=list("abcdefghi")[:columns])
    weights = np.arange(columns)
    evidence = known(frame, lambda f, _: f.to_numpy() @ weights + 5, np.zeros(40))
    found = shap_values(evidence, rows=10)
    expected = (found.frame.to_numpy() - frame.to_numpy().mean(axis=0)) * weights
    # All 40 rows are background.
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    assert found.base == pytest.approx(5 + frame.to_numpy().mean(axis=0) @ weights)
    assert found.exact == (columns == 4)
    assert found.background == 40


def test_every_kind_of_column_is_turned_back_before_the_model_sees_it(known, mixed):
    def formula(frame, folds):
        assert [frame[c].dtype for c in mixed] == [mixed[c].dtype for c in mixed]
        assert all(value is None or isinstance(value, str) for value in frame["place"])
        years = (frame["day"].dt.year - 2020).fillna(3.0).to_numpy(dtype=float)
        years = (frame["day"].dt.year - 2020).fillna(3.0).to_numpy(dtype=float)
        return np.where(frame["place"].isna(), 7.0, 0.0) + years

    evidence = known(mixed, formula, np.zeros(len(mixed)))
    found = shap_values(evidence, rows=20)
    np.testing.assert_allclose(found.values[:, [0, 2]], 0, atol=1e-9)
    np.testing.assert_allclose(found.predictions, formula(found.frame, None), atol=1e-9)
    place, day = found.values[:, 1], found.values[:, 3]
    missing = found.frame["place"].isna().to_numpy()
    assert missing.any()
    assert place[missing].min() > place[~missing].max()
    assert np.ptp(day) > 1


def test_the_global_random_state_stays_as_it_was(known):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 8)), columns=list("abcdefgh"))
    evidence = known(frame, lambda f, _: np.prod(f.to_numpy(), axis=1), np.zeros(30))
    np.random.seed(1)
    expected = np.random.uniform(size=3)
    np.random.seed(1)
    one = shap_values(evidence, rows=5, seed=4)
    assert (np.random.uniform(size=3) == expected).all()
    two, other = (shap_values(evidence, rows=5, seed=seed) for seed in (4, 5))
    assert (one.values == two.values).all()
    assert not (one.values == other.values).all()


def test_when_the_time_is_up_there_are_fewer_rows(known):
    def slow(frame, folds):
        time.sleep(0.05)
        return frame["a"].to_numpy()

    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
    found = shap_values(known(frame, slow, np.zeros(60)), rows=60, seconds=0.5)
    assert 1 <= found.rows < 60
    assert found.values.shape == (found.rows, 2)
    assert len(found.frame) == found.rows


def test_a_wide_table_s_lesser_columns_count_as_one(known):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 90)), columns=[f"x{i}" for i in range(90)])
    evidence = known(frame, lambda f, _: (5 * f["x7"] + 4 * f["x88"]).to_numpy(), np.zeros(50))
    found = shap_values(evidence, rows=3)
    assert len(found.columns) == MOST + 1
    assert found.columns[-1] == OTHERS
    assert {"x7", "x88"} <= set(found.columns)
    assert (found.values[:, -1] == 0).all()
    two = shap_values(evidence, rows=3, columns=["x7"])
    assert two.columns == ("x7", OTHERS)
    np.testing.assert_allclose(two.predictions, 5 * two.frame["x7"] + 4 * two.frame["x88"], atol=1e-9)


def test_one_row_of_the_user_s_is_explained_as_the_whole_model_predicts_it(cancer):
    row = pd.DataFrame([cancer.frame.iloc[7].to_dict()])
    found = explain_row(cancer, row, permutations=1)
    proba = cancer.predictor.predict_proba(row)[0]
    assert found.label == cancer.task.classes[int(proba.argmax())]
    assert found.prediction == pytest.approx(proba.max(), abs=1e-9)
    assert found.base + sum(c.effect for c in found.contributions) == pytest.approx(found.prediction, abs=1e-9)
    sizes = [abs(c.effect) for c in found.contributions]
    assert sizes == sorted(sizes, reverse=True)
    by_name = {c.column: c for c in found.contributions}
    assert set(by_name) == set(cancer.frame.columns)
    assert by_name["mean radius"].value == row["mean radius"][0]
    other = next(label for label in cancer.task.classes if label != found.label)
    turned = explain_row(cancer, row, class_=other, permutations=1)
    assert turned.prediction == pytest.approx(proba.min(), abs=1e-9)
    assert turned.contributions[0].effect == pytest.approx(-found.contributions[0].effect)


def test_one_row_of_three_classes_and_of_a_regression(wine, diabetes):
    row = wine.frame.iloc[[0]]
    found = explain_row(wine, row, class_=2, permutations=1)
    assert found.prediction == pytest.approx(wine.predictor.raw(row)[0, 2], abs=1e-9)
    value = explain_row(diabetes, diabetes.frame.iloc[[0]], permutations=1)
    assert value.label is None
    assert value.prediction == pytest.approx(diabetes.predictor.raw(diabetes.frame.iloc[[0]])[0])


def test_what_cannot_be_explained_is_refused(wine, diabetes):
    with pytest.raises(SettingError, match="2 rows came where one is explained"):
        explain_row(wine, wine.frame.iloc[:2])
    with pytest.raises(SettingError, match="There are no rows"):
        shap_values(wine, wine.frame.iloc[:0])
    with pytest.raises(SettingError, match=r"no class 'red'.*0, 1, 2"):
        explain_row(wine, wine.frame.iloc[[0]], class_="red", permutations=1)
    with pytest.raises(SettingError, match="Did you mean 'bmi'"):
        shap_values(diabetes, columns=["bmii"])


def test_without_the_library_it_is_named_with_the_command_that_brings_it(wine, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("hortus.libraries.import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'hortus\[explain\]'"):
        shap_values(wine)
