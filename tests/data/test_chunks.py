"""Chunks of any size, put together, are the table read whole."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hortus.data import chunked_delimited
from hortus.data.canonical import read_column, stray_cells
from hortus.data.chunks import Chunk, open_chunks
from hortus.data.column import ColumnSchema
from hortus.data.read import read_table
from hortus.errors import InputError, ReadError

TEXT = (
    "zip,whole,gap,flag,maybe,day,words,late,huge\n"
    '01234,1,1,true,true,2020-01-31,"two\nlines, one ""quote""",1,9223372036854775807\n'
    "1,2,,false,,31.1.2020,=1+1,2,1\n"
    "\n"
    '99,3,3,TRUE,false,"Jan 31, 2020",5" pipe,3,2\n'
    "7,4,4,true,true,,N/A,x,3\n"
    "8,5,5,true,true,x,plain,4,4\n"
)


def assert_same(path: Path, size: int) -> None:
    """Types and cells, one by one."""
    whole, notes = read_table(path, empty_ok=True)
    chunks = open_chunks(path, size)
    assert [note.code for note in chunks.notes] == [note.code for note in notes]
    assert chunks.survey() == len(whole)
    found = list(chunks)
    assert all(len(chunk.frame) <= size for chunk in found)
    assert all(len(chunk.frame) == len(chunk.lines) for chunk in found)
    joined = pd.concat([chunk.frame for chunk in found], ignore_index=True)
    assert list(joined.columns) == list(whole.columns) == chunks.columns
    for name in whole.columns:
        left, right = joined[name], whole[name]
        if len(whole):
            assert (left.dtype == object) | (left.dtype == right.dtype), name
        for one, other in zip(left, right, strict=True):
            if pd.api.types.is_scalar(other) and pd.isna(other):
                assert pd.isna(one)
            else:
                assert type(one) is type(other), name
                assert one == other


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimited_text_is_cut_where_records_end(tmp_path: Path, size: int, newline: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(TEXT.replace("\n", newline).encode())
    assert_same(path, size)


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n\n2\n",
        "a,b\n",
        "sep=;\na;b\n1;2\n3;x\n",
        "a b c\n1 2 3\n4 5 6\n",
        "town|n\nZürich|1\nŁódź|2\n",
        "1,2\n3,4\n",
        ",b,\n1,2,3\n4,,6\n",
        "n,m\n1,True\n,1\n1.5,False\n",
        "code,x\n00,1\n10,1\n1.5,1\n",
    ],
    ids=["one column", "no rows", "sep", "blanks", "bar", "numbers above", "unnamed", "mixed", "zeros and a fraction"],
)
def test_other_texts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    for size in (1, 2, 50):
        assert_same(path, size)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "utf-16", "utf-16-le", "utf-8-sig"])
def test_encodings_are_found_in_the_whole_file(tmp_path: Path, encoding: str) -> None:
    words = "Горький хлеб всегда вкуснее" if encoding == "cp1251" else "Zürich und Genève déjà"
    path = tmp_path / "t.tsv"
    path.write_bytes(("n\twords\n" + "1\tplain\n" * 50 + f"2\t{words}\n" * 3).encode(encoding))
    assert_same(path, 20)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress], ids=["gz", "xz", "bz2"])
def test_packed_text(tmp_path: Path, pack: Callable[[bytes], bytes], request: pytest.FixtureRequest) -> None:
    path = tmp_path / f"t.csv.{request.node.callspec.id}"
    path.write_bytes(pack(TEXT.encode()))
    assert_same(path, 2)
    path.write_bytes(pack(TEXT.encode())[:-9])
    with pytest.raises(ReadError, match="damaged"):
        open_chunks(path, 2).survey()


def test_a_table_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("inner/t.csv", TEXT)
    assert_same(tmp_path / "t.zip", 2)


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "whole": [1, 2, 3, 4, 5],
            "gap": pd.array([1, 2, None, 4, 5], dtype="Int64"),
            "maybe": pd.array([True, False, True, None, True], dtype="boolean"),
            "x": [0.1, np.nan, 0.3, 1e300, -1.0],
            "when": pd.to_datetime(
                ["2020-01-01", "2020-01-02 03:04", None, "2021-01-01", "1999-01-01"], format="ISO8601"
            ),
            "town": ["01", "x", None, "é", "z"],
            "kind": pd.Categorical(["a", "b", None, "a", "c"]),
        }
    )


@pytest.mark.parametrize("size", [1, 2, 100])
def test_parquet(tmp_path: Path, size: int) -> None:
    path = tmp_path / "t.parquet"
    table().to_parquet(path, row_group_size=3)
    assert_same(path, size)
    table()[:0].to_parquet(path)
    assert_same(path, size)


def test_a_damaged_parquet_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(ReadError, match="no Parquet file"):
        open_chunks(path, 2)


def test_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"a": 1, "b": "01", "c": true}\n\n{"a": 2.5, "b": "x", "c": false, "d": 5}\n{"a": null, "b": "y", "c": true}\n'
    )
    for size in (1, 2, 9):
        assert_same(path, size)
    path.write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(ReadError, match="Line 2"):
        open_chunks(path, 2)


