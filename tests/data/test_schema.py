"""A schema is inferred, stored, and reads later rows as it read the first."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hortus.data import canonical
from hortus.data.infer import infer_schema
from hortus.data.read import read_table
from hortus.data.schema import ColumnSchema, Schema
from hortus.errors import SchemaError, SettingError

ROWS = 60


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "number": rng.random(ROWS),
            "count": rng.integers(0, 5, ROWS),
            "price": [f"${i},{i:03}.50" for i in range(1, ROWS + 1)],
            "weight": [f"{i % 7} kg" for i in range(ROWS)],
            "flag": rng.choice(["yes", "no"], ROWS),
            "truth": rng.random(ROWS) > 0.5,
            "colour": pd.Categorical(rng.choice(["red", "green"], ROWS)),
            "city": [f"city {i % 30}" for i in range(ROWS)],
            "day": pd.date_range("2020-01-01", periods=ROWS, tz="Europe/Paris"),
            "when": [f"{1 + i % 28}.{1 + i % 12}.2021 10:00" for i in range(ROWS)],
            "story": [f"once upon a time there were {i} words in a row of {i * i}" for i in range(ROWS)],
            "id": np.arange(ROWS),
            "same": ["x"] * ROWS,
            "nothing": [None] * ROWS,
        }
    )


KINDS = {
    "number": "numeric", "count": "numeric", "price": "numeric", "weight": "numeric", "flag": "boolean",
    "truth": "boolean", "colour": "categorical", "city": "categorical", "day": "date", "when": "date",
    "story": "text",
}  # fmt: skip


def test_kinds_and_canonical_frame(frame: pd.DataFrame) -> None:
    schema, _ = infer_schema(frame)
    assert {column.name: column.kind for column in schema.features} == KINDS
    assert {c.name: c.reason for c in schema.columns if c.role == "ignored"} == {
        "id": "id", "same": "constant", "nothing": "empty",
    }  # fmt: skip
    made, _ = schema.apply(frame)
    assert list(made.columns) == list(schema.names)
    types = {"numeric": "float64", "boolean": "float64", "categorical": "object", "text": "object"}
    for column in schema.features:
        assert str(made[column.name].dtype) == types.get(column.kind, "datetime64[us]")
    assert made["price"].tolist()[:2] == [1001.5, 2002.5]
    assert made["weight"].tolist()[:3] == [0, 1, 2]
    assert made["day"].iloc[0] == pd.Timestamp("2019-12-31 23:00")
    assert made["when"].iloc[14] == pd.Timestamp("2021-03-15 10:00")
    assert set(made["flag"]) == {0.0, 1.0}


def test_one_row_reads_as_many_do(frame: pd.DataFrame) -> None:
    """Up to 64 rows are read cell by cell and more by their distinct values: both must say the same."""
    schema, _ = infer_schema(frame)
    many, _ = schema.apply(pd.concat([frame] * 3, ignore_index=True))
    for row in (0, 17, 59):
        one, _ = schema.apply(frame.iloc[[row]])
        pd.testing.assert_frame_equal(one.reset_index(drop=True), many.iloc[[row]].reset_index(drop=True))


NUMBERS = (0, -3, 2.5, 1e30, 3.5e38, -1e300, 10**400, float("nan"), float("inf"))
CELLS = (None, *NUMBERS, True, np.float32(1.5), "12", "x", " x ", "", "N/A", "none", "  ", "3kg", [1])
DATES = ("2024-01-31", " 3/4/2020 1:00 PM", "2020-01-31T01:00+02:00", "nat")


@pytest.mark.parametrize("kind", ["numeric", "boolean", "categorical", "text", "date"])
@pytest.mark.parametrize("cell", CELLS + DATES, ids=repr)
def test_a_plain_cell_is_what_the_long_way_makes_of_it(kind: str, cell: object) -> None:
    """Cells of the column's own type go a shorter way where they come alone."""
    column = ColumnSchema("c", kind)
    values = np.empty(1, dtype=object)
    values[0] = cell
    plain = canonical._plain(column, cell)
    own = {"numeric": (int, float), "boolean": (), "categorical": (str,), "text": (str,), "date": (str,)}[kind]
    if cell is None and kind != "boolean":
        assert plain is not None
    elif type(cell) not in own:
        assert plain is None
    if plain is not None:
        found, strays, notes = canonical._read(column, values)
        assert plain.dtype == found.dtype
        np.testing.assert_array_equal(plain, found)
        assert not strays.any()
        assert not notes


