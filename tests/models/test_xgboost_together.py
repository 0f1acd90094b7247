"""A model that was just read is asked by several threads at once, as a server and a screen of the studio do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.models import MODELS
from hortus.models.base import FitContext, Model, Vector

CALLERS, TIMES = 4, 12


def test_the_first_calls_may_come_together(tmp_path: Path) -> None:
    dense = np.random.default_rng(3).normal(size=(200, 4)).astype(np.float32)
    X = Matrix(dense, tuple(MatrixColumn(f"n{i}", f"n{i}") for i in range(4)))
    kind = MODELS["xgboost"]
    fitted = kind().fit(Rows(X, (dense[:, 0] > 0).astype(np.int64)), FitContext("binary", 2, rounds=0.02))
    fitted.save(tmp_path)
    one, wanted = X.rows(np.array([0])), fitted.predict(X)[:1]
    with ThreadPoolExecutor(CALLERS) as pool:
        for _ in range(TIMES):
            model, gate = kind.load(tmp_path), Barrier(CALLERS)

            def ask(model: Model = model, gate: Barrier = gate) -> Vector:
                gate.wait()
                return [model.predict(one) for _ in range(10)][-1]

            for answer in [call.result() for call in [pool.submit(ask) for _ in range(CALLERS)]]:
                np.testing.assert_allclose(answer, wanted, rtol=1e-6)
