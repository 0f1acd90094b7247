"""Folds divide all rows, keep what belongs together together, and never look ahead."""

from __future__ import annotations

import numpy as np
import pytest

from hortus.data.split import Folds, make_folds
from hortus.errors import InputError, SettingError

RNG = np.random.default_rng(0)


def _make(y: np.ndarray, kind: str, **options: object) -> Folds:
    given = {"rows": len(y), "columns": 5, "seconds": None, "seed": 0} | options
    return make_folds(y, kind, **given)[0]  # type: ignore[arg-type]


def _sound(folds: Folds, rows: int) -> None:
    for fold in range(folds.count):
        train, valid = folds.train_rows(fold), folds.valid_rows(fold)
        assert len(train)
        assert len(valid)
        assert not set(train) & set(valid)
    assert len(folds.assignment) == rows


@pytest.mark.parametrize(
    ("rows", "seconds", "count"),
    [(500, None, 8), (5_000, None, 5), (50_000, None, 3), (150_000, None, 1), (50_000, 5, 1), (500, 0.01, 3)],
)
def test_count_by_size_and_time(rows: int, seconds: float | None, count: int) -> None:
    folds = _make(RNG.integers(0, 2, rows), "binary", seconds=seconds)
    assert folds.count == count
    _sound(folds, rows)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_classes_are_spread_evenly(count: int) -> None:
    y = RNG.choice(4, 1_000, p=[0.7, 0.2, 0.08, 0.02])
    folds = _make(y, "multiclass", folds=count)
    _sound(folds, len(y))
    whole = np.bincount(y) / len(y)
    for fold in range(count):
        part = np.bincount(y[folds.valid_rows(fold)], minlength=4) / len(folds.valid_rows(fold))
        np.testing.assert_allclose(part, whole, atol=0.01)
        assert set(y[folds.train_rows(fold)]) == {0, 1, 2, 3}


@pytest.mark.parametrize("count", [1, 3, 5, 8])
@pytest.mark.parametrize("y", [[0, 0, 1, 1], [0, 0, 0, 0, 1], [0, 1, 2, 3, 3], [0] * 50 + [1] * 2, list(range(20)) * 2])
def test_tiny_and_rare_classes(y: list[int], count: int) -> None:
    codes = np.array(y)
    folds = _make(codes, "multiclass", folds=count)
    _sound(folds, len(y))
    for fold in range(folds.count):
        for label in np.flatnonzero(np.bincount(codes) >= 2):
            assert label in codes[folds.train_rows(fold)]


def test_values_are_spread_evenly() -> None:
    y = RNG.exponential(size=999)
    for count in (1, 5):
        folds = _make(y, "regression", folds=count)
        _sound(folds, len(y))
        for fold in range(count):
            assert np.median(y[folds.valid_rows(fold)]) == pytest.approx(np.median(y), rel=0.1)


def test_holdout_share() -> None:
    assert len(_make(RNG.random(1_000), "regression", folds=1).valid_rows(0)) == 200
    assert len(_make(RNG.integers(0, 2, 200_000), "binary").valid_rows(0)) == pytest.approx(20_000, abs=5)


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_groups_stay_together(kind: str, count: int) -> None:
    groups = RNG.integers(0, 60, 600)
    y = (groups % 2) if kind == "binary" else RNG.random(600)
    folds = _make(y, kind, groups=groups, folds=count)
    _sound(folds, 600)
    for fold in range(folds.count):
        assert not set(groups[folds.train_rows(fold)]) & set(groups[folds.valid_rows(fold)])
        assert 60 <= len(folds.valid_rows(fold)) <= 240


@pytest.mark.parametrize("count", [1, 4])
def test_time_never_looks_ahead(count: int) -> None:
    time = RNG.permutation(np.repeat(np.arange(100), 5))
    folds = _make(RNG.random(500), "regression", time=time, folds=count)
    _sound(folds, 500)
    assert folds.count == count
    for fold in range(count):
        assert time[folds.train_rows(fold)].max() < time[folds.valid_rows(fold)].min()
    days = np.datetime64("2020-01-01") + time
    assert np.array_equal(_make(RNG.random(500), "regression", time=days, folds=count).assignment, folds.assignment)
    for written in (list(map(str, days)), [f"{day.item():%d.%m.%Y}" for day in days]):
        assert np.array_equal(
            _make(RNG.random(500), "regression", time=written, folds=count).assignment, folds.assignment
        )


def test_same_seed_same_folds() -> None:
    y = RNG.integers(0, 3, 300)
    one, two, other = (_make(y, "multiclass", seed=seed).assignment for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"groups": ["a"] * 20}, "same for all"),
        ({"groups": list(range(20))}, "different in every row"),
        ({"groups": [None] + ["a", "b"] * 9 + ["a"]}, "missing in 1 rows"),
        ({"groups": ["a", "b"]}, "2 values for 20 rows"),
        ({"time": [1] * 20}, "same in all rows"),
        ({"time": ["soon"] * 20}, "cannot be read"),
        ({"time": [1, 2]}, "2 values for 20 rows"),
    ],
)
def test_useless_divisions(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _make(np.array([0, 1] * 10), "binary", **options)


@pytest.mark.parametrize("folds", [0, -1, 2.5, True])
def test_folds_is_a_number_of_folds(folds: object) -> None:
    with pytest.raises(SettingError, match="not a number of folds"):
        _make(np.array([0, 1] * 10), "binary", folds=folds)
