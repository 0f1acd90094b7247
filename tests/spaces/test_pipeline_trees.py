"""Pipelines as trees: fitted without leaks, the same after a round trip to disk."""

import json
import time

import numpy as np
import pytest
from scipy import sparse

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.errors import ArtifactError
from hortus.models import MODELS
from hortus.models.base import FitContext, Rows
from hortus.spaces.nodes import ModelNode, RowsNode, StackNode, StepNode, UnionNode
from hortus.spaces.pipeline import FittedPipeline, Pipeline, union
from hortus.spaces.prepare import prepare

ROWS = RowsNode()


def mixed(kind="binary", n=160, seed=0, missing=True):
    """Three numbers and a category of which the target is a function, with gaps."""
    rng = np.random.default_rng(seed)
    dense = rng.standard_normal((n, 4)).astype(np.float32)
    dense[:, 3] = rng.integers(0, 3, n)
    signal = dense[:, 0] + (dense[:, 3] == 1) * 2 + 0.1 * rng.standard_normal(n)
    if missing:
        dense[rng.random((n, 4)) < 0.05] = np.nan
    columns = (*(MatrixColumn(f"x{i}", f"x{i}") for i in range(3)), MatrixColumn("c", "c", categories=3))
    if kind == "regression":
        y = signal.astype(np.float64)
    else:
        y = np.digitize(signal, [0.5] if kind == "binary" else [0.0, 1.0]).astype(np.int64)
    return Rows(Matrix(dense, columns), y)


def context(kind="binary", seed=0, **more):
    return FitContext(kind, {"binary": 2, "multiclass": 3, "regression": 0}[kind], seed=seed, **more)


def facts_of(rows, kind="binary"):
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    missing = bool(np.isnan(rows.X.dense).any())
    return Facts(kind, classes, len(rows.y), len(rows.y), rows.X.columns, missing)


def filled():
    return StepNode("impute", {}, (StepNode("onehot", {}, (ROWS,)),))


def every_node():
    """A pipeline with each kind of node in it."""
    scaled = StepNode("scale", {"method": "standard"}, (filled(),))
    reduced = StepNode("pca", {"components": 2, "replace": True}, (scaled,))
    stacked = StackNode("tree", {"max_depth": 3}, scaled)
    return Pipeline(ModelNode("linear", {"C": 1.0}, UnionNode((scaled, StepNode("select", {}, (reduced, stacked))))))


def test_description_json_and_equality():
    pipeline = every_node()
    assert pipeline.describe() == (
        "linear(union(scale(impute(onehot(rows))), select(pca(scale(impute(onehot(rows)))), "
        "stack tree(scale(impute(onehot(rows)))))))"
    )
    again = Pipeline.from_json(json.loads(json.dumps(pipeline.to_json())))
    assert again == pipeline
    assert hash(again) == hash(pipeline)
    other = Pipeline(ModelNode("linear", {"C": 2.0}, pipeline.root.input))
    assert len({pipeline, again, other}) == 2


@pytest.mark.parametrize(
    "faulty", [{}, {"kind": "rows"}, {"kind": "model", "model": "linear", "params": {}}, {"kind": 3}]
)
def test_json_that_is_no_pipeline_is_refused(faulty):
    with pytest.raises(ValueError, match=r"pipeline|node"):
        Pipeline.from_json(faulty)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_every_node_fits_predicts_and_is_stored(kind, tmp_path):
    train, new = mixed(kind), mixed(kind, seed=1)
    fitted = every_node().fit(train, context(kind), mixed(kind, seed=2, n=60))
    predicted = fitted.predict(new.X)
    if kind == "regression":
        assert np.corrcoef(predicted, new.y)[0, 1] > 0.8
    else:
        assert predicted.shape == (160, 2 if kind == "binary" else 3)
        assert (predicted.argmax(axis=1) == new.y).mean() > 0.75
    fitted.save(tmp_path)
    loaded = FittedPipeline.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(new.X), predicted)
    assert loaded.pipeline == fitted.pipeline
    assert loaded.work == fitted.work > 0


