"""Documentation that cannot lie: its examples run, its links lead somewhere, and what exists has its heading."""

import os
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hortus.cli import app
from hortus.cli.told import FAULT, REFUSED, STOPPED
from hortus.models import MODELS
from hortus.run import Settings
from hortus.strategies import STRATEGIES, option_names
from hortus.strategies.halving import PRUNERS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def headings(path: Path) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def sections(path: Path) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def quick(code: str) -> str:
    """The example with a budget that a test can afford."""
    code = code.replace("time_budget=60", "trials=2, models=['linear'], folds=2")
    code = code.replace("generations=5, population_size=50", "generations=1, population_size=2, folds=2")
    return code.replace("n_jobs=-1", "executor='inline'")


def named_by_an_entry_point(folder: Path, code: str, table: str) -> None:
    """Install the document's strategy as its reader would: a module and an entry point."""
    (folder / "annealing.py").write_text(code)
    info = folder / "annealing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: annealing\nVersion: 1.0\n")
    group = re.search(r'entry-points\."(.+)"\]\n(.+)', table)
    assert group
    (info / "entry_points.txt").write_text(f"[{group[1]}]\n{group[2].replace(chr(34), '')}\n")


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if blocks(p, "python")], ids=lambda p: p.name)
def test_the_python_of_a_document_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(STRATEGIES.__dict__, "_outside", None)
    if blocks(path, "toml"):
        named_by_an_entry_point(tmp_path, blocks(path, "python")[0], blocks(path, "toml")[0])
    names: dict[str, Any] = {"__name__": "document"}
    try:
        for number, code in enumerate(blocks(path, "python")):
            exec(compile(quick(code), f"{path.name}, block {number}", "exec"), names)  # noqa: S102
    finally:
        sys.modules.pop("annealing", None)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_the_commands_of_a_document_exist(path: Path) -> None:
    for line in "\n".join(blocks(path, "sh")).splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["hortus"]:
            command = COMMANDS[words[1]]
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in words if word.startswith("-")} <= known, line
        if words[:1] == ["make"]:
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE), line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_to_files_of_the_project(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), link


def test_every_setting_has_its_heading_and_no_other_has() -> None:
    assert {field.name for field in fields(Settings)} <= headings(ROOT / "docs/settings.md")
    assert set(sections(ROOT / "docs/settings.md")) == {field.name for field in fields(Settings)}


def test_every_command_has_its_heading_and_every_option_stands_there_or_in_the_settings() -> None:
    documented = sections(ROOT / "docs/commands.md")
    assert set(documented) == set(COMMANDS)
    opening = (ROOT / "docs/commands.md").read_text(encoding="utf-8").split("\n## ")[0]
    settings = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name, command in COMMANDS.items():
        known = opening + documented[name] + (settings if name in ("fit", "resume", "check") else "")
        known += documented["fit"] if name == "resume" else ""
        for parameter in command.params:
            if parameter.opts[0].startswith("-") and "--help" not in parameter.opts:
                assert f"`{parameter.opts[0]}" in known or f" {parameter.opts[0]}" in known, (
                    f"{name} {parameter.opts[0]}"
                )


def test_every_strategy_has_its_heading_with_its_options() -> None:
    documented = sections(ROOT / "docs/strategies.md")
    assert set(documented) == {"auto", *STRATEGIES}
    for name in STRATEGIES:
        for option in option_names(name):
            assert f"`{option}`" in documented[name], f"{name}: {option}"
    text = (ROOT / "docs/strategies.md").read_text(encoding="utf-8")
    for pruner in PRUNERS:
        assert f"- `{pruner}`:" in text


def test_every_model_has_its_heading() -> None:
    assert set(sections(ROOT / "docs/models.md")) == set(MODELS)


def test_the_exit_codes_are_those_documented() -> None:
    text = " ".join((ROOT / "docs/commands.md").read_text(encoding="utf-8").split())
    assert f"0, or {REFUSED} for what cannot be used, {FAULT} for a fault of Hortus, {STOPPED} after Ctrl-C" in text


def test_decisions_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "docs/decisions").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    for path in (ROOT / "docs/decisions").glob("*.md"):
        assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])}. ")


def test_every_layer_stands_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    top = [path for path in (ROOT / "src/hortus").iterdir() if not path.name.startswith(("_", "."))]
    for path in top:
        if path.suffix in (".py", "") and path.name != "py.typed":
            assert re.search(rf"\b{path.stem}\b", text), path.name


@pytest.mark.skipif(not os.access(ROOT / "examples", os.R_OK), reason="no examples here")
def test_the_demo_s_table_has_gaps_and_mixed_types_and_is_scored_on_rows_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pandas = pytest.importorskip("pandas")
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import make_flights  # type: ignore[import-not-found]
    import score_flights  # type: ignore[import-not-found]

    monkeypatch.setattr(make_flights, "ROWS", 300)
    monkeypatch.setattr(make_flights, "HELD_OUT", 100)
    make_flights.main(tmp_path)
    train, new = pandas.read_csv(tmp_path / "train.csv"), pandas.read_csv(tmp_path / "new.csv")
    answers = pandas.read_csv(tmp_path / "answers.csv")
    assert (len(train), len(new), len(answers)) == (300, 100, 100)
    assert set(train.columns) - set(new.columns) == {"late"}
    assert train.isna().any().any()
    assert {"f", "i", "O"} <= {"O" if t == "str" else t.kind for t in train.dtypes}
    assert not {"arr_delay", "dep_delay", "dep_time", "arr_time", "air_time"} & set(train.columns)
    assert set(new["flight_id"]) == set(answers["flight_id"])
    assert set(new["flight_id"]).isdisjoint(train["flight_id"])
    answers.assign(proba_yes=(answers["late"] == "yes") * 0.5).to_csv(tmp_path / "predictions.csv", index=False)
    score_flights.main(tmp_path)
    assert "100 flights held out: ROC AUC 1.0000 (chance 0.5), accuracy 1.0000" in capsys.readouterr().out
