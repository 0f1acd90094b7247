"""A model put to work from the studio: switched on, asked, counted, scored with, packed, switched off."""

import io
import os
import re
import signal
import time
import zipfile
from pathlib import Path

import httpx
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from hortus.studio.deployments import Deployments
from hortus.studio.home import Home, id_of, read_note
from hortus.studio.runs import Run


@pytest.fixture(scope="module")
def place(tumours):
    return f"/api/deploy/runs/{id_of(tumours)}"


@pytest.fixture(scope="module")
def on(api, place):
    """Switched on for all tests of this file but those that switch it themselves, which come last."""
    found = api.put(f"{place}/switch", json={"on": True})
    assert found.status_code == 200, found.text
    return found.json()


def test_it_answers_as_any_server_and_counts_what_it_is_asked(api, place, on):
    assert httpx.get(f"{on['address']}/healthz").status_code == 200
    said = api.post(f"{place}/try", json={"row": on["row"]}).json()
    assert said["value"] in ("malignant", "benign")
    api.post(f"{place}/try", json={"row": {**on["row"], "mean radius": 9e9}})
    refused = api.post(f"{place}/try", json={"row": {}})
    assert refused.status_code == 422
    assert refused.json()["code"] == "column-missing"
    counted = api.get(f"{place}/counters").json()
    assert (counted["requests"], counted["refused"]) == (3, 1)
    assert counted["outside"] == {"mean radius": 1}


def test_a_studio_that_comes_later_knows_what_is_at_work(shown, tumours, on):
    found = Deployments().find(Home(shown.home), Run(id_of(tumours), tumours, {}, None))
    assert found is not None
    assert found.address == on["address"]


def test_a_file_is_scored_with_what_cannot_be_read_set_apart(api, tumours):
    X = load_breast_cancer(as_frame=True).data.iloc[:20, :8].astype(object)
    X.iloc[3, 0] = "=cmd"
    X.iloc[5, 2] = "many"
    sent = X.to_csv(index=False).encode()
    found = api.post(f"/api/deploy/score/{id_of(tumours)}", params={"name": "../new rows.csv"}, content=sent).json()
    assert (found["rows"], found["rejected"]) == (18, 2)
    assert found["columns"] == ["diagnosis", "proba_benign", "proba_malignant"]
    got = pd.read_csv(io.StringIO(api.get(f"/api/deploy/scored/{found['id']}/predictions.csv").text))
    assert len(got) == 18
    assert set(got["diagnosis"]) == {"benign", "malignant"}
    rejects = api.get(f"/api/deploy/scored/{found['id']}/rejects.csv").text
    assert "'=cmd" in rejects
    assert "5," in rejects


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("rows.exe", b"MZ", "score-suffix"),
        ("rows.csv", b"", "file-empty"),
        ("rows.csv", b"a,b\n1,2\n", "columns-missing"),
    ],
)
def test_what_is_no_table_of_the_model_is_refused(api, shown, tumours, name, content, code):
    answer = api.post(f"/api/deploy/score/{id_of(tumours)}", params={"name": name}, content=content)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert not list((Path(shown.home) / "scored").glob("*/rows*"))


def test_predictions_are_under_ids_alone(api):
    assert api.get("/api/deploy/scored/0123456789ab/predictions.csv").status_code == 404
    assert api.get("/api/deploy/scored/..%2F..%2Fab/predictions.csv").status_code in (404, 422)


def test_the_container_is_a_folder_in_a_zip(api, place):
    answer = api.get(f"{place}/container.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
    assert {"model/Dockerfile", "model/requirements.lock", "model/app/model.hortus"} <= names


def test_a_model_that_decides_otherwise_is_told_and_served_on_the_same_address(api, place, on, tumours):
    decision = f"/api/understand/{id_of(tumours)}/decision"
    api.put(decision, json={"threshold": 0.999})
    try:
        assert not api.get(place).json()["current"]
        again = api.put(f"{place}/switch", json={"on": True}).json()
        assert again["current"]
        assert again["address"] == on["address"]
        assert api.post(f"{place}/try", json={"row": {**on["row"], "mean radius": 15.0}}).json()["value"] == "benign"
    finally:
        api.put(decision, json={"threshold": None})


def test_a_server_that_died_is_off(api, shown, place, on, tumours):
    note = read_note(shown.home / "deployments" / id_of(tumours) / "deployment.json")
    os.kill(note["pid"], signal.SIGKILL)
    for _ in range(100):
        if not api.get(place).json()["on"]:
            break
        time.sleep(0.05)
    assert not api.get(place).json()["on"]
    assert api.get(f"{place}/counters").json() is None
    assert api.post(f"{place}/try", json={"row": on["row"]}).json()["code"] == "deployment-off"


@pytest.mark.ui
def test_from_the_switch_to_a_prediction_in_the_browser(api, place, shown, tumours, window, tmp_path):
    api.put(f"{place}/switch", json={"on": False})
    found = window(shown, f"/deploy/{id_of(tumours)}")
    page = found.page
    page.get_by_text("trained on").first.wait_for()
    switch = page.get_by_role("switch")
    assert not switch.is_checked()
    page.locator(".switch").click()
    page.get_by_role("heading", name="This model is at work.").wait_for()
    address = page.locator(".address code").inner_text()
    assert re.match(r"http://127\.0\.0\.1:\d+$", address)
    page.get_by_label("mean radius", exact=True).fill("25")
    page.get_by_role("button", name="Predict").click()
    page.locator(".try-answer .said-value").wait_for()
    assert page.locator(".try-answer .said-value").inner_text() in ("malignant", "benign")
    page.get_by_role("tab", name="Spreadsheet").click()
    page.get_by_text("Excel.CurrentWorkbook").wait_for()
    rows = tmp_path / "rows.csv"
    load_breast_cancer(as_frame=True).data.iloc[:6, :8].to_csv(rows, index=False)
    page.get_by_label("A file of new rows").set_input_files(rows)
    page.get_by_text("6 rows predicted").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download predictions").click()
    assert len(pd.read_csv(download.value.path())) == 6
    assert found.grave() == []
    page.locator(".switch").click()
    page.get_by_role("heading", name="Put this model to work.").wait_for()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/healthz")
