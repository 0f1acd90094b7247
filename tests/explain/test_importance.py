import time

import numpy as np
import pandas as pd
import pytest

from hortus.errors import SettingError
from hortus.explain.importance import permutation_importance


def table(n, seed=0, columns="abc"):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, len(columns))), columns=list(columns))


def formula(frame, folds):
    """``c`` is a noise that the model has learned by heart."""
    return (3 * frame["a"] + frame["b"] + 0.5 * frame["c"]).to_numpy()


def evidence_of(known, n, seed=0):
    frame = table(n, seed)
    noise = np.random.default_rng(seed + 1000).normal(size=n)
    return known(frame, formula, 3 * frame["a"] + frame["b"] + noise, metric="mse", folds=np.zeros(n, dtype=np.int8))


def test_columns_lose_what_they_are_worth(known):
    found = permutation_importance(evidence_of(known, 2000))
    assert found.columns == ("a", "b", "c")
    assert (found.rows, found.repeats, found.metric) == (2000, 5, "neg_mean_squared_error")
    # A shuffled column's loss of squared error: the covariance that is lost, twice the weight squared.
    np.testing.assert_allclose(found.mean, [18, 2, 0], rtol=0.15, atol=0.1)
    assert (found.low[:2] > 0).all()
    assert found.low[2] < 0 < found.high[2]


def test_a_column_that_the_model_does_not_use_loses_nothing(known):
    frame = table(200).assign(d=1.0)
    found = permutation_importance(known(frame, formula, frame["a"], metric="r2"))
    i = found.columns.index("d")
    assert found.mean[i] == found.low[i] == found.high[i] == 0


def test_intervals_cover_the_truth_as_often_as_they_say(known):
    truth = {"a": 18.0, "b": 2.0, "c": 0.0}
    covered = []
    for seed in range(50):
        found = permutation_importance(evidence_of(known, 300, seed), repeats=2, seed=seed)
        there = zip(found.columns, found.low, found.high, strict=True)
        covered += [low <= truth[column] <= high for column, low, high in there]
    assert 0.88 <= np.mean(covered) <= 0.995


def test_the_same_seed_gives_the_same_numbers(known):
    evidence = evidence_of(known, 300)
    one, two, other = (permutation_importance(evidence, repeats=2, seed=seed) for seed in (1, 1, 2))
    assert (one.mean == two.mean).all()
    assert (one.low == two.low).all()
    assert not (one.mean == other.mean).any()


def test_values_stay_in_their_fold(known):
    folds = np.repeat(np.arange(3, dtype=np.int8), 40)
    frame = pd.DataFrame({"a": folds + np.linspace(0, 0.5, 120), "b": np.arange(120.0)})

    def by_fold(frame, assignment):
        assert (frame["a"].to_numpy().astype(int) == assignment).all()
        return frame["a"].to_numpy()

    found = permutation_importance(known(frame, by_fold, frame["a"], metric="mae", folds=folds))
    assert found.columns[0] == "a"
    assert found.mean[0] > 0.05


def test_columns_that_say_the_same_are_shuffled_as_one(known):
    frame = table(400).assign(b=lambda f: f["a"])
    evidence = known(frame, lambda f, _: np.where(f["a"].abs() > f["b"].abs(), f["a"], f["b"]), frame["a"], metric="r2")
    alone, together = permutation_importance(evidence), permutation_importance(evidence, together=[("a", "b")])
    assert together.columns == ("a + b", "c")
    assert together.mean[0] > alone.mean.max() * 1.2


@pytest.mark.parametrize("a_row", [5e-6, 5e-5])
def test_little_time_is_kept_to_by_fewer_repeats_and_rows(known, a_row):
    def slow(frame, folds):
        time.sleep(a_row * len(frame))
        return formula(frame, folds)

    frame = table(4000)
    evidence = known(frame, slow, frame["a"], metric="mse")
    started = time.monotonic()
    found = permutation_importance(evidence, repeats=50, seconds=0.6)
    assert time.monotonic() - started < 6
    assert found.repeats < 50
    assert found.rows == 4000 if a_row < 1e-5 else found.rows < 4000
    assert found.columns[0] == "a"


def test_every_kind_of_column_can_be_shuffled(known, mixed):
    def of_all(frame, folds):
        assert [frame[c].dtype for c in mixed] == [mixed[c].dtype for c in mixed]
        assert all(value is None or isinstance(value, str) for value in frame["place"])
        found = frame["number"].fillna(0) + 20 * (frame["place"] == "north") + frame["day"].dt.year.fillna(2021)
        return found.to_numpy(dtype=float)

    evidence = known(mixed, of_all, of_all(mixed, None), metric="r2", kinds={"flag": "boolean"})
    found = permutation_importance(evidence)
    assert set(found.columns[:2]) == {"number", "place"}
    assert found.columns[-1] == "flag"


def test_few_rows_have_no_interval(known):
    found = permutation_importance(evidence_of(known, 12))
    assert np.isfinite(found.mean).all()
    assert np.isnan(found.low).all()


def test_a_column_that_is_not_there_is_refused_with_the_nearest(cancer):
    with pytest.raises(SettingError, match="Did you mean 'mean radius'"):
        permutation_importance(cancer, together=[("mean radiuss", "mean area")])


def test_the_columns_of_a_real_table(diabetes):
    found = permutation_importance(diabetes, repeats=3)
    assert sorted(found.columns) == sorted(diabetes.frame.columns)
    assert set(found.columns[:2]) == {"s5", "bmi"}
    assert (found.low[:2] > 0).all()
    assert (np.diff(found.mean) <= 0).all()
