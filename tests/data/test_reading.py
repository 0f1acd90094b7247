"""Every kind of source gives the same table."""

from __future__ import annotations

import bz2
import gzip
import lzma
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from hortus.data.delimited import read_delimited
from hortus.data.read import read_table
from hortus.errors import InputError

TABLE = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, np.nan, 1.5], "c": ["x", "y z", None], "d": [True, False, True]})


def _same(found: pd.DataFrame) -> None:
    assert list(found.columns) == list(TABLE.columns)
    for name in TABLE.columns:
        left, right = found[name].astype(object), TABLE[name].astype(object)
        assert [None if pd.isna(v) else v for v in left] == [None if pd.isna(v) else v for v in right]


def _write(folder: Path, kind: str) -> Path:
    path = folder / f"table.{kind}"
    text = TABLE.to_csv(index=False)
    if kind == "csv":
        path.write_text(text)
    elif kind == "tsv":
        TABLE.to_csv(path, index=False, sep="\t")
    elif kind == "txt":
        TABLE.to_csv(path, index=False, sep="|")
    elif kind == "parquet":
        TABLE.to_parquet(path)
    elif kind == "xlsx":
        TABLE.to_excel(path, index=False)
    elif kind in ("jsonl", "ndjson"):
        TABLE.to_json(path, orient="records", lines=True)
    elif kind == "json":
        TABLE.to_json(path, orient="records")
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif kind == "csv.xz":
        path.write_bytes(lzma.compress(text.encode()))
    elif kind == "csv.bz2":
        path.write_bytes(bz2.compress(text.encode()))
    elif kind == "csv.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner/table.csv", text)
    return path


@pytest.mark.parametrize(
    "kind",
    ["csv", "tsv", "txt", "parquet", "xlsx", "jsonl", "ndjson", "json", "csv.gz", "csv.xz", "csv.bz2", "csv.zip"],
)
def test_files(tmp_path: Path, kind: str) -> None:
    found, notes = read_table(_write(tmp_path, kind))
    _same(found)
    assert notes == []


def test_frames_and_records() -> None:
    polars = pytest.importorskip("polars")
    for source in (TABLE, polars.from_pandas(TABLE), polars.from_pandas(TABLE).lazy(), TABLE.to_dict("list")):
        _same(read_table(source)[0])
    _same(read_table(TABLE.to_dict("records"))[0])
    _same(read_table(TABLE.convert_dtypes())[0])
    _same(read_table(TABLE.convert_dtypes(dtype_backend="pyarrow"))[0])


def test_arrays() -> None:
    numbers = np.arange(6.0).reshape(3, 2)
    for source in (numbers, sparse.csr_array(numbers), sparse.coo_matrix(numbers), numbers.tolist()):
        found, _ = read_table(source)
        assert list(found.columns) == ["x0", "x1"]
        np.testing.assert_array_equal(found.to_numpy(), numbers)
    mixed, _ = read_table(np.array([[1, "a"], [2, "b"]], dtype=object))
    assert mixed["x0"].dtype.kind == "i"
    assert mixed["x1"].tolist() == ["a", "b"]
    with pytest.raises(InputError, match="Reshape your data"):
        read_table(np.arange(3))


def test_the_callers_frame_is_left_alone() -> None:
    frame = pd.DataFrame({0: [1, 2], "": [3, 4]})
    found, _ = read_table(frame)
    assert list(found.columns) == ["0", "column_2"]
    assert list(frame.columns) == [0, ""]


def test_nothing_is_lost() -> None:
    text = b"zip,code,big,date,half\n01234,007,123456789012345678901,2020-01-05,1.50\n99999,100,5,2020-01-06,2.25\n"
    found, _ = read_delimited(text, "t.csv")
    assert found["zip"].tolist() == ["01234", "99999"]
    assert found["code"].tolist() == ["007", "100"]
    assert str(found["big"][0]) == "123456789012345678901"
    assert found["date"].tolist() == ["2020-01-05", "2020-01-06"]
    assert found["half"].tolist() == [1.5, 2.25]


@pytest.mark.parametrize("quoting", [0, 1])
def test_fast_enough(tmp_path: Path, quoting: int) -> None:
    rng = np.random.default_rng(0)
    columns = {f"n{i}": rng.random(20_000) for i in range(15)} | {
        f"s{i}": rng.choice(["a", "b"], 20_000) for i in range(5)
    }
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False, quoting=quoting)
    begin = time.perf_counter()
    found, _ = read_table(tmp_path / "t.csv")
    # 0.1 s when nothing else runs.
    assert time.perf_counter() - begin < 5
    assert found.shape == (20_000, 20)
