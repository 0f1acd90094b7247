"""A run as a notebook, the gallery, and JupyterLab where it is there."""

import io
import json
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

from hortus.libraries import installed
from hortus.studio.gallery import as_notebook, notebook, samples
from hortus.studio.home import id_of


@pytest.fixture(scope="module")
def written(api, progress_of_diabetes):
    """The notebook of a run, once a process of its own has written it."""
    place = f"/api/notebooks/runs/{id_of(progress_of_diabetes)}"
    assert api.get(place).json()["state"] == "none"
    assert api.get(f"{place}/model.ipynb").json()["code"] == "no-notebook"
    assert api.post(place).json()["state"] == "working"
    for _ in range(1800):
        found = api.get(place).json()
        if found["state"] != "working":
            break
        time.sleep(0.1)
    assert found["state"] == "ready", found
    return place, found


def test_a_run_s_notebook_was_executed_without_an_error(api, written):
    place, found = written
    assert found["rows"] == 442
    made = nbformat.reads(api.get(f"{place}/model.ipynb").text, 4)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]


def test_its_files_go_along(api, written):
    with zipfile.ZipFile(io.BytesIO(api.get(f"{written[0]}/notebook.zip").content)) as archive:
        assert {"model.ipynb", "model.hortus", "sample.parquet"} <= set(archive.namelist())


@pytest.mark.skipif(installed("jupyterlab"), reason="JupyterLab is here")
def test_without_jupyterlab_its_command_is_told(api, written):
    answer = api.post(f"{written[0]}/lab")
    assert answer.status_code == 424
    assert "hortus[lab]" in answer.json()["mend"]


@pytest.mark.skipif(not samples(), reason="no examples here")
def test_every_sample_is_a_notebook_whose_code_is_the_example_s(api):
    told = api.get("/api/notebooks").json()["samples"]
    assert told[0]["name"] == "08_first_steps"
    for one in samples():
        made = nbformat.reads(notebook(one.name), 4)
        nbformat.validate(made)
        assert made.cells[0].source.startswith(f"# {one.title}")
        if one.path.suffix == ".py":
            lines = [line for cell in made.cells[1:] for line in cell.source.splitlines() if line]
            script = {line.removeprefix("# ") for line in one.path.read_text(encoding="utf-8").splitlines()}
            assert set(lines) <= script
            assert len(lines) > 5
    name = told[1]["name"]
    answer = api.get(f"/api/notebooks/samples/{name}.ipynb")
    assert json.loads(answer.text)["nbformat"] == 4
    assert api.get("/api/notebooks/samples/99_nothing.ipynb").status_code == 404
    assert api.get("/api/notebooks/samples/..%2F..%2Fpyproject.ipynb").status_code in (404, 422)


def test_a_script_becomes_cells_at_its_comments():
    script = '"""Do: this.\n\n    python do.py\n\nAnd that."""\n\nimport os\n\nx = 1\n\n'
    script += "# First.\n# Then.\nif x:\n\n    print(os)\n"
    made = as_notebook(script)
    nbformat.validate(nbformat.from_dict(made))
    assert [(cell["cell_type"], cell["source"]) for cell in made["cells"]] == [
        ("markdown", "# Do\n\nThis.\n\nAnd that."),
        ("code", "import os\n\nx = 1"),
        ("markdown", "First.\nThen."),
        ("code", "if x:\n\n    print(os)"),
    ]


@pytest.mark.ui
def test_a_notebook_is_downloaded_from_its_card(shown, window, written):
    found = window(shown, "/notebooks")
    page = found.page
    card = page.locator(".notebook-card").filter(has=page.get_by_role("heading", name="diabetes"))
    with page.expect_download() as download:
        card.get_by_role("link", name="Download .ipynb").click()
    assert nbformat.read(Path(download.value.path()), 4).cells
    page.get_by_role("heading", name="First steps with Hortus").wait_for()
    assert found.grave() == []
