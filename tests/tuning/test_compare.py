"""Models side by side, averaged and stacked as one asks; each score is of rows that nothing was fitted on."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split

import hortus
from hortus.errors import SettingError
from hortus.run.compare import COLUMNS

MODELS = ["linear", "neighbors", "tree"]


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True, as_frame=True)
    return train_test_split(X, y.map({0: "a", 1: "b", 2: "c"}), test_size=0.4, random_state=0, stratify=y)


@pytest.fixture(scope="module")
def compared(wine):
    X, _, y, _ = wine
    return hortus.compare(X, y, models=MODELS, folds=3, executor="inline", verbosity=0)


def test_each_model_has_its_row_the_best_first(compared):
    table = compared.table
    assert tuple(table.columns) == COLUMNS
    assert sorted(table["model"]) == sorted(MODELS)
    assert table["score"].is_monotonic_decreasing
    assert (table["low"] <= table["score"]).all()
    assert (table["fit_seconds"] > 0).all()
    assert compared.best == table["model"].iloc[0]


def test_every_family_that_is_installed_takes_part(wine):
    X, _, y, _ = wine
    found = hortus.compare(X, y, folds=1, executor="inline", verbosity=0)
    assert {"linear", "lightgbm", "extra_trees", "forest", "svm", "neighbors", "mlp"} <= set(found.table["model"])
    assert found.table["model"].is_unique


def test_a_blend_averages(compared, wine):
    _, X, _, y = wine
    joint = compared.blend(["linear", "neighbors"], weights=[3, 1])
    assert joint.weights == {"linear": 0.75, "neighbors": 0.25}
    by_hand = 0.75 * compared.model("linear").predict_proba(X) + 0.25 * compared.model("neighbors").predict_proba(X)
    np.testing.assert_allclose(joint.predict_proba(X), by_hand, atol=1e-6)
    assert accuracy_score(y, joint.predict(X)) > 0.9


def test_weights_that_are_not_given_are_chosen(compared):
    joint = compared.blend()
    assert sum(joint.weights.values()) == pytest.approx(1.0)
    assert joint.weights["tree"] < 0.5
    assert "blend of" in joint.made


def test_a_stack_learns_how_far_each_is_to_be_trusted(wine, tmp_path):
    X, new, y, truth = wine
    joint = hortus.stack(MODELS, X, y, folds=3, executor="inline", verbosity=0)
    assert accuracy_score(truth, joint.predict(new)) > 0.9
    joint.save(tmp_path / "stack.hortus")
    loaded = hortus.load(tmp_path / "stack.hortus")
    np.testing.assert_allclose(loaded.predict_proba(new), joint.predict_proba(new))


def test_a_regression_is_blended_and_stacked():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X, new, y, truth = train_test_split(X, y, test_size=0.3, random_state=0)
    made = hortus.blend(["linear", "extra_trees"], X, y, folds=3, executor="inline", verbosity=0)
    assert r2_score(truth, made.predict(new)) > 0.3
    stacked = hortus.stack(["linear", "tree"], X, y, folds=3, executor="inline", verbosity=0)
    assert r2_score(truth, stacked.predict(new)) > 0.3
    assert stacked.weights["linear"] > stacked.weights["tree"]


def test_what_cannot_be_joined_is_refused(compared):
    with pytest.raises(SettingError, match="'lightgbm'"):
        compared.blend(["linear", "lightgbm"])
    with pytest.raises(SettingError, match="do not fit"):
        compared.blend(["linear", "tree"], weights=[1, -1])
    with pytest.raises(SettingError, match="Name each once"):
        compared.stack(["linear", "linear"])
    with pytest.raises(SettingError, match="no model called"):
        hortus.compare([[0.0], [1.0]] * 10, [0, 1] * 10, models=["nothing"], verbosity=0)


def test_the_command_line_compares(wine, tmp_path):
    import json

    from typer.testing import CliRunner

    from hortus.cli import app

    X, _, y, _ = wine
    X.assign(kind=y).to_csv(tmp_path / "wine.csv", index=False)
    run = ["compare", str(tmp_path / "wine.csv"), "-t", "kind", "--model", "linear", "--model", "tree", "-j", "1"]
    run += ["--folds", "2", "--out", str(tmp_path / "run")]
    ended = CliRunner().invoke(app, [*run, "--json"])
    assert ended.exit_code == 0, ended.output
    assert {row["model"] for row in json.loads(ended.stdout)} == {"linear", "tree"}
    again = CliRunner().invoke(app, [*run, "-q"])
    assert "its model is" in again.stdout
