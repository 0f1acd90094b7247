"""A data set on disk is the one in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from hortus.data.columns import MatrixColumn
from hortus.data.dataset import Dataset
from hortus.data.matrix import Matrix
from hortus.data.split import Folds
from hortus.errors import ArtifactError

N = 40


def _make(*, text: bool = True, width: int = 3) -> Dataset:
    rng = np.random.default_rng(0)
    dense = rng.random((N, width)).astype(np.float32)
    if width:
        dense[3, 1] = np.nan
    columns = tuple(MatrixColumn(f"c{i}", f"c{i}", categories=i) for i in range(width))
    words = sparse.random_array((N, 20), density=0.2, rng=rng, dtype=np.float32).tocsr() if text else None
    return Dataset(
        X=Matrix(dense, columns, words),
        y=rng.integers(0, 2, N),
        folds=Folds((np.arange(N) % 4 - 1).astype(np.int8), 3),
        kind="binary",
        classes=2,
        metric_name="roc_auc",
        weight=rng.random(N),
    )


@pytest.mark.parametrize("made", [_make(), _make(text=False), _make(width=0)], ids=["full", "no text", "only text"])
def test_round_trip(tmp_path: Path, made: Dataset) -> None:
    made.save(tmp_path / "data")
    found = Dataset.load(tmp_path / "data")
    assert found.digest == made.digest
    rows = found.rows(found.valid_rows(1))
    np.testing.assert_array_equal(rows.X.dense, made.X.dense[made.valid_rows(1)])
    np.testing.assert_array_equal(rows.y, made.y[made.valid_rows(1)])
    np.testing.assert_array_equal(rows.weight, made.weight[made.valid_rows(1)])
    if made.X.text is not None:
        np.testing.assert_array_equal(rows.X.text.toarray(), made.X.text[made.valid_rows(1)].toarray())
    assert found.facts(60) == made.facts(60)
    assert found.metric() == made.metric()
    assert Dataset.load(tmp_path / "data") is found


def test_read_only_and_mapped(tmp_path: Path) -> None:
    _make().save(tmp_path)
    found = Dataset.load(tmp_path)
    with pytest.raises(ValueError, match="read-only"):
        found.X.dense[0, 0] = 1
    rows = found.rows(np.arange(5))
    rows.X.dense[0, 0] = 1


def test_facts() -> None:
    facts = _make().facts(None)
    assert (facts.rows, facts.width, facts.words, facts.missing, facts.categorical) == (N, 3, 20, True, 2)
    assert facts.train_rows == 30


def test_digest_tells_everything_apart() -> None:
    made = _make()
    changed = [
        replace(made, y=1 - made.y),
        replace(made, weight=None),
        replace(made, metric_name="accuracy"),
        replace(made, folds=Folds(made.folds.assignment, 3, ordered=True)),
        replace(made, X=made.X.with_dense(made.X.dense + 1, made.X.columns)),
    ]
    assert len({made.digest, *(other.digest for other in changed)}) == 6


def test_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no data set"):
        Dataset.load(tmp_path / "nowhere")
    _make().save(tmp_path)
    (tmp_path / "y.npy").write_bytes(b"nonsense")
    with pytest.raises(ArtifactError, match="damaged"):
        Dataset.load(tmp_path)
    (tmp_path / "dataset.json").write_text('{"format": 99}')
    with pytest.raises(ArtifactError, match="format 99"):
        Dataset.load(tmp_path)
