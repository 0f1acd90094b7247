"""Graphs run: what is fitted on what, what is kept, what is shown, what is left behind."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace

import httpx
import numpy as np
import pandas as pd
import pytest

import hortus
from hortus.data.matrix import Matrix
from hortus.features.base import Step
from hortus.models.base import Model
from hortus.run.graph import Edge, Graph, Node, digests, load, run_graph, split, step, summary
from hortus.run.graph.learners import model
from hortus.run.graph.templates import TEMPLATES, from_template


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Customers: gaps, categories, dates, and a rare city that few rows have."""
    rng = np.random.default_rng(0)
    n = 400
    frame = pd.DataFrame(
        {
            "number": np.arange(n) + 0.25,
            "age": rng.integers(18, 80, n).astype(float),
            "city": rng.choice(["Bern", "Rome", "Oslo"], n),
            "when": pd.date_range("2020-01-01", periods=n, freq="12h").astype(str),
            "income": rng.normal(50, 10, n),
            "household": rng.integers(0, 60, n),
        }
    )
    frame.loc[::17, "age"] = np.nan
    frame["bought"] = np.where(
        frame.income + np.where(frame.city == "Rome", 9, 0) + rng.normal(0, 4, n) > 52, "yes", "no"
    )
    path = tmp_path_factory.mktemp("graph") / "shop.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def graph(shop):
    return from_template("by-hand", source=str(shop), target="bought")


@pytest.fixture(scope="module")
def done(graph, tmp_path_factory):
    """A graph run once: its folder, what was told, what came of it."""
    out = tmp_path_factory.mktemp("graph") / "out"
    told = []
    return out, told, run_graph(graph, out, tell=told.append)


def states(found):
    return {name: one["state"] for name, one in found.items()}


def test_every_node_runs_once_and_says_so(done, graph):
    _, told, found = done
    assert set(states(found).values()) == {"done"}
    assert told[0] == {"event": "started", "nodes": [node.id for node in graph.ordered()]}
    assert told[-1]["event"] == "finished"
    assert told[-1]["failed"] == []
    for node in graph.nodes:
        assert [one["state"] for one in told if one.get("node") == node.id] == ["queued", "running", "done"]


def test_every_node_has_a_preview(done):
    _, _, found = done
    table = found["load"]["summary"]
    assert {column["name"]: column["type"] for column in table["columns"]}["when"] == "date"
    assert next(column["missing"] for column in table["columns"] if column["name"] == "age") == 24
    assert len(table["rows"]) == 50
    assert dict(found["split"]["summary"]["facts"])["Rows to judge by"] == 80
    cities = {
        row[[c["name"] for c in found["split"]["summary"]["columns"]].index("city")]
        for row in found["split"]["summary"]["rows"]
    }
    assert cities <= {"Bern", "Rome", "Oslo"}
    filled = found["fill"]["summary"]
    assert sum(column["missing"] for column in filled["columns"]) == 0
    assert not any(column["type"] == "category" for column in found["encode"]["summary"]["columns"])
    assert found["linear"]["summary"]["columns"][0]["name"] == "true bought"
    scores = found["judge-linear"]["summary"]["scores"]
    assert scores["measures"][0]["metric"] == "roc_auc"
    assert scores["low"] < scores["measures"][0]["score"] <= scores["high"] <= 1
    assert np.sum(scores["curves"]["confusion"]) == scores["rows"] == 80
    compared = found["compare"]["summary"]["comparison"]["rows"]
    assert compared[0]["score"] >= compared[1]["score"] > 0.7


def test_what_did_not_change_is_not_run_again(done, graph):
    out, _, before = done
    again = run_graph(graph, out)
    assert set(states(again).values()) == {"kept"}
    assert again["compare"]["summary"] == before["compare"]["summary"]
    other = replace(
        graph, nodes=tuple(replace(n, settings={"C": 0.01}) if n.id == "linear" else n for n in graph.nodes)
    )
    changed = states(run_graph(other, out))
    assert {name for name, state in changed.items() if state == "done"} == {"linear", "judge-linear", "compare"}


