"""``hortus check``: the findings as a person and as a program read them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from hortus.cli import app

HOSTILE = ["[red]x[/red]", "a 'quoted' \"name\"", "größe 数量 🌱", "x\x1b[2Jy", "--keep", "<b>", "$(id)", "class"]


def check(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["check", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == code, done.output
    return done


def leaky(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, rows)
    return pd.DataFrame(
        {
            "a": rng.normal(size=rows) + 0.5 * y,
            "told": y + rng.normal(0, 0.02, rows),
            "nr": np.arange(rows),
            "y": np.where(y == 1, "yes", "no"),
        }
    )


@pytest.fixture
def train(tmp_path: Path) -> Path:
    leaky().to_csv(tmp_path / "train.csv", index=False)
    return tmp_path / "train.csv"


def test_the_findings_are_read_serious_first(train: Path) -> None:
    out = check(str(train), "--target", "y").stdout
    assert "y: binary, 300 rows, 3 columns" in out
    assert out.index("serious") < out.index("told") < out.index("'nr'")
    assert "cross-validated ROC AUC of this column alone: 1" in out
    assert "--ignore told" in out
    assert "1 serious, 1 to look at, 0 to know" in out


def test_strict_ends_with_1_where_something_is_serious(train: Path) -> None:
    check(str(train), "--target", "y", "--strict", code=1)
    check(str(train), "--target", "y", "--strict", "--ignore", "told")


def test_json_holds_all_of_it(train: Path) -> None:
    told = json.loads(check(str(train), "--target", "y", "--json", "--keep", "nr").stdout)
    assert told["task"]["kind"] == "binary"
    assert (told["rows"], told["columns"]) == (300, 3)
    assert [finding["code"] for finding in told["findings"]] == ["column-leaks"]
    assert told["findings"][0]["columns"] == ["told"]
    assert told["findings"][0]["value"] > 0.99


def test_new_rows_are_compared(train: Path, tmp_path: Path) -> None:
    new = leaky().drop(columns="y")
    new.assign(a=new["a"] + 3).to_csv(tmp_path / "new.csv", index=False)
    out = check(str(train), "--target", "y", "--test", str(tmp_path / "new.csv")).stdout
    assert "A model tells the new rows from the training rows" in out


def test_what_is_wrong_is_told_without_a_traceback(train: Path) -> None:
    assert "Did you mean 'told'?" in check(str(train), "--target", "tolt", code=2).stderr
    assert "There is no task called" in check(str(train), "--target", "y", "--task", "clasification", code=2).stderr
    assert "for the group" in check(str(train), "--target", "y", "--group", "nowhere", code=2).stderr
    assert "Error" in check(str(train.with_name("none.csv")), "--target", "y", code=2).stderr


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_printed_as_it_is_and_steers_nothing(tmp_path: Path, name: str) -> None:
    frame = leaky().rename(columns={"told": name})
    frame.to_csv(tmp_path / "t.csv", index=False)
    out = check(str(tmp_path / "t.csv"), "--target", "y").stdout
    assert "\x1b" not in out
    assert "1 serious" in out
    assert repr(name) in out
    told = json.loads(check(str(tmp_path / "t.csv"), "--target", "y", "--json").stdout)
    (leak, _) = told["findings"]
    assert leak["columns"] == [name]
    # What it says to type can be typed.
    _, typed = leak["overrule"].split(" or ", maxsplit=1)
    again = check(str(tmp_path / "t.csv"), "--target", "y", *shlex.split(typed.removesuffix(".")))
    assert "0 serious" in again.stdout


def test_a_hostile_target_and_values_too(tmp_path: Path) -> None:
    frame = leaky().rename(columns={"y": "[bold]y[/bold]"})
    frame["c"] = ["[blink]v\x1b[0m"] * len(frame)
    frame.to_csv(tmp_path / "t.csv", index=False)
    out = check(str(tmp_path / "t.csv"), "--target", "[bold]y[/bold]").stdout
    assert "[bold]y[/bold]: binary" in out
    assert "\x1b" not in out
