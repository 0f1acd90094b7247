"""The examples run, say something true, and are short enough to be read."""

import ast
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("[0-9]*.py"))
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
SECONDS = "5"

pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason="no examples here")


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HORTUS_EXAMPLE_SECONDS", SECONDS)
    monkeypatch.chdir(tmp_path)


def said(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What an example prints."""
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])


def code_cells(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def shown(code: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does; what its last line is worth, if that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None  # noqa: S307


def test_classify(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("01_classify.py", capsys)
    assert number(r", (\S+) on test rows", text) > 0.85
    assert "it predicts the same: True" in text


def test_regress_a_mixed_table(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("02_regress_mixed_table.py", capsys)
    assert number(r"Mean error: (\S+)", text) < 0.6 * number(r"median rent is off by (\S+)", text)
    assert "Noticed: 'town' has one value" in text
    assert 0 < number(r"unknown district: (\S+)", text) < 5_000


def test_evolve_pipelines(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("03_evolve_pipelines.py", capsys)
    assert number(r"images held out: (\S+)", text) > 0.4
    assert "(rows" in text


def test_own_metric_groups_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("04_own_metric_groups_and_time.py", capsys)
    for question in ("a new shop", "the next 30 days"):
        made = number(rf"for {question}: .*, (\S+)% made", text)
        assert made > number(rf"for {question}: .*always the mean: (\S+)%", text)


def test_resume_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("05_resume_a_run.py", capsys)
    before, after = (int(count) for count in re.findall(r"^(\d+) trials", text, flags=re.MULTILINE))
    # On a slow machine the seconds are too few for a trial, and the baseline is what is told of.
    assert before <= after
    assert number(r"wines held out: (\S+)", text) > 0.8


def test_strategies_in_optuna(capsys: pytest.CaptureFixture[str]) -> None:
    text = said("06_strategies_in_optuna.py", capsys)
    found = re.findall(r"^(\w+) +(\S+) after (\d+) trials", text, flags=re.MULTILINE)
    assert [name for name, *_ in found] == ["random", "tpe", "local", "evolution"]
    assert all(float(best) > 0.9 and int(trials) == 40 for _, best, trials in found), text


def test_segment_scenes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = said("09_segment_scenes.py", capsys)
    # One class everywhere has less than a fifth.
    assert number(r"mean IoU on new scenes (\S+)", text) > 0.2
    assert (tmp_path / "mask.png").exists()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_top_to_bottom(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    values = [shown(code, names) for code in code_cells(path)]
    assert values[-1] is True
    assert len(names["predictions"]) == 3
    text = capsys.readouterr().out
    assert number(r"R2 on test rows (\S+)", text) > 0.2
    assert "bmi" in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_valid_and_holds_no_output_that_could_go_stale(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        assert cell["cell_type"] == "markdown" or (cell["outputs"], cell["execution_count"]) == ([], None)


def test_each_example_is_numbered_short_and_listed() -> None:
    examples = sorted([*SCRIPTS, *NOTEBOOKS])
    assert [int(path.name[:2]) for path in examples] == list(range(1, len(examples) + 1))
    for path in SCRIPTS:
        source = path.read_text(encoding="utf-8")
        code = source.replace(f'"""{ast.get_docstring(ast.parse(source), clean=False)}"""', "").splitlines()
        assert 15 <= sum(bool(line.strip()) for line in code) <= 40, path.name
        assert f"python examples/{path.name}" in source
    listed = re.findall(r"^\| \[(.+?)\]\((.+?)\) \|", (EXAMPLES / "README.md").read_text(), flags=re.MULTILINE)
    assert listed == [(path.name, path.name) for path in examples]


def test_trust_and_hand_over(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = said("07_trust_and_hand_over.py", capsys)
    assert "Found: Column 'outcome_code'" in text
    assert number(r"Expected ROC AUC (\S+),", text) > 0.8
    assert number(r"from a probability of (\S+) on", text) < 0.5
    assert number(r"At 98 %: (\S+)%", text) > 85
    assert number(r"of the small one (\S+)", text) > 0.85
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")
