"""Every learner and step as ONNX, beside the model it was made from."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hortus.data.infer import infer_schema
from hortus.data.rows import Rows
from hortus.data.task import Task
from hortus.deploy.onnx import Refusal, export_onnx, refusals
from hortus.deploy.onnx.encoder import DAY, NO_DATE, feeds, inputs_of
from hortus.deploy.onnx.parity import Parity, session
from hortus.deploy.onnx.pipeline import LEARNERS
from hortus.deploy.onnx.predict import read
from hortus.deploy.onnx.steps import CONVERT
from hortus.deploy.onnx.text import ALIKE_FROM
from hortus.ensemble.calibration import Temperature
from hortus.ensemble.predictor import Member, Predictor
from hortus.ensemble.stacking import Stacking
from hortus.ensemble.threshold import Threshold
from hortus.errors import ArtifactError, SettingError
from hortus.features import STEPS
from hortus.features.encode import TableEncoder
from hortus.libraries import installed
from hortus.models.base import FitContext
from hortus.spaces.nodes import ModelNode, RowsNode, StackNode, StepNode, UnionNode
from hortus.spaces.pipeline import Pipeline

pytest.importorskip("onnxruntime")

ROWS = RowsNode()
KINDS = ("binary", "multiclass", "regression")
CLASSES = {"binary": ("no", "yes"), "multiclass": (1, 2, 5), "regression": ()}


def step(name, below=ROWS, **params):
    return StepNode(name, params, (below,))


SCALED = step("scale", step("impute", step("onehot", max_categories=5)))
FILLED = step("impute", step("ordinal"))
TREES = {"min_data_in_leaf": 3}
NEEDS = {
    "xgboost": ("xgboost",),
    "catboost": ("catboost",),
    "mlp": ("torch", "safetensors"),
    "mlp residual": ("torch", "safetensors"),
}
ROUNDED = 5e-6  # of learners that add in single precision
LEARNER_CASES = {
    "baseline": (ModelNode("baseline", {}, ROWS), 1e-15),
    "linear": (ModelNode("linear", {}, SCALED), 1e-12),
    "svm": (ModelNode("svm", {}, SCALED), 1e-9),
    "tree": (ModelNode("tree", {}, ROWS), 1e-12),
    "forest": (ModelNode("forest", {"n_estimators": 8}, FILLED), 1e-12),
    "extra_trees": (ModelNode("extra_trees", {"n_estimators": 8}, step("ordinal")), 1e-12),
    "lightgbm": (ModelNode("lightgbm", TREES, ROWS), 1e-12),
    "xgboost": (ModelNode("xgboost", {"max_cat_to_onehot": 3, "max_depth": 4}, ROWS), ROUNDED),
    "catboost": (
        ModelNode("catboost", {"learning_rate": 0.5, "depth": 4, "one_hot_max_size": 2, "max_ctr_complexity": 3}, ROWS),
        1e-12,
    ),
    "mlp": (ModelNode("mlp", {"width": 16, "effort": 0.1}, ROWS), ROUNDED),
    "mlp residual": (ModelNode("mlp", {"width": 16, "effort": 0.1, "residual": True}, ROWS), ROUNDED),
    "neighbors": (ModelNode("neighbors", {"p": 1}, SCALED), 1e-6),
}
STEP_CASES = {
    "impute": ModelNode("linear", {}, step("impute", step("ordinal"), strategy="mean", indicators=False)),
    "onehot": ModelNode("linear", {}, step("impute", step("onehot", max_categories=100))),
    "target": ModelNode("lightgbm", TREES, step("target", min_categories=2)),
    "count": ModelNode("lightgbm", TREES, step("count")),
    "ordinal": ModelNode("lightgbm", TREES, step("ordinal")),
    "scale": ModelNode("linear", {}, step("scale", step("impute", step("onehot")), method="quantile")),
    "scale robust": ModelNode("linear", {}, step("scale", step("impute", step("count")), method="robust")),
    "scale with gaps": ModelNode("lightgbm", TREES, step("scale", method="quantile")),
    "common_scale": ModelNode("linear", {}, step("common_scale", FILLED)),
    "arithmetic": ModelNode("lightgbm", TREES, step("arithmetic", n_new=12)),
    "crosses": ModelNode("lightgbm", TREES, step("crosses", n_new=2)),
    "groups": ModelNode("lightgbm", TREES, step("groups", n_new=10)),
    "select": ModelNode("lightgbm", TREES, step("select", share=0.5)),
    "variance": ModelNode("lightgbm", TREES, step("variance", share=0.9)),
    "pca": ModelNode("linear", {}, step("pca", FILLED, components=3)),
    "pca alone": ModelNode("lightgbm", TREES, step("pca", components=3, replace=True)),
    "union and stack": ModelNode(
        "lightgbm", TREES, UnionNode((ROWS, StackNode("linear", {}, SCALED), StackNode("baseline", {}, ROWS)))
    ),
}


def table(rows=240):
    """Numbers, truth values, categories and dates, all with gaps, under names that no graph would choose."""
    rng = np.random.default_rng(7)
    number, skewed = rng.normal(size=rows), rng.exponential(size=rows) * 1e3
    letter = rng.choice([*"abcdefg", "é", "two words"], rows)
    moment = np.datetime64("1950-01-01", "us") + rng.integers(0, 4 * 10**15, rows).astype("timedelta64[us]")
    frame = pd.DataFrame(
        {
            "label": number,
            'a "b"\n': skewed,
            "": letter,
            "日付 v1": moment,
            "class": (rng.random(rows) < 0.4).astype(object),
            "v1": rng.choice(["x", "y"], rows),
            "20240101": 20_240_000.0 + rng.integers(0, 400, rows),
        }
    )
    y = number + 2.0 * (letter == "b") + np.log1p(skewed) / 5 + rng.normal(size=rows) * 0.3
    for name in frame.columns:
        frame.loc[rng.random(rows) < 0.1, name] = None
    return frame, y


FRAME, VALUES = table()


@pytest.fixture(scope="module")
def encoded():
    schema, _ = infer_schema(FRAME)
    encoder = TableEncoder()
    return schema, encoder, encoder.fit_transform(schema.apply(FRAME)[0], schema)


def needed(name):
    if not installed(*NEEDS.get(name, ())):
        pytest.skip(f"{name} needs its library")


def target(kind):
    if kind == "regression":
        return VALUES
    cuts = [0.5] if kind == "binary" else [0.3, 0.7]
    return np.digitize(VALUES, np.quantile(VALUES, cuts)).astype(np.int64)


def predictor(encoded, kind, *nodes, folds=2, **how):
    """Each node fitted on each half of the rows."""
    schema, encoder, X = encoded
    y, fold = target(kind), np.arange(len(FRAME)) % 2
    members = []
    for number, node in enumerate(nodes):
        fitted = []
        for k in range(folds):
            train, valid = (Rows(X.rows(i), y[i]) for i in (np.flatnonzero(fold != k), np.flatnonzero(fold == k)))
            fitted.append(Pipeline(node).fit(train, FitContext(kind, len(CLASSES[kind]), seed=k), valid))
        members.append(Member(number, node.model, 1 / len(nodes), tuple(fitted)))
    return Predictor(Task(kind, "y", CLASSES[kind], "any"), schema, encoder, tuple(members), **how)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LEARNER_CASES)
def test_a_learner_says_the_same(encoded, tmp_path, name, kind):
    needed(name)
    node, near = LEARNER_CASES[name]
    parity = export_onnx(predictor(encoded, kind, node), FRAME, tmp_path).parity
    assert max(parity.greatest, parity.stress_greatest) <= near
    assert parity.rows == len(FRAME)
    assert parity.stress_rows == 41


@pytest.mark.parametrize("name", STEP_CASES)
def test_a_step_says_the_same(encoded, tmp_path, name):
    kind = KINDS[list(STEP_CASES).index(name) % 3]
    parity = export_onnx(predictor(encoded, kind, STEP_CASES[name], folds=1), FRAME, tmp_path).parity
    assert max(parity.greatest, parity.stress_greatest) <= 1e-12


def test_every_step_and_learner_has_a_case():
    assert set(CONVERT) == set(STEPS) == {name.split()[0] for name in STEP_CASES} - {"union"}
    assert set(LEARNERS) == {name.split()[0] for name in LEARNER_CASES}


@pytest.mark.parametrize("kind", KINDS)
def test_members_are_brought_together_as_the_predictor_does(encoded, tmp_path, kind):
    nodes = [LEARNER_CASES["linear"][0], LEARNER_CASES["lightgbm"][0]]
    bias = (0.1,) if kind == "regression" else tuple(0.1 * k for k in range(len(CLASSES[kind])))
    power = None if kind == "regression" else Temperature(1.7)
    made = predictor(encoded, kind, *nodes, stacking=Stacking((0.4, 0.7), bias), calibration=power)
    export = export_onnx(made, FRAME, tmp_path)
    parity = export.parity
    assert max(parity.greatest, parity.stress_greatest) <= 1e-12
    assert "model.onnx is within " in export.lines[0]
    report = json.loads((tmp_path / "parity.json").read_text())
    assert report["passed"]
    assert report["within"] == {"1e-06": 1.0, "1e-05": 1.0, "1e-03": 1.0}
    assert report["equal_labels"] == (None if kind == "regression" else 1.0)
    assert "Yes. Both predicted the same 240 rows" in (tmp_path / "parity.md").read_text()


@pytest.mark.parametrize(("kind", "curves"), [("binary", 1), ("multiclass", 3)])
def test_a_calibration_by_curves_is_drawn(encoded, tmp_path, kind, curves):
    isotonic = pytest.importorskip("hortus.ensemble.isotonic").Isotonic
    drawn = isotonic(tuple(((0.1 + 0.1 * k, 0.5), (0.3, 0.6)) for k in range(curves)))
    made = predictor(encoded, kind, LEARNER_CASES["lightgbm"][0], calibration=drawn)
    assert export_onnx(made, FRAME, tmp_path).parity.greatest <= 1e-12


@pytest.mark.parametrize(
    ("kind", "value", "costs"),
    [("binary", 0.2, None), ("multiclass", None, ((0.0, 1.0, 9.0), (5.0, 0.0, 1.0), (1.0, 1.0, 0.0)))],
)
def test_labels_are_decided_by_the_threshold(encoded, tmp_path, kind, value, costs):
    threshold = Threshold("costs", value, costs, 0.0, 0.0, 0.0)
    made = predictor(encoded, kind, LEARNER_CASES["lightgbm"][0], threshold=threshold)
    assert (made.predict(FRAME) != replace(made, threshold=None).predict(FRAME)).any()
    parity = export_onnx(made, FRAME, tmp_path).parity
    assert (parity.equal_labels, parity.strayed) == (1.0, 0)


@pytest.mark.parametrize("classes", [(False, True), (0.5, 1.5), (-1, 1)])
def test_labels_come_in_their_own_type(encoded, tmp_path, classes):
    made = predictor(encoded, "binary", LEARNER_CASES["lightgbm"][0])
    made = replace(made, task=replace(made.task, classes=classes))
    export = export_onnx(made, FRAME, tmp_path)
    canonical = made.schema.apply(FRAME)[0]
    label = session(export.path.read_bytes()).run(["label"], feeds(canonical, inputs_of(made.schema)))[0]
    assert label.dtype == made.task.labels.dtype
    assert (label == made.predict(FRAME)).all()


def test_the_script_reads_numbers_and_truths_as_the_training_table_wrote_them():
    words = {"missing": ["", "n/a"], "true": ["yes"], "false": ["no"]}
    euros = {"kind": "numeric", "type": "double", "number": {"decimal": ",", "unit": "€"}}
    assert read("1.234,5 €", euros, words) == 1234.5
    assert np.isnan(read(" N/A ", euros, words))
    truth = {"kind": "boolean", "type": "double"}
    assert [read(cell, truth, words) for cell in ("Yes", "no")] == [1.0, 0.0]
    assert np.isnan(read("perhaps", truth, words))
    day = {"kind": "date", "type": "int64"}
    assert [read(cell, day, words) for cell in ("1970-01-02", "1970-01-01T01:00:00+01:00", "")] == [DAY, 0, NO_DATE]
    assert read(" a ", {"kind": "categorical", "type": "string"}, words) == "a"
    assert read(" a ", {"kind": "text", "type": "string"}, words) == " a "


def test_a_label_that_is_decided_otherwise_is_told_apart(encoded, tmp_path, monkeypatch):
    made = predictor(encoded, "binary", LEARNER_CASES["lightgbm"][0])
    monkeypatch.setattr(Predictor, "decide", lambda self, raw: self.task.decode(np.ones(len(raw), dtype=int)))
    with pytest.raises(ArtifactError, match=r"and in \d+ labels"):
        export_onnx(made, FRAME, tmp_path)


@pytest.mark.parametrize("name", ["linear", "forest", "lightgbm", "xgboost"])
def test_a_class_that_a_fold_never_met_has_its_place(encoded, tmp_path, name):
    needed(name)
    schema, encoder, X = encoded
    y = target("multiclass")
    some = np.flatnonzero(y != 1)
    one = np.flatnonzero(y == 0)
    fitted = tuple(
        Pipeline(LEARNER_CASES[name][0]).fit(Rows(X.rows(i), y[i]), FitContext("multiclass", 3)) for i in (some, one)
    )
    made = Predictor(Task("multiclass", "y", (1, 2, 5), "any"), schema, encoder, (Member(0, name, 1.0, fitted),))
    assert export_onnx(made, FRAME, tmp_path).parity.greatest <= ROUNDED


def test_names_come_back_as_they_are_but_for_those_no_graph_can_have(encoded, tmp_path):
    made = export_onnx(predictor(encoded, "binary", LEARNER_CASES["baseline"][0]), FRAME, tmp_path)
    running = session(made.path.read_bytes())
    names = [one.name for one in running.get_inputs()]
    assert names == ["label (2)", 'a "b"\n', "column", "日付 v1", "class", "v1", "20240101"]
    told = running.get_modelmeta().custom_metadata_map
    assert [one["column"] for one in json.loads(told["columns"])] == list(FRAME.columns)
    assert json.loads(told["task"])["classes"] == ["no", "yes"]
    assert told["hortus_version"]


def test_names_that_a_graph_cannot_have_are_made_unlike_each_other(tmp_path):
    names = ["\0", "?", " ", "", "value", "value (2)", "1", "select * from"]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, len(names))), columns=names)
    schema, _ = infer_schema(frame)
    encoder = TableEncoder()
    X = encoder.fit_transform(schema.apply(frame)[0], schema)
    y = frame["value"].to_numpy()
    fitted = Pipeline(LEARNER_CASES["linear"][0]).fit(Rows(X, y), FitContext("regression", 0))
    made = Predictor(Task("regression", "\0 | `y`", (), "r2"), schema, encoder, (Member(0, "linear", 1.0, (fitted,)),))
    assert len({one.name for one in inputs_of(schema)} - {"value", ""}) == len(names)
    assert export_onnx(made, frame, tmp_path).parity.greatest <= 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_predicts_without_hortus(encoded, tmp_path, kind):
    made = predictor(encoded, kind, LEARNER_CASES["lightgbm"][0])
    export_onnx(made, FRAME, tmp_path)
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    # A module that is None cannot be imported.
    code = (
        "import sys, runpy\nfor name in ('hortus', 'pandas', 'sklearn', 'lightgbm'):\n    sys.modules[name] = None\n"
        "sys.argv = ['predict.py', 'rows.csv']\nrunpy.run_path('predict.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    head, *rows = csv.reader(io.StringIO(done.stdout))
    raw = made.raw(FRAME)
    if kind == "regression":
        assert head == ["y"]
        assert np.allclose(np.asarray(rows, dtype=float)[:, 0], raw, atol=1e-9)
    else:
        assert head == ["y", *map(str, CLASSES[kind])]
        assert [row[0] for row in rows] == [str(label) for label in made.predict(FRAME)]
        assert np.allclose(np.asarray([row[1:] for row in rows], dtype=float), raw, atol=1e-9)


ODD = [
    None,
    "",
    " ",
    "\t\n",
    "I",
    "ΣΑΣ",
    "İzmir'de İki",
    "a\u00a0b\u2003c",
    "x_1 x_1 X_1",
    "漢字かな 漢字",
    "🦜🦜 ok!",
    "ⅷ² ½",
]


def text_predictor(words, node):
    """Of a table with one column of sentences made of ``words``, and one of short names."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, rng.integers(5, 30))) + rng.choice([".", "!", ""]) for _ in range(120)]
    names = [f"{rng.choice(words).title()}, {rng.choice(words).upper()} {k % 9}" for k in range(120)]
    frame = pd.DataFrame({"n": rng.normal(size=120), "review": texts, "name": names})
    frame.loc[::17, "review"] = None
    schema, _ = infer_schema(frame)
    assert [column.kind for column in schema.columns] == ["numeric", "text", "text"]
    encoder = TableEncoder()
    X = encoder.fit_transform(schema.apply(frame)[0], schema)
    y = np.array([str(text).count(words[0]) > 1 for text in texts]).astype(np.int64)
    fitted = Pipeline(node).fit(Rows(X, y), FitContext("binary", 2))
    return frame, Predictor(Task("binary", "y", (0, 1), "any"), schema, encoder, (Member(0, "m", 1.0, (fitted,)),))


