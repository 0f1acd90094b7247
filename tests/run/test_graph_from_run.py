"""A finished search as a graph, and a graph as a script: the same scores, however they are come by."""

import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from typer.testing import CliRunner

import hortus
from hortus.cli import app
from hortus.errors import InputError
from hortus.run import Settings, fit
from hortus.run.graph import Edge, Graph, Node, problems, run_graph
from hortus.run.graph.from_run import from_run
from hortus.run.graph.script import to_script
from hortus.run.graph.templates import from_template


@pytest.fixture(scope="module")
def cancer(tmp_path_factory):
    """A table with a category and gaps, and a search of it that was limited by trials alone."""
    folder = tmp_path_factory.mktemp("from-run")
    frame = load_breast_cancer(as_frame=True).frame.iloc[:300, [0, 1, 4, 20, 24, 30]]
    frame = frame.assign(size=np.where(frame["mean radius"] > 14, "large", "small"))
    frame.loc[frame.index[::9], "mean texture"] = np.nan
    path = folder / "cancer.csv"
    frame.to_csv(path, index=False)
    settings = Settings(trials=4, models=("linear", "lightgbm"), folds=3, executor="inline", slots=1, seed=3)
    return path, fit(str(path), "target", settings, folder=folder / "run")


def test_the_best_pipeline_of_a_search_comes_to_its_score(cancer, tmp_path):
    path, result = cancer
    graph = from_run(result, source=str(path))
    assert problems(graph) == ()
    found = run_graph(graph, tmp_path)
    assert {one["state"] for one in found.values()} == {"done"}, found
    best = max(row.value for row in result.rows)
    first = found["evaluate"]["summary"]["scores"]["measures"][0]
    assert first["score"] == best
    fold_scores = next(row.evaluation.fold_scores for row in result.rows if row.value == best)
    assert found["evaluate"]["summary"]["scores"]["folds"] == list(fold_scores)


def test_the_whole_ensemble_opens_as_a_graph(cancer, tmp_path):
    path, result = cancer
    graph = from_run(result, source=str(path), which="ensemble")
    members = [int(number) for number in result.chosen["weights"]]
    found = run_graph(graph, tmp_path)
    assert {one["state"] for one in found.values()} == {"done"}, found
    models = [node for node in graph.nodes if node.kind in ("linear", "lightgbm")]
    assert sorted(int(node.title.split()[-1]) for node in models) == sorted(members)
    frame = pd.read_csv(path).drop(columns="target")
    made = hortus.load(tmp_path / "results" / found["deploy"]["digest"] / "model.hortus")
    np.testing.assert_allclose(made.predict_proba(frame), result.model.predict_proba(frame), atol=1e-9)


def test_a_search_of_trees_opens_as_a_graph_too(tmp_path):
    frame = load_diabetes(as_frame=True).frame.iloc[:150]
    frame.to_csv(tmp_path / "sugar.csv", index=False)
    settings = Settings(
        trials=12,
        space="trees",
        strategy="random",
        models=("linear", "tree"),
        folds=2,
        executor="inline",
        slots=1,
        seed=1,
    )
    result = fit(str(tmp_path / "sugar.csv"), "target", settings, folder=tmp_path / "run")
    stacked = [row for row in result.rows if "stack" in row.describe and row.value is not None]
    assert stacked
    # The best of those with a stacked model below.
    chosen = max(stacked, key=lambda row: row.value)
    rows = tuple(row for row in result.rows if row.number == chosen.number)
    graph = from_run(replace(result, rows=rows), source=str(tmp_path / "sugar.csv"))
    assert "stack" in [node.kind for node in graph.nodes]
    found = run_graph(graph, tmp_path / "out")
    assert found["evaluate"]["summary"]["scores"]["measures"][0]["score"] == chosen.value


