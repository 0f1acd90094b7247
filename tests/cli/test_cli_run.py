"""The four commands on real tables, one after the other as a person would type them.

Most run in this process, which has the libraries loaded; two are started as programs of their own.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris
from typer.testing import CliRunner, Result

from hortus.cli import app
from hortus.engine.lock import held

PROGRAM = [sys.executable, "-c", "from hortus.cli import main; main()"]
QUICK = ("--folds", "2", "--executor", "inline")


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
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, rows to predict, and a run of three trials."""
    folder = tmp_path_factory.mktemp("iris")
    frame = load_iris(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "setosa", 1: "=versicolor", 2: "virginica"})
    frame = frame.sample(len(frame), random_state=0)
    frame[:100].to_csv(folder / "iris.csv", index=False)
    new = frame[100:].drop(columns="target").assign(flower=[f"f{i}" for i in range(50)])
    new.to_csv(folder / "new.csv", index=False)
    frame[100:].to_csv(folder / "answers.csv", index=False)
    done = hortus(
        *("fit", "iris.csv", "--target", "target", "--trials", "3", "--model", "linear", "--model", "lightgbm"),
        *("--seed", "1", "--out", "run", *QUICK),
        cwd=folder,
    )
    (folder / "stdout").write_text(done.stdout)
    (folder / "stderr").write_text(done.stderr)
    return folder


def test_fit_ends_with_the_folder_and_the_next_command(iris: Path) -> None:
    assert "hortus predict run new.csv --out predictions.csv" in (iris / "stdout").read_text()
    progress = (iris / "stderr").read_text()
    assert "target: multiclass, 100 rows" in progress
    assert "3/3 pipelines" in progress


def test_events_stand_in_the_run_s_folder(iris: Path) -> None:
    events = [json.loads(line) for line in (iris / "run" / "events.jsonl").read_text().splitlines()]
    kinds = [event["kind"] for event in events]
    assert kinds.count("trial_finished") >= 3
    assert "run_finished" in kinds
    assert all(event["elapsed"] >= 0 for event in events)


def test_predictions_keep_the_rows_order_and_the_id(iris: Path) -> None:
    hortus("predict", "run", "new.csv", "--out", "p.csv", "--proba", "--id", "flower", cwd=iris)
    found = pd.read_csv(iris / "p.csv")
    assert list(found["flower"]) == [f"f{i}" for i in range(50)]
    assert list(found.columns) == ["flower", "target", "proba_=versicolor", "proba_setosa", "proba_virginica"]
    assert found.filter(like="proba").sum(axis=1).round(6).eq(1).all()
    truth = pd.read_csv(iris / "answers.csv")["target"].map(lambda label: "'" + label if label[0] == "=" else label)
    assert (found["target"].to_numpy() == truth.to_numpy()).mean() > 0.85


def test_predictions_go_to_standard_output_where_no_file_is_named(iris: Path) -> None:
    done = hortus("predict", "run/model.hortus", "new.csv", cwd=iris)
    assert done.stdout.splitlines()[0] == "target"
    assert len(done.stdout.splitlines()) == 51


def test_rows_that_do_not_fit_are_refused_by_name(iris: Path) -> None:
    pd.read_csv(iris / "new.csv").drop(columns="petal width (cm)").to_csv(iris / "short.csv", index=False)
    done = hortus("predict", "run", "short.csv", cwd=iris, code=2)
    assert "petal width (cm)" in done.stderr
    done = hortus("predict", "run", "new.csv", "--id", "flowr", cwd=iris, code=2)
    assert "Did you mean 'flower'?" in done.stderr


def test_no_rows_to_predict_give_no_predictions_under_the_right_heads(iris: Path) -> None:
    pd.read_csv(iris / "new.csv")[:0].to_csv(iris / "none.csv", index=False)
    done = hortus("predict", "run", "none.csv", "--proba", "--id", "flower", cwd=iris)
    assert done.stdout == "flower,target,proba_=versicolor,proba_setosa,proba_virginica\n"


def test_a_warning_on_the_rows_goes_to_standard_error(iris: Path) -> None:
    pd.read_csv(iris / "new.csv").assign(stray=1).to_csv(iris / "wide.csv", index=False)
    done = hortus("predict", "run", "wide.csv", cwd=iris)
    assert "stray" in done.stderr
    assert len(done.stdout.splitlines()) == 51


