"""The Designer in a browser: by mouse, by keyboard, over a reload, and for whoever hears the page."""

import re

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.ui

NAME = "canvas-shop.csv"


@pytest.fixture(scope="module")
def table(client):
    """The id of a table in the studio whose last column is to be predicted."""
    rng = np.random.default_rng(1)
    n = 240
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n).astype(float),
            "city": rng.choice(["Bern", "Rome", "Oslo"], n),
            "income": rng.normal(50, 10, n).round(2),
        }
    )
    frame.loc[::17, "age"] = np.nan
    frame["bought"] = np.where(frame.income + np.where(frame.city == "Rome", 9, 0) > 52, "yes", "no")
    answer = client.post(
        "/api/data/tables",
        params={"name": NAME},
        content=frame.to_csv(index=False).encode(),
        headers={"content-type": "application/octet-stream"},
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()["id"]
    assert client.put(f"/api/data/tables/{found}/target", json={"target": "bought"}).status_code == 200
    return found


def begun(client, **asked):
    answer = client.post("/api/designer/graphs", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def graph(client, design):
    return client.get(f"/api/designer/graphs/{design}").json()


def edges(client, design):
    return {(edge["source"], edge["target"]) for edge in graph(client, design)["graph"]["edges"]}


def until(page, asked, wanted, *, tries=100):
    """Wait until the server says what is wanted."""
    for _ in range(tries):
        if asked() == wanted:
            return
        page.wait_for_timeout(100)
    assert asked() == wanted


def port(page, node, side):
    """The middle of a node's port, on the screen."""
    box = page.locator(f'.react-flow__node[data-id="{node}"] .react-flow__handle.{side}').bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def draw(page, source, target):
    """Draw an edge by mouse."""
    page.mouse.move(*port(page, source, "source"))
    page.mouse.down()
    page.mouse.move(*port(page, target, "target"), steps=6)
    page.mouse.up()


def drop(page, kind, x, y):
    """Drag a step from the palette to a place on the canvas."""
    page.locator(f'.palette-item[data-kind="{kind}"]').drag_to(
        page.locator(".canvas"), target_position={"x": x, "y": y}
    )
    page.locator(f'.react-flow__node[data-id="{kind}"]').wait_for()


def test_a_graph_by_mouse_from_the_palette_to_scores(client, served, window, table):
    design = begun(client)
    page = window(served, f"/designer/{design}").page
    for place, kind in enumerate(("load", "split", "linear", "evaluate")):
        drop(page, kind, 300, 70 + 120 * place)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Close the settings").click()
    nodes = graph(client, design)["graph"]["nodes"]
    assert [node["id"] for node in nodes] == ["load", "split", "linear", "evaluate"]
    # The table is chosen already where there is one; this one by hand, whatever there is.
    page.locator('.react-flow__node[data-id="load"]').click()
    page.get_by_role("button", name="Table").first.click()
    page.get_by_role("option", name=NAME).click()
    page.get_by_role("button", name="Close the settings").click()
    # An edge that cannot be says why.
    draw(page, "load", "linear")
    told = page.get_by_role("alert")
    told.wait_for()
    assert "Linear model takes a divided table or prepared columns, and Load data gives a table." in told.inner_text()
    assert edges(client, design) == set()
    page.get_by_role("button", name="I see").click()
    for source, target in (("load", "split"), ("split", "linear"), ("linear", "evaluate")):
        draw(page, source, target)
        page.locator(f'.react-flow__edge[data-id="{source}→{target}"]').wait_for(state="attached")
    until(page, lambda: len(edges(client, design)), 3)
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".react-flow__node .step-done").nth(3).wait_for()
    page.get_by_role("button", name="Run", exact=True).wait_for()
    # What a step gave is shown when it is chosen.
    page.locator('.react-flow__node[data-id="split"]').click()
    page.get_by_role("region", name="The first rows").wait_for()
    assert page.locator(".rows tbody tr").count() == 50
    assert (
        "12 missing" in page.locator(".rows thead").inner_text()
        or "missing" in page.locator(".rows thead").inner_text()
    )
    page.get_by_role("button", name="Close the settings").click()
    page.locator('.react-flow__node[data-id="evaluate"]').click()
    page.get_by_role("table", name="Scores on the rows that judged").wait_for()
    assert float(page.locator(".scores-table tbody tr").first.locator("td").first.inner_text()) > 0.8


def test_undo_redo_and_versions_outlive_a_reload(client, served, window, table):
    design = begun(client, template="first", table=table, target="bought")
    page = window(served, f"/designer/{design}").page
    page.locator('.react-flow__node[data-id="split"]').click()
    page.get_by_label("Share to judge by").fill("0.3")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo: Set Share to judge by of Split").wait_for()
    page.locator('.react-flow__node[data-id="deploy"]').click()
    page.get_by_role("button", name="Remove", exact=True).click()
    until(page, lambda: len(graph(client, design)["graph"]["nodes"]), 4)
    page.reload()
    page.locator(".react-flow__node").nth(3).wait_for()
    page.keyboard.press("Control+z")
    page.locator('.react-flow__node[data-id="deploy"]').wait_for()
    page.get_by_role("button", name="Undo: Set Share to judge by of Split").click()
    page.get_by_role("button", name="Undo", exact=True).wait_for()
    page.reload()
    page.get_by_role("button", name="Redo").click()
    until(page, lambda: settings(client, design, "split"), {"share": 0.3})
    page.get_by_role("button", name="Versions").click()
    page.get_by_role("button", name="Go back to version 1").wait_for()
    labels = page.locator(".versions-list strong").all_inner_texts()
    assert labels == ["Removed Deploy", "Set Share to judge by of Split", "Begun"]
    page.get_by_role("button", name="Go back to version 1").click()
    until(page, lambda: settings(client, design, "split"), {})
    assert len(client.get(f"/api/designer/graphs/{design}/revisions").json()) == 4


def settings(client, design, node):
    return next(one for one in graph(client, design)["graph"]["nodes"] if one["id"] == node)["settings"]


def test_a_move_is_kept_whether_by_mouse_or_by_arrow_keys(client, served, window, table):
    design = begun(client, template="first", table=table, target="bought")
    page = window(served, f"/designer/{design}").page
    node = page.locator('.react-flow__node[data-id="evaluate"]')
    before = place(client, design, "evaluate")
    box = at_rest(page, node)
    page.mouse.move(box["x"] + 60, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 70, steps=5)
    page.mouse.up()
    until(page, lambda: place(client, design, "evaluate") != before, True)
    after = place(client, design, "evaluate")
    node.focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda: place(client, design, "evaluate")[0] > after[0], True)
    moved = place(client, design, "evaluate")
    page.reload()
    node.wait_for()
    assert place(client, design, "evaluate") == moved
    page.get_by_role("button", name="Tidy up").click()
    until(page, lambda: graph(client, design)["undo"], "Tidied up")
    page.locator('.react-flow__node[data-id="deploy"]').click()
    page.keyboard.press("Delete")
    until(page, lambda: graph(client, design)["undo"], "Removed Deploy")
    assert ("model", "deploy") not in edges(client, design)


