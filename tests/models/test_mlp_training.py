"""How long the network of tables is trained where time is short."""

from __future__ import annotations

import time
from itertools import accumulate, chain, repeat
from types import SimpleNamespace

import numpy as np
import pytest

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.models import MODELS
from hortus.models.base import FitContext

pytest.importorskip("torch")

ROWS = 300


@pytest.mark.parametrize(("first", "later", "epochs"), [(100.0, 1.0, 60), (1.0, 20.0, 46)])
def test_epochs_are_cut_by_those_that_follow_the_first(
    first: float, later: float, epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of a process is slow; a deadline of 1,000 s is near for epochs of 20 s, and far for those of 1 s."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 3)).astype(np.float32)
    rows = Rows(Matrix(X, tuple(MatrixColumn(f"n{i}", f"n{i}") for i in range(3))), (X[:, 0] > 0).astype(np.int64))
    begin = time.monotonic()
    clock = accumulate(chain([begin, first], repeat(later)))
    monkeypatch.setattr("hortus.models.mlp_training.time", SimpleNamespace(monotonic=lambda: next(clock)))
    context = FitContext("binary", 2, deadline=begin + 1000.0)
    model = MODELS["mlp"](width=8, depth=1, effort=0.5).fit(rows, context)
    # Rows that are over after the last whole batch are not visited.
    assert model.work == epochs * (ROWS // 128) * 128
