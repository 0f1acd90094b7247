"""A page for each system one may come from: its program runs where it is installed, ours always (test_documents)."""

import importlib.util
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "coming-from"
# A page, and the module that its own program imports.
PAGES = {
    "auto-sklearn": "autosklearn",
    "tpot": "tpot",
    "pycaret": "pycaret",
    "h2o": "h2o",
    "flaml": "flaml",
    "autogluon": "autogluon",
    "hyperopt": "hyperopt",
    "optuna": "optuna",
    "autokeras": "autokeras",
    "keras-tuner": "keras_tuner",
    "auto-pytorch": "autoPyTorch",
}


def blocks(page: str, fence: str) -> list[str]:
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{fence}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def test_every_page_is_listed_and_has_both_programs() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {path.stem for path in FOLDER.glob("*.md")} == {*PAGES, "README"}
    for page in PAGES:
        assert f"]({page}.md)" in index
        assert len(blocks(page, "python theirs")) == len(blocks(page, "python")) == 1
        compile(blocks(page, "python theirs")[0], page, "exec")


@pytest.mark.peers
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.filterwarnings("ignore")
def test_their_program_runs_where_it_is_installed(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec(PAGES[page]) is None:
        pytest.skip(f"{PAGES[page]} is not installed")
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(page, "python theirs")[0], page, "exec"), {"__name__": "theirs"})  # noqa: S102
