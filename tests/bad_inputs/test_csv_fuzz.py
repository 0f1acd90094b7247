"""Whatever bytes a csv file holds, it is a table or a told error."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from hortus.data.delimited import read_delimited
from hortus.data.infer import infer_schema
from hortus.data.read import read_table
from hortus.errors import HortusError

CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8) | st.sampled_from(
    ["1", "2.5", "-3", "", "01", "1e9", "?", "2020-01-01", "a,b", 'say "hi"', "two\nlines", "1,234", "é", "yes", "😀"]
)


# Each: 2,600 at night, so that both come to more than 5,000.
EXAMPLES = 2600 if os.environ.get("HORTUS_LONG") else 100


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=200) | st.text("ab,;\t\"'\n\r01.é \0", max_size=80).map(lambda text: text.encode()))
def test_any_bytes(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(data)
        # Any other error, a parser's own say, fails the test.
        with contextlib.suppress(HortusError):
            frame, _ = read_table(path)
            schema, _ = infer_schema(frame)
            made, _ = schema.apply(frame)
            assert len(made) == len(frame)


@settings(max_examples=EXAMPLES)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_was_written_is_read(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("x", "y", "z"), *rows])
    frame, _ = read_delimited(written.getvalue().encode(), "t.csv")
    assert list(frame.columns) == ["x", "y", "z"]
    assert len(frame) == len(rows)
    for position in range(3):
        for cell, row in zip(frame.iloc[:, position], rows, strict=True):
            wanted = row[position]
            if pd.isna(cell):
                assert wanted == ""
            elif isinstance(cell, str):
                assert cell == wanted
            else:
                truth = {"true": 1.0, "false": 0.0}.get(wanted.lower())
                assert float(cell) == (float(wanted) if truth is None else truth)
