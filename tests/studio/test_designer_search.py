"""A finished search opens in the Designer as a graph: to be looked at, changed, run, and taken along as Python."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from hortus.engine.events_file import EventsFile
from hortus.run import Settings, fit
from hortus.studio.home import Home, write_note

pytestmark = pytest.mark.ui

# What conftest.py's fixtures give.
Served = Any
Open = Callable[..., Any]
NAME = "searched-shop.csv"


@pytest.fixture(scope="module")
def searched(client: httpx.Client, served: Served) -> tuple[str, float]:
    """The id of a search that has ended, of a table that is in the studio, and the score of its best pipeline."""
    rng = np.random.default_rng(4)
    n = 300
    frame = pd.DataFrame({"age": rng.integers(18, 80, n).astype(float), "city": rng.choice(["Bern", "Rome"], n)})
    frame["income"] = rng.normal(50, 10, n).round(2)
    frame.loc[::17, "age"] = np.nan
    frame["bought"] = np.where(frame.income + np.where(frame.city == "Rome", 9, 0) > 52, "yes", "no")
    body = frame.to_csv(index=False).encode()
    table = client.post("/api/data/tables", params={"name": NAME}, content=body).json()["id"]
    name, shelf = Home(served.home).new("runs")
    path = served.home / "tables" / table / "table.csv"
    settings = Settings(trials=2, models=("linear", "tree"), folds=2, executor="inline", slots=1)
    with closing(EventsFile(shelf / "run" / "events.jsonl")) as events:
        result = fit(str(path), "bought", settings, folder=shelf / "run", listeners=[events])
    write_note(shelf / "run.json", {"name": "A search", "kind": "table", "table": table, "created": time.time()})
    return name, max(row.value for row in result.rows)


@pytest.mark.parametrize("screen", ["train", "understand"])
def test_it_opens_from_where_it_is_shown(
    served: Served, window: Open, searched: tuple[str, float], client: httpx.Client, screen: str
) -> None:
    page = window(served, f"/{screen}/{searched[0]}").page
    page.get_by_role("link", name="Open in Designer").click()
    page.locator('.react-flow__node[data-id="evaluate"]').wait_for()
    assert page.get_by_label("The graph's name").input_value() == "A search, drawn"
    design = page.url.rsplit("/", 1)[-1]
    assert client.get(f"/api/designer/graphs/{design}").json()["problems"] == []
    # Whoever goes back comes to where they were, and not to one graph more.
    page.go_back()
    page.get_by_role("link", name="Open in Designer").wait_for()


def test_it_is_run_changed_and_taken_along(
    served: Served, window: Open, searched: tuple[str, float], client: httpx.Client, tmp_path: Path
) -> None:
    page = window(served, "/designer").page
    page.get_by_role("button", name="Draw the best pipeline of A search").click()
    page.locator('.react-flow__node[data-id="evaluate"]').wait_for()
    design = page.url.rsplit("/", 1)[-1]
    # It is a graph as any other: a setting of its model is changed, taken back, done again, and it runs so.
    graph = client.get(f"/api/designer/graphs/{design}").json()["graph"]
    model = next(node for node in graph["nodes"] if node["kind"] in ("linear", "tree"))
    page.locator(f'.react-flow__node[data-id="{model["id"]}"]').click()
    settings = page.get_by_role("complementary", name="Settings")
    label, value = ("Freedom", "0.001") if model["kind"] == "linear" else ("Depth at most", "1")
    if not settings.get_by_label(label, exact=True).is_visible():
        settings.get_by_role("button", name="More settings").click()
    settings.get_by_label(label, exact=True).fill(value)
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("^Undo: Set ")).click()
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name=re.compile("^Undo: Set ")).wait_for()
    settings.get_by_role("button", name="Close the settings").click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator('.react-flow__node[data-id="deploy"] .step-done').wait_for()
    page.get_by_role("button", name="Run", exact=True).wait_for()
    found = client.get(f"/api/designer/graphs/{design}/preview", params={"node": "evaluate"}).json()
    changed = found["scores"]["measures"][0]["score"]
    assert changed != searched[1]

    # The script that it is gives the same.
    with page.expect_download() as download:
        page.get_by_role("link", name="Python script").click()
    assert download.value.suggested_filename == "A search, drawn.py"
    script = tmp_path / "graph.py"
    download.value.save_as(script)
    table = next(line["id"] for line in client.get("/api/data/tables").json() if line["name"] == NAME)
    (tmp_path / NAME).write_bytes((served.home / "tables" / table / "table.csv").read_bytes())
    done = subprocess.run([sys.executable, script.name], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = re.search(r"^.+: ROC AUC ([\d.]+)", done.stdout, re.MULTILINE)
    assert told, done.stdout
    assert float(told[1]) == pytest.approx(changed, abs=1e-6)
