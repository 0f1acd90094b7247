"""A table whose names, categories and classes are markup, scripts and formulas, through every screen and every file."""

import io
import time
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from hortus.engine.events_file import EventsFile
from hortus.run import Settings, fit
from hortus.studio.home import Home, write_note

pytestmark = [pytest.mark.ui, pytest.mark.rotated]

SCRIPT = "<script>document.title='broken'</script>"
IMAGE = "<img src=x onerror=\"document.title='broken'\">"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TARGET = "</title><svg onload=\"document.title='broken'\">"


@pytest.fixture(scope="module")
def hostile(client, served):
    """The id of a run that learned from such a table."""
    rng = np.random.default_rng(5)
    size = rng.normal(size=240).round(3)
    frame = pd.DataFrame({SCRIPT: size, "=1+1": rng.choice([IMAGE, "plain", "@cmd"], 240)})
    frame[TARGET] = np.where(size + rng.normal(size=240) > 0, FORMULA, SCRIPT)
    answer = client.post(
        "/api/data/tables", params={"name": f"{IMAGE}.csv"}, content=frame.to_csv(index=False).encode()
    )
    table = answer.json()["id"]
    client.put(f"/api/data/tables/{table}/target", json={"target": TARGET})
    name, shelf = Home(served.home).new("runs")
    settings = Settings(trials=2, models=("linear", "tree"), folds=2, executor="inline", slots=1)
    with closing(EventsFile(shelf / "run" / "events.jsonl")) as events:
        fit(
            str(served.home / "tables" / table / "table.csv"),
            TARGET,
            settings,
            folder=shelf / "run",
            listeners=[events],
        )
    note = {"name": f"{IMAGE}: {TARGET}", "kind": "table", "table": table, "target": TARGET, "created": time.time()}
    write_note(shelf / "run.json", note)
    return name, table, frame


def test_every_word_is_text_on_every_screen(hostile, served, window, client, tmp_path):
    run, table, _ = hostile
    client.post(f"/api/understand/{run}/explanation", params={"seconds": 2})
    asked = {"template": "first", "table": table, "target": TARGET, "run": None, "which": "best"}
    design = client.post("/api/designer/graphs", json=asked).json()["id"]
    found = window(served, f"/data/{table}")
    page = found.page
    signs = {
        f"/data/{table}": page.get_by_role("cell", name=IMAGE).first,
        f"/train?table={table}": page.locator(".asking"),
        f"/train/{run}": page.locator(".outcome-done"),
        f"/understand/{run}": page.locator(".driver-name", has_text=SCRIPT).first,
        f"/deploy/{run}": page.get_by_label(SCRIPT, exact=True),
        f"/designer/{design}": page.locator(".react-flow__node").nth(4),
        f"/compare?run={run}": page.get_by_role("link", name=f"{IMAGE}: {TARGET}").first,
        f"/notebooks/{run}": page.get_by_role("heading", name=f"{IMAGE}: {TARGET}"),
    }
    for path, sign in signs.items():
        page.goto(served.base + path)
        sign.wait_for(timeout=120_000)
        assert page.title().endswith("Hortus Studio"), path
        assert page.locator("main img[src=x], main script, main svg[onload]").count() == 0, path
    # The report is a page of its own, which is opened without the studio.
    report = client.get(f"/api/understand/{run}/report.html")
    (tmp_path / "report.html").write_text(report.text, encoding="utf-8")
    alone = page.context.new_page()
    alone.goto((tmp_path / "report.html").as_uri())
    assert alone.title() == f"{TARGET}: report on a model"
    assert alone.locator("img[src=x], svg[onload]").count() == 0


def test_no_cell_of_an_export_is_a_formula(hostile, client):
    run, _, frame = hostile
    rows = frame.drop(columns=TARGET).astype(object)
    rows.iloc[3, 0] = "=cmd|' /C calc'!A0"
    body = rows.to_csv(index=False).encode()
    scored = client.post(f"/api/deploy/score/{run}", params={"name": "=1.csv"}, content=body).json()
    assert (scored["rows"], scored["rejected"]) == (239, 1)
    texts = {
        part: client.get(f"/api/deploy/scored/{scored['id']}/{part}").text
        for part in ("predictions.csv", "rejects.csv")
    }
    predictions = pd.read_csv(io.StringIO(texts["predictions.csv"]))
    assert set(predictions.iloc[:, 0]) == {f"'{FORMULA}", SCRIPT}
    for part, text in texts.items():
        told = pd.read_csv(io.StringIO(text), header=None, dtype=str, keep_default_na=False)
        assert not [cell for cell in told.to_numpy().ravel() if cell.startswith(("=", "+", "@", "\t"))], part
