"""``hortus predict`` in chunks: the same predictions, and the rows that cannot be read set apart."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from hortus import AutoClassifier, AutoRegressor
from hortus.cli import app
from hortus.deploy.bundle import load_bundle
from hortus.deploy.scoring import Asked, predictions
from hortus.ensemble.threshold import Threshold


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def hortus(*arguments: str, cwd: Path, code: int = 0) -> Result:
    with inside(cwd):
        done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done


def rows(count: int, seed: int) -> pd.DataFrame:
    """Numbers with gaps, codes with zeros before them, dates, truth values and a word; and what follows from them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=count)
    code = rng.integers(0, 12, size=count)
    moment = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, size=count), unit="D")
    frame = pd.DataFrame(
        {
            "x": np.where(rng.random(count) < 0.05, np.nan, x.round(3)),
            "zip": [f"{7 * c:05d}" for c in code],
            "day": moment.strftime("%d.%m.%Y"),
            "flag": np.where(rng.random(count) < 0.5, "yes", "no"),
            "town": np.where(code % 3 == 0, "Nice, centre", "=Rome"),
        }
    )
    late = moment > pd.Timestamp("2021-03-01")
    frame["y"] = x + 0.3 * (code % 4) + 0.5 * late + 0.1 * rng.normal(size=count)
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of three classes and of values, and 500 rows to predict."""
    folder = tmp_path_factory.mktemp("chunks")
    train = rows(300, 0)
    X = train.drop(columns="y")
    quick = {"trials": 2, "models": ["lightgbm"], "folds": 2, "executor": "inline", "verbosity": 0}
    level = pd.cut(train["y"], [-np.inf, 0, 1, np.inf], labels=["low", "mid", "=high"]).astype(str).rename("level")
    AutoClassifier(**quick).fit(X, level).save(folder / "classes.hortus")
    AutoRegressor(**quick).fit(X, train["y"]).save(folder / "values.hortus")
    sums = {**quick, "models": ["linear"]}
    AutoClassifier(**sums).fit(X, level).save(folder / "linear.hortus")
    new = rows(500, 1).drop(columns="y").assign(row=[f"r{i}" for i in range(500)])
    new.to_csv(folder / "new.csv", index=False)
    new.to_parquet(folder / "new.parquet")
    new.to_json(folder / "new.jsonl", orient="records", lines=True)
    return folder


@pytest.mark.parametrize("name", ["new.csv", "new.parquet", "new.jsonl"])
@pytest.mark.parametrize("model", ["classes", "values", "linear"])
def test_chunks_predict_what_the_whole_does_to_the_bit(folder: Path, model: str, name: str) -> None:
    more = ["--level", "0.8"] if model == "values" else ["--proba"]
    arguments = ["predict", f"{model}.hortus", name, "--id", "row", *more, "--out"]
    whole = hortus(*arguments, "whole.parquet", cwd=folder)
    assert whole.stderr == "500 predictions are in whole.parquet.\n"
    wanted = pd.read_parquet(folder / "whole.parquet")
    for chunk in ("65", "133"):
        hortus(*arguments, "some.parquet", "--chunk", chunk, cwd=folder)
        found = pd.read_parquet(folder / "some.parquet")
        if model == "linear":
            # In what order a matrix product adds depends on how many rows it has.
            pd.testing.assert_frame_equal(found, wanted, check_exact=False, rtol=1e-12, atol=1e-14)
        else:
            pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    if model == "linear":
        return
    hortus(*arguments, "some.csv", "--chunk", "133", cwd=folder)
    hortus(*arguments, "whole.csv", cwd=folder)
    assert (folder / "some.csv").read_bytes() == (folder / "whole.csv").read_bytes()
    assert len(pd.read_csv(folder / "some.csv")) == 500


def test_what_is_predicted_is_what_the_model_decides(folder: Path) -> None:
    model = load_bundle(folder / "classes.hortus")
    eager = replace(model, threshold=Threshold("costs", None, ((0, 1, 1), (1, 0, 1), (50, 50, 0)), -1.0, -2.0, 0.1))
    frame = pd.read_csv(folder / "new.csv")
    raw = eager.raw(frame)
    found = predictions(eager, frame, Asked())["level"]
    assert list(found) == list(eager.predict(frame))
    assert (found != model.task.decode(raw.argmax(axis=1))).any()


def test_a_level_adds_bounds_or_sets(folder: Path) -> None:
    hortus("predict", "values.hortus", "new.csv", "--level", "0.8", "--out", "p.csv", cwd=folder)
    found = pd.read_csv(folder / "p.csv")
    assert list(found.columns) == ["y", "y_low", "y_high"]
    assert (found["y_low"] < found["y"]).all()
    truth = rows(500, 1)["y"]
    assert 0.7 < truth.between(found["y_low"], found["y_high"]).mean() < 0.95
    hortus("predict", "classes.hortus", "new.csv", "--level", "0.95", "--out", "p.csv", cwd=folder)
    sets = pd.read_csv(folder / "p.csv")
    assert list(sets.columns) == ["level", "level_set"]
    held = [label.lstrip("'") in text.lstrip("'").split("|") for label, text in sets.itertuples(index=False)]
    assert np.mean(held) == 1
    assert sets["level_set"].str.contains("|", regex=False).any()
    refused = hortus("predict", "values.hortus", "new.csv", "--level", "0.9999", "--out", "q.csv", cwd=folder, code=2)
    assert "level" in refused.stderr
    assert not (folder / "q.csv").exists()


@pytest.fixture
def faulty(folder: Path) -> Path:
    """Lines 4 and 9 of another length, and cells on lines 6 and 302 that are no number, no date, no truth value."""
    lines = (folder / "new.csv").read_text().splitlines()
    lines[3] += ",=surplus,more"
    lines[8] = "1.5"
    for line, cells in ((6, ["=1+1", None, "soon", None]), (302, [None, None, None, "perhaps"])):
        parts = lines[line - 1].split(",", 4)
        lines[line - 1] = ",".join([new or old for new, old in zip(cells, parts[:4], strict=True)] + parts[4:])
    (folder / "faulty.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("chunk", ["100", "5000"])
def test_rejects_are_set_apart_with_line_and_reason(faulty: Path, chunk: str) -> None:
    arguments = ["predict", "values.hortus", "faulty.csv", "--out", "p.csv", "--id", "row", "--rejects", "bad.csv"]
    done = hortus(*arguments, "--chunk", chunk, cwd=faulty)
    assert done.stderr.splitlines()[-1] == "496 predictions are in p.csv, 4 rows in bad.csv."
    found = pd.read_csv(faulty / "p.csv")
    assert list(found["row"]) == [f"r{i}" for i in range(500) if i + 2 not in (4, 6, 9, 302)]
    hortus("predict", "values.hortus", "new.csv", "--out", "all.csv", "--id", "row", cwd=faulty)
    pd.testing.assert_frame_equal(found, pd.read_csv(faulty / "all.csv").merge(found[["row"]])[found.columns])
    bad = pd.read_csv(faulty / "bad.csv", dtype=str, keep_default_na=False)
    assert list(bad.columns) == ["line", "reason", "x", "zip", "day", "flag", "town", "row", "surplus"]
    assert list(bad["line"]) == ["4", "6", "9", "302"]
    assert list(bad["reason"]) == [
        "8 fields where 6 are wanted",
        "column 'x' has '=1+1', not a number; column 'day' has 'soon', not a date",
        "1 field where 6 are wanted",
        "column 'flag' has 'perhaps', not true or false",
    ]
    assert bad["surplus"][0] == "'=surplus,more"
    assert bad["x"][1] == "'=1+1"
    assert list(bad.iloc[2, 2:]) == ["1.5", "", "", "", "", "", ""]
    assert bad["town"].str.startswith(("Nice", "'=Rome", "")).all()
    assert bad["row"][3] == "r300"


def test_without_rejects_they_are_errors_or_missing_as_ever(faulty: Path) -> None:
    refused = hortus("predict", "values.hortus", "faulty.csv", "--out", "none.csv", "--chunk", "7", cwd=faulty, code=2)
    assert "line 4 has 8, line 9 has 1" in refused.stderr
    table = pd.read_csv(faulty / "new.csv", dtype=str, keep_default_na=False)
    table.loc[[3, 450], "x"] = "="
    table.to_csv(faulty / "strays.csv", index=False)
    table.loc[[3, 450], "x"] = ""
    table.to_csv(faulty / "gaps.csv", index=False)
    for chunk in ("100", "5000"):
        done = hortus("predict", "values.hortus", "strays.csv", "--out", "p.csv", "--chunk", chunk, cwd=faulty)
        assert "Column 'x' is numeric, and 2 of its cells are not: '=' in row 3. Taken as missing." in done.stderr
        hortus("predict", "values.hortus", "gaps.csv", "--out", "q.csv", cwd=faulty)
        pd.testing.assert_frame_equal(
            pd.read_csv(faulty / "p.csv"), pd.read_csv(faulty / "q.csv"), check_exact=False, rtol=1e-12
        )
    table.loc[100:199, "x"] = "no"
    table.to_csv(faulty / "strays.csv", index=False)
    refused = hortus("predict", "values.hortus", "strays.csv", "--out", "none.csv", "--chunk", "90", cwd=faulty, code=2)
    assert "100 of 500 cells cannot be read so: 'no' in row 100" in refused.stderr
    assert not (faulty / "none.csv").exists()
    assert not [path for path in faulty.iterdir() if path.name.startswith(".")]
    done = hortus("predict", "values.hortus", "strays.csv", "--out", "p.csv", "--rejects", "bad.csv", cwd=faulty)
    assert "400 predictions are in p.csv, 100 rows in bad.csv." in done.stderr


def test_nothing_to_reject_gives_an_empty_list(folder: Path) -> None:
    done = hortus("predict", "values.hortus", "new.parquet", "--out", "p.csv", "--rejects", "bad.tsv", cwd=folder)
    assert done.stderr.splitlines()[-1] == "500 predictions are in p.csv, 0 rows in bad.tsv."
    assert (folder / "bad.tsv").read_text() == "line\treason\tx\tzip\tday\tflag\ttown\trow\tsurplus\n"


def test_all_rows_may_be_rejected(folder: Path) -> None:
    table = pd.read_csv(folder / "new.csv", dtype=str).head(3).assign(x=["a", "b", "c"])
    table.to_json(folder / "bad.jsonl", orient="records", lines=True)
    done = hortus("predict", "values.hortus", "bad.jsonl", "--out", "p.csv", "--rejects", "bad.csv", cwd=folder)
    assert "0 predictions are in p.csv, 3 rows in bad.csv." in done.stderr
    assert (folder / "p.csv").read_text() == "y\n"


@pytest.mark.parametrize("out", ["p.csv", "p.tsv", "p.parquet"])
def test_a_header_alone_gives_the_right_columns(folder: Path, out: str) -> None:
    (folder / "head.csv").write_text("x,zip,day,flag,town,row\n")
    arguments = ["--id", "row", "--proba", "--level", "0.9"]
    hortus("predict", "classes.hortus", "head.csv", "--out", out, *arguments, cwd=folder)
    path = folder / out
    found = pd.read_parquet(path) if out == "p.parquet" else pd.read_csv(path, sep=None, engine="python")
    assert len(found) == 0
    assert [name.lstrip("'") for name in found.columns] == [
        "row", "level", "level_set", "proba_=high", "proba_low", "proba_mid",
    ]  # fmt: skip


def test_columns_and_paths_are_looked_at_before_anything_is_written(folder: Path) -> None:
    (folder / "short.csv").write_text("x,zip,day,flag\n1,2,3,4,5\n")
    refused = hortus("predict", "values.hortus", "short.csv", "--out", "none/p.csv", cwd=folder, code=2)
    assert "'town'" in refused.stderr
    assert not (folder / "none").exists()
    for rejects in ("none.csv", "new.csv"):
        arguments = ["--out", "none.csv", "--rejects", rejects]
        assert "over" in hortus("predict", "values.hortus", "new.csv", *arguments, cwd=folder, code=2).stderr
    hortus("predict", "values.hortus", "new.csv", "--chunk", "0", cwd=folder, code=2)


def test_standard_output_is_all_or_nothing(faulty: Path) -> None:
    done = hortus("predict", "values.hortus", "new.csv", "--id", "row", "--chunk", "50", cwd=faulty)
    assert len(done.stdout.splitlines()) == 501
    assert done.stderr == ""
    assert hortus("predict", "values.hortus", "faulty.csv", "--chunk", "2", cwd=faulty, code=2).stdout == ""
