"""A trained network asked in NumPy answers as it does in PyTorch, and without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.models import MODELS
from hortus.models.base import FitContext

pytest.importorskip("torch")
pytest.importorskip("safetensors")

ASKED = """
import sys
from pathlib import Path
import numpy as np
from hortus.data.matrix import Matrix
from hortus.models import MODELS
model = MODELS["mlp"].load(Path(sys.argv[1]))
found = model.predict(Matrix(np.load(sys.argv[2]), ()))
assert "torch" not in sys.modules, "PyTorch was imported"
np.save(sys.argv[3], found)
"""


def _rows(kind: str) -> Rows:
    """Numbers with gaps, a small category, a large one, and a column that does not vary."""
    rng = np.random.default_rng(3)
    count = 2_500
    numbers = rng.normal(size=(count, 3)).astype(np.float32)
    numbers[:, 2] *= 1e6
    codes = np.column_stack([rng.integers(0, 3, count), rng.integers(0, 30, count)]).astype(np.float32)
    dense = np.hstack([codes, numbers, np.ones((count, 1), dtype=np.float32)])
    signal = np.sin(numbers[:, 0]) + codes[:, 0] + 0.1 * codes[:, 1]
    dense[rng.random(dense.shape) < 0.03] = np.nan
    columns = tuple(MatrixColumn(f"c{i}", f"c{i}", categories=k) for i, k in enumerate((3, 30)))
    columns += tuple(MatrixColumn(f"n{i}", f"n{i}") for i in range(4))
    y = {
        "binary": (signal > np.median(signal)).astype(np.int64),
        "multiclass": np.digitize(signal, np.quantile(signal, [0.3, 0.6])),
        "regression": 50 + 7 * signal,
    }[kind]
    return Rows(Matrix(dense, columns), y)


def _fitted(rows: Rows, kind: Any, **params: Any) -> Any:
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    return MODELS["mlp"](width=32, effort=0.05, **params).fit(rows, FitContext(kind, classes, seed=1))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("params", [{}, {"periodic": False}, {"residual": True, "depth": 4}, {"depth": 1}])
def test_it_answers_as_the_network_it_was_trained_as(kind: str, params: dict[str, Any]) -> None:
    import torch

    from hortus.models.mlp_training import apply_network

    rows = _rows(kind)
    model = _fitted(rows, kind, **params)
    network = model._build()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in model._weights.items()})
    fed = model._inputs(rows.X)
    found, wanted = model._forward(*fed), apply_network(network, fed)
    assert found.dtype == np.float32
    assert np.ptp(wanted) > 0.1, "it has learned something"
    np.testing.assert_allclose(found, wanted, rtol=0, atol=3e-6 * np.abs(wanted).max())
    np.testing.assert_allclose(model._forward(*(part[:1] for part in fed)), found[:1], rtol=0, atol=3e-6)
    assert model._forward(*(part[:0] for part in fed)).shape == (0, wanted.shape[1])


@pytest.mark.parametrize("regression", [False, True])
def test_its_activations_hold_for_large_numbers(regression: bool) -> None:
    import torch
    from torch.nn import functional

    from hortus.models.mlp_forward import _mish, _selu

    x = np.array([-1e30, -200, -20, -1, -1e-4, 0, 1e-4, 1, 19.9, 20, 20.1, 200, 1e30], dtype=np.float32)
    found = (_mish if regression else _selu)(x.copy())
    wanted = (functional.mish if regression else functional.selu)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-7)


def test_a_stored_one_is_asked_without_pytorch(tmp_path: Path) -> None:
    rows = _rows("binary")
    model = _fitted(rows, "binary")
    model.save(tmp_path)
    np.save(tmp_path / "X.npy", rows.X.dense)
    place = [str(tmp_path), str(tmp_path / "X.npy"), str(tmp_path / "found.npy")]
    subprocess.run([sys.executable, "-c", ASKED, *place], check=True)
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), model.predict(rows.X), rtol=0, atol=1e-7)
