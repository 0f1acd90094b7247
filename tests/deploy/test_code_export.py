"""Models as scripts: trained again without Hortus they predict the same, and nothing in a table becomes code."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hortus.cli import app as commands
from hortus.data.read import read_table
from hortus.deploy.code import CodeInputs, export_code
from hortus.ensemble.calibration import Temperature
from hortus.ensemble.predictor import Member, Predictor
from hortus.ensemble.stacking import Stacking
from hortus.errors import ArtifactError, SettingError
from hortus.libraries import installed
from hortus.models.base import FitContext
from hortus.run import Settings, fit
from hortus.run.export import code_inputs
from hortus.run.prepare import Prepared, Sides, prepare
from hortus.seeds import derive
from hortus.spaces.nodes import ModelNode, Node, RowsNode, StackNode, StepNode, UnionNode
from hortus.spaces.pipeline import Pipeline

KINDS = ("binary", "multiclass", "regression")
TRAIN = 160
LIBRARIES = {"catboost": "catboost", "xgboost": "xgboost", "mlp": "torch"}
HOSTILE = 'x"); import os; os.system("touch pwned'
# Runs a script as its reader would, in a Python that has no Hortus.
WITHOUT_HORTUS = """
import runpy, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "hortus":
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def make_table(kind: str, rows: int = 240) -> pd.DataFrame:
    """Numbers with gaps, long numbers, numbers with units, categories with gaps, many categories, dates, truths."""
    rng = np.random.default_rng(3)
    age = rng.normal(40, 12, rows).round(1)
    city = rng.choice(["Rome", "Oslo", "Lima", "Bonn"], rows, p=[0.5, 0.25, 0.15, 0.1])
    when = pd.Timestamp("2019-11-05") + pd.to_timedelta(rng.integers(0, 800, rows), "D")
    signal = age / 12 + (city == "Rome") + 2 * (when.month == 5) + rng.normal(0, 1, rows)
    target = {
        "binary": np.where(signal > 3.7, "yes", "no"),
        "multiclass": np.digitize(signal, [3.0, 4.5]),
        "regression": signal.round(4),
    }[kind]
    return pd.DataFrame(
        {
            "age": np.where(rng.random(rows) < 0.1, np.nan, age),
            "income": rng.lognormal(8, 1, rows).round(2),
            "stamp": 1_700_000_000_000 + rng.integers(0, 90_000, rows),
            "weight": [f"{value:.1f} kg" for value in rng.normal(70, 9, rows)],
            "city": pd.Series(city).mask(rng.random(rows) < 0.1),
            "street": [f"s{int(i) % 60}" for i in rng.zipf(1.4, rows)],
            "zip": [f"0{int(i)}" for i in rng.integers(1000, 1030, rows)],
            "when": when.strftime("%d.%m.%Y"),
            "open": rng.choice(["yes", "no"], rows),
            "y": target,
        }
    )


def step(name: str, below: Node, **params: Any) -> StepNode:
    return StepNode(name, params, (below,))


def ready(below: Node, scale: str = "standard") -> Node:
    return step("scale", step("impute", step("onehot", below)), method=scale)


def boosted(model: str, below: Node, **params: Any) -> Pipeline:
    return Pipeline(ModelNode(model, {"learning_rate": 0.3, **params}, below))


def pipelines(kind: str) -> list[Pipeline]:
    """Between them every step, every learner, unions and stacks."""
    rows = RowsNode()
    few = {"n_estimators": 8}
    stacked = StackNode("linear", {"C": 1.0}, ready(rows))
    mean = {"value": "median"} if kind == "regression" else {}
    found = [
        Pipeline(ModelNode("baseline", mean, rows)),
        Pipeline(ModelNode("tree", {"max_depth": 4}, rows)),
        Pipeline(ModelNode("linear", {"C": 10.0}, step("select", ready(rows, "robust"), share=0.8))),
        Pipeline(ModelNode("neighbors", {"n_neighbors": 9}, step("common_scale", step("impute", step("count", rows))))),
        Pipeline(
            ModelNode(
                "svm", {"C": 3.0}, step("pca", ready(step("target", rows), "quantile"), components=4, replace=True)
            )
        ),
        Pipeline(ModelNode("forest", few, step("groups", step("ordinal", rows), n_new=3))),
        Pipeline(ModelNode("forest", few, step("ordinal", step("groups", rows, n_new=3)))),
        Pipeline(ModelNode("extra_trees", few, step("ordinal", step("arithmetic", step("crosses", rows))))),
        boosted("lightgbm", step("variance", step("select", rows, share=0.7, method="information")), extra_trees=True),
        boosted("catboost", rows, depth=3),
        boosted("xgboost", rows, max_depth=3, subsample=0.7),
        Pipeline(ModelNode("mlp", {"width": 16, "effort": 0.1}, rows)),
        Pipeline(ModelNode("mlp", {"width": 16, "effort": 0.1, "residual": True, "schedule": "cosine"}, rows)),
        boosted("lightgbm", UnionNode((stacked, step("pca", ready(rows))))),
        Pipeline(ModelNode("linear", {}, StackNode("svm", {}, UnionNode((stacked, ready(rows)))))),
    ]
    return [one for one in found if one.root.model not in LIBRARIES or installed(LIBRARIES[one.root.model])]


