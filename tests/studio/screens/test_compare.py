"""Runs beside each other, and the same run again on other rows."""

import re
import time

import pytest
from sklearn.datasets import load_diabetes

from hortus.errors import SettingError
from hortus.run.beside import beside, open_any
from hortus.studio.home import id_of


def facts(found):
    return {fact["name"]: fact for fact in found["facts"]}


def test_facts_are_told_of_each_run_and_whether_they_differ(api, tumours, progress_of_diabetes):
    names = [id_of(tumours), id_of(progress_of_diabetes)]
    found = api.get("/api/compare", params={"run": names}).json()
    assert [run["id"] for run in found["runs"]] == names
    assert not found["comparable"]
    told = facts(found)
    assert told["rows"]["values"] == ["569", "442"]
    assert told["rows"]["differs"]
    assert not told["seed"]["differs"]
    assert told["models in it"]["numbers"][0] >= 1
    assert told["kind of question"]["values"] == ["one of two", "how much"]
    assert told["expected on new rows"]["better"] == 0
    # Settings are told by what they do, not by their names.
    assert told["search strategy"]["values"] == ["well-tried settings first, then more like the best"] * 2
    assert told["models to choose from"]["values"] == ["Linear model, LightGBM"] * 2


def test_scores_of_the_same_question_are_held_against_each_other(tumours):
    result = open_any(tumours)
    found = beside([result, result])
    assert found.comparable
    score = next(fact for fact in found.facts if fact.name == "expected on new rows")
    assert score.better == 1
    assert score.numbers[0] == pytest.approx(result.estimate.score)
    assert not any(fact.differs for fact in found.facts)


def test_no_run_and_too_many_are_refused(api, tumours):
    with pytest.raises(SettingError, match="cannot be compared"):
        beside([])
    assert api.get("/api/compare").status_code == 422
    assert api.get("/api/compare", params={"run": ["0123456789ab"]}).status_code == 404
    assert api.get("/api/compare", params={"run": ["../../etc"]}).status_code == 422


def test_a_run_is_made_again_on_another_table_with_its_settings(api, shown, progress_of_diabetes):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    sent = X.assign(target=y).iloc[:250].to_csv(index=False).encode()
    table = api.post("/api/data/tables", params={"name": "new rows.csv"}, content=sent)
    assert table.status_code < 300, table.text
    begun = api.post(f"/api/compare/runs/{id_of(progress_of_diabetes)}/rerun", json={"table": table.json()["id"]})
    assert begun.status_code == 200, begun.text
    run = f"/api/train/runs/{begun.json()['id']}"
    for _ in range(600):
        found = api.get(run).json()
        if found["state"] not in ("running",):
            break
        time.sleep(0.1)
    assert found["state"] == "finished", found
    told = facts(api.get("/api/compare", params={"run": [id_of(progress_of_diabetes), begun.json()["id"]]}).json())
    assert told["rows"]["values"] == ["442", "250"]
    assert told["models to choose from"]["values"][0] == told["models to choose from"]["values"][1]
    assert not told["candidates asked for"]["differs"]


@pytest.mark.ui
def test_two_runs_are_ticked_and_what_differs_is_shown(shown, window, tumours):
    found = window(shown, "/compare")
    page = found.page
    page.get_by_label("Compare tumours").click()
    page.get_by_text("One more, please.").wait_for()
    page.get_by_label("Compare diabetes").click()
    page.get_by_role("heading", name="Two runs beside each other").wait_for()
    rows = page.locator(".beside-table tbody th[scope=row]")
    differing = rows.count()
    page.locator(".switch").click()
    assert rows.count() > differing
    assert page.locator("thead .baseline").inner_text().startswith("baseline\ntumours")
    page.get_by_role("button", name="Make it the baseline: diabetes").click()
    page.locator("thead .baseline").get_by_text("diabetes").wait_for()
    assert re.search(r"run=\w+&run=\w+$", page.url)
    assert found.grave() == []
