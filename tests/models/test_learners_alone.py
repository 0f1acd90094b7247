"""What single learners promise beyond the contract."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeClassifier

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Kind
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.errors import ArtifactError, MissingExtraError
from hortus.libraries import require
from hortus.models import MODELS, compiled_trees, trees
from hortus.models.base import FitContext
from hortus.models.flat_trees import check, flatten
from hortus.models.growth import Growth
from hortus.models.linear import Linear
from hortus.models.outputs import Outputs
from hortus.testing.models import facts_of


def _matrix(X: np.ndarray, text: sparse.csr_array | None = None) -> Matrix:
    columns = tuple(MatrixColumn(f"c{i}", f"c{i}") for i in range(X.shape[1]))
    return Matrix(X.astype(np.float32), columns, text)


@pytest.mark.parametrize("kind", [ExtraTreesClassifier, ExtraTreesRegressor])
@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize(("walked", "held"), [(0, 0), (0, 10**9), (10**9, 0)], ids=["made anew", "held", "together"])
def test_compiled_trees_decide_as_scikit_learn_s(monkeypatch, kind, count: int, walked: int, held: int) -> None:
    monkeypatch.setattr(compiled_trees, "WALKED", walked)
    monkeypatch.setattr(compiled_trees, "HELD", held)
    X, y = load_breast_cancer(return_X_y=True)
    X = X.astype(np.float32)
    X[::7, 3] = np.nan
    forest = kind(count, random_state=0, max_depth=6, bootstrap=True).fit(X, y)
    regression = kind is ExtraTreesRegressor
    state = flatten([one.tree_ for one in forest.estimators_], regression=regression, smoothing=0.0)
    again = compiled_trees.CompiledTrees(state).mean(X)
    expected = forest.predict(X)[:, None] if regression else forest.predict_proba(X)
    np.testing.assert_allclose(again, expected, atol=1e-6 if regression else 1e-3)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("rows", [0, 1, 3, 300])
def test_forests_that_answer_together_answer_as_each_alone(monkeypatch, kind, rows: int) -> None:
    monkeypatch.setattr(trees, "WALKED", 1000)
    rng = np.random.default_rng(5)
    X = rng.normal(size=(300, 6)).astype(np.float32)
    X[rng.random(X.shape) < 0.2] = np.nan
    y = np.nan_to_num(X[:, 0] + X[:, 1] * X[:, 2])
    if kind != "regression":
        y = np.digitize(y, [0.0] if kind == "binary" else [-0.5, 0.5])
    context = FitContext(kind, {"binary": 2, "multiclass": 3, "regression": 0}[kind], rounds=0.05)
    # Other numbers of trees, of columns and, of several classes, of those that were met.
    parts = [(slice(None), 6), (y < 2, 6), (slice(None, None, 2), 4)]
    inputs = [_matrix(X[:, :width]) for _, width in parts]
    forests = [
        trees.Forest(n_estimators=100 + 40 * i).fit(Rows(_matrix(X[part, :width]), y[part]), context)
        for i, (part, width) in enumerate(parts)
    ]
    # Asked one tree after the other.
    monkeypatch.setattr(compiled_trees, "WALKED", 0)
    alone = [forest.predict(part) for forest, part in zip(forests, inputs, strict=True)]
    together = trees.Forest.together(forests)
    assert together is not None
    found = together([part.rows(np.arange(rows)) for part in inputs], rows)
    # Few rows have been asked for: now more are walked too.
    together([part.rows(np.arange(1)) for part in inputs], 1)
    assert "_walk" in vars(together)
    for one, other in zip(together([part.rows(np.arange(rows)) for part in inputs], rows), found, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_array_equal(one, other[:rows])


def test_forests_of_which_one_met_a_single_class_have_no_way_together() -> None:
    X, y = np.zeros((9, 1)), np.arange(9) % 2
    models = [trees.Tree().fit(Rows(_matrix(X), one), FitContext("binary", 2)) for one in (y, y * 0)]
    assert trees.Tree.together(models) is None
    assert trees.Tree.together(models[:1]) is not None


@pytest.mark.parametrize(
    ("name", "value"), [("left", 10**6), ("right", -1), ("left", 0), ("right", 1.5), ("feature", 999)]
)
def test_a_damaged_tree_is_refused(name: str, value: float) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    state = flatten([DecisionTreeClassifier(max_depth=3).fit(X, y).tree_], regression=False, smoothing=0.0)
    state[name] = state[name].astype(np.float64 if isinstance(value, float) else np.int64)
    state[name][-1] = value
    with pytest.raises(ArtifactError):
        check(state)


@pytest.mark.parametrize("name", ["lightgbm", "linear"])
def test_a_matrix_of_the_user_s_own_is_read_column_by_column(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wide = (rng.random((600, 80)) < 0.1).astype(np.float32)
    y = (wide[:, 7] + wide[:, 8] > 0).astype(np.int64)
    X = Matrix(
        rng.normal(size=(600, 1)).astype(np.float32), (MatrixColumn("c", "c"),), sparse.csr_array(wide), wide=True
    )
    assert MODELS[name].wide
    model = MODELS[name]().fit(Rows(X, y), FitContext("binary", 2), Rows(X, y))
    assert ((model.predict(X)[:, 1] > 0.5) == y).mean() > 0.97
    model.save(tmp_path)
    np.testing.assert_array_equal(MODELS[name].load(tmp_path).predict(X), model.predict(X))


def test_linear_regression_is_ridge() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = (X / X.std(axis=0)).astype(np.float32)
    model = Linear(C=100.0).fit(Rows(_matrix(X), y), FitContext("regression", 0))
    expected = Ridge(alpha=1.0).fit(X.astype(np.float64), y).predict(X)
    np.testing.assert_allclose(model.predict(_matrix(X)), expected, rtol=1e-6)


def test_linear_reads_the_words() -> None:
    rng = np.random.default_rng(0)
    words = (rng.random((300, 40)) < 0.1).astype(np.float32)
    y = (words[:, 0] + words[:, 1] > 0).astype(np.int64)
    X = _matrix(rng.normal(size=(300, 2)), sparse.csr_array(words))
    model = Linear(C=100.0, text_weight=2.0).fit(Rows(X, y), FitContext("binary", 2), Rows(X, y))
    assert np.mean(model.predict(X).argmax(axis=1) == y) > 0.95


@pytest.mark.parametrize("kind", ["regression", "binary"])
def test_linear_leaves_out_words_that_only_tell_rows_apart(kind: Kind) -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(400, 3))
    # Each row has a name of its own, and shares chance words with others.
    words = sparse.csr_array(np.hstack([np.eye(400), rng.random((400, 40)) < 0.1]).astype(np.float32))
    told = dense @ [3.0, -2.0, 1.0]
    y = told if kind == "regression" else (told > 0).astype(np.int64)
    classes = 0 if kind == "regression" else 2
    X = _matrix(dense, words)
    learned, unseen = Rows(X.rows(np.arange(300)), y[:300]), Rows(X.rows(np.arange(300, 400)), y[300:])
    model = Linear(C=100.0, text_weight=3.0).fit(learned, FitContext(kind, classes), unseen)
    alone = Linear(C=100.0).fit(
        Rows(_matrix(dense[:300]), y[:300]), FitContext(kind, classes), Rows(_matrix(dense[300:]), y[300:])
    )
    np.testing.assert_array_equal(model.predict(unseen.X), alone.predict(_matrix(dense[300:])))


def test_a_missing_library_is_named_with_its_command() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'hortus\[nets\]'"):
        require("no_such_library", "nets")


def test_a_learner_whose_library_is_missing_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    from hortus.models import catboost

    facts = facts_of(Rows(_matrix(np.zeros((50, 2))), np.zeros(50)), "regression")
    monkeypatch.setattr(catboost, "installed", lambda *_: False)
    assert not MODELS["catboost"].fits(facts)


def test_growth_waits_longer_the_longer_it_took() -> None:
    growth = Growth(FitContext("binary", 2), base=2, share=0.5)
    losses = [1.0, 0.9, 0.8, 0.7, 0.6, *[0.9] * 20]
    told = [growth.stops(loss) for loss in losses]
    # Best in round 4: it waits 2 + 0.5 * 4 rounds, and stops in the one after.
    assert told.index(True) == 9
    assert growth.kept == 5


def test_probabilities_are_spread_over_all_classes() -> None:
    outputs = Outputs.learn(np.array([1, 3, 3]), FitContext("multiclass", 5))
    np.testing.assert_allclose(outputs.probabilities(np.array([0.25])), [[0, 0.75, 0, 0.25, 0]])
    assert Outputs.from_json(outputs.to_json()).present.tolist() == [1, 3]


def test_catboost_writes_no_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("catboost")
    monkeypatch.chdir(tmp_path)
    X, y = load_diabetes(return_X_y=True)
    MODELS["catboost"](depth=3).fit(Rows(_matrix(X), y), FitContext("regression", 0), Rows(_matrix(X), y))
    assert not list(tmp_path.iterdir())


def test_naming_the_learners_imports_no_library() -> None:
    import subprocess

    libraries = "{'torch', 'lightgbm', 'catboost', 'xgboost'}"
    code = f"import sys, hortus.models as m; list(m.MODELS); print(sorted({libraries} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