def test_other_kinds_are_read_whole_and_sliced(tmp_path: Path) -> None:
    plain = table()[["whole", "x", "town"]]
    plain.to_json(tmp_path / "t.json", orient="records")
    plain.to_excel(tmp_path / "t.xlsx", index=False)
    for name in ("t.json", "t.xlsx"):
        assert_same(tmp_path / name, 2)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["", "1", "007", "2.5", "x", "true", "-3", "1e3"]),
            st.text(alphabet='a0 ,;\n"é', max_size=6),
        ),
        min_size=1,
        max_size=12,
    ),
    size=st.integers(1, 5),
)
def test_any_cells_come_back(tmp_path: Path, rows: list[tuple[str, str]], size: int) -> None:
    path = tmp_path / "t.csv"
    quoted = ['"' + text.replace('"', '""') + '"' for _, text in rows]
    path.write_text("".join(f"{a},{b}\n" for a, b in [("a", "b"), *zip([a for a, _ in rows], quoted, strict=True)]))
    assert_same(path, size)


RAGGED = 'a,b\n1,2\n"x\ny",3\n4\n5,6,7\n8,9\n'


def test_records_of_another_length_are_an_error_by_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(RAGGED)
    with pytest.raises(ReadError, match=r"in 2 rows: line 5 has 1, line 6 has 3\."):
        open_chunks(path, 1).survey()


def test_or_faults_with_their_lines_and_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(RAGGED)
    found: list[Chunk] = list(open_chunks(path, 2, faults=True))
    assert [list(chunk.lines) for chunk in found] == [[2, 3], [], [7]]
    faults = [(fault.line, fault.reason, list(fault.cells)) for chunk in found for fault in chunk.faults]
    assert faults == [(5, "1 field where 2 are wanted", ["4"]), (6, "3 fields where 2 are wanted", ["5", "6", "7"])]
    assert found[0].cells(1) == ["x\ny", "3"]
    lines = tmp_path / "t.jsonl"
    lines.write_text('{"a": 1}\n[2]\n{"a": \n')
    (chunk,) = open_chunks(lines, 5, faults=True)
    assert [(fault.line, list(fault.cells)) for fault in chunk.faults] == [(2, ["[2]"]), (3, ['{"a": '])]


def test_a_quote_that_is_never_closed_is_told_and_not_read_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n3,"4\n' + "5,6\n" * 50)
    with pytest.raises(ReadError, match=r'quote \("\) in line 3'):
        open_chunks(path, 2, faults=True).survey()
    monkeypatch.setattr(chunked_delimited, "LONGEST", 20)
    path.write_text('a,b\n1,2\n3,"4\n' + "5,6\n" * 50 + '"')
    with pytest.raises(ReadError, match=r'quote \("\) in line 3'):
        open_chunks(path, 2, faults=True).survey()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n1,\0\n", "NUL byte in line 2"),
        (b"a,a\n1,2\n", "more than one column"),
        (b"PK\x03\x04", "zip archive"),
        (b"a\n1;2\n3;4\n", "delimiter is not clear"),
    ],
)
def test_what_is_no_table_is_told_at_once(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=match):
        open_chunks(path, 2)
    with pytest.raises(InputError, match=match):
        read_table(path, empty_ok=True)


def test_memory_is_bounded_by_the_chunk(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    peaks = []
    for count in (45_000, 135_000):
        path.write_text("a,b\n" + "1.5,some words that take room\n" * count)
        tracemalloc.start()
        assert sum(len(chunk.frame) for chunk in open_chunks(path, 2_000)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


COLUMNS = [
    (ColumnSchema("n", "numeric"), ["1", "x", None, "1,000", "-"], [False, True, False, False, False]),
    (ColumnSchema("t", "boolean"), [True, "maybe", None, 1, 2], [False, True, False, False, True]),
    (ColumnSchema("d", "date"), ["2020-01-01", "x", None, "", "1.2.2020"], [False, True, False, False, False]),
    (ColumnSchema("c", "categorical"), ["x", 5, None, "?", ""], [False] * 5),
]


@pytest.mark.parametrize(("column", "values", "wanted"), COLUMNS, ids=[c.kind for c, _, _ in COLUMNS])
def test_strays_are_what_reading_takes_as_missing(
    column: ColumnSchema, values: list[object], wanted: list[bool]
) -> None:
    for cells in (pd.Series(values, dtype=object), np.array(values, dtype=object)):
        found = stray_cells(column, cells)
        assert found.tolist() == wanted
        many = pd.Series([*values, *[None] * 40], dtype=object)
        read, notes = read_column(column, many)
        assert pd.isna(read[: len(wanted)][found]).all()
        assert [note.code for note in notes] == ["cells-stray"] * any(wanted)


def test_a_collection_is_a_stray_everywhere() -> None:
    for kind in ("numeric", "categorical", "date", "text", "boolean"):
        assert stray_cells(ColumnSchema("n", kind), pd.Series([[1], None, {"a": 1}], dtype=object)).tolist() == [
            True, False, True,
        ]  # fmt: skip
