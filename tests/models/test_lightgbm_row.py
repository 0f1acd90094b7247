"""One row through LightGBM's prepared call is answered as by its Python package."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.models import MODELS
from hortus.models.base import FitContext
from hortus.models.lightgbm_row import OneRow


def _fitted(kind: Any) -> tuple[Any, Matrix]:
    rng = np.random.default_rng(3)
    dense = np.column_stack([rng.integers(0, 9, 300), rng.normal(size=(300, 4))]).astype(np.float32)
    dense[rng.random(dense.shape) < 0.1] = np.nan
    X = Matrix(dense, (MatrixColumn("c", "c", categories=9), *(MatrixColumn(f"n{i}", f"n{i}") for i in range(4))))
    signal = np.nan_to_num(dense[:, 0] % 3 + dense[:, 1] * dense[:, 2])
    y = signal if kind == "regression" else np.digitize(signal, [0.5] if kind == "binary" else [0.5, 1.5])
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    return MODELS["lightgbm"]().fit(Rows(X, y), FitContext(kind, classes, rounds=0.02)), X


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_one_row_is_answered_as_among_others(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, X = _fitted(kind)
    together = model.predict(X)
    again = pickle.loads(pickle.dumps(model))
    monkeypatch.setattr(lgb.Booster, "predict", None)  # rows that come alone do without it
    rows = [X.rows(np.array([row])) for row in range(50)]
    np.testing.assert_array_equal(np.concatenate([model.predict(row) for row in rows]), together[:50])
    copied = pickle.loads(pickle.dumps(model))
    for other in (again, copied):
        np.testing.assert_array_equal(np.concatenate([other.predict(row) for row in rows]), together[:50])


def test_threads_do_not_disturb_each_other() -> None:
    model, X = _fitted("binary")
    together = model.predict(X)
    rows = [X.rows(np.array([row])) for row in range(len(X))] * 3
    with ThreadPoolExecutor(4) as threads:
        found = np.concatenate(list(threads.map(model.predict, rows)))
    np.testing.assert_array_equal(found, np.concatenate([together] * 3))


def test_a_row_of_another_width_is_refused() -> None:
    model, _ = _fitted("binary")
    with pytest.raises(ValueError, match="5 columns"):
        OneRow(model._booster).predict(np.zeros((1, 4), dtype=np.float32))
