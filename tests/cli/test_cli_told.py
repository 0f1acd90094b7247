"""What a person sees when a command cannot go on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import hortus.run
from hortus.cli import app
from hortus.errors import TargetError

runner = CliRunner()


def fitting(monkeypatch: pytest.MonkeyPatch, ends: Any) -> None:
    def fit(*_: Any, folder: Path, **__: Any) -> Any:
        if isinstance(ends, BaseException):
            raise ends
        return SimpleNamespace(folder=folder, **ends)

    monkeypatch.setattr(hortus.run, "fit", fit)


def test_an_error_is_its_cause_its_mend_and_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting(
        monkeypatch, TargetError("There is no 'pric\x1b[2Je'.", mend="Did you mean 'price'?", code="target-missing")
    )
    done = runner.invoke(app, ["fit", "t.csv", "--target", "price"])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "Error: There is no 'pric·[2Je'.",
        "Did you mean 'price'?",
        "[target-missing]",
    ]


def test_a_fault_of_our_own_says_so_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting(monkeypatch, ZeroDivisionError("division by zero"))
    done = runner.invoke(app, ["fit", "t.csv", "--target", "price"])
    assert done.exit_code == 1
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "--debug" in done.stderr
    assert "Traceback" not in done.output


def test_debug_lets_the_error_through(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting(monkeypatch, ZeroDivisionError("division by zero"))
    done = runner.invoke(app, ["fit", "t.csv", "--target", "price", "--debug"])
    assert isinstance(done.exception, ZeroDivisionError)


def test_a_full_disk_is_told_like_any_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting(monkeypatch, OSError(28, "No space left on device"))
    done = runner.invoke(app, ["fit", "t.csv", "--target", "price"])
    assert done.exit_code == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.output


def test_ctrl_c_while_reading_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting(monkeypatch, KeyboardInterrupt())
    done = runner.invoke(app, ["fit", "t.csv", "--target", "price", "--out", "my run"])
    assert done.exit_code == 130
    assert "hortus resume 'my run'" in done.stderr


def test_ctrl_c_while_searching_keeps_the_best_and_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting(monkeypatch, {"why": "interrupted", "rows": (), "score": 0.5})
    done = runner.invoke(app, ["fit", "t.csv", "--target", "price", "--out", "here"])
    assert done.exit_code == 130
    assert "hortus predict here new.csv" in done.stdout
    assert "hortus resume here" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--time", "soon"], "10m"),
        (["--memory", "lots"], "8GB"),
        (["--time", "-5"], "above zero"),
        (["--time", "0"], "above zero"),
        (["--trials", "0"], "above zero"),
        (["--task", "regresion"], "Did you mean 'regression'?"),
        (["--space", "tree"], "Did you mean 'trees'?"),
        (["--strategy-option", "population_size"], "population_size=50"),
    ],
)
def test_a_setting_that_is_not_understood_is_refused_with_a_hint(arguments: list[str], hint: str) -> None:
    done = runner.invoke(app, ["fit", "t.csv", "--target", "price", *arguments])
    assert done.exit_code == 2
    assert hint in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", ["resume", "leaderboard"])
def test_a_folder_without_a_run_is_refused(command: str, tmp_path: Path) -> None:
    done = runner.invoke(app, [command, str(tmp_path)])
    assert done.exit_code == 2
    assert "[run-missing]" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.hortus").write_bytes(b"\x80\x04not a model")
    (tmp_path / "new.csv").write_text("a\n1\n")
    done = runner.invoke(app, ["predict", str(tmp_path / "m.hortus"), str(tmp_path / "new.csv")])
    assert done.exit_code == 2
    assert "is not a model" in done.stderr


def test_nothing_typed_shows_the_commands() -> None:
    done = runner.invoke(app, [])
    for command in ("fit", "predict", "resume", "leaderboard"):
        assert command in done.output


def test_the_version_is_the_package_s() -> None:
    done = runner.invoke(app, ["--version"])
    assert done.exit_code == 0
    assert done.output == f"hortus {hortus.__version__}\n"