def test_the_answer_among_the_rows_is_neither_used_nor_warned_of(iris: Path) -> None:
    done = hortus("predict", "run", "answers.csv", cwd=iris)
    assert done.stderr == ""
    assert done.stdout == hortus("predict", "run", "new.csv", cwd=iris).stdout


def test_a_misspelt_target_is_refused_with_the_near_name(iris: Path) -> None:
    done = hortus("fit", "iris.csv", "--target", "tarjet", "--trials", "1", cwd=iris, code=2)
    assert "'target'" in done.stderr


def test_leaderboard_for_people_and_for_programs(iris: Path) -> None:
    shown = hortus("leaderboard", "run", cwd=iris).stdout
    assert "linear" in shown
    assert "95 %" in shown
    rows = json.loads(hortus("leaderboard", "run", "--json", cwd=iris).stdout)
    assert len(rows) >= 3
    assert rows[0]["score"] >= rows[1]["score"]
    assert sum(row["weight"] for row in rows) == pytest.approx(1)
    said = hortus("leaderboard", "run", "--budgets", cwd=iris).stdout
    assert "Spearman" in said
    table = json.loads(hortus("leaderboard", "run", "--budgets", "--json", cwd=iris).stdout)
    assert table["1 of the folds"]["1 of the folds"] == 1.0
    # So few candidates say nothing.
    assert table["1 of the folds"]["full"] is None


def test_resume_adds_trials_and_says_so_as_json(iris: Path) -> None:
    before = len(json.loads(hortus("leaderboard", "run", "--json", cwd=iris).stdout))
    found = json.loads(hortus("resume", "run", "--trials", "2", "--json", cwd=iris).stdout)
    assert found["trials"] == before + 2
    assert found["folder"] == "run"


def test_a_regression_in_a_default_folder_within_its_time(tmp_path: Path) -> None:
    load_diabetes(as_frame=True).frame.to_csv(tmp_path / "diabetes.csv", index=False)
    arguments = ["fit", "diabetes.csv", "--target", "target", "--time", "5", "--json"]
    done = subprocess.run([*PROGRAM, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["task"] == "regression"
    assert found["folder"].startswith("runs/diabetes-")
    hortus("predict", found["folder"], "diabetes.csv", "--out", "p.parquet", cwd=tmp_path)
    assert len(pd.read_parquet(tmp_path / "p.parquet")) == 442
    refused = hortus("predict", found["folder"], "diabetes.csv", "--proba", cwd=tmp_path, code=2)
    assert "no probabilities" in refused.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_ctrl_c_keeps_the_best_and_resume_goes_on(tmp_path: Path) -> None:
    load_iris(as_frame=True).frame.to_csv(tmp_path / "iris.csv", index=False)
    command = [
        # A shell's background job, which a test run may be, ignores Ctrl-C, and its children would too.
        sys.executable,
        "-c",
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom hortus.cli import main; main()",
        "fit",
        "iris.csv",
        "--target",
        "target",
        "--trials",
        "500",
        "--jobs",
        "1",
        "--out",
        "run",
        "--model",
        "linear",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        events = tmp_path / "run" / "events.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (events.exists() and '"best"' in events.read_text()):
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130, out + err
    assert "hortus resume run" in err
    assert "Traceback" not in err
    assert len(hortus("predict", "run", "iris.csv", cwd=tmp_path).stdout.splitlines()) == 151


@pytest.mark.rotated
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interrupt_before_the_search_keeps_what_there_is(tmp_path: Path) -> None:
    load_iris(as_frame=True).frame.to_csv(tmp_path / "iris.csv", index=False)

    def interrupted(*arguments: str) -> None:
        command = [sys.executable, "-m", "hortus.cli", *arguments, "--quiet"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
            # It reads the table, or has not come so far.
            while held(tmp_path / "run") is None and running.poll() is None:
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=120)
        assert running.returncode == 130, err
        assert len(hortus("predict", "run", "iris.csv", cwd=tmp_path).stdout.splitlines()) == 151

    interrupted("fit", "iris.csv", "--target", "target", "--trials", "500", "--jobs", "1", "--out", "run")
    assert "the baseline, a small tree, is what there is" in hortus("leaderboard", "run", cwd=tmp_path).stdout
    interrupted("resume", "run", "--trials", "400")