def at_rest(page, node):
    """Where a node is once the graph was fitted into its board."""
    box = None
    while box != (box := node.bounding_box()):
        page.wait_for_timeout(250)
    return box


def place(client, design, node):
    found = next(one for one in graph(client, design)["graph"]["nodes"] if one["id"] == node)
    return found["x"], found["y"]


def test_a_graph_is_built_and_run_wholly_by_keyboard(client, served, window, table):
    design = begun(client)
    page = window(served, f"/designer/{design}").page
    page.get_by_role("button", name="As a list").focus()
    page.keyboard.press("Enter")

    def reach(locator):
        """Tab to something, as somebody without a mouse does."""
        locator.wait_for()
        for _ in range(200):
            if locator.evaluate("node => node === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"not reached by Tab: {locator}")

    def add(word, title):
        search = page.get_by_role("searchbox", name="Find a step")
        search.focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(word)
        reach(page.locator(".palette-item", has_text=re.compile(f"^{title}$")))
        page.keyboard.press("Enter")

    add("load data", "Load data")
    page.locator('[data-step="load"]').wait_for()
    # The table is chosen from its list.
    field = page.get_by_role("button", name="Table").first
    reach(field)
    page.keyboard.press("Enter")
    page.get_by_role("option", name=NAME).wait_for()
    page.keyboard.type(NAME)
    page.keyboard.press("Enter")
    until(page, lambda: settings(client, design, "load").get("target"), "bought")
    # Each goes on from the one that is chosen.
    add("split", "Split")
    page.locator('[data-step="split"]').wait_for()
    add("gaps", "Fill gaps")
    page.locator('[data-step="impute"]').wait_for()
    until(page, lambda: edges(client, design), {("load", "split"), ("split", "impute")})
    # And one that was added elsewhere is connected by name.
    page.get_by_role("button", name="Close the settings").focus()
    page.keyboard.press("Enter")
    add("linear", "Linear model")
    page.locator('[data-step="linear"]').wait_for()
    reach(page.get_by_role("button", name="Connect Fill gaps to"))
    page.keyboard.press("Enter")
    page.get_by_role("option", name="Linear model").wait_for()
    page.keyboard.press("Enter")
    until(page, lambda: ("impute", "linear") in edges(client, design), True)
    reach(page.locator('[data-step="linear"] .list-step'))
    page.keyboard.press("Enter")
    add("evaluate", "Evaluate")
    until(page, lambda: ("linear", "evaluate") in edges(client, design), True)
    assert graph(client, design)["problems"] == []
    page.get_by_role("button", name="Run", exact=True).focus()
    page.keyboard.press("Enter")
    until(page, lambda: graph(client, design)["states"].get("evaluate", {}).get("state"), "done", tries=300)
    page.locator('[data-step="evaluate"]', has_text="ROC AUC").wait_for()


def test_a_failed_step_says_what_to_do(client, served, window, table):
    design = begun(client, template="first", table=table, target="wrong")
    page = window(served, f"/designer/{design}").page
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".step-failed").wait_for()
    page.locator(".step-waiting").first.wait_for()
    page.locator('.react-flow__node[data-id="load"]').click()
    told = page.locator(".results").get_by_role("alert")
    told.wait_for()
    assert "There is no column 'wrong'." in told.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_keeps_somebody_out(client, served, window, table, theme):
    design = begun(client, template="by-hand", table=table, target="bought")
    opened = window(served, "/designer", theme=theme)
    opened.page.locator(".card").first.wait_for()
    assert opened.grave() == []
    opened = window(served, f"/designer/{design}", theme=theme)
    opened.page.locator(".react-flow__node").nth(9).wait_for()
    opened.page.locator('.react-flow__node[data-id="split"]').click()
    opened.page.locator(".settings").wait_for()
    assert opened.grave() == []
    opened.page.get_by_role("button", name="As a list").click()
    opened.page.locator(".step-list").wait_for()
    assert opened.grave() == []


def test_a_template_is_begun_by_one_press(client, served, window, table):
    page = window(served, "/designer").page
    page.get_by_role("button", name=re.compile("A first model")).click()
    page.locator(".react-flow__node").nth(4).wait_for()
    design = page.url.rsplit("/", 1)[-1]
    assert graph(client, design)["name"] == "A first model"
