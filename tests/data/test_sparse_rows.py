"""A sparse matrix as one column of a table."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from hortus.data.infer import infer_schema
from hortus.data.read import read_rows, read_table
from hortus.data.sample import read_sample, write_sample
from hortus.data.sparse_rows import MOST_SPREAD, SparseRow, sparse_frame, stack_rows
from hortus.errors import InputError, SchemaError

WIDE = sparse.random_array((6000, 1000), density=0.002, rng=np.random.default_rng(0)).tocsr()


def test_a_large_and_empty_matrix_stays_sparse_and_comes_back_whole() -> None:
    assert WIDE.shape[0] * WIDE.shape[1] > MOST_SPREAD
    frame, notes = read_table(WIDE)
    assert list(frame.columns) == ["matrix"]
    assert [note.code for note in notes] == ["sparse-kept"]
    again = stack_rows(frame["matrix"].to_numpy(), 1000)
    np.testing.assert_array_equal(again.toarray(), WIDE.astype(np.float32).toarray())
    schema, _ = infer_schema(frame)
    assert [(column.kind, column.detail) for column in schema.columns] == [("sparse", {"width": 1000})]


def test_a_small_or_a_full_matrix_is_spread_out() -> None:
    full = sparse.csr_array(np.ones((60, MOST_SPREAD // 50)))
    for matrix in (WIDE[:100], full):
        frame, notes = read_table(matrix)
        assert frame.shape == matrix.shape
        assert [note.code for note in notes] == ["sparse-spread"]


def test_rows_to_predict_are_read_as_the_table_was() -> None:
    schema, _ = infer_schema(read_table(WIDE)[0])
    for rows in (WIDE[:5], WIDE[:5].tocoo(), WIDE[:5].toarray()):
        found = schema.apply(read_rows(rows, schema))[0]["matrix"].to_numpy()
        np.testing.assert_array_equal(stack_rows(found, 1000).toarray(), WIDE[:5].astype(np.float32).toarray())
    spread, _ = infer_schema(read_table(WIDE[:100])[0])
    assert read_rows(WIDE, spread).shape == WIDE.shape


def test_other_columns_and_other_cells_are_refused() -> None:
    schema, _ = infer_schema(read_table(WIDE)[0])
    with pytest.raises(SchemaError, match="999 columns, and the one trained on had 1000"):
        schema.apply(read_rows(WIDE[:5, :999], schema))
    with pytest.raises(SchemaError, match="cannot be read"):
        schema.apply(pd.DataFrame({"matrix": ["a", "b"]}))
    with pytest.raises(InputError, match="complex"):
        sparse_frame(sparse.csr_array(np.array([[1j]])))


def test_duplicates_are_added_up_and_what_is_no_number_is_zero() -> None:
    parts = (np.array([1.0, 2.0, np.nan, 1e300, 0.0]), (np.array([0, 0, 0, 1, 1]), np.array([2, 2, 1, 0, 1])))
    came = sparse.coo_array(parts, shape=(2, 3))
    frame, notes = sparse_frame(came)
    first, second = frame["matrix"]
    assert (first.indices.tolist(), first.values.tolist()) == ([2], [3.0])
    assert (second.indices.tolist(), np.isfinite(second.values).tolist()) == ([0], [True])
    assert [note.code for note in notes] == ["sparse-not-finite"]
    assert np.isnan(came.data[2])


def test_equal_rows_are_equal_and_known_by_their_hash() -> None:
    one, two, other = sparse_frame(np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]))[0]["matrix"]
    assert (one == two, one == other, one == "row", hash(one) == hash(two)) == (True, False, False, True)
    assert repr(one) == "1 of 2 cells filled"


def test_rows_are_kept_with_the_run(tmp_path: Path) -> None:
    frame, _ = sparse_frame(WIDE[:50])
    sample = frame.set_axis(pd.Index(range(50), name="row"), axis=0)
    write_sample(sample, tmp_path)
    assert read_sample(tmp_path, ("matrix",))["matrix"].tolist() == frame["matrix"].tolist()


@pytest.mark.parametrize("damage", [lambda blob: blob[:-1], lambda blob: blob[:4], lambda blob: b"\1" + blob[1:]])
def test_a_damaged_row_is_refused(damage) -> None:
    blob = SparseRow(9, np.array([3, 8], dtype=np.int32), np.array([1, 2], dtype=np.float32)).to_bytes()
    with pytest.raises(ValueError, match=r"row|buffer"):
        SparseRow.from_bytes(damage(blob))


def test_a_wide_matrix_takes_little_memory() -> None:
    X = sparse.random_array((20_000, 50_000), density=0.0001, rng=np.random.default_rng(0)).tocsr()
    tracemalloc.start()
    frame, _ = read_table(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Spread out it would be 4 GB.
    assert len(frame) == 20_000
    assert peak < 30_000_000
