"""A table larger than the memory budget."""

import gzip
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from hortus.data.read import read_table
from hortus.data.within_memory import LEAST_ROWS, SHARE, read_within
from hortus.errors import ReadError
from hortus.run import Settings, fit

ROWS = 60_000


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 6)).round(4), columns=list("abcdef"))
    frame["word"] = rng.choice(["leaf", "root", "stem"], ROWS)
    frame["y"] = np.where(frame["a"] + rng.normal(size=ROWS) > 0, "yes", "no")
    path = tmp_path_factory.mktemp("large") / "t.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_table_that_fits_is_read_as_ever(table):
    found, notes, sampled = read_within(table, 10**9, seed=0)
    pd.testing.assert_frame_equal(found, read_table(table)[0])
    assert notes == []
    assert sampled is None


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_a_larger_one_gives_a_random_sample_in_its_order(table, tmp_path, kind):
    path = tmp_path / f"t.{kind}"
    if kind == "csv.gz":
        path.write_bytes(gzip.compress(table.read_bytes(), 1))
    elif kind == "parquet":
        read_table(table)[0].to_parquet(path)
    else:
        path = table
    memory = 12_000_000
    found, notes, sampled = read_within(path, memory, seed=1)
    whole = read_table(path)[0]
    assert LEAST_ROWS < len(found) < ROWS / 2
    assert found.memory_usage(deep=True).sum() <= 1.1 * SHARE * memory
    assert list(found.dtypes) == list(whole.dtypes)
    # Rows of the file, in its order: the sample is what is left where the others are taken out.
    merged = whole.reset_index().merge(found, how="right")
    assert merged["index"].notna().all()
    assert merged["index"].is_monotonic_increasing
    assert merged["index"].to_list() == sampled.kept.tolist()
    assert (sampled.path, sampled.rows, sampled.gone) == (path, ROWS, "")
    # From all of it.
    assert merged["index"].min() < ROWS / 20
    assert merged["index"].max() > ROWS * 0.95
    (note,) = [note for note in notes if note.code == "table-sampled"]
    assert note.warning
    assert f"{ROWS:,} rows" in note.what
    assert "--memory" in note.mend
    again, _, _ = read_within(path, memory, seed=1)
    pd.testing.assert_frame_equal(again, found)
    other, _, _ = read_within(path, memory, seed=2)
    assert not other.equals(found)


def test_it_is_never_in_memory_as_a_whole(table):
    tracemalloc.start()
    read_table(table)
    _, whole = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    read_within(table, 2_000_000, seed=0)
    _, sampled = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sampled - before < whole


def test_a_budget_that_holds_next_to_nothing_is_refused_before_the_table_is_loaded(table):
    with pytest.raises(ReadError) as caught:
        read_within(table, 100_000, seed=0)
    assert caught.value.code == "memory-too-small"
    assert "--memory" in caught.value.mend


def test_a_run_says_that_it_learnt_from_a_sample(table, tmp_path):
    settings = Settings(trials=1, folds=2, models=("linear",), executor="inline", memory=24_000_000)
    result = fit(table, "y", settings, folder=tmp_path / "run")
    assert "table-sampled" in {note.code for note in result.notes}
    assert len(np.load(tmp_path / "run/data/y.npy")) < ROWS
