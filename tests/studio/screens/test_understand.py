"""What a model is worth and why, asked of a real server about a real run."""

import time

import numpy as np
import pytest

from hortus.run import open_run
from hortus.run.decision import keep_decision
from hortus.run.explained import explain_run, explained, model_mark
from hortus.studio.home import id_of


def place(run):
    return f"/api/understand/{id_of(run)}"


@pytest.fixture(scope="module")
def explanation(api, tumours):
    """Asked for once; it comes from a process of its own."""
    begun = api.post(f"{place(tumours)}/explanation", params={"seconds": 4})
    assert begun.json()["state"] in ("working", "ready")
    steps = []
    for _ in range(300):
        found = api.get(f"{place(tumours)}/explanation").json()
        steps.append(found["step"])
        if found["state"] != "working":
            break
        time.sleep(0.1)
    assert found["state"] == "ready", found
    return found, steps


def test_the_verdict_is_there_at_once(api, tumours):
    found = api.get(place(tumours)).json()
    assert found["short"].startswith("Right 9")
    assert "“malignant”" in found["short"]
    assert found["score_name"] == "ROC AUC"
    assert sum(map(sum, found["confusion"]["counts"])) == 569


def test_thresholds_count_every_row_and_agree_with_the_confusion(api, tumours):
    found = api.get(place(tumours)).json()
    tables = found["thresholds"]
    totals = np.sum([tables[part] for part in ("caught", "missed", "alarms", "cleared")], axis=0)
    assert (totals == 569).all()
    now = tables["values"].index(tables["now"])
    assert [tables["cleared"][now], tables["alarms"][now]] == found["confusion"]["counts"][0]


def test_a_regression_is_told_by_its_errors(api, progress_of_diabetes):
    found = api.get(place(progress_of_diabetes)).json()
    assert found["short"].startswith("Off by")
    assert found["thresholds"] is None
    assert found["errors"]["mean"] < found["errors"]["guess"]
    assert sum(found["errors"]["bars"]) == found["rows"]


def test_the_explanation_is_made_once_with_progress_and_kept_in_the_run(api, tumours, explanation):
    found, steps = explanation
    assert set(steps) <= {"opening", "predictions", "columns", "pushes", "effects", "weak spots", "writing", ""}
    assert any(steps)
    assert found["drivers"][0]["share"] == 1.0
    assert "Without it" in found["drivers"][0]["sentence"]
    before = (tumours / "explained" / "report.json").stat().st_mtime_ns
    assert api.post(f"{place(tumours)}/explanation").json()["state"] == "ready"
    assert (tumours / "explained" / "report.json").stat().st_mtime_ns == before


def test_report_and_card_are_to_be_kept_and_run_nothing_here(api, tumours, explanation):
    page = api.get(f"{place(tumours)}/report.html")
    assert page.headers["content-disposition"].startswith("attachment")
    assert "<html" in page.text
    assert api.get(f"{place(tumours)}/card.md").text.startswith("#")


def test_before_it_is_made_there_is_no_report(api, progress_of_diabetes):
    answer = api.get(f"{place(progress_of_diabetes)}/report.html")
    assert answer.status_code == 409
    assert answer.json()["code"] == "no-report"


def test_an_explanation_that_is_being_made_is_stopped_and_can_be_begun_again(api, progress_of_diabetes):
    asked = f"{place(progress_of_diabetes)}/explanation"
    assert api.post(asked, params={"seconds": 600}).json()["state"] == "working"
    stopped = api.delete(asked).json()
    assert (stopped["state"], stopped["what"]) == ("failed", "It was stopped.")
    assert api.get(asked).json()["state"] == "failed"
    assert api.post(asked, params={"seconds": 600}).json()["state"] == "working"
    assert api.delete(asked).json()["state"] == "failed"
    # Where there is nothing to stop, nothing happens.
    assert api.delete(asked).json()["state"] == "failed"


def test_an_effect_is_a_curve_with_the_rows_behind_it(api, tumours, explanation):
    column = explanation[0]["drivers"][0]["column"]
    found = api.get(f"{place(tumours)}/effect", params={"column": column}).json()
    assert len(found["grid"]) == len(found["mean"]) == len(found["rows"])
    assert all(0 <= value <= 1 for value in found["mean"])
    assert len(found["curves"]) == 30
    assert api.get(f"{place(tumours)}/effect", params={"column": "no such"}).status_code == 422
    assert api.get(f"{place(tumours)}/effect", params={"column": column, "label": 7}).status_code == 422


def test_what_if_answers_within_100_ms_and_warns_of_what_was_never_seen(api, tumours, explanation):
    strip = api.get(f"{place(tumours)}/what-if").json()
    assert len(strip["inputs"]) == 6
    assert strip["inputs"][0]["name"] == explanation[0]["drivers"][0]["column"]
    asked = f"{place(tumours)}/what-if"
    first = api.post(asked, json={"row": strip["row"]}).json()
    assert first["warnings"] == []
    one = strip["inputs"][0]
    times = []
    for _ in range(9):
        began = time.perf_counter()
        changed = api.post(asked, json={"row": {**strip["row"], one["name"]: 3 * one["high"]}}).json()
        times.append(time.perf_counter() - began)
    assert np.median(times) < 0.1
    assert changed["probabilities"] != first["probabilities"]
    assert changed["warnings"][0]["code"] == "above-range"
    refused = api.post(asked, json={"row": {**strip["row"], one["name"]: "many"}})
    assert refused.status_code == 422
    assert one["name"] in refused.json()["what"]


def test_a_kept_threshold_decides_from_then_on_and_leaves_the_numbers(api, tumours, explanation):
    kept = api.put(f"{place(tumours)}/decision", json={"threshold": 0.2, "false_alarm": 1, "miss": 4})
    assert kept.status_code == 200, kept.text
    try:
        found = api.get(place(tumours)).json()
        assert found["thresholds"]["now"] == 0.2
        assert found["thresholds"]["decided"]
        model = open_run(tumours).model
        assert model.threshold is not None
        assert model.threshold.value == 0.2
        said = api.get(f"{place(tumours)}/explanation").json()
        assert (said["state"], said["current"]) == ("ready", False)
    finally:
        api.put(f"{place(tumours)}/decision", json={"threshold": None})
    assert not api.get(place(tumours)).json()["thresholds"]["decided"]
    assert api.get(f"{place(tumours)}/explanation").json()["current"]


def test_what_is_no_threshold_is_refused(api, tumours, progress_of_diabetes):
    assert api.put(f"{place(tumours)}/decision", json={"threshold": 1.5}).status_code == 422
    assert api.put(f"{place(progress_of_diabetes)}/decision", json={"threshold": 0.5}).status_code == 422


def test_an_unknown_run_is_told(api):
    assert api.get("/api/understand/0123456789ab").status_code == 404


def test_an_explanation_that_fails_says_why(tmp_path):
    with pytest.raises(Exception, match="no run"):
        explain_run(tmp_path)
    assert explained(tmp_path).state == "none"
    assert model_mark(tmp_path) is None


def test_a_decision_is_worth_what_it_costs_on_rows_out_of_fold(tumours):
    before = open_run(tumours)
    keep_decision(before, 0.3, false_alarm=1.0, miss=5.0)
    try:
        found = open_run(tumours).model.threshold
        evidence = before.evidence
        called = evidence.predictions[:, 1] > 0.3
        cost = np.sum(called & (evidence.y == 0)) + 5 * np.sum(~called & (evidence.y == 1))
        assert found.score == pytest.approx(-cost / len(evidence.y))
        assert found.error > 0
    finally:
        keep_decision(before, None)
