"""Faster models from a run that is done."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from typer.testing import CliRunner

import hortus
from hortus import AutoClassifier, AutoRegressor
from hortus.cli import app
from hortus.errors import RunError, SettingError
from hortus.run.pick import seconds


@pytest.fixture(scope="module")
def cancer(tmp_path_factory):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.assign(size=np.where(X["mean radius"] > 14, "large", "small"))
    split = train_test_split(X, y, random_state=0)
    model = AutoClassifier(
        trials=4,
        models=["linear", "lightgbm", "extra_trees"],
        executor="inline",
        verbosity=0,
        random_state=0,
        run_folder=tmp_path_factory.mktemp("faster") / "run",
    )
    return model.fit(split[0], split[2]), split


def folds(model):
    return sum(len(member.folds) for member in model.predictor_.members)


def test_a_picked_model_is_as_fast_as_asked_and_nearly_as_good(cancer):
    model, (_, X, _, y) = cancer
    picked = model.pick(max_latency=0.05)
    assert picked is not model
    assert folds(picked) >= 1
    assert roc_auc_score(y, picked.predict_proba(X)[:, 1]) > roc_auc_score(y, model.predict_proba(X)[:, 1]) - 0.02
    with pytest.raises(RunError) as caught:
        model.pick(max_latency="1us")
    # What this machine can do, and as much again for what is measured anew.
    least = 2 * float(re.search(r"at least ([\d.]+) ms", caught.value.mend)[1])
    smaller = model.pick(max_latency=f"{least:g}ms")
    assert folds(smaller) < folds(model) or folds(model) == 1
    assert f"{least:g} ms" in smaller.predictor_.facts["made"]


def test_a_latency_that_no_candidate_reaches_names_the_fastest(cancer):
    with pytest.raises(RunError, match=r"No candidate predicts one row in 0\.001 ms.*the fastest, ") as caught:
        cancer[0].pick(max_latency="1us")
    assert caught.value.code == "latency-unreachable"
    assert "at least" in caught.value.mend


@pytest.mark.parametrize("latency", ["fast", "-1ms", 0, float("nan"), "1h"])
def test_a_latency_that_is_no_time_is_refused(latency):
    with pytest.raises(SettingError, match="is not a time"):
        seconds(latency)


def test_a_refitted_model_has_one_pipeline_a_member(cancer):
    model, (_, X, _, y) = cancer
    refitted = model.refit()
    assert [m.number for m in refitted.predictor_.members] == [m.number for m in model.predictor_.members]
    assert folds(refitted) == len(model.predictor_.members)
    assert roc_auc_score(y, refitted.predict_proba(X)[:, 1]) > 0.97
    assert np.array_equal(refitted.predict(X), model.refit().predict(X))


def test_a_student_follows_its_teacher(cancer):
    model, (_, X, _, y) = cancer
    student = model.distill("lightgbm")
    assert folds(student) == 1
    taught, teacher = student.predict_proba(X)[:, 1], model.predict_proba(X)[:, 1]
    assert np.corrcoef(taught, teacher)[0, 1] > 0.95
    assert roc_auc_score(y, taught) > 0.97
    with pytest.raises(SettingError, match=r"'ligthgbm'.*lightgbm"):
        model.distill("ligthgbm")


def test_a_regression_s_student_and_refit():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = AutoRegressor(
        trials=3, models=["linear", "lightgbm"], executor="inline", verbosity=0, random_state=0, folds=1
    ).fit(X[:300], y[:300])
    for other in (model.refit(), model.distill("linear"), model.pick("1s")):
        assert np.corrcoef(other.predict(X[300:]), model.predict(X[300:]))[0, 1] > 0.9


def test_a_faster_model_is_saved_and_loaded(cancer, tmp_path):
    model, (_, X, _, _) = cancer
    student = model.distill("linear")
    student.save(tmp_path / "small.hortus")
    assert np.array_equal(hortus.load(tmp_path / "small.hortus").predict(X), student.predict(X))


@pytest.mark.parametrize("how", ["pick", "refit", "distill"])
def test_the_command_writes_a_model_and_tells_what_it_costs(cancer, tmp_path, how):
    model, (_, X, _, _) = cancer
    out = tmp_path / "fast.hortus"
    run = CliRunner().invoke(
        app, ["faster", str(model.run_folder), "--out", str(out), "--how", how, "--latency", "500ms"]
    )
    assert run.exit_code == 0, run.output
    assert "One row: " in run.output
    assert "to be expected on new rows" in run.output.replace("\n", " ")
    pd.DataFrame(X).to_csv(tmp_path / "new.csv", index=False)
    assert CliRunner().invoke(app, ["predict", str(out), str(tmp_path / "new.csv")]).exit_code == 0


def test_an_unknown_way_is_refused_with_the_near_name(cancer, tmp_path):
    run = CliRunner().invoke(
        app, ["faster", str(cancer[0].run_folder), "--out", str(tmp_path / "x.hortus"), "--how", "destill"]
    )
    assert run.exit_code == 2
    assert "'distill'" in run.output


def test_a_model_whose_run_is_gone_says_so(cancer):
    import shutil

    X, y = load_diabetes(return_X_y=True)
    model = AutoRegressor(trials=1, models=["linear"], executor="inline", verbosity=0, random_state=0).fit(X, y)
    shutil.rmtree(model._result.folder)
    with pytest.raises(RunError, match="folder of the run"):
        model.refit()
