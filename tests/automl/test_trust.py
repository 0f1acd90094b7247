"""What an estimator says of itself: the honest score, findings, intervals, decisions, its report."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

import hortus
from hortus import AutoClassifier, AutoRegressor
from hortus.errors import RunError, SettingError
from hortus.run.scrutiny import scrutinize

QUICK = {"executor": "inline", "verbosity": 0, "random_state": 0, "models": ["linear", "lightgbm"]}


@pytest.fixture(scope="module")
def leaky():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    rng = np.random.default_rng(0)
    X = X.assign(outcome=y + rng.normal(0, 0.1, len(y)), record=[f"r{i:05d}" for i in range(len(y))])
    split = train_test_split(X, y, random_state=0, test_size=0.4)
    heard = []
    model = AutoClassifier(trials=2, **QUICK).fit(split[0], split[2], listeners=[heard.append])
    return model, split, heard


@pytest.fixture(scope="module")
def values():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    split = train_test_split(X, y, random_state=0)
    return AutoRegressor(trials=3, folds=5, **QUICK).fit(split[0], split[2]), split


def test_a_leak_is_found_kept_and_scored_with_and_without(leaky):
    model, _, heard = leaky
    found = {finding.code: finding for finding in model.findings_}
    assert found["column-leaks"].columns == ("outcome",)
    assert found["column-leaks"].severity == "serious"
    assert found["column-leaks"].scores["with"] > 0.999 > found["column-leaks"].scores["without"] > 0.95
    assert "outcome" in model.predictor_.schema.names
    assert found["column-id"].columns == ("record",)
    assert "record" not in model.predictor_.schema.names
    told = [e.data["what"] for e in heard if e.kind == "note" and e.data["code"] == "column-leaks"]
    assert len(told) == 1
    assert "A quick model scores 1 with it and 0.9" in told[0]


def test_ignoring_the_leak_gives_the_score_that_was_told(leaky):
    model, (X, _, y, _), _ = leaky
    without = AutoClassifier(trials=2, ignore=["outcome"], **QUICK).fit(X, y)
    told = next(f for f in model.findings_ if f.code == "column-leaks").scores["without"]
    assert without.estimate_.score == pytest.approx(told, abs=0.02)
    assert "column-leaks" not in {finding.code for finding in without.findings_}


def test_the_estimate_is_in_the_model_its_file_and_the_last_event(leaky, tmp_path):
    model, _, heard = leaky
    estimate = model.estimate_
    assert estimate.low <= estimate.score <= estimate.high
    assert heard[-1].kind == "run_finished"
    assert heard[-1].data["score"] == estimate.score
    model.save(tmp_path / "m.hortus")
    loaded = hortus.load(tmp_path / "m.hortus")
    assert loaded.facts["estimate"] == json.loads(json.dumps(estimate.to_json()))
    assert loaded.facts["findings"][0]["code"] == "column-leaks"
    assert loaded.facts["ranges"]["outcome"]["high"] > 1


def test_rows_in_time_get_a_random_and_a_later_score():
    rng = np.random.default_rng(0)
    n = 1200
    day = pd.date_range("2024-01-01", periods=n, freq="h")
    drift = np.linspace(-2, 2, n)
    a = rng.normal(size=n)
    frame = pd.DataFrame({"day": day, "a": a})
    model = AutoRegressor(trials=1, **QUICK).fit(frame, a + 3 * np.sin(drift * 4) + rng.normal(0, 0.1, n))
    found = {finding.code: finding for finding in model.findings_}
    assert found["rows-ordered"].columns == ("day",)
    assert found["rows-ordered"].scores["random"] > found["rows-ordered"].scores["later"] + 0.2


def test_scrutiny_keeps_to_its_time(leaky):
    model = leaky[0]
    prepared, sample = model._result.prepared, model.evidence().frame
    bare = [f.with_scores() for f in prepared.findings]
    assert all(not f.scores for f in scrutinize(bare, prepared, sample, seed=0, seconds=0.0))


def test_intervals_hold_the_truth_and_widen_with_the_level(values):
    model, (_, X, _, y) = values
    wide, narrow = model.predict_interval(X, level=0.9), model.predict_interval(X, level=0.5)
    assert wide.shape == (len(X), 2)
    assert ((wide[:, 0] <= y) & (y <= wide[:, 1])).mean() > 0.8
    assert (wide[:, 1] - wide[:, 0] > narrow[:, 1] - narrow[:, 0]).all()
    with pytest.raises(SettingError, match="no share between 0 and 1"):
        model.predict_interval(X, level=90)


def test_sets_hold_the_truth_and_are_never_empty(tmp_path):
    X, y = load_iris(return_X_y=True, as_frame=True)
    a, b, ya, yb = train_test_split(X, y, random_state=1, stratify=y)
    model = AutoClassifier(trials=2, **QUICK).fit(a, ya)
    sets = model.predict_set(b, level=0.95)
    assert sets.shape == (len(b), 3)
    assert sets.any(axis=1).all()
    assert sets[np.arange(len(b)), yb].mean() >= 0.85
    model.save(tmp_path / "m.hortus")
    assert np.array_equal(hortus.load(tmp_path / "m.hortus").predict_set(b, 0.95), sets)


def test_a_threshold_changes_what_is_said_and_is_saved(tmp_path):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(1500, 4)), columns=list("abcd"))
    y = (X.a + rng.normal(0, 1.5, 1500) > 1.8).astype(int)
    model = AutoClassifier(trials=2, **QUICK).fit(X[:1000], y[:1000])
    before = f1_score(y[1000:], model.predict(X[1000:]))
    found = model.tune_threshold(metric="f1")
    assert found.score > found.before
    assert f1_score(y[1000:], model.predict(X[1000:])) > before
    assert np.array_equal(model.predict(X), (model.predict_proba(X)[:, 1] > found.value).astype(int))
    model.save(tmp_path / "m.hortus")
    assert np.array_equal(hortus.load(tmp_path / "m.hortus").predict(X), model.predict(X))
    dear = model.tune_threshold(costs={"fp": 1, "fn": 20})
    assert dear.value < 0.2
    with pytest.raises(SettingError, match="one of the two"):
        model.tune_threshold()


def test_a_notebook_shows_the_model_in_short_and_scikit_learn_s_picture_before(leaky):
    model, _, _ = leaky
    shown = model._repr_mimebundle_()["text/html"]
    assert "model.report(" in shown
    assert "outcome" in shown
    assert "sk-" in AutoClassifier()._repr_mimebundle_()["text/html"]


def test_a_report_and_a_card_are_written(leaky, tmp_path):
    model, _, _ = leaky
    found = model.report(tmp_path / "report.html", card=tmp_path / "card.md", seconds=5)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "outcome" in page
    assert (tmp_path / "card.md").read_text(encoding="utf-8").startswith("#")
    assert found.score.value == pytest.approx(model.estimate_.score)


def test_what_needs_the_run_says_so_when_it_is_gone(values):
    import pickle

    model, (_, X, _, _) = values
    other = pickle.loads(pickle.dumps(model))
    assert np.array_equal(other.predict(X), model.predict(X))
    folder = model._result.folder
    moved = folder.with_name(folder.name + "-moved")
    folder.rename(moved)
    try:
        with pytest.raises(RunError, match="folder of the run"):
            other.evidence()
        assert "text/html" in other._repr_mimebundle_()
    finally:
        moved.rename(folder)


def test_the_last_line_of_a_run_says_what_is_to_be_expected(capsys):
    X, y = load_iris(return_X_y=True, as_frame=True)
    AutoClassifier(**{**QUICK, "verbosity": 1}, trials=1).fit(X, y)
    assert "on new rows, 95 %" in capsys.readouterr().err
