"""The space of trees: every tree runs, a name means one thing, evolution can take trees apart."""

import numpy as np
import optuna
import pytest
from optuna.trial import FixedTrial

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.errors import SettingError
from hortus.models.base import FitContext, Rows
from hortus.spaces.nodes import ModelNode, StackNode, StepNode, UnionNode, walk
from hortus.spaces.trees import TreeSpace
from hortus.strategies import make_sampler
from hortus.strategies.base import LINEAGE
from hortus.testing.strategies import ask_and_tell

optuna.logging.set_verbosity(optuna.logging.WARNING)

CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}


def table(kind, n=90):
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((n, 5)).astype(np.float32)
    dense[:, 3] = rng.integers(0, 4, n)
    dense[:, 4] = rng.integers(0, 2, n)
    signal = dense[:, 0] * dense[:, 1] + dense[:, 3]
    dense[rng.random((n, 5)) < 0.05] = np.nan
    columns = (
        *(MatrixColumn(f"x{i}", f"x{i}") for i in range(3)),
        MatrixColumn("c", "c", categories=4),
        MatrixColumn("d", "d", categories=2),
    )
    y = signal.astype(np.float64)
    if CLASSES[kind]:
        y = np.digitize(signal, np.quantile(signal, np.arange(1, CLASSES[kind]) / CLASSES[kind]))
    return Rows(Matrix(dense, columns), y), Facts(kind, CLASSES[kind], n, n, columns, missing=True)


def sampled(space, count, seed=0):
    study = optuna.create_study(sampler=make_sampler("random", seed=seed))
    for _ in range(count):
        trial = study.ask()
        yield space(trial), trial


@pytest.mark.parametrize("kind", CLASSES)
def test_every_tree_can_be_fitted(kind):
    rows, facts = table(kind)
    space = TreeSpace(facts, models=("linear", "neighbors", "svm", "extra_trees"))
    for number, (pipeline, _) in enumerate(sampled(space, 12)):
        predicted = pipeline.fit(rows, FitContext(kind, CLASSES[kind], seed=number)).predict(rows.X)
        assert predicted.shape == ((90, CLASSES[kind]) if CLASSES[kind] else (90,)), pipeline.describe()
        assert np.isfinite(predicted).all(), pipeline.describe()


def test_a_name_has_one_distribution():
    space = TreeSpace(table("binary")[1])
    known = {}
    for _, trial in sampled(space, 300):
        for name, distribution in trial.distributions.items():
            assert known.setdefault(name, distribution) == distribution


def test_params_are_all_that_a_candidate_takes():
    space = TreeSpace(table("multiclass")[1])
    for pipeline, trial in sampled(space, 40):
        again = TreeSpace(space.facts, **{k: v for k, v in space.to_json().items() if k != "name"})
        assert again(FixedTrial(trial.params)) == pipeline


@pytest.mark.parametrize("kind", CLASSES)
def test_starts_answer_every_question_as_allowed(kind):
    space = TreeSpace(table(kind)[1])
    described = []
    for params in space.starts():
        study = optuna.create_study()
        study.enqueue_trial(params)
        trial = study.ask()
        described.append(space(trial).describe())
        # A question that the start does not answer, or answers out of its range, would be seen here.
        assert trial.params == params
    assert "svm(common_scale(impute(onehot(rows))))" in described
    assert len(set(described)) == len(described)


def test_trees_are_of_every_shape_and_within_the_depth():
    space = TreeSpace(table("binary")[1], depth=3)
    shapes = set()
    for pipeline, trial in sampled(space, 150):
        shapes |= {type(node) for _, node in walk(pipeline.root)}
        assert isinstance(pipeline.root, ModelNode)
        assert max(name.rpartition("/")[0].count("/") for name in trial.params) <= 2
    assert {StepNode, UnionNode, StackNode} <= shapes


def test_boosting_is_left_out_where_classes_are_many():
    _, facts = table("binary")
    many = Facts("multiclass", 10, facts.rows, facts.rows, facts.columns, missing=True)
    assert "lightgbm" in TreeSpace(facts).models
    assert "lightgbm" not in TreeSpace(many).models


def test_settings_without_sense_are_refused():
    facts = table("binary")[1]
    with pytest.raises(SettingError, match="depth"):
        TreeSpace(facts, depth=0)
    with pytest.raises(SettingError, match="model"):
        TreeSpace(facts, models=())
    with pytest.raises(SettingError, match="Did you mean 'linear'"):
        TreeSpace(facts, models=("liner",))


def test_evolution_takes_trees_apart_and_puts_them_together():
    space = TreeSpace(table("binary")[1])
    described = {}

    def stacks(trial):
        pipeline = space(trial)
        described[trial.number] = pipeline.describe()
        return float(sum(isinstance(node, StackNode) for _, node in walk(pipeline.root)))

    found = {}
    for name, options in (("random", {}), ("evolution", {"population_size": 15})):
        study = optuna.create_study(direction="maximize")
        ask_and_tell(study, lambda s, n=name, o=options: make_sampler(n, seed=s, options=o), stacks, 90)
        found[name] = np.mean([trial.value for trial in study.trials[45:]])
    assert found["evolution"] > 2 * found["random"]
    paired = [trial for trial in study.trials if len(trial.system_attrs[LINEAGE]) == 2]
    assert len(paired) > 15
    assert len({described[trial.number] for trial in paired}) > 8
