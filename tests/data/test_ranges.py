"""What training rows held, column by column."""

import json

import numpy as np
import pandas as pd

from hortus.data.infer import infer_schema
from hortus.data.ranges import MOST_CATEGORIES, training_ranges
from hortus.data.schema import ColumnSchema, Schema


def ranges(frame: pd.DataFrame, schema: Schema | None = None) -> dict[str, dict[str, object]]:
    schema = schema or infer_schema(frame)[0]
    return training_ranges(schema.apply(frame)[0], schema)


def test_every_kind_of_column_and_it_is_json() -> None:
    frame = pd.DataFrame(
        {
            "n": [3.5, None, -1.0, 2.0] * 10,
            "b": ["yes", "no", "yes", None] * 10,
            "c": ["x", "y", "x", "x"] * 10,
            "d": ["2020-01-01", "2021-06-01", None, "2020-02-01T12:30:00"] * 10,
            "t": [f"word{i} other{i} things{i} more{i}" for i in range(40)],
        }
    )
    kinds = {"n": "numeric", "b": "boolean", "c": "categorical", "d": "date", "t": "text"}
    schema = Schema(tuple(ColumnSchema(name, kind) for name, kind in kinds.items()))  # type: ignore[arg-type]
    found = ranges(frame, schema)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found == {
        "n": {"missing": True, "low": -1.0, "high": 3.5, "typical": 2.0},
        "b": {"missing": True, "typical": True},
        "c": {"missing": False, "categories": ["x", "y"], "complete": True},
        "d": {
            "missing": True,
            "low": "2020-01-01T00:00:00",
            "high": "2021-06-01T00:00:00",
            "typical": "2020-02-01T12:30:00",
        },
        "t": {"missing": False},
    }


def test_an_empty_column_has_no_range() -> None:
    frame = pd.DataFrame({"n": [np.nan, np.nan], "c": pd.Series([None, None], dtype=object)})
    schema = Schema((ColumnSchema("n", "numeric"), ColumnSchema("c", "categorical")))
    assert ranges(frame, schema) == {
        "n": {"missing": True, "low": None, "high": None, "typical": None},
        "c": {"missing": True, "categories": [], "complete": True},
    }


def test_a_column_of_many_categories_keeps_the_most_frequent_and_says_so() -> None:
    names = [f"c{i}" for i in range(MOST_CATEGORIES + 5)] + ["often"] * 3
    found = ranges(pd.DataFrame({"c": names}), Schema((ColumnSchema("c", "categorical"),)))["c"]
    assert isinstance(found["categories"], list)
    assert (len(found["categories"]), found["categories"][0], found["complete"]) == (MOST_CATEGORIES, "often", False)


def test_ignored_columns_are_left_out() -> None:
    schema = Schema((ColumnSchema("a", "numeric"), ColumnSchema("i", "numeric", "ignored", "id")))
    assert set(ranges(pd.DataFrame({"a": [1.0], "i": [2.0]}), schema)) == {"a"}
