"""``hortus report``: from a run's folder to a page and a card."""

from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from typer.testing import CliRunner

from hortus import AutoClassifier
from hortus.cli import app


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "run"
    X, y = load_iris(return_X_y=True, as_frame=True)
    AutoClassifier(
        trials=2, models=["linear"], folds=2, executor="inline", verbosity=0, random_state=0, run_folder=folder
    ).fit(X, y)
    return folder


def test_a_page_and_a_card_are_written_and_the_verdict_is_said(run: Path, tmp_path: Path) -> None:
    out, card = tmp_path / "new" / "page.html", tmp_path / "card.md"
    done = CliRunner().invoke(app, ["report", str(run), "--out", str(out), "--time", "2", "--card", str(card)])
    assert done.exit_code == 0, done.output
    assert "“target”" in done.stdout
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "hortus fit TABLE --target target --trials 2" in out.read_text(encoding="utf-8")
    assert card.read_text(encoding="utf-8").startswith("# Model card")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["card.md", "new", "page.html"]


def test_an_unknown_sensitive_column_is_refused_and_nothing_written(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["report", str(run), "--out", str(out), "--sensitive", "sex"])
    assert done.exit_code == 2
    assert "sex" in done.stderr
    assert not out.exists()
