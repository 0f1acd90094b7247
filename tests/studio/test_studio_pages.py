"""The pages as a person uses them: a browser, the real server, the real engine."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.ui

# What conftest.py's fixtures give.
Served = Any
Window = Any
LONG = 150_000
Open = Callable[..., Window]


@pytest.fixture(scope="session")
def trained(client: httpx.Client) -> str:
    """A run that is done, for the pages that show one."""
    import time

    table = client.post("/api/data/samples/customers.csv").json()["id"]
    run = client.post("/api/train/runs", json={"table": table, "target": "leaves", "seconds": 6}).json()["id"]
    end = time.monotonic() + LONG / 1000
    while client.get(f"/api/train/runs/{run}").json()["state"] == "running" and time.monotonic() < end:
        time.sleep(0.3)
    assert client.get(f"/api/train/runs/{run}").json()["state"] == "finished"
    return str(run)


def test_from_a_sample_to_a_prediction_of_the_deployed_model_in_nine_presses(served: Served, window: Open) -> None:
    page = window(served).page
    page.get_by_role("button", name=re.compile("Cells under the microscope")).click()
    page.get_by_text("569").first.wait_for()
    page.get_by_role("button", name="Go to Train").click()
    page.get_by_role("heading", name="tumours.csv").wait_for()
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("You can close this tab").wait_for(timeout=LONG)
    page.locator(".headline-score").wait_for(timeout=LONG)
    assert re.search(r"Best so far: 0\.\d+, up from 0\.500 for guessing", page.locator(".headline-best").inner_text())
    page.locator(".leaders .is-best").wait_for(timeout=LONG)
    assert "Guessing" in page.locator(".leaders .is-guess").inner_text()
    # Whoever comes back finds it as it is; then it is stopped, and the best is kept.
    page.reload()
    page.locator(".headline-score").wait_for(timeout=LONG)
    page.get_by_role("button", name="Stop and keep best").click()
    page.get_by_role("link", name="Understand it").wait_for(timeout=LONG)
    assert page.locator(".headline-best").inner_text().startswith("It scores")
    assert page.get_by_role("navigation", name="Runs").get_by_text("tumours.csv: diagnosis").count() >= 1
    # What it is worth is read, it is put to work, and asked.
    page.get_by_role("link", name="Understand it").click()
    page.get_by_role("heading", name=re.compile(r"^Right \d+ times in 10")).wait_for(timeout=LONG)
    page.get_by_role("link", name="Put it to work").click()
    page.locator(".switch").click()
    page.get_by_role("heading", name="This model is at work.").wait_for(timeout=LONG)
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".try-answer .said-value").wait_for(timeout=LONG)
    assert page.locator(".try-answer .said-value").inner_text() in ("malignant", "benign")
    page.locator(".switch").click()
    page.get_by_role("heading", name="Put this model to work.").wait_for(timeout=LONG)


def test_a_file_is_dropped_and_every_word_of_it_is_text(served: Served, window: Open) -> None:
    evil = "<script>document.title='broken'</script>"
    table = pd.DataFrame({evil: ["<img src=x onerror=alert(1)>", "b"] * 40, "x": range(80), "y": ["no", "yes"] * 40})
    found = window(served)
    found.drop("evil.csv", table.to_csv(index=False).encode())
    found.page.get_by_role("heading", name="evil.csv").wait_for(timeout=LONG)
    found.page.get_by_role("cell", name="<img src=x onerror=alert(1)>").first.wait_for()
    assert found.page.get_by_role("columnheader").filter(has_text=evil).count() == 1
    assert found.page.title() == "Data · Hortus Studio"
    # Each column says which question it would be; one press chooses it.
    found.page.get_by_role("button", name="Predict y: yes or no, 50 % yes").click()
    found.page.get_by_role("button", name="y is to be predicted; choose another").wait_for()
    found.page.get_by_role("button", name="Go to Train").click()
    found.page.get_by_role("heading", name="evil.csv").wait_for()


def test_a_column_is_as_wide_as_what_its_head_tells(served: Served, window: Open) -> None:
    days = pd.date_range("2024-01-01", periods=90).strftime("%Y-%m-%d")
    sorts = ["Barolo", "Grignolino", "Barbera"] * 30
    table = pd.DataFrame({"a_long_name_of_a_date": days, "sort": sorts, "x": np.arange(90) - 45.5})
    found = window(served)
    found.drop("heads.csv", table.to_csv(index=False).encode())
    found.page.locator(".sheet-column").nth(2).wait_for(timeout=LONG)
    cut = "parts => parts.filter(part => part.scrollWidth > part.clientWidth).map(part => part.textContent)"
    assert found.page.locator(".ends span, .question, .column-name").evaluate_all(cut) == []
    assert "one of Barbera, Barolo, Grignolino" in found.page.locator(".sheet-head").inner_text()


def test_a_refusal_says_what_and_what_to_do(served: Served, window: Open, tmp_path: Any) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04\x95\x00\x00\x00 not for us")
    found = window(served)
    found.page.locator("input[type=file]").set_input_files(tmp_path / "model.pkl")
    alert = found.page.get_by_role("alert")
    alert.wait_for()
    assert "'model.pkl' is of a kind that is not read." in alert.inner_text()
    assert "Give csv" in alert.inner_text()
    # The browser itself notes an answer of 422.
    found.troubles.clear()


def test_findings_are_fixed_ignored_and_taken_back(served: Served, window: Open, client: httpx.Client) -> None:
    rng = np.random.default_rng(0)
    y = rng.random(300) < 0.4
    table = pd.DataFrame(
        {
            "a": rng.normal(size=300),
            "b": rng.normal(size=300),
            "late": y * 5.0 + rng.random(300),
            "land": "Italy",
            "y": np.where(y, "yes", "no"),
        }
    )
    answer = client.post("/api/data/tables", params={"name": "found.csv"}, content=table.to_csv(index=False).encode())
    client.put(f"/api/data/tables/{answer.json()['id']}/target", json={"target": "y"})
    page = window(served, f"/data/{answer.json()['id']}").page
    noticed = page.get_by_role("complementary", name="What we noticed")
    leak = noticed.get_by_role("button", name=re.compile("^Fix: Leave it out. Column 'late'"))
    leak.wait_for()
    count = noticed.locator(".finding").count()
    leak.click()
    noticed.get_by_text("1 decision").wait_for()
    assert noticed.locator(".finding").count() < count
    page.get_by_role("button", name=re.compile("late is read as left out: your choice")).wait_for()
    noticed.get_by_role("button", name=re.compile("^Ignore: 'land'")).click()
    noticed.get_by_text("2 decisions").wait_for()
    noticed.get_by_text("Nothing is left to decide.").wait_for()
    # What was decided is still so in another window, and can be taken back there.
    other = window(served, f"/data/{answer.json()['id']}").page
    undo = other.get_by_role("button", name=re.compile("^Undo: Column 'late'"))
    undo.click()
    other.get_by_text("1 decision", exact=True).wait_for()
    other.get_by_role("button", name=re.compile("^Fix: Leave it out. Column 'late'")).wait_for()


def test_a_guess_of_a_kind_is_changed_and_undone_by_keyboard(
    served: Served, window: Open, client: httpx.Client
) -> None:
    table = pd.DataFrame({"code": np.arange(60) % 7 + 1, "x": range(60), "y": [0, 1] * 30})
    identity = client.post(
        "/api/data/tables", params={"name": "kinds.csv"}, content=table.to_csv(index=False).encode()
    ).json()["id"]
    page = window(served, f"/data/{identity}").page
    page.get_by_role("button", name="code is read as number; change that").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="category").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="code is read as category; change that").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name=re.compile("Undo: number")).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="code is read as number; change that").wait_for()


def test_a_long_table_is_drawn_where_it_is_looked_at(served: Served, window: Open, client: httpx.Client) -> None:
    table = "n,y\n" + "\n".join(f"{n},{n % 2}" for n in range(20_000))
    identity = client.post("/api/data/tables", params={"name": "long.csv"}, content=table.encode()).json()["id"]
    page = window(served, f"/data/{identity}").page
    sheet = page.get_by_role("table", name="Rows of long.csv")
    sheet.get_by_role("row").nth(5).wait_for()
    assert sheet.get_by_role("row").count() < 100
    sheet.evaluate("box => box.scrollTo(0, 28 * 15000)")
    sheet.get_by_role("cell", name="15003", exact=True).wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_keeps_anybody_out(
    served: Served, window: Open, trained: str, client: httpx.Client, theme: str
) -> None:
    table = client.get(f"/api/train/runs/{trained}").json()["table"]
    images = client.post("/api/data/samples/digits.zip").json()["id"]
    found = window(served, "/data", theme=theme)
    for path, sign in {
        "/data": ".sample",
        f"/data/{table}": ".finding",
        f"/data/{images}": ".class",
        "/train": ".chooser",
        f"/train?table={table}": ".asking",
        f"/train/{trained}": ".outcome-done",
    }.items():
        found.page.goto(served.base + path)
        found.page.locator(sign).first.wait_for(timeout=LONG)
        assert found.grave() == [], path
    assert found.page.evaluate("document.documentElement.dataset.theme") == theme


def test_a_window_without_the_cookie_is_told_what_to_do(served: Served, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.base)
    assert "hortus studio" in page.inner_text("body")
    context.close()