@pytest.mark.parametrize("name", ["linear", "lightgbm"])
def test_text_says_the_same(tmp_path, name):
    words = np.array(["Straße", "naïve", "ÉTÉ", "i", "İzmir", "x_1", "漢字", "don't", "cat", "DOG", "so-so", "42"])
    frame, made = text_predictor(words, LEARNER_CASES[name][0])
    odd = pd.DataFrame({"n": 0.0, "review": ODD, "name": ODD[::-1]})
    parity = export_onnx(made, pd.concat([frame, odd], ignore_index=True), tmp_path).parity
    assert max(parity.greatest, parity.stress_greatest) <= 1e-6


def test_no_character_past_those_looked_up_is_unlike_the_rest():
    rest = "".join(map(chr, range(ALIKE_FROM, sys.maxunicode + 1)))
    assert rest.lower() == rest
    assert not any(map(str.isdigit, rest))
    assert not any(map(str.isupper, rest))
    assert not any(map(str.isspace, rest))


def test_words_with_a_sigma_are_refused_by_column_and_nothing_is_written(tmp_path):
    words = np.array(["λόγος", "σοφία", "φῶς", "ἀρχή", "θεός", "κόσμος"])
    frame, made = text_predictor(words, ModelNode("baseline", {}, ROWS))
    assert [one.name for one in refusals(made)] == ["column 'review'"]
    with pytest.raises(SettingError, match="column 'review' \\(its vocabulary has words with a sigma") as told:
        export_onnx(made, frame, tmp_path / "out")
    assert told.value.code == "onnx-refused"
    assert not (tmp_path / "out").exists()


