"""What the nodes of a graph keep on disk: JSON, and encoded rows as npy files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from hortus.data.columns import MatrixColumn
from hortus.data.matrix import Matrix
from hortus.engine.events_file import finite


def write_json(path: Path, value: Any) -> None:
    """Write JSON in strict form: what is not finite becomes null."""
    path.write_text(json.dumps(finite(value), ensure_ascii=False), encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_matrix(folder: Path, X: Matrix) -> None:
    """Write encoded rows into ``folder``, which is made."""
    folder.mkdir(parents=True)
    np.save(folder / "dense.npy", np.ascontiguousarray(X.dense), allow_pickle=False)
    write_json(folder / "columns.json", [asdict(column) for column in X.columns])
    if X.text is not None:
        for name in ("data", "indices", "indptr"):
            np.save(folder / f"text_{name}.npy", getattr(X.text, name), allow_pickle=False)
        write_json(folder / "words.json", int(X.text.shape[1]))


def read_matrix(folder: Path) -> Matrix:
    """Read what `write_matrix` wrote."""
    columns = tuple(MatrixColumn(**column) for column in read_json(folder / "columns.json"))
    dense = np.load(folder / "dense.npy", allow_pickle=False)
    text = None
    if (folder / "words.json").exists():
        parts = tuple(
            np.load(folder / f"text_{name}.npy", allow_pickle=False) for name in ("data", "indices", "indptr")
        )
        text = sparse.csr_array(parts, shape=(len(dense), read_json(folder / "words.json")))
    return Matrix(dense, columns, text)