def test_a_fit_repeats_under_its_seed():
    train, new = mixed(), mixed(seed=1)
    pipeline = Pipeline(
        ModelNode("extra_trees", {"n_estimators": 5}, StackNode("extra_trees", {"n_estimators": 5}, filled()))
    )
    first, again, other = (pipeline.fit(train, context(seed=s)).predict(new.X) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_stack_on_noise_tells_the_root_nothing():
    rng = np.random.default_rng(0)
    columns = tuple(MatrixColumn(f"x{i}", f"x{i}") for i in range(4))
    draw = lambda: Matrix(rng.standard_normal((400, 4)).astype(np.float32), columns)  # noqa: E731
    train, new = Rows(draw(), rng.integers(0, 2, 400)), draw()
    # One neighbour knows its own rows by heart: were they shown to the root, it would trust the column blindly.
    nearest = StackNode("neighbors", {"n_neighbors": 1, "p": 2}, ROWS)
    predicted = Pipeline(ModelNode("tree", {"max_depth": 1, "min_samples_leaf": 20}, nearest)).fit(train, context())
    assert np.abs(predicted.predict(new)[:, 1] - 0.5).max() < 0.25


def test_a_stack_never_fits_on_the_rows_it_predicts(monkeypatch):
    train = mixed(missing=False)
    told = []
    linear = MODELS["linear"]
    fit, predict = linear.fit, linear.predict

    def spy_fit(self, rows, *args):
        self.saw = {row.tobytes() for row in rows.X.dense}
        return fit(self, rows, *args)

    def spy_predict(self, X):
        told.append((self.saw, [row.tobytes() for row in X.dense]))
        return predict(self, X)

    monkeypatch.setattr(linear, "fit", spy_fit)
    monkeypatch.setattr(linear, "predict", spy_predict)
    below = StepNode("scale", {}, (StepNode("onehot", {}, (ROWS,)),))
    Pipeline(ModelNode("tree", {}, StackNode("linear", {"C": 1.0}, below))).fit(train, context())
    assert len(told) == 3
    assert all(not saw & set(rows) for saw, rows in told)
    assert sum(len(rows) for _, rows in told) == len(train.y)


def test_a_stack_appends_one_column_for_two_classes_and_for_a_value_else_one_a_class():
    widths = {}
    for kind in ("binary", "multiclass", "regression"):
        seen = []

        class Spy(MODELS["tree"]):
            def fit(self, train, context, valid=None, seen=seen):
                seen.append((train.X.dense.shape[1], valid.X.dense.shape[1]))
                return super().fit(train, context, valid)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hortus.spaces.pipeline.MODELS", {"tree": MODELS["tree"], "spy": Spy})
            stack = StackNode("tree", {}, ROWS)
            Pipeline(ModelNode("spy", {}, stack)).fit(mixed(kind), context(kind), mixed(kind, seed=1))
        widths[kind] = seen
    assert widths == {"binary": [(5, 5)], "multiclass": [(7, 7)], "regression": [(5, 5)]}


def test_a_passed_deadline_still_ends_with_a_model():
    fitted = every_node().fit(mixed(), context(deadline=time.monotonic() - 1.0))
    assert np.isfinite(fitted.predict(mixed(seed=1).X)).all()


def test_a_union_keeps_every_column_once_named_and_the_text():
    X = mixed(n=5).X
    text = Matrix(X.dense, X.columns, sparse.csr_array(np.eye(5, dtype=np.float32)))
    both = union([X, text])
    assert both.dense.shape == (5, 8)
    assert len({column.name for column in both.columns}) == 8
    assert [column.categories for column in both.columns] == [0, 0, 0, 3] * 2
    assert both.text is text.text


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        ("svm", "scale(impute(onehot(rows)))"),
        ("extra_trees", "ordinal(rows)"),
        ("tree", "rows"),
    ],
)
def test_what_a_model_cannot_take_is_prepared_and_no_more(model, steps):
    node = prepare(MODELS[model], facts_of(mixed()), ROWS)
    assert Pipeline(ModelNode(model, {}, node)).describe() == f"{model}({steps})"
    assert prepare(MODELS[model], facts_of(mixed()), node) == node


def test_damaged_files_are_named(tmp_path):
    fitted = every_node().fit(mixed(), context())
    fitted.save(tmp_path)
    tree = (tmp_path / "tree.json").read_text()
    for damaged in (tree[:50], "[]", tree.replace('"linear"', '"unknown"'), tree.replace('"scale"', '"os"')):
        (tmp_path / "tree.json").write_text(damaged)
        with pytest.raises(ArtifactError):
            FittedPipeline.load(tmp_path)
    (tmp_path / "tree.json").unlink()
    with pytest.raises(ArtifactError):
        FittedPipeline.load(tmp_path)