def test_moving_and_naming_a_node_runs_nothing_again(graph, done):
    out, _, _ = done
    moved = replace(graph, nodes=tuple(replace(n, x=5.0, title=f"my {n.id}") for n in graph.nodes))
    assert [n for n, d in digests(moved).items() if d != digests(graph)[n]] == ["compare"]
    found = run_graph(moved, out)
    assert {row["name"] for row in found["compare"]["summary"]["comparison"]["rows"]} == {"my linear", "my forest"}


def test_another_table_under_the_same_name_is_another_result(shop, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(shop.read_text())
    made = from_template("first", source="mine", target="bought")
    first = digests(made, {"mine": path})
    path.write_text("\n".join(shop.read_text().splitlines()[:-1]))
    assert not set(first.values()) & set(digests(made, {"mine": path}).values())
    assert digests(made, {"mine": tmp_path / "none.csv"}) == {}


def test_only_what_is_wanted_runs(graph, tmp_path):
    found = run_graph(graph, tmp_path, only=["fill"])
    assert states(found) == {"load": "done", "split": "done", "fill": "done"}


def test_a_failure_keeps_back_what_follows_and_nothing_else(graph, tmp_path):
    broken = replace(
        graph,
        nodes=tuple(replace(n, settings={"max_features": "many"}) if n.id == "forest" else n for n in graph.nodes),
    )
    found = run_graph(broken, tmp_path)
    assert found["forest"]["state"] == "failed"
    assert "Share of columns a cut looks at is a number" in found["forest"]["error"]["what"]
    assert [n for n, s in states(found).items() if s == "waiting"] == ["judge-forest", "compare"]
    assert found["judge-linear"]["state"] == "done"


def test_an_error_of_the_engine_is_told_with_its_mend(shop, tmp_path):
    wrong = from_template("first", source=str(shop), target="boght")
    found = run_graph(wrong, tmp_path)
    assert found["load"]["error"] == {
        "what": "There is no column 'boght'.",
        "mend": "Did you mean 'bought'?",
        "code": "target-missing",
    }
    missing = from_template("first", source=str(tmp_path / "none.csv"), target="bought")
    assert run_graph(missing, tmp_path)["load"]["state"] == "failed"


@pytest.mark.parametrize("method", ["random", "stratified", "time", "group"])
def test_rows_that_judge_reach_no_fit(shop, method, monkeypatch):
    """Their number, a column that names each row, is never among what a step, model or encoder learns from."""
    table = load(str(shop), target="bought", keep=["number"])
    column = {"time": "when", "group": "household"}.get(method, "")
    seen: set[float] = set()

    def watch(X):
        at = [column.name for column in X.columns].index("number")
        seen.update(np.round(X.dense[:, at], 2).tolist())

    from hortus.features.clean import Impute
    from hortus.features.encode import TableEncoder
    from hortus.features.target import TargetMean
    from hortus.models.lightgbm import LightGBM

    def watched(of: type[Step]):
        fit = of.fit_transform

        def fit_transform(self, X, y, **more):
            watch(X)
            return fit(self, X, y, **more)

        monkeypatch.setattr(of, "fit_transform", fit_transform)

    watched(Impute)
    watched(TargetMean)
    learn, encode = LightGBM.fit, TableEncoder.fit_transform

    def fit(self: Model, train, context, valid=None):
        watch(train.X)
        if valid is not None:
            watch(valid.X)
        return learn(self, train, context, valid)

    def fit_transform(self, frame, schema) -> Matrix:
        seen.update(np.round(frame["number"], 2).tolist())
        return encode(self, frame, schema)

    monkeypatch.setattr(LightGBM, "fit", fit)
    monkeypatch.setattr(TableEncoder, "fit_transform", fit_transform)
    rows = split(table, method=method, column=column)
    model(step(step(rows, name="impute"), name="target", min_categories=2), name="lightgbm")
    judges = set((rows.kept[rows.test] + 0.25).tolist())
    assert 60 <= len(judges) <= 100
    assert seen == set((rows.kept + 0.25).tolist()) - judges
    if method == "time":
        assert min(judges) == 320.25
    if method == "group":
        house = table.frame["household"].to_numpy()
        assert not set(house[rows.test]) & set(house[rows.data.train_rows(0)])


def test_in_folds_what_looks_at_the_target_sees_its_own_rows_alone(shop):
    rows = split(load(str(shop), target="bought"), method="folds", folds=4)
    found = step(rows, name="target", min_categories=2)
    assert [len(X) for X in found.train] == [300] * 4
    alone = [fitted.what.state() for fitted in found.fitted]
    assert len({json.dumps(state, default=lambda v: np.asarray(v).tolist()) for state in alone}) == 4


def test_a_split_by_class_keeps_the_shares(shop):
    rows = split(load(str(shop), target="bought"), share=0.25)
    y = np.asarray(rows.data.y)
    assert y[rows.test].mean() == pytest.approx(y.mean(), abs=0.01)


def test_one_file_serves_the_whole_graph(shop, tmp_path):
    made = from_template("first", source=str(shop), target="bought")
    nodes = tuple(replace(n, kind="linear") if n.id == "model" else n for n in made.nodes)
    found = run_graph(replace(made, nodes=nodes), tmp_path)
    assert set(states(found).values()) == {"done"}
    path = tmp_path / "results" / found["deploy"]["digest"] / "model.hortus"
    frame = pd.read_csv(shop)
    predictor = hortus.load(path)
    assert predictor.facts["graph"]["nodes"][0]["id"] == "load"
    said = predictor.predict_proba(frame.drop(columns="bought"))
    from hortus.deploy.serve.app import make_app

    rows = json.loads(frame.drop(columns="bought").head(3).to_json(orient="records"))

    async def ask():
        transport = httpx.ASGITransport(app=make_app(predictor))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/v1/predict", json={"rows": rows})

    answer = asyncio.run(ask()).json()
    served = [row["probabilities"]["yes"] for row in answer["predictions"]]
    assert served == pytest.approx(said[:3, 1], abs=1e-6)


def test_a_search_is_a_node_that_learns_from_its_rows_alone(shop, tmp_path):
    made = from_template("search", source=str(shop), target="bought")
    settings = {"trials": 2, "time": None, "models": ["linear"]}
    made = replace(made, nodes=tuple(replace(n, settings=settings) if n.id == "search" else n for n in made.nodes))
    told = []
    found = run_graph(made, tmp_path, tell=told.append)
    assert set(states(found).values()) == {"done"}, found
    assert any(one.get("share") for one in told)
    folder = tmp_path / "results" / found["search"]["digest"] / "search"
    from hortus.run import open_run

    assert len(open_run(folder).prepared.data) == 320
    assert set(states(run_graph(made, tmp_path)).values()) == {"kept"}
    assert found["judge-search"]["summary"]["scores"]["measures"][0]["score"] > 0.7


def test_a_process_of_its_own_leaves_events_and_results(shop, tmp_path):
    made = from_template("first", source="table-1", target="bought")
    nodes = tuple(replace(n, kind="tree") if n.id == "model" else n for n in made.nodes)
    (tmp_path / "graph.json").write_text(json.dumps(replace(made, nodes=nodes).to_json()))
    (tmp_path / "sources.json").write_text(json.dumps({"table-1": str(shop)}))
    command = [sys.executable, "-m", "hortus.run.graph", str(tmp_path / "graph.json"), "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, "--sources", str(tmp_path / "sources.json")], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    ended = {one["node"]: one["digest"] for one in events if one.get("state") == "done"}
    assert set(ended) == {"load", "split", "model", "evaluate", "deploy"}
    assert summary(tmp_path / "out", ended["evaluate"])["kind"] == "scores"
    (tmp_path / "graph.json").write_text("{}")
    assert subprocess.run(command, check=False, capture_output=True).returncode == 2


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_templates_are_whole(template, shop):
    from hortus.run.graph import problems

    made = from_template(template.name, source=str(shop), target="bought")
    assert problems(made) == ()
    assert len({(node.x, node.y) for node in made.nodes}) == len(made.nodes)
    assert Graph.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_columns_can_be_read_otherwise_and_left_out(shop, tmp_path):
    nodes = (
        Node("load", "load", {"source": str(shop), "target": "bought"}),
        Node("house", "categories", {"columns": ["household"]}),
        Node("less", "leave_out", {"columns": ["number"]}),
        Node("split", "split"),
    )
    edges = (Edge("load", "house"), Edge("house", "less"), Edge("less", "split"))
    found = run_graph(Graph(nodes, edges), tmp_path)
    kinds = {column["name"]: column["type"] for column in found["split"]["summary"]["columns"]}
    assert kinds["household"] == "category"
    assert "number" not in kinds