def ran(script, folder):
    """The script's lines ``name: metric value``, run by itself and clean by the linter."""
    (folder / "graph.py").write_text(script, encoding="utf-8")
    for command in (
        ["check", "--isolated", "--line-length=120"],
        ["format", "--check", "--isolated", "--line-length=120"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, str(folder / "graph.py")],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + script
    done = subprocess.run([sys.executable, "graph.py"], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(.+): (.+) (-?[\d.]+)$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("which", ["by-hand", "ensemble"])
def test_a_script_comes_to_the_scores_of_its_graph(which, cancer, tmp_path):
    path, result = cancer
    if which == "ensemble":
        graph = from_run(result, source=str(path), which="ensemble")
    else:
        graph = from_template("by-hand", source=str(path), target="target")
    found = run_graph(graph, tmp_path / "out")
    told = {(name, label): float(value) for name, label, value in ran(to_script(graph), tmp_path)}
    judged = [one["summary"]["scores"] for one in found.values() if one["summary"]["kind"] == "scores"]
    assert judged
    for scores in judged:
        for measure in scores["measures"]:
            assert told[scores["name"], measure["label"]] == pytest.approx(measure["shown"], abs=1e-6)


def test_a_script_names_what_came_with_the_table_as_it_is(cancer):
    path, _ = cancer
    graph = from_template("first", source="studio-table-1", target='say "x"')
    text = to_script(replace(graph, title='A "title"\nwith import os'), sources={"studio-table-1": str(path)})
    assert f'load("{path}", target=\'say "x"\')' in text
    compile(text, "graph.py", "exec")
    with pytest.raises(InputError, match="not set"):
        to_script(from_template("first"))


def test_the_command_line_draws_a_run_runs_it_and_writes_it(cancer, tmp_path):
    path, result = cancer
    command = ["design", str(result.folder), "--out", str(tmp_path / "out")]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2
    assert "--table data.csv" in refused.output
    done = CliRunner().invoke(app, [*command, "--table", str(path)])
    assert done.exit_code == 0, done.output
    best = max(row.value for row in result.rows)
    assert f"evaluate: ROC AUC {best:.4f}, guessing 0.5000." in done.output
    graph = tmp_path / "out" / "graph.json"
    again = CliRunner().invoke(app, ["design", str(graph), "--out", str(tmp_path / "out")])
    assert again.exit_code == 0
    assert "    done  " not in again.output
    written = CliRunner().invoke(app, ["design", str(graph), "--out", "x", "--script", str(tmp_path / "graph.py")])
    assert written.exit_code == 0
    assert "stopped_by_test=True" in (tmp_path / "graph.py").read_text()
    graph.write_text("{")
    assert CliRunner().invoke(app, ["design", str(graph), "--out", str(tmp_path / "out")]).exit_code == 2


@pytest.mark.rotated
def test_a_graph_with_every_part_runs_and_its_script_comes_to_the_same(cancer, tmp_path):
    path, _ = cancer
    chain = ("load", "split", "impute", "onehot", "scale", "arithmetic", "select", "linear", "evaluate", "compare")
    settings = {
        "load": {"source": str(path), "target": "target"},
        "search": {"trials": 2, "time": None, "models": ["linear"]},
    }
    kinds = (*chain, "search", "rival", "deploy")
    nodes = tuple(Node(kind, "evaluate" if kind == "rival" else kind, settings.get(kind, {})) for kind in kinds)
    edges = [*pairwise(chain), ("split", "search"), ("search", "rival"), ("rival", "compare"), ("search", "deploy")]
    graph = Graph(nodes, tuple(Edge(*edge) for edge in edges))
    assert problems(graph) == ()
    found = run_graph(graph, tmp_path / "out")
    assert {one["state"] for one in found.values()} == {"done"}, found
    told = [(name, float(value)) for name, label, value in ran(to_script(graph), tmp_path) if label == "ROC AUC"]
    scores = [found[kind]["summary"]["scores"] for kind in ("evaluate", "rival")]
    for score in scores:
        assert (score["name"], pytest.approx(score["measures"][0]["shown"], abs=1e-6)) in told
    assert len({score["name"] for score in scores}) == 2
