"""The whole way on small real tables: what a person gets, and what survives."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import f1_score

from hortus.data.metrics import make_metric
from hortus.deploy.bundle import load_bundle
from hortus.engine.journal import Journal
from hortus.errors import ArtifactError, RunError, SettingError
from hortus.run import Settings, fit, open_run, resume
from hortus.run.prepare import recall
from hortus.run.result import conclude

QUICK = {"folds": 2, "models": ("linear", "extra_trees"), "slots": 2}


@pytest.fixture(scope="module")
def cancer():
    return load_breast_cancer(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, cancer):
    X, y = cancer
    folder = tmp_path_factory.mktemp("run")
    events = []
    result = fit(X.iloc[::2], y.iloc[::2], Settings(trials=5, **QUICK), folder=folder, listeners=[events.append])
    return result, events


def test_the_model_is_good_on_rows_it_has_not_seen(finished, cancer):
    result, _ = finished
    X, y = cancer
    auc = make_metric("roc_auc", "binary", (0, 1))(y.to_numpy()[1::2], result.model.predict_proba(X.iloc[1::2]))
    assert auc > 0.98
    assert (result.model.predict(X.iloc[1::2]) == y.iloc[1::2]).mean() > 0.93


def test_events_tell_the_run_from_start_to_end(finished):
    result, events = finished
    kinds = [event.kind for event in events]
    assert kinds[-1] == "run_finished"
    assert kinds.count("trial_finished") == 5
    bests = [event.data["score"] for event in events if event.kind == "best"]
    assert bests == sorted(bests)
    assert json.loads(json.dumps(events[-1].data))["score"] == result.estimate.score


def test_the_leaderboard_is_ordered_and_its_weights_sum_to_one(finished):
    result, _ = finished
    board = result.leaderboard()
    assert board.score.is_monotonic_decreasing
    assert board.weight.sum() == pytest.approx(1)
    assert (board.low <= board.score).all()
    assert (board.score <= board.high).all()
    assert (board.size_mb > 0).all()


def test_an_opened_run_predicts_the_same(finished, cancer):
    result, _ = finished
    X, _ = cancer
    again = open_run(result.folder)
    np.testing.assert_array_equal(again.model.raw(X), result.model.raw(X))
    assert again.score == result.score


def test_a_bundle_that_was_changed_is_refused_before_any_loader_runs(finished, tmp_path):
    result, _ = finished
    whole = (result.folder / "model.hortus").read_bytes()
    place = tmp_path / "model.hortus"
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(whole), 25):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        place.write_bytes(bytes(damaged))
        try:
            predictor = load_bundle(place)
        except ArtifactError:
            continue
        # A byte of the zip's own bookkeeping (a timestamp) changes nothing of what is loaded.
        assert [m.weight for m in predictor.members] == [m.weight for m in result.model.members]
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtifactError, match="not a model"):
        load_bundle(place)


def test_a_run_without_a_single_good_trial_still_has_the_baseline(tmp_path):
    X, y = load_iris(return_X_y=True, as_frame=True)

    def never(y_true, y_pred):
        # Finite for the baseline (hard, few distinct answers), no number for all others.
        return float("nan") if calls.append(1) or len(calls) > 1 else 0.5

    calls: list[int] = []
    result = fit(X, y, Settings(trials=2, metric=never, executor="inline", **QUICK), folder=tmp_path)
    assert len(result.model.members) == 1
    assert set(result.leaderboard().state) == {"failed"}


def test_a_metric_of_ones_own_is_what_is_optimized(tmp_path):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    names = y.map({0: "bad", 1: "good"})

    def rare(y_true, y_pred):
        return f1_score(y_true, y_pred, pos_label="bad")

    result = fit(X, names, Settings(trials=3, metric=rare, **QUICK), folder=tmp_path)
    assert 0.9 < result.score < 1


def test_another_table_in_the_same_folder_is_refused(finished, cancer):
    result, _ = finished
    X, y = cancer
    with pytest.raises(RunError, match="other data"):
        fit(X.iloc[1::2], y.iloc[1::2], Settings(trials=5, **QUICK), folder=result.folder)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="no run"):
        open_run(tmp_path)
    with pytest.raises(RunError, match="no run"):
        resume(tmp_path)


def test_time_is_kept_and_used(tmp_path):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    begin = time.monotonic()
    result = fit(X, y, Settings(time=6, slots=2), folder=tmp_path)
    took = time.monotonic() - begin
    assert took < 6 + 2
    assert took > 4 or result.why != "time"
    assert len(result.rows) >= 3


def test_a_time_budget_shorter_than_a_trial_still_gives_a_model(tmp_path, cancer):
    X, y = cancer
    result = fit(X, y, Settings(time=0.5, slots=1), folder=tmp_path)
    assert (result.model.predict(X) == y).mean() > 0.8


def test_weights_groups_and_order_by_column_are_no_features(tmp_path, cancer):
    X, y = cancer
    rng = np.random.default_rng(0)
    frame = X.assign(patient=np.arange(len(X)) // 3, importance=rng.random(len(X)), target=y)
    asked = Settings(trials=2, group="patient", weight="importance", **QUICK)
    result = fit(frame, "target", asked, folder=tmp_path)
    assert {c.name for c in result.model.schema.features} == set(X.columns)
    result.model.predict(X)


def test_a_missing_side_column_is_named_with_its_nearest(tmp_path, cancer):
    X, y = cancer
    with pytest.raises(SettingError, match="Did you mean 'mean area'"):
        fit(X, y, Settings(trials=1, weight="mean aera"), folder=tmp_path)


def test_mixed_columns_with_gaps_and_new_categories(tmp_path):
    rng = np.random.default_rng(1)
    n = 400
    city = rng.choice(["Rome", "Oslo", "Lima"], n)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
    size = rng.normal(size=n)
    y = size + (city == "Oslo") * 2 + rng.normal(0, 0.1, n)
    frame = pd.DataFrame({"city": city, "day": day, "size": size, "flag": rng.random(n) < 0.5, "price": y})
    frame.loc[::7, "city"] = None
    frame.loc[::5, "size"] = np.nan
    result = fit(frame, "price", Settings(trials=4, slots=2, models=("lightgbm", "linear")), folder=tmp_path)
    new = pd.DataFrame({"flag": [True], "size": [1.0], "day": ["2025-06-01"], "city": ["Kyoto"], "extra": [3]})
    assert np.isfinite(result.model.predict(new)).all()
    assert "column-extra" in {note.code for note in result.model.notes} or result.model.notes


def test_a_trial_worse_than_the_baseline_does_not_displace_it(tmp_path):
    # A rule that a small tree sees at once and a line cannot.
    X = pd.DataFrame({"a": np.random.default_rng(0).normal(size=400)})
    y = (X.a.abs() > 0.67).astype(int)
    result = fit(X, y, Settings(trials=1, models=("linear",), folds=2, executor="inline"), folder=tmp_path)
    assert result.model.members[0].name == "baseline: a small tree"
    assert (result.model.predict(X) == y).mean() > 0.95


def test_a_fold_that_is_easy_does_not_make_the_baseline_the_model(tmp_path):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    settings = Settings(trials=2, models=("linear",), executor="inline", folds=3)
    fit(X, y, settings, folder=tmp_path)
    with Journal.open(tmp_path) as journal:
        # The baseline is judged by one fold: by an easy one it looks better than any trial does over all of them.
        journal.set("baseline", journal.get("baseline") | {"value": 1.0})
        conclude(journal, recall(tmp_path, settings), settings, tmp_path, seconds=None)
    assert open_run(tmp_path).model.members[0].name != "baseline: a small tree"
