"""The Understand screen as a person uses it."""

import re

import pytest

from hortus.studio.home import id_of

pytestmark = pytest.mark.ui


def figure(text: str) -> float:
    found = re.search(r"-?[\d.,]+", text)
    assert found, text
    return float(found[0].replace(",", ""))


@pytest.fixture
def page(shown, api, tumours, window):
    api.post(f"/api/understand/{id_of(tumours)}/explanation", params={"seconds": 4})
    return window(shown, f"/understand/{id_of(tumours)}").page


def test_the_verdict_is_read_and_the_drivers_come(page):
    heading = page.get_by_role("heading", level=1)
    assert heading.inner_text().startswith("Right 9")
    assert heading.evaluate("e => getComputedStyle(e).fontSize") == "28px"
    page.get_by_text("Without it, the ROC AUC would fall").first.wait_for()
    second = page.locator(".driver-head").nth(1)
    second.click()
    name = second.locator(".driver-name").inner_text()
    page.get_by_role("img", name=re.compile(f"probability of malignant by {re.escape(name)}")).wait_for()


def test_dragging_the_threshold_changes_who_is_found_and_what_it_costs(page):
    slider = page.get_by_role("slider", name="Say yes from this probability on")
    mistakes = page.locator(".people-mistakes")
    before = [figure(mistakes.nth(i).inner_text()) for i in (0, 1)]
    slider.focus()
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    after = [figure(mistakes.nth(i).inner_text()) for i in (0, 1)]
    assert after[0] < before[0]
    assert after[1] > before[1]
    page.get_by_label("A missed “malignant” costs").fill("50")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Go to the cheapest").click()
    assert "the least there is" in page.locator(".decision .decision-told").inner_text()


def test_what_if_changes_the_answer_and_warns(page):
    page.locator(".said-value").wait_for()
    before = page.locator(".said-value").inner_text()
    page.get_by_text("as the row stands in the table").wait_for()
    cell = page.locator(".what-if .cell").first
    cell.get_by_role("textbox").fill("9000")
    page.get_by_text(re.compile("above the greatest of the training table")).wait_for()
    page.get_by_role("button", name="As it was").click()
    page.get_by_text("as the row stands in the table").wait_for()
    assert page.locator(".said-value").inner_text() == before
    page.get_by_role("button", name="Another row").click()
    page.get_by_text("row 2 of").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_is_kept_out(shown, tumours, progress_of_diabetes, window, theme):
    for run in (tumours, progress_of_diabetes):
        found = window(shown, f"/understand/{id_of(run)}", theme=theme, width=900)
        found.page.locator(".said-value").wait_for()
        assert found.grave() == []


def test_a_regression_says_how_far_off_it_is(shown, progress_of_diabetes, window):
    page = window(shown, f"/understand/{id_of(progress_of_diabetes)}").page
    assert page.get_by_role("heading", level=1).inner_text().startswith("Off by ")
    assert page.locator(".truth").count() == 442
