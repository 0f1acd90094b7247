import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hortus.deploy.predictions_file import FORMULA, defused, write_csv, write_table
from hortus.errors import SettingError


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_defused(cell: str) -> None:
    assert defused(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["yes", "-5", "+1.5", "a=b", "", -5, 1.5, None, True])
def test_what_is_no_formula_stays(cell: object) -> None:
    assert defused(cell) == cell


@given(st.text())
def test_no_text_but_a_number_begins_like_a_formula(text: str) -> None:
    safe = defused(text)
    if safe.startswith(FORMULA):
        float(safe)


def test_cells_and_headers_of_a_csv_are_defused_and_numbers_are_not() -> None:
    frame = pd.DataFrame({"=head": ["=1+1", "ok", None], "n": [-1.5, 2.0, float("nan")]})
    assert write_csv(frame) == "'=head,n\n'=1+1,-1.5\nok,2.0\n,\n"


def test_categories_are_text_too() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["=x", "y"])})
    assert write_csv(frame).splitlines() == ["c", "'=x", "y"]


def test_numbers_come_back_exactly(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "proba_1": [0.1 + 0.2, 1e-300]})
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(write_csv(frame))), frame)
    for suffix in (".tsv", ".parquet"):
        path = tmp_path / "deep" / f"p{suffix}"
        write_table(frame, path)
        back = pd.read_parquet(path) if suffix == ".parquet" else pd.read_csv(path, sep="\t")
        pd.testing.assert_frame_equal(back, frame)
        assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


def test_an_unknown_format_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"\.parquet"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "p.docx")
    assert list(tmp_path.iterdir()) == []