def test_a_learner_of_somebody_elses_is_refused_by_name(encoded, tmp_path, monkeypatch):
    made = predictor(encoded, "binary", LEARNER_CASES["linear"][0])
    monkeypatch.delitem(LEARNERS, "linear")
    assert refusals(made) == (Refusal("learner 'linear'", "its form in ONNX is not known"),)
    with pytest.raises(SettingError, match="learner 'linear'"):
        export_onnx(made, FRAME, tmp_path / "out")


def test_what_is_not_near_enough_is_not_written(encoded, tmp_path, monkeypatch):
    made = predictor(encoded, "binary", LEARNER_CASES["linear"][0])
    monkeypatch.setitem(LEARNERS, "linear", lambda graph, X, model: graph.repeated(np.array([0.5, 0.5]), X.name))
    with pytest.raises(ArtifactError, match="differs from the model by") as told:
        export_onnx(made, FRAME, tmp_path / "out")
    assert told.value.code == "onnx-parity"
    assert "Off are: member 0, linear (by " in str(told.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(SettingError, match="no rows"):
        export_onnx(made, FRAME.head(0), tmp_path / "out")


def test_a_difference_that_is_no_number_passes_no_tolerance():
    def passed(greatest, stress, strayed=0):
        return Parity(1, 1.0, greatest, {}, 1.0, strayed, 1, stress, 1e-4).passed

    assert passed(1e-5, 1e-5)
    assert not passed(float("nan"), 0.0)
    assert not passed(0.0, float("nan"))
    assert not passed(2e-4, 0.0)
    assert not passed(0.0, 0.0, strayed=1)
