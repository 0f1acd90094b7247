"""A run as an executed notebook in a folder of its own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hortus import AutoClassifier, AutoRegressor
from hortus.cli import app
from hortus.errors import ArtifactError, MissingExtraError, RunError
from hortus.run import notebook, open_run
from hortus.run.evidence_folder import as_table, open_evidence, write_evidence
from hortus.run.notebook import NOTEBOOK, cells, export_notebook

NASTY = "a\"'\n</script><script>alert(1)</script>\\{0}$x$"
TARGET = "y'); raise SystemExit #"


def table(rows: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            NASTY: x.round(3),
            "zip": [f"{n:03d}" if n else None for n in rng.integers(0, 5, size=rows)],
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, size=rows), unit="D"),
            "flag": pd.array(rng.random(rows) < 0.5, dtype="boolean"),
        }
    )
    frame.loc[3, "flag"] = pd.NA
    frame.loc[5, NASTY] = np.nan
    return frame.assign(**{TARGET: np.where(x + rng.normal(size=rows) / 2 > 0, "<b>yes</b>", "no")})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebook") / "run"
    frame = table()
    quick = {"trials": 2, "models": ["lightgbm"], "folds": 2, "executor": "inline", "verbosity": 0, "random_state": 0}
    AutoClassifier(**quick, run_folder=folder).fit(frame.drop(columns=TARGET), frame[TARGET])
    return folder


def test_the_evidence_comes_back(run: Path, tmp_path: Path) -> None:
    evidence = open_run(run).evidence
    write_evidence(evidence, run / "model.hortus", tmp_path)
    found = open_evidence(tmp_path)
    pd.testing.assert_frame_equal(found.frame, evidence.frame.reset_index(drop=True))
    np.testing.assert_array_equal(found.y, evidence.y[evidence.rows])
    np.testing.assert_array_equal(found.predictions, evidence.predictions[evidence.rows])
    np.testing.assert_array_equal(found.predict(found.frame), evidence.predict(evidence.frame))
    assert found.metric.name == evidence.metric.name
    pd.testing.assert_frame_equal(found.leaderboard, evidence.leaderboard, check_dtype=False)
    shown = as_table(evidence)
    assert list(shown.columns) == [NASTY, "zip", "when", "flag", TARGET]
    assert set(shown[TARGET]) == {"<b>yes</b>", "no"}
    assert shown["flag"].dtype == "boolean"
    (tmp_path / "judged.parquet").write_bytes(b"no")
    with pytest.raises(ArtifactError, match="cannot be read"):
        open_evidence(tmp_path)


def test_what_the_table_says_stands_as_literals(run: Path) -> None:
    made = cells(open_run(run).model)
    assert f"TARGET = {TARGET!r}" in "\n".join(source for _, source in made)
    for kind, source in made:
        assert NASTY not in source
        assert "<b>" not in source
        if kind == "markdown":
            assert TARGET not in source
        else:
            compile(source, "cell", "exec")


def test_it_is_executed_and_can_be_executed_elsewhere(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook, "SEARCH", notebook.SEARCH.replace("trials=6", 'models=["linear"], trials=1'))
    monkeypatch.setattr(notebook, "EXPLAIN_SECONDS", 2)
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["export", str(run), "--to", "notebook", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "sample.parquet" in done.stdout
    text = (out / NOTEBOOK).read_text(encoding="utf-8")
    for place in (tmp_path, run.parent, Path(sys.prefix)):
        assert str(place) not in text
    found = nbformat.reads(text, as_version=4)
    nbformat.validate(found)
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    assert all(cell.outputs for cell in code)
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    shown = "".join(str(output.get("text", output.get("data"))) for cell in code for output in cell.outputs)
    pages = [
        output.data["text/html"] for cell in code for output in cell.outputs if "text/html" in output.get("data", {})
    ]
    assert len(pages) >= 6
    assert not [page for page in pages if "<script>alert" in page or "<b>yes" in page]
    for word in ("160 rows", "severity", "linear", "Best of", "loss", "rows where", "probability of"):
        assert word in shown, word
    assert (out / "report.html").stat().st_size > 10_000
    again = tmp_path / "moved" / "again"
    shutil.move(out, again)
    (again / "report.html").unlink()
    client = nbclient.NotebookClient(found, timeout=60, resources={"metadata": {"path": str(again)}})
    client.create_kernel_manager().kernel_spec_manager.kernel_dirs = []
    client.execute()
    assert (again / "report.html").exists()


def test_a_regression_predicts_bounds(tmp_path: Path) -> None:
    frame = table(60)
    quick = {"trials": 1, "models": ["linear"], "folds": 2, "executor": "inline", "verbosity": 0}
    model = AutoRegressor(**quick).fit(frame[["zip", "flag"]], frame[NASTY].fillna(0).rename("v"))
    last = cells(model.predictor_)[-1][1]
    assert "predict_interval(new, level=0.9)" in last
    names = {"model": model.predictor_, "X": frame[["zip", "flag"]], "pd": pd}
    exec(compile(last, "cell", "exec"), names)  # noqa: S102 - the cell is what is tested
    assert list(names["found"].columns) == ["predicted", "low", "high"]


def test_a_cell_that_fails_is_told(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "cells", lambda model: [("code", "1 / 0")])
    with pytest.raises(RunError, match="ZeroDivisionError"):
        export_notebook(run, tmp_path)
    assert not (tmp_path / NOTEBOOK).exists()


def test_a_missing_library_is_named(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "installed", lambda *modules: False)
    with pytest.raises(MissingExtraError, match=r"hortus\[notebook\]"):
        export_notebook(run, tmp_path)
    assert list(tmp_path.iterdir()) == []
