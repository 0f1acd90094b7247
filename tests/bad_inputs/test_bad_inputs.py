"""Bad inputs: each is refused with its place and its mend, or handled and noted. None ends in a library's traceback.

The numbers are those of the project's list of bad inputs.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from hortus.data.checks import run_gate
from hortus.data.infer import infer_schema
from hortus.data.metrics import make_metric
from hortus.data.notes import Note
from hortus.data.read import read_table
from hortus.data.schema import Schema
from hortus.data.split import make_folds
from hortus.data.target import find_target, prepare_target
from hortus.data.task import Task
from hortus.errors import HortusError, InputError

# --- files -------------------------------------------------------------------------------------------------------

TEXT = "a,b,c\n" + "".join(f"{i},{i * 0.5},w{i % 3}\n" for i in range(30))


def _zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _zip_bytes(members: dict[str, bytes], folder: Path) -> bytes:
    _zip(folder / "made.zip", members)
    return (folder / "made.zip").read_bytes()


def _parquet(folder: Path) -> bytes:
    pd.DataFrame({"a": range(100)}).to_parquet(folder / "made.parquet")
    return (folder / "made.parquet").read_bytes()


Content = bytes | Callable[[Path], bytes]

REFUSED_FILES: list[tuple[str, str, Content, str, str]] = [
    ("1 empty", "t.csv", b"", "file-empty", "empty"),
    ("1 blank", "t.csv", b"\n \n", "file-empty", "empty"),
    ("1 empty jsonl", "t.jsonl", b"", "file-empty", "empty"),
    ("2 header only", "t.csv", b"a,b\n", "file-no-rows", "2 columns and no rows"),
    ("23 two delimiters", "t.csv", b"a\n1;2\n3;4\n", "file-delimiter", "delimiter is not clear"),
    ("25 open quote", "t.csv", b'a,b\n1,2\n"x,3\n4,5\n', "file-quote", "line 3"),
    ("25 open quote after lines in quotes", "t.csv", b'a,b\n"x\ny",2\n"z,3\n4,5\n', "file-quote", "line 4"),
    ("27 NUL", "t.csv", b"a,b\n1,2\n\x00,3\n", "file-binary", "line 3"),
    ("27 picture", "t.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "file-binary", "a picture"),
    ("27 workbook named csv", "t.csv", lambda f: _zip_bytes({"x": b"1"}, f), "file-binary", "zip"),
    ("28 ragged", "t.csv", b"a,b\n1,2\n3\n4,5,6\n", "file-ragged", "line 3 has 1, line 4 has 3"),
    ("28 ragged below blank lines", "t.csv", b"\n" * 30 + b"a,b\n1,2\n3\n", "file-ragged", "line 33 has 1"),
    ("28 ragged with quotes", "t.csv", b'a,b\n"1\n2",2\n3\n4,5,6\n', "file-ragged", "line 4 has 1, line 5 has 3"),
    ("20 names twice", "t.csv", b"a,b,a\n1,2,3\n", "columns-duplicate", "'a'"),
    ("47 nested json", "t.json", b'[{"a": [1, 2], "b": 1}, {"a": [3], "b": 2}]', "cells-nested", "row 0"),
    ("47 no records", "t.json", b"[1, 2, 3]", "file-json", "no list of records"),
    ("47 broken line", "t.jsonl", b'{"a": 1}\n{"a": \n', "file-json", "Line 2"),
    ("48 many members", "t.zip", lambda f: _zip_bytes({"a.csv": b"a", "b.csv": b"b"}, f), "zip-members", "2 files"),
    ("48 no members", "t.zip", lambda f: _zip_bytes({}, f), "zip-members", "0 files"),
    ("48 damaged zip", "t.zip", b"PK\x03\x04nonsense", "file-damaged", "damaged"),
    ("48 damaged gz", "t.csv.gz", b"\x1f\x8bnonsense", "file-damaged", "damaged"),
    ("48 damaged xz", "t.csv.xz", b"nonsense", "file-damaged", "damaged"),
    ("49 bomb", "t.zip", lambda f: _zip_bytes({"a.csv": b"a\n" + b"0" * (70 * 2**20)}, f), "file-bomb", "200 times"),
    ("51 truncated parquet", "t.parquet", lambda f: _parquet(f)[:-30], "file-damaged", "truncated"),
    ("51 no parquet", "t.parquet", b"nonsense", "file-damaged", "truncated"),
    ("51 no workbook", "t.xlsx", b"nonsense", "file-damaged", "Excel"),
]


@pytest.mark.parametrize(
    ("name", "content", "code", "words"), [row[1:] for row in REFUSED_FILES], ids=[row[0] for row in REFUSED_FILES]
)
def test_refused_files(tmp_path: Path, name: str, content: Content, code: str, words: str) -> None:
    (tmp_path / name).write_bytes(content(tmp_path) if callable(content) else content)
    with pytest.raises(InputError) as caught:
        infer_schema(read_table(tmp_path / name)[0])
    assert caught.value.code == code
    assert words in str(caught.value)
    assert caught.value.mend


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "no.csv", "file-missing"), (tmp_path, "file-folder")):
        with pytest.raises(InputError) as caught:
            read_table(path)
        assert caught.value.code == code


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_file_without_rights(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TEXT)
    (tmp_path / "t.csv").chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "t.csv")


HANDLED_FILES: list[tuple[str, str, Content, str]] = [
    ("22 byte-order mark", "t.csv", TEXT.encode("utf-8-sig"), ""),
    ("23 semicolons", "t.csv", TEXT.replace(",", ";").encode(), ""),
    ("23 tabs named txt", "t.txt", TEXT.replace(",", "\t").encode(), ""),
    ("23 blank lines above", "t.csv", b"\n" * 30 + TEXT.encode(), ""),
    ("23 blanks", "t.txt", TEXT.replace(",", " ").encode(), ""),
    ("24 quoted newlines", "t.csv", TEXT.replace("w0", '"w\n0"').encode(), ""),
    ("24 lone quotes", "t.csv", TEXT.replace("w0", 'w 5" 0').encode(), ""),
    ("24 windows lines", "t.csv", TEXT.replace("\n", "\r\n").encode(), ""),
    ("24 old mac lines", "t.csv", TEXT.replace("\n", "\r").encode(), ""),
    ("26 latin-1", "t.csv", TEXT.replace("w0", "Müller").encode("latin-1"), "file-encoding"),
    ("26 utf-16", "t.csv", TEXT.replace("w0", "Müller").encode("utf-16"), "file-encoding"),
    ("26 utf-16 without mark", "t.csv", TEXT.encode("utf-16-le"), "file-encoding"),
    ("26 cyrillic", "t.csv", TEXT.replace("w0", "Привет, мир".replace(",", "")).encode("cp1251"), "file-encoding"),
    ("48 one member", "t.zip", lambda f: _zip_bytes({"deep/t.csv": TEXT.encode()}, f), ""),
    ("62 member named as a path", "t.zip", lambda f: _zip_bytes({"../../etc/t.csv": TEXT.encode()}, f), ""),
    ("21 blank name", "t.csv", TEXT.replace("a,b,c", "a,,c").encode(), "columns-unnamed"),
    ("70 scripts", "t.csv", TEXT.replace("w0", "😀 مرحبا").replace("w1", "你好").encode(), ""),
    ("64 markup in a name", "t.csv", TEXT.replace("a,b", "<b>a</b>,b").encode(), ""),
    ("header of numbers", "t.csv", TEXT.replace("a,b,c", "1,2,3").encode(), "header-numbers"),
]


@pytest.mark.parametrize(
    ("name", "content", "code"), [row[1:] for row in HANDLED_FILES], ids=[row[0] for row in HANDLED_FILES]
)
def test_handled_files(tmp_path: Path, name: str, content: Content, code: str) -> None:
    (tmp_path / name).write_bytes(content(tmp_path) if callable(content) else content)
    frame, notes = read_table(tmp_path / name)
    assert frame.shape == (30, 3)
    assert [note.code for note in notes] == ([code] if code else [])
    schema, _ = infer_schema(frame)
    assert len(schema.apply(frame)[0]) == len(frame)


def test_letters_survive(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le"):
        (tmp_path / "t.csv").write_bytes("name,n\nMüller,1\nJosé,2\n".encode(encoding))
        assert read_table(tmp_path / "t.csv")[0]["name"].tolist() == ["Müller", "José"]
    (tmp_path / "t.csv").write_bytes("имя,n\nПривет всем,1\nДо свидания,2\n".encode("cp1251"))  # noqa: RUF001
    assert read_table(tmp_path / "t.csv")[0].iloc[0, 0] == "Привет всем"


# --- columns -----------------------------------------------------------------------------------------------------

N = 40
Cells = Any

COLUMNS: list[tuple[str, Cells, str, str, list[Any] | None]] = [
    # row, cells, kind or "ignored", codes of notes, first canonical cells
    ("14 all missing", [None] * N, "ignored", "column-empty", None),
    ("15 constant", ["x"] * N, "ignored", "column-constant", None),
    ("16 infinite", [np.inf, 1.0, -np.inf, 2.0] * 10, "numeric", "column-infinite", [np.nan, 1.0, np.nan]),
    ("17 beyond 2^63", [2**70, 1, 2, 3] * 10, "numeric", "column-huge", [2.0**70, 1.0]),
    ("18 beyond float32", [1e300, 1.0, -1e300, 2.0] * 10, "numeric", "column-beyond-float32", [3.4e38, 1.0, -3.4e38]),
    ("19 mixed", [1, "a", 2.5, True] * 10, "categorical", "column-mixed", ["1", "a", "2.5", "True"]),
    ("19 numbers and a stray", [1, 2, 3, 4] * 15 + ["?!"], "numeric", "column-mixed cells-stray", [1.0, 2.0]),
    ("31 id of text", [f"u{i}" for i in range(N)], "ignored", "column-id", None),
    ("31 id of numbers", list(range(1, N + 1)), "ignored", "column-id", None),
    (
        "34 five formats",
        ["2020-01-31", "31/01/2020", "31.1.2020", "Jan 31, 2020", "31 January 2020 12:00"] * 8,
        "date",
        "",
        [pd.Timestamp("2020-01-31")] * 4 + [pd.Timestamp("2020-01-31 12:00")],
    ),
    ("34 day or month", ["01/02/2020", "03/04/2020"] * 20, "date", "column-day-or-month", [pd.Timestamp("2020-01-02")]),
    (
        "35 time zones",
        ["2020-01-01T12:00+02:00", "2020-01-01T10:00Z", "2020-01-01T05:00-05:00"] * 13,
        "date",
        "",
        [pd.Timestamp("2020-01-01 10:00")] * 3,
    ),
    ("36 far dates", ["0001-01-01", "9999-12-31"] * 20, "date", "", [pd.Timestamp("0001-01-01")]),
    ("37 truths", ["yes", "no", "TRUE", "0"] * 10, "boolean", "", [1.0, 0.0, 1.0, 0.0]),
    ("38 english", ["1,234.5", "2,000"] * 20, "numeric", "", [1234.5, 2000.0]),
    ("38 german", ["1.234,5", "2.000"] * 20, "numeric", "", [1234.5, 2000.0]),
    ("38 swiss, french", ["1'234.5", "2 000"] * 20, "numeric", "", [1234.5, 2000.0]),
    ("38 ambiguous", ["1,234", "2,345"] * 20, "numeric", "column-decimal-mark", [1234.0, 2345.0]),
    ("39 one unit", ["12kg", "7 kg", "3.5 kg"] * 13, "numeric", "column-unit", [12.0, 7.0, 3.5]),
    ("39 currency", ["$1,200", "-$5", "($7)"] * 13, "numeric", "column-unit", [1200.0, -5.0, -7.0]),
    ("39 percent", ["12 %", "7%"] * 20, "numeric", "column-unit", [12.0, 7.0]),
    ("39 two units", ["12kg", "7 lb"] * 20, "categorical", "column-units-mixed", ["12kg", "7 lb"]),
    ("40 question marks", ["1", "?", "2.5", "N/A"] * 10, "numeric", "column-sentinel", [1.0, np.nan, 2.5, np.nan]),
    ("40 dashes in words", ["red", "-", "null", "blue"] * 10, "categorical", "column-sentinel", ["red", None, None]),
    ("40 -999", [1.5, 2.0, -999.0, 3.0] * 10, "numeric", "column-sentinel-number", [1.5, 2.0, -999.0]),
    ("50 categories", pd.Categorical(["a", "b", None, "a"] * 10), "categorical", "", ["a", "b", None]),
    ("50 categories of numbers", pd.Categorical([1, 2, None, 1] * 10), "categorical", "", ["1", "2", None]),
    ("54 nullable", pd.array([1, None, 3, 4] * 10, dtype="Int64"), "numeric", "", [1.0, np.nan, 3.0]),
    (
        "54 nullable truths",
        pd.array([True, None, False, True] * 10, dtype="boolean"),
        "boolean",
        "",
        [1.0, np.nan, 0.0],
    ),
    ("70 scripts", ["你好", "مرحبا", "😀", "שלום"] * 10, "categorical", "", ["你好", "مرحبا", "😀"]),
    ("postal codes", ["98115", "98108", "98117"] * 30 + ["98115-4820"], "categorical", "", ["98115", "98108"]),
    ("codes with zeros", ["01234", "00012"] * 20, "categorical", "", ["01234", "00012"]),
    ("durations", pd.to_timedelta([1, 2, None, 4] * 10, unit="s"), "numeric", "", [1.0, 2.0, np.nan]),
    ("decimals", [Decimal("1.5"), Decimal(2), None] * 20, "numeric", "", [1.5, 2.0, np.nan]),
]


def _codes(notes: list[Note]) -> set[str]:
    return {note.code for note in notes if note.place == "c"}


@pytest.mark.parametrize(
    ("cells", "kind", "code", "first"), [row[1:] for row in COLUMNS], ids=[row[0] for row in COLUMNS]
)
def test_columns(cells: Cells, kind: str, code: str, first: list[Any] | None) -> None:
    frame, _ = read_table(pd.DataFrame({"c": cells, "other": np.arange(len(cells)) % 7}))
    schema, notes = infer_schema(frame)
    made, more = schema.apply(frame)
    column = schema.columns[0]
    assert (column.role if kind == "ignored" else column.kind) == kind
    assert _codes(notes + more) == set(code.split())
    assert all(note.mend for note in notes + more)
    if first is not None:
        pd.testing.assert_series_equal(
            made["c"].iloc[: len(first)].astype(object), pd.Series(first, name="c", dtype=object), check_exact=True
        )


@pytest.mark.parametrize(
    ("name", "source", "code"),
    [
        ("20 names twice", pd.DataFrame([[1, 2]] * 9, columns=["a", "a"]), "columns-duplicate"),
        ("20 names equal as text", pd.DataFrame([[1, 2]] * 9, columns=["1", 1]), "columns-duplicate"),
        ("47 lists", pd.DataFrame({"a": [[1], [2, 3]] * 5}), "cells-nested"),
        ("47 dicts", pd.DataFrame({"a": [{"x": 1}] * 10}), "cells-nested"),
        ("47 tuples", pd.DataFrame({"a": [(1, 2), (3, 4)] * 5}), "cells-nested"),
        ("53 complex array", np.ones((9, 2), dtype=complex), "column-complex"),
        ("53 complex cells", pd.DataFrame({"a": np.array([1j, "x"] * 9, dtype=object)}), "column-complex"),
        ("53 one dimension", np.arange(9), "array-not-2d"),
        ("53 three dimensions", np.ones((2, 2, 2)), "array-not-2d"),
        ("53 no columns", np.ones((9, 0)), "no-columns"),
        ("53 no columns in a frame", pd.DataFrame(index=range(9)), "no-columns"),
        (
            "52 a sparse matrix of text",
            sparse.csr_array(np.ones((3000, 2000)) * (1j * (np.arange(2000) == 0))),
            "array-type",
        ),
        ("28 ragged lists", [[1, 2], [3]], "rows-ragged"),
        ("28 ragged columns", {"a": [1, 2], "b": [1]}, "columns-length"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_tables(name: str, source: Any, code: str) -> None:
    with pytest.raises(InputError) as caught:
        infer_schema(read_table(source)[0])
    assert caught.value.code == code, name
    assert caught.value.mend


def test_ignored_columns_may_hold_anything() -> None:
    frame = pd.DataFrame({"a": [[1]] * 5, "b": range(5, 10)})
    schema, _ = infer_schema(frame, ignore=["a"])
    assert schema.apply(frame)[0].shape == (5, 1)


def test_21_54_names() -> None:
    frame = pd.DataFrame(np.ones((3, 3)), columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "")]))
    found, notes = read_table(frame)
    assert list(found.columns) == ["a_x", "a_y", "b"]
    assert [note.code for note in notes] == ["columns-levels"]
    found, notes = read_table(pd.DataFrame(np.ones((3, 4)), columns=pd.Index([0, None, " ", 1.5], dtype=object)))
    assert list(found.columns) == ["0", "column_2", "column_3", "1.5"]
    assert [note.code for note in notes] == ["columns-unnamed"]


def test_29_ten_thousand_columns() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).random((20, 10_000))).rename(columns=str)
    schema, _ = infer_schema(frame)
    assert schema.apply(frame)[0].shape == (20, 10_000)


def test_30_many_categories() -> None:
    frame = pd.DataFrame({"c": [f"k{i // 2}" for i in range(100_000)]})
    schema, _ = infer_schema(frame)
    assert schema.columns[0].kind == "categorical"
    assert schema.apply(frame)[0]["c"].nunique() == 50_000


def test_32_33_copies() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    frame = pd.DataFrame({"copy": np.where(y == 1, "won", "lost"), "other": rng.random(200)})
    frame.loc[100:, "other"] = frame["other"].to_numpy()[:100]
    y[100:] = y[:100]
    frame["copy"] = np.where(y == 1, "won", "lost")
    schema, _ = infer_schema(frame)
    task = Task("binary", "y", (0, 1), "roc_auc")
    findings = {finding.code: finding for finding in run_gate(schema.apply(frame)[0], y, task, schema=schema)}
    assert findings["column-is-target"].columns == ("copy",)
    assert findings["rows-repeated"].severity != "info"
    values = rng.random(200)
    doubled = pd.DataFrame({"twice": 2 * values + 1, "noisy": values + rng.normal(0, 0.1, 200)})
    schema, _ = infer_schema(doubled)
    found = run_gate(doubled, values, Task("regression", "y", (), "r2"), schema=schema)
    assert [finding.columns for finding in found if finding.code == "column-is-target"] == [("twice",)]


# --- targets -----------------------------------------------------------------------------------------------------

REFUSED_TARGETS: list[tuple[str, Any, str | None, str, str]] = [
    ("3 one row", [1], None, "rows-too-few", "n_samples = 1"),
    ("5 one class", ["a"] * 9, None, "target-one-class", "'a'"),
    ("5 one class of numbers", [1] * 9, "classification", "target-one-class", "1"),
    ("7 mostly missing", [1.0, 2.0, 1.0, 2.0] + [None] * 5, None, "target-mostly-missing", "5 of 9 rows"),
    ("7 all missing", [None] * 9, None, "target-mostly-missing", "9 of 9"),
    ("8 infinite", [1.5, np.inf, 2.5, -np.inf, 3], None, "target-infinite", "1, 3"),
    ("8 infinite as text", ["1.5", "2", "x", "3", "4"], "regression", "target-not-numbers", "'x' in row 2"),
    ("9 unique text", [f"u{i}" for i in range(30)], None, "target-id", "looks like an id"),
    ("10 ambiguous labels", [1, "1", 2, "b"] * 5, None, "target-labels-ambiguous", "1 and '1'"),
    ("13 constant", [2.5] * 9, "regression", "target-constant", "2.5 in all rows"),
    ("two columns", np.ones((9, 2)), None, "target-columns", "2 columns"),
    ("dates", pd.date_range("2020", periods=9), None, "target-type", "dates"),
    ("lists", [[1], [2], [1], [2]], None, "target-type", ""),
    ("numbers as classes", np.linspace(0, 1, 30), "classification", "target-id", "continuous"),
]


@pytest.mark.parametrize(
    ("values", "kind", "code", "words"), [row[1:] for row in REFUSED_TARGETS], ids=[row[0] for row in REFUSED_TARGETS]
)
def test_refused_targets(values: Any, kind: Any, code: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        prepare_target(values, name="y", kind=kind)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert caught.value.mend


def test_6_target_misspelt() -> None:
    with pytest.raises(InputError, match="Did you mean 'price'") as caught:
        find_target(pd.DataFrame({"price": range(9), "b": range(9)}), "prise")
    assert caught.value.code == "target-missing"
    with pytest.raises(InputError) as caught:
        find_target(pd.DataFrame({"price": range(9)}), "price")
    assert caught.value.code == "no-columns"


@pytest.mark.parametrize(
    ("values", "code", "kept"),
    [
        (["a", "a", "b", "b"], "target-few-rows", 4),
        (["a", "b", None, "a", "b", "", " "], "target-missing-rows", 4),
        ([1, "b", 2, "b", 1, 2] * 10, "target-labels-mixed", 60),
        (["a"] * 50 + ["b"] * 50 + ["c"], "target-class-once", 101),
        ([0] * 20_000 + [1] * 2, "target-imbalanced", 20_002),
    ],
    ids=["4 two rows a class", "7 missing", "10 mixed labels", "11 class seen once", "12 one in ten thousand"],
)
def test_handled_targets(values: list[Any], code: str, kept: int) -> None:
    target, notes = prepare_target(values, name="y")
    found = {note.code: note for note in notes}
    assert found[code].warning
    assert found[code].mend
    assert len(target.kept) == len(target.y) == kept
    folds, _ = make_folds(target.y, target.task.kind, rows=kept, columns=1, seconds=None, seed=0)
    for fold in range(folds.count):
        assert len(set(target.y[folds.train_rows(fold)])) == len(target.task.classes)


# --- rows to predict ---------------------------------------------------------------------------------------------


@pytest.fixture
def trained() -> tuple[Schema, pd.DataFrame]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 60, 100),
            "town": rng.choice(["York", "Bath"], 100),
            "day": pd.date_range("2020", periods=100),
            "member": rng.choice(["yes", "no"], 100),
        }
    )
    return infer_schema(frame)[0], frame


def test_41_unseen_category(trained: tuple[Schema, pd.DataFrame]) -> None:
    schema, frame = trained
    made, _ = schema.apply(frame.assign(town="Atlantis"))
    assert set(made["town"]) == {"Atlantis"}


def test_42_missing_columns(trained: tuple[Schema, pd.DataFrame]) -> None:
    schema, frame = trained
    with pytest.raises(InputError, match=r"lack 2 .*'age' \(is it 'Age'\?\), 'day'") as caught:
        schema.apply(frame.rename(columns={"age": "Age"}).drop(columns="day"))
    assert caught.value.code == "columns-missing"


def test_43_extra_column(trained: tuple[Schema, pd.DataFrame]) -> None:
    schema, frame = trained
    made, notes = schema.apply(frame.assign(more=1))
    assert "more" not in made
    assert [(note.code, note.place, note.warning) for note in notes] == [("columns-extra", "more", True)]


def test_44_reordered_columns(trained: tuple[Schema, pd.DataFrame]) -> None:
    schema, frame = trained
    pd.testing.assert_frame_equal(schema.apply(frame[frame.columns[::-1]])[0], schema.apply(frame)[0])


@pytest.mark.parametrize("rows", [5, 100])
def test_45_changed_types(trained: tuple[Schema, pd.DataFrame], rows: int) -> None:
    schema, frame = trained
    few = frame.iloc[:rows]
    wanted = schema.apply(few)[0]
    for changed in (
        few.astype(str),
        few.astype(object),
        few.assign(age=few["age"].astype(float)),
        few.assign(member=few["member"] == "yes"),
        few.assign(day=few["day"].dt.strftime("%Y/%m/%d")),
        few.assign(day=few["day"].dt.date),
    ):
        pd.testing.assert_frame_equal(schema.apply(changed)[0], wanted)
    with pytest.raises(InputError, match=r"'age' is numeric .* 'old' in row 0") as caught:
        schema.apply(few.assign(age="old"))
    assert caught.value.code == "column-kind"


def test_46_zero_rows(trained: tuple[Schema, pd.DataFrame], tmp_path: Path) -> None:
    schema, frame = trained
    made, notes = schema.apply(frame.iloc[:0])
    assert list(made.columns) == list(frame.columns)
    assert len(made) == 0
    assert notes == []
    frame.iloc[:0].to_csv(tmp_path / "t.csv", index=False)
    found, _ = read_table(tmp_path / "t.csv", empty_ok=True)
    assert len(schema.apply(found)[0]) == 0


# --- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [["a"] * 20, list(range(20))], ids=["69 one group", "69 one a row"])
def test_69_useless_groups(groups: list[Any]) -> None:
    with pytest.raises(HortusError) as caught:
        make_folds(np.array([0, 1] * 10), "binary", rows=20, columns=1, seconds=None, seed=0, groups=groups)
    assert caught.value.code == "groups-useless"


def test_unknown_metric() -> None:
    with pytest.raises(HortusError, match="Did you mean 'accuracy'") as caught:
        make_metric("acuracy", "binary", (0, 1))
    assert caught.value.code == "unknown-metric"


def test_fewer_rows_than_folds() -> None:
    folds, notes = make_folds(np.array([0, 1] * 4), "binary", rows=8, columns=1, seconds=None, seed=0, folds=20)
    assert folds.count == 4
    assert [note.code for note in notes] == ["folds-fewer"]
