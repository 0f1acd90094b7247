"""What learners see of a sparse matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from hortus.data.infer import infer_schema
from hortus.data.matrix import Matrix
from hortus.data.sparse_rows import sparse_frame
from hortus.features.encode import TableEncoder
from hortus.features.sparse_block import FULLEST, SparseBlock


@pytest.fixture(scope="module")
def counts() -> sparse.csr_array:
    rng = np.random.default_rng(0)
    # Columns of very different size, the first ones filled most often.
    filled = rng.random((400, 300)) < 0.4 / (1 + np.arange(300) / 20)
    return sparse.csr_array(filled * rng.integers(1, 5, (400, 300)) * 10.0 ** rng.integers(-3, 4, 300))


def _cells(matrix: sparse.csr_array) -> np.ndarray:
    return sparse_frame(matrix)[0]["matrix"].to_numpy()


def test_the_block_is_the_matrix_on_one_scale(counts: sparse.csr_array) -> None:
    dense, block = SparseBlock().fit_transform(_cells(counts))
    assert (block.toarray() != 0).tolist() == (counts.toarray() != 0).tolist()
    squares = np.square(block.toarray(), dtype=np.float64)
    usual = np.sqrt(squares.sum(axis=0) / (squares > 0).sum(axis=0))
    np.testing.assert_allclose(usual, usual[0], rtol=1e-5)
    assert np.sqrt(squares.sum(axis=1).mean()) == pytest.approx(1.0, rel=1e-4)
    np.testing.assert_array_equal(dense[:, 0], (counts.toarray() != 0).sum(axis=1))


def test_the_fullest_columns_are_dense_ones_as_they_came(counts: sparse.csr_array) -> None:
    block = SparseBlock()
    dense, _ = block.fit_transform(_cells(counts))
    filled = (counts.toarray() != 0).sum(axis=0)
    chosen = [int(name[1:]) for name in block.names if name.startswith("x")]
    assert len(chosen) == FULLEST
    assert filled[chosen].min() >= np.delete(filled, chosen).max()
    np.testing.assert_array_equal(dense[:, 1 : 1 + FULLEST], counts.toarray()[:, chosen].astype(np.float32))
    assert dense.shape[1] == len(block.names)


def test_other_rows_are_encoded_alike_one_by_one_and_after_being_stored(counts: sparse.csr_array) -> None:
    block = SparseBlock()
    dense, words = block.fit_transform(_cells(counts))
    again = SparseBlock()
    again.restore(block.state())
    for row in (0, 399):
        one, own = again.transform(_cells(counts[[row]]))
        np.testing.assert_array_equal(one[0], dense[row])
        np.testing.assert_array_equal(own.toarray()[0], words[[row]].toarray()[0])
    none, nothing = again.transform(np.array([None], dtype=object))
    assert (none.any(), nothing.nnz) == (False, 0)


def test_an_empty_matrix_is_encoded(counts: sparse.csr_array) -> None:
    block = SparseBlock()
    dense, words = block.fit_transform(_cells(sparse.csr_array((5, 40))))
    assert (dense.shape, words.shape, block.names) == ((5, 1), (5, 40), ["filled"])


def test_the_table_s_encoder_says_that_the_block_is_a_matrix(counts: sparse.csr_array) -> None:
    frame, _ = sparse_frame(counts)
    schema, _ = infer_schema(frame)
    X = TableEncoder().fit_transform(schema.apply(frame)[0], schema)
    assert isinstance(X, Matrix)
    assert X.wide
    assert X.rows(np.array([1, 2])).wide
    assert {column.source for column in X.columns} == {"matrix"}
