import time

import numpy as np
import pandas as pd
import pytest

from hortus.errors import SettingError
from hortus.explain.dependence import partial_dependence


def test_of_a_linear_formula_it_is_a_line_and_so_is_every_row_s(known):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 2)), columns=["a", "b"])
    evidence = known(frame, lambda f, _: (2 * f["a"] + f["b"]).to_numpy(), np.zeros(500))
    found = partial_dependence(evidence, "a", points=15, rows=100)
    assert (found.kind, found.rows, found.class_) == ("number", 100, None)
    assert found.mean.shape == (15,)
    assert found.ice.shape == (100, 15)
    np.testing.assert_allclose(np.diff(found.ice, axis=1), np.tile(2 * np.diff(found.grid), (100, 1)), atol=1e-9)
    np.testing.assert_allclose(found.mean, found.ice.mean(axis=0))
    assert found.histogram.sum() == 500
    # Quantiles: about as many rows belong to each inner point.
    assert np.ptp(found.histogram[1:-1]) <= 20


def test_each_row_is_predicted_by_what_did_not_learn_from_it(known):
    frame = pd.DataFrame({"a": np.linspace(0, 1, 40)})
    folds = np.repeat(np.arange(4, dtype=np.int8), 10)
    evidence = known(frame, lambda f, fold: fold * 100.0 + f["a"].to_numpy(), np.zeros(40), folds=folds)
    found = partial_dependence(evidence, "a", rows=40)
    assert (found.ice[:, 0] // 100 == folds).all()


def test_categories_come_by_frequency_and_missing_last(known):
    place = np.array(["x"] * 5 + ["y"] * 30 + ["z"] * 20 + [None] * 9 + ["w"] * 4, dtype=object)
    frame = pd.DataFrame({"place": pd.Series(place, dtype=object)})
    worth = {"x": 1.0, "y": 2.0, "z": 3.0, "w": 4.0, None: 9.0}

    def formula(frame, folds):
        return np.array([worth[value] for value in frame["place"]])

    evidence = known(frame, formula, np.zeros(len(place)))
    found = partial_dependence(evidence, "place", points=4)
    assert found.kind == "category"
    assert found.grid.tolist() == ["y", "z", "x", None]
    assert found.mean.tolist() == [2.0, 3.0, 1.0, 9.0]
    assert found.histogram.tolist() == [30, 20, 5, 9]


def test_dates_are_evenly_apart(known, mixed):
    def formula(frame, folds):
        return np.array([d.toordinal() for d in frame["day"].fillna(pd.Timestamp(0))], dtype=float)

    found = partial_dependence(known(mixed, formula, np.zeros(300)), "day", points=10)
    assert found.kind == "date"
    assert found.grid.dtype == "datetime64[us]"
    assert np.ptp(np.diff(found.grid).astype(float)) < 10
    assert np.ptp(np.diff(found.mean)) <= 1
    assert found.histogram.sum() == mixed["day"].notna().sum()


def test_a_flag_has_two_points(known, mixed):
    found = partial_dependence(known(mixed, lambda f, _: f["flag"].to_numpy(), np.zeros(300)), "flag")
    assert found.grid.tolist() == [0, 1]
    assert found.mean.tolist() == [0, 1]
    assert found.histogram.tolist() == [(mixed["flag"] == 0).sum(), (mixed["flag"] == 1).sum()]


def test_classes_all_together_or_one(wine):
    every = partial_dependence(wine, "proline", points=5, rows=30)
    assert every.mean.shape == (5, 3)
    assert every.ice.shape == (30, 5, 3)
    np.testing.assert_allclose(every.mean.sum(axis=1), 1)
    one = partial_dependence(wine, "proline", points=5, rows=30, class_=0)
    assert (one.ice == every.ice[:, :, 0]).all()
    # Much proline speaks for the first class.
    assert one.mean[-1] > one.mean[0] + 0.1


def test_little_time_is_kept_to_by_fewer_rows(known):
    def slow(frame, folds):
        time.sleep(1e-4 * len(frame))
        return frame["a"].to_numpy()

    frame = pd.DataFrame({"a": np.linspace(0, 1, 200)})
    started = time.monotonic()
    found = partial_dependence(known(frame, slow, np.zeros(200)), "a", seconds=0.15)
    assert time.monotonic() - started < 3
    assert found.rows < 200


def test_a_column_without_any_value_has_an_empty_grid(known):
    frame = pd.DataFrame({"a": np.full(30, np.nan), "b": np.arange(30.0)})
    found = partial_dependence(known(frame, lambda f, _: f["b"].to_numpy(), np.zeros(30)), "a")
    assert (len(found.grid), found.mean.shape, found.ice.shape) == (0, (0,), (30, 0))


def test_what_has_no_dependence_is_refused(known, mixed):
    evidence = known(mixed, lambda f, _: np.zeros(len(f)), np.zeros(300), kinds={"place": "text"})
    with pytest.raises(SettingError, match="free text"):
        partial_dependence(evidence, "place")
    with pytest.raises(SettingError, match="Did you mean 'number'"):
        partial_dependence(evidence, "numbers")
    with pytest.raises(SettingError, match="A regression has no classes"):
        partial_dependence(evidence, "number", class_=1)
