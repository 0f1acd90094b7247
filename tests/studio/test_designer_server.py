"""The Designer's server: what it keeps, what it refuses, what it runs."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from hortus.run import Settings, fit
from hortus.studio.home import Home, write_note

CSV = "designer-shop.csv"


def shop():
    """Customers, and whether they bought."""
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n).astype(float),
            "city": rng.choice(["Bern", "Rome", "Oslo"], n),
            "income": rng.normal(50, 10, n).round(2),
        }
    )
    frame.loc[::17, "age"] = np.nan
    frame["bought"] = np.where(frame.income + np.where(frame.city == "Rome", 9, 0) > 52, "yes", "no")
    return frame


def brought(client, name=CSV):
    """The id of the table in the studio."""
    for known in client.get("/api/designer/tables").json():
        if known["name"] == name:
            return known["id"]
    answer = client.post(
        "/api/data/tables",
        params={"name": name},
        content=shop().to_csv(index=False).encode(),
        headers={"content-type": "application/octet-stream"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def begun(client, **asked):
    answer = client.post("/api/designer/graphs", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def finished(client, design):
    """The graph once its run has ended."""
    for _ in range(600):
        found = client.get(f"/api/designer/graphs/{design}").json()
        if not found["running"]:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_what_there_is_to_build_with(client):
    found = client.get("/api/designer/palette").json()
    names = [kind["name"] for kind in found["kinds"]]
    assert names[0] == "load"
    assert {"split", "impute", "onehot", "scale", "search", "linear", "evaluate", "compare", "deploy"} <= set(names)
    assert [template["name"] for template in found["templates"]] == ["first", "by-hand", "search"]


def test_every_edit_is_kept_and_can_be_gone_back_to(client):
    design = begun(client)
    address = f"/api/designer/graphs/{design['id']}"
    graph = design["graph"]
    for number in range(3):
        graph["nodes"].append({"id": f"n{number}", "kind": "impute", "settings": {}})
        asked = {"graph": graph, "label": f"Added {number}", "after": design["revision"]}
        design = client.post(f"{address}/edit", json=asked).json()
    assert design["undo"] == "Added 2"
    design = client.post(f"{address}/undo", json={"after": design["revision"]}).json()
    design = client.post(f"{address}/undo", json={"after": design["revision"]}).json()
    assert [node["id"] for node in design["graph"]["nodes"]] == ["n0"]
    design = client.post(f"{address}/redo", json={"after": design["revision"]}).json()
    assert [node["id"] for node in design["graph"]["nodes"]] == ["n0", "n1"]
    graph = {**design["graph"], "nodes": design["graph"]["nodes"][:1]}
    design = client.post(
        f"{address}/edit", json={"graph": graph, "label": "Removed", "after": design["revision"]}
    ).json()
    assert not design["redo"]
    versions = client.get(f"{address}/revisions").json()
    assert [version["label"] for version in versions] == ["Removed", "Added 2", "Added 1", "Added 0", "Begun"]
    back = client.post(f"{address}/restore", json={"revision": 4, "after": design["revision"]}).json()
    assert [node["id"] for node in back["graph"]["nodes"]] == ["n0", "n1", "n2"]
    assert client.get(address).json()["graph"] == back["graph"]


def test_an_edit_on_what_is_no_longer_there_is_refused(client):
    design = begun(client)
    asked = {"graph": design["graph"], "label": "x", "after": design["revision"]}
    assert client.post(f"/api/designer/graphs/{design['id']}/edit", json=asked).status_code == 200
    answer = client.post(f"/api/designer/graphs/{design['id']}/edit", json=asked)
    assert answer.status_code == 409
    assert answer.json()["code"] == "graph-changed"


@pytest.mark.parametrize("source", ["/etc/passwd", "../secret", "table.csv", 7])
def test_a_table_is_named_by_its_id_alone(client, source):
    design = begun(client)
    graph = {**design["graph"], "nodes": [{"id": "l", "kind": "load", "settings": {"source": source, "target": "y"}}]}
    asked = {"graph": graph, "label": "x", "after": design["revision"]}
    answer = client.post(f"/api/designer/graphs/{design['id']}/edit", json=asked)
    assert answer.status_code == 422
    assert answer.json()["code"] == "graph-table"


def test_settings_of_any_shape_are_answered(client):
    design = begun(client)
    for strange in (None, [], {}, "x", -1, [[1]], True, 1e308):
        settings = dict.fromkeys(("method", "share", "column", "params", "n_estimators", "weights", "columns"), strange)
        kinds = ("split", "stack", "forest", "blend", "dates", "search", "evaluate", "impute")
        nodes = [{"id": kind, "kind": kind, "settings": settings} for kind in kinds]
        asked = {"graph": {"nodes": nodes, "edges": []}, "label": "x", "after": design["revision"]}
        answer = client.post(f"/api/designer/graphs/{design['id']}/edit", json=asked)
        assert answer.status_code == 200, answer.text
        design = answer.json()
        assert design["problems"]


def test_an_edge_that_cannot_be_is_told_why(client):
    design = begun(client, template="first")
    asked = {"source": "load", "target": "model"}
    answer = client.post(f"/api/designer/graphs/{design['id']}/refusal", json=asked).json()
    assert answer["why"].startswith("LightGBM takes a divided table or prepared columns, and Load data gives a table.")


def test_a_graph_runs_is_followed_previewed_written_and_taken_along(client, tmp_path):
    design = begun(client, template="by-hand", table=brought(client), target="bought")
    address = f"/api/designer/graphs/{design['id']}"
    assert design["problems"] == []
    assert client.post(f"{address}/run", json={}).json()["running"]
    assert client.post(f"{address}/run", json={}).status_code == 409
    events = []
    with client.stream("GET", f"{address}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: {"):
                events.append(json.loads(line.removeprefix("data: ")))
    assert events[0]["event"] == "started"
    assert events[-1] | {"seconds": 0} == {"event": "finished", "failed": [], "seconds": 0}
    done = finished(client, design["id"])
    assert {state["state"] for state in done["states"].values()} == {"done"}
    assert done["states"]["load"]["brief"] == "300 rows · 4 columns"
    table = client.get(f"{address}/preview", params={"node": "fill"}).json()
    assert len(table["rows"]) == 50
    script = client.get(f"{address}/script").text
    assert f'load("{CSV}", target="bought")' in script
    # Another setting: what follows is not done, what comes before is.
    graph = done["graph"]
    next(node for node in graph["nodes"] if node["id"] == "encode")["settings"] = {"max_categories": 8}
    asked = {"graph": graph, "label": "Set", "after": done["revision"]}
    changed = client.post(f"{address}/edit", json=asked).json()
    assert set(changed["states"]) == {"load", "split", "fill"}
    undone = client.post(f"{address}/undo", json={"after": changed["revision"]}).json()
    assert set(undone["states"]) == {node["id"] for node in graph["nodes"]}


def test_a_finished_search_opens_as_a_graph(client, served):
    home = Home(served.home)
    name, shelf = home.new("runs")
    table = brought(client)
    path = served.home / "tables" / table / "table.csv"
    settings = Settings(trials=2, models=("linear", "tree"), folds=2, executor="inline", slots=1)
    result = fit(str(path), "bought", settings, folder=shelf / "run")
    write_note(shelf / "run.json", {"name": "A search", "kind": "table", "table": table, "created": time.time()})
    for which in ("best", "ensemble"):
        design = begun(client, run=name, which=which)
        assert design["problems"] == []
        assert design["name"] == "A search, drawn"
        client.post(f"/api/designer/graphs/{design['id']}/run", json={})
        done = finished(client, design["id"])
        assert {state["state"] for state in done["states"].values()} == {"done"}
    address = f"/api/designer/graphs/{begun(client, run=name)['id']}"
    client.post(f"{address}/run", json={})
    finished(client, address.rsplit("/", 1)[-1])
    scores = client.get(f"{address}/preview", params={"node": "evaluate"}).json()["scores"]
    assert scores["measures"][0]["score"] == max(row.value for row in result.rows)


def test_a_failure_is_told_on_its_node(client):
    design = begun(client, template="first", table=brought(client), target="nothing")
    client.post(f"/api/designer/graphs/{design['id']}/run", json={})
    done = finished(client, design["id"])
    assert done["states"]["load"]["state"] == "failed"
    assert done["states"]["load"]["error"]["what"] == "There is no column 'nothing'."
    assert done["states"]["deploy"]["state"] == "waiting"


def test_a_run_can_be_stopped_and_keeps_what_is_done(client):
    design = begun(client, template="search", table=brought(client), target="bought")
    address = f"/api/designer/graphs/{design['id']}"
    client.post(f"{address}/run", json={})
    for _ in range(300):
        states = client.get(address).json()["states"]
        if states.get("search", {}).get("state") == "running":
            break
        time.sleep(0.1)
    client.post(f"{address}/stop")
    done = finished(client, design["id"])
    assert done["states"]["split"]["state"] == "done"
    assert done["states"]["search"]["state"] == "interrupted"
    assert done["states"]["deploy"]["state"] == "interrupted"


def test_a_killed_server_loses_no_graph_and_no_run(own_server):
    client = own_server.client()
    design = begun(client, template="first", table=brought(client), target="bought")
    graph = design["graph"]
    next(node for node in graph["nodes"] if node["id"] == "model")["kind"] = "linear"
    asked = {"graph": graph, "label": "Another model", "after": design["revision"]}
    design = client.post(f"/api/designer/graphs/{design['id']}/edit", json=asked).json()
    client.post(f"/api/designer/graphs/{design['id']}/run", json={})
    own_server.kill()
    own_server.start()
    client = own_server.client()
    done = finished(client, design["id"])
    assert {state["state"] for state in done["states"].values()} == {"done"}
    assert done["graph"] == design["graph"]
    model = client.get(f"/api/designer/graphs/{design['id']}/model", params={"node": "deploy"})
    assert model.headers["content-type"] == "application/octet-stream"
    assert model.content[:2] == b"PK"