def test_a_file_reads_as_the_frame_it_was_written_from(frame: pd.DataFrame, tmp_path: Path) -> None:
    schema, _ = infer_schema(frame)
    frame.to_csv(tmp_path / "t.csv", index=False)
    again, _ = read_table(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(schema.apply(again)[0], schema.apply(frame)[0])


def test_stored_as_json(frame: pd.DataFrame) -> None:
    schema, _ = infer_schema(frame)
    again = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    assert again == schema
    pd.testing.assert_frame_equal(again.apply(frame)[0], schema.apply(frame)[0])


def test_ignore_and_keep(frame: pd.DataFrame) -> None:
    schema, notes = infer_schema(frame, ignore=["city"], keep=["id", "same"])
    assert "city" not in schema.names
    assert {"id", "same"} <= set(schema.names)
    assert not any(note.place in ("id", "same", "city") for note in notes)
    with pytest.raises(SettingError, match="Did you mean 'city'"):
        infer_schema(frame, ignore=["ctiy"])


def test_what_is_told_to_be_text_is_text_whatever_it_looks_like(frame: pd.DataFrame) -> None:
    told = [str(name) for name in frame.columns]
    schema, _ = infer_schema(frame, text=told)
    assert {column.kind for column in schema.columns} == {"text"}
    assert {column.role for column in schema.columns} == {"feature"}
    canonical, _ = schema.apply(frame)
    cells = [value for name in told for value in canonical[name] if value is not None]
    assert cells
    assert all(isinstance(value, str) for value in cells)
    with pytest.raises(SettingError, match="no column 'no such'"):
        infer_schema(frame, text=["no such"])


def test_never_without_features() -> None:
    for values in (range(100), [5] * 100, [None] * 100):
        schema, notes = infer_schema(pd.DataFrame({"row": values}))
        assert schema.names == ("row",)
        assert "columns-useless" in {note.code for note in notes}
        assert len(schema.apply(pd.DataFrame({"row": values}))[0]) == 100


@pytest.mark.parametrize(
    ("kind", "value"), [("numeric", "abc"), ("boolean", "maybe"), ("date", "soon"), ("numeric", pd.Timestamp(0))]
)
@pytest.mark.parametrize("rows", [3, 100])
def test_cells_of_another_kind(kind: str, value: object, rows: int) -> None:
    schema = Schema((ColumnSchema("c", kind),))  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match=r"'c'.*row 0"):
        schema.apply(pd.DataFrame({"c": [value] * rows}))


def test_wide_and_long_are_fast() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).random((200, 2_000))).rename(columns=str)
    begin = time.perf_counter()
    schema, _ = infer_schema(wide)
    schema.apply(wide)
    long = pd.DataFrame({"n": np.arange(200_000.0) % 7, "s": (["a", "b"] * 100_000)})
    schema, _ = infer_schema(long)
    schema.apply(long)
    # 0.25 s when nothing else runs.
    assert time.perf_counter() - begin < 4


def test_real_tables_lose_nothing() -> None:
    """No column of the shared tables is ignored, save an id of products."""
    place = os.environ.get("HORTUS_DATASETS")
    if not place or not (Path(place) / "datasets.py").exists():
        pytest.skip("HORTUS_DATASETS is not set")
    sys.path.insert(0, place)
    try:
        from datasets import load, names  # type: ignore[import-not-found]
    finally:
        sys.path.remove(place)
    ignored = set()
    for name in names():
        X, _, _ = load(name)
        schema, _ = infer_schema(X)
        made, _ = schema.apply(X)
        assert len(made) == len(X)
        ignored |= {(name, column.name) for column in schema.columns if column.role == "ignored"}
    assert ignored == {("food_reviews", "product")}