def inputs_of(prepared: Prepared, candidates: Sequence[Pipeline], deadline: float | None = None) -> CodeInputs:
    """What a run of these candidates alone would hand over, all of one weight; the deadline is for the last fold."""
    data = prepared.data
    members, seeds = [], {}
    for number, candidate in enumerate(candidates):
        seeds[number] = derive(0, "trial", number)
        folds = []
        for fold in range(data.folds.count):
            until = deadline if fold == data.folds.count - 1 else None
            told = FitContext(data.kind, data.classes, seed=derive(seeds[number], "fold", fold), deadline=until)
            valid = data.rows(data.valid_rows(fold))
            folds.append(candidate.fit(data.rows(data.train_rows(fold)), told, valid))
        members.append(Member(number, candidate.describe(), 1 / len(candidates), tuple(folds)))
    predictor = Predictor(prepared.task, prepared.schema, prepared.encoder, tuple(members))
    folds_, weight = data.folds, data.weight
    return CodeInputs(predictor, seeds, np.asarray(folds_.assignment), ordered=folds_.ordered, weight=weight)


def load(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"exported_{abs(hash(script))}", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def trained(script: Path, table: pd.DataFrame, inputs: CodeInputs) -> Any:
    return load(script).model().fit(table, np.asarray(inputs.assignment), inputs.weight)


def lint(script: Path) -> None:
    for command in (["check", "--isolated"], ["format", "--check", "--config", str(script.with_name("ruff.toml"))]):
        words = [sys.executable, "-m", "ruff", *command, str(script)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_and_learner_is_trained_again_the_same(kind: str, tmp_path: Path) -> None:
    table = make_table(kind)
    train, new = table[:TRAIN], table[TRAIN:]
    settings = Settings(kind=kind, folds=2)  # type: ignore[arg-type]
    inputs = inputs_of(prepare(train, "y", settings, Sides()), pipelines(kind))
    script = export_code(inputs, tmp_path / "code")
    lint(script)
    model = trained(script, train, inputs)
    canonical, _ = inputs.predictor.schema.apply(new)
    X = inputs.predictor.encoder.transform(canonical)
    rows = model.preparation.transform(new)
    for member, chains in zip(inputs.predictor.members, model.fitted, strict=True):
        found = sum(chain.predict(rows) for chain in chains) / len(chains)
        np.testing.assert_allclose(found, member.predict(X), atol=1e-6, rtol=1e-6, err_msg=member.name)
    np.testing.assert_allclose(model.predict(new), inputs.predictor.raw(new), atol=1e-6)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    table = make_table("binary").assign(w=np.arange(240) % 3 + 0.1)
    table[:TRAIN].to_csv(folder / "train.csv", index=False)
    table[TRAIN:].drop(columns="y").to_csv(folder / "new.csv", index=False)
    settings = Settings(trials=3, models=("linear", "lightgbm"), executor="inline", weight="w", folds=3)
    fit(folder / "train.csv", "y", settings, folder=folder / "run")
    return folder


def test_a_run_is_trained_again_where_there_is_no_hortus(run_folder: Path, tmp_path: Path) -> None:
    inputs = code_inputs(run_folder / "run")
    script = export_code(inputs, tmp_path / "code")
    lint(script)
    predictions = tmp_path / "predictions.csv"
    files = [script, run_folder / "train.csv", run_folder / "new.csv", predictions]
    command = [sys.executable, "-I", "-W", "error", "-c", WITHOUT_HORTUS, *map(str, files)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "out of fold: accuracy" in done.stdout
    found = pd.read_csv(predictions)
    new, _ = read_table(run_folder / "new.csv")
    want = inputs.predictor.raw(new)
    np.testing.assert_allclose(found[["P(no)", "P(yes)"]].to_numpy(), want, atol=1e-6)
    assert found["y"].tolist() == inputs.predictor.predict(new).tolist()


def test_a_run_without_time_for_a_trial_is_its_baseline(tmp_path: Path) -> None:
    table = make_table("regression", 12_800)[["age", "income", "city", "y"]]
    settings = Settings(time=0.1, executor="inline", kind="regression", folds=5)
    fit(table, "y", settings, folder=tmp_path / "run")
    inputs = code_inputs(tmp_path / "run")
    assert [member.number for member in inputs.predictor.members] == [-1]
    assert 0 < inputs.shares[-1] < 1
    script = export_code(inputs, tmp_path / "code")
    lint(script)
    model = trained(script, table, inputs)
    np.testing.assert_allclose(model.predict(table[:500]), inputs.predictor.raw(table[:500]), rtol=1e-6)


def test_the_folder_names_the_columns_and_what_it_needs(run_folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "code" / "train.py"
    command = ["export", str(run_folder / "run"), "--to", "code", "--out", str(script.parent)]
    done = CliRunner().invoke(commands, command)
    assert (done.exit_code, str(script) in done.output.replace("\n", "")) == (0, True), done.output
    assert {file.name for file in script.parent.iterdir()} == {
        "train.py", "folds.csv", "requirements.txt", "README.md", "ruff.toml",
    }  # fmt: skip
    text = script.read_text()
    assert '"weight": WrittenNumber(decimal=".", unit="kg"),' in text
    assert '"zip": Category(as_text=True),' in text
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]  # type: ignore[union-attr]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert "hortus" not in imported
    required = (script.parent / "requirements.txt").read_text()
    assert {line.split("==")[0] for line in required.split()} >= {
        "lightgbm",
        "numpy",
        "pandas",
        "scikit-learn",
        "scipy",
    }
    assert "hortus" not in required
    assert (script.parent / "folds.csv").read_text().splitlines()[0] == "fold,weight"


@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_whose_time_was_up_is_trained_on_as_few_rows(kind: str, tmp_path: Path) -> None:
    train = make_table(kind, 706)
    candidates = [Pipeline(ModelNode("svm", {"C": 0.3}, ready(RowsNode())))]
    settings = Settings(kind=kind, folds=2)  # type: ignore[arg-type]
    inputs = inputs_of(prepare(train, "y", settings, Sides()), candidates, deadline=0.0)
    script = export_code(inputs, tmp_path / "code")
    assert "rows=(None, 300)[fold]" in script.read_text()
    model = trained(script, train, inputs)
    np.testing.assert_allclose(model.predict(train), inputs.predictor.raw(train), atol=1e-6)


class Curves:
    """A calibration by one curve, as the ensemble has it."""

    def to_json(self) -> dict[str, Any]:
        return {"kind": "isotonic", "curves": [[[0.3, 0.6], [0.2, 0.7]]]}

    def apply(self, probabilities: Any) -> Any:
        second = np.interp(probabilities[:, 1], [0, 0.3, 0.6, 1], [0, 0.2, 0.7, 1])
        return np.column_stack([1 - second, second])


@pytest.mark.parametrize("ending", ["stacking", "curves"])
def test_stacks_and_calibration(ending: str, tmp_path: Path) -> None:
    train = make_table("binary")[:TRAIN]
    linear = Pipeline(ModelNode("linear", {}, ready(RowsNode())))
    inputs = inputs_of(prepare(train, "y", Settings(folds=2), Sides()), [linear, pipelines("binary")[1]])
    changes: dict[str, Any] = {"calibration": Curves()}
    if ending == "stacking":
        changes = {"calibration": Temperature(1.3), "stacking": Stacking((0.8, 0.4), (0.1, -0.2))}
    inputs = dataclasses.replace(inputs, predictor=dataclasses.replace(inputs.predictor, **changes))
    script = export_code(inputs, tmp_path / "code")
    lint(script)
    model = trained(script, train, inputs)
    np.testing.assert_allclose(model.predict(train), inputs.predictor.raw(train), atol=1e-6)


@pytest.mark.parametrize("telling", [False, True])
def test_text_and_time_and_a_class_seen_once_and_a_row_without_a_target(tmp_path: Path, telling: bool) -> None:
    table = make_table("multiclass")[:TRAIN]
    rng = np.random.default_rng(0)
    words = ["good", "bad", "fine", "awful", "great", "late", "soon", "never", "cheap", "dear"]
    table["told"] = [" ".join(rng.choice(words, 9)) + "." for _ in range(TRAIN)]
    if telling:
        table["told"] += " Number " + table["y"].astype(str)
    table.loc[5, "y"] = 7
    # Whole numbers beside a gap are floats, and the row has no fold.
    table.loc[9, "y"] = np.nan
    candidates = [
        Pipeline(ModelNode("linear", {"text_weight": 3.0}, ready(RowsNode()))),
        Pipeline(ModelNode("tree", {}, step("arithmetic", RowsNode()))),
    ]
    settings = Settings(folds=2, kind="multiclass")
    prepared = prepare(table, "y", settings, Sides(order=np.arange(TRAIN)))
    assert prepared.data.X.text is not None
    assert prepared.data.folds.ordered
    inputs = inputs_of(prepared, candidates)
    # Where the words say nothing, the linear model does without.
    assert all(len(fold.model._words) > 0 for fold in inputs.predictor.members[0].folds) == telling
    script = export_code(inputs, tmp_path / "code")
    lint(script)
    model = trained(script, table, inputs)
    np.testing.assert_allclose(model.predict(table), inputs.predictor.raw(table), atol=1e-6)


def test_hostile_names_stay_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [HOSTILE, "a \"b\" 'c'", "class", "line\nbreak", "self", "név 🌱 \u202e", '"""', "{0}\\", "fold"]
    table = make_table("binary")[:TRAIN]
    table.columns = [*names, "y"]
    target = '"""); import os; os.system("touch pwned")  #'
    table = table.rename(columns={"y": target})
    table[target] = table[target].map({"yes": '"""\n', "no": "'}"})
    candidates = [Pipeline(ModelNode("linear", {}, ready(RowsNode()))), boosted("lightgbm", RowsNode())]
    inputs = inputs_of(prepare(table, target, Settings(folds=2), Sides()), candidates)
    script = export_code(inputs, tmp_path / "code")
    lint(script)
    table.to_csv(tmp_path / "train.csv", index=False)
    module = load(script)
    model = module.model()
    model.fit(module.read(tmp_path / "train.csv", model), np.asarray(inputs.assignment))
    np.testing.assert_allclose(model.predict(table), inputs.predictor.raw(table), atol=1e-6)
    assert list(module.columns()) == names
    assert not list(tmp_path.rglob("pwned"))


def test_what_cannot_be_written_is_refused_before_anything_is(run_folder: Path, tmp_path: Path) -> None:
    inputs = code_inputs(run_folder / "run")
    out = tmp_path / "code"
    with pytest.raises(ArtifactError, match="seed of trial"):
        export_code(dataclasses.replace(inputs, seeds={}), out)
    member = inputs.predictor.members[0]
    odd = dataclasses.replace(
        member.folds[0], pipeline=Pipeline(ModelNode("linear", {}, StackNode("lightgbm", {}, step("own", RowsNode()))))
    )
    members = (dataclasses.replace(member, folds=(odd,)),)
    predictor = dataclasses.replace(inputs.predictor, members=members)
    with pytest.raises(ArtifactError, match=r"'own' of trial .*how many rounds|how many rounds.*'own' of trial"):
        export_code(dataclasses.replace(inputs, predictor=predictor), out)
    assert not out.exists()
    out.mkdir()
    (out / "mine.txt").write_text("")
    with pytest.raises(SettingError, match="there already"):
        export_code(inputs, out)
    assert [file.name for file in out.iterdir()] == ["mine.txt"]


def test_other_rows_are_refused(run_folder: Path, tmp_path: Path) -> None:
    inputs = code_inputs(run_folder / "run")
    module = load(export_code(inputs, tmp_path / "code"))
    table = make_table("binary")[:TRAIN]
    with pytest.raises(ValueError, match="159 rows of the table a target"):
        module.model().fit(table[1:], np.asarray(inputs.assignment))
    model = module.model().fit(table, np.asarray(inputs.assignment), inputs.weight)
    with pytest.raises(KeyError, match="lacks the columns"):
        model.predict(table.drop(columns="city"))
    assert model.predict(table[:0]).shape == (0, 2)
