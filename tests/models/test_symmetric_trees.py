"""CatBoost's trees as arrays answer as the library does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.models import MODELS, catboost, catboost_tables, symmetric_trees
from hortus.models.base import FitContext

pytest.importorskip("catboost")

FEW = np.arange(catboost.FEW)


def _rows(kind: str, *, codes: int = 3, numbers: int = 4) -> Rows:
    rng = np.random.default_rng(5)
    count = 700
    x = rng.normal(size=(count, numbers)).astype(np.float32)
    levels = [2, 6, 40][:codes]
    words = np.column_stack([rng.integers(0, k, count) for k in levels] + [np.zeros((count, 0))]).astype(np.float32)
    signal = np.sin(x).sum(axis=1) + (words * [1.0, 0.4, 0.05][:codes]).sum(axis=1) + 0.3 * rng.normal(size=count)
    dense = np.hstack([words, x]).astype(np.float32)
    dense[rng.random(dense.shape) < 0.05] = np.nan
    columns = tuple(MatrixColumn(f"c{i}", f"c{i}", categories=k) for i, k in enumerate(levels))
    columns += tuple(MatrixColumn(f"n{i}", f"n{i}") for i in range(numbers))
    y = {
        "binary": (signal > np.median(signal)).astype(np.int64),
        "multiclass": np.digitize(signal, np.quantile(signal, [0.3, 0.6])),
        "regression": 50 + 7 * signal,
    }[kind]
    return Rows(Matrix(dense, columns), y)


def _fitted(rows: Rows, kind: Any, **params: Any) -> Any:
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    model = MODELS["catboost"](**{"learning_rate": 0.3, "depth": 4, "one_hot_max_size": 3} | params)
    valid = Rows(rows.X.rows(FEW), rows.y[FEW])
    return model.fit(rows, FitContext(kind, classes, rounds=0.02), valid)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(("codes", "numbers"), [(3, 4), (0, 4), (3, 0)])
def test_few_rows_are_answered_as_by_the_library(kind: str, codes: int, numbers: int, tmp_path: Path) -> None:
    rows = _rows(kind, codes=codes, numbers=numbers)
    model = _fitted(rows, kind, max_ctr_complexity=3)
    X = rows.X.rows(FEW)
    library = model.predict(X)
    assert model._trees is None  # asked for the first time
    np.testing.assert_allclose(model.predict(X), library, rtol=0, atol=1e-12 * np.abs(library).max())
    assert model._trees is not None
    many = model.predict(rows.X)
    one = np.concatenate([model.predict(rows.X.rows(np.array([row]))) for row in FEW])
    np.testing.assert_allclose(one, many[FEW], rtol=0, atol=1e-12 * np.abs(library).max())
    model.save(tmp_path)
    again = MODELS["catboost"].load(tmp_path)
    again.predict(X)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_statistics_of_combinations_are_among_those_tried() -> None:
    model = _fitted(_rows("binary"), "binary", max_ctr_complexity=3)
    told, _ = catboost_tables.exported(model._booster, numbers=len(model._numbers), levels=model._levels)
    asked = {split["split_type"] for tree in told["oblivious_trees"] for split in tree["splits"]}
    assert asked == {"FloatFeature", "OneHotFeature", "OnlineCtr"}
    assert any(len(one["elements"]) > 1 for one in told["features_info"]["ctrs"])


def test_trees_that_are_too_many_to_list_are_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows("binary")
    model = _fitted(rows, "binary")
    X = rows.X.rows(FEW)
    library = model.predict(X)
    monkeypatch.setattr(symmetric_trees, "MOST_LISTED", 3)
    for _ in range(2):
        np.testing.assert_array_equal(model.predict(X), library)
    assert model._trees is None
