"""A search on a sample of a file, and after it its best candidates on all rows."""

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import hortus
import hortus.data.within_memory as within_memory
import hortus.run.stream as streaming
from hortus.cli import app
from hortus.data.artifacts import UNFINISHED
from hortus.engine.executors.base import Event
from hortus.engine.executors.inline import InlineExecutor
from hortus.errors import ArtifactError, RunError
from hortus.explain.evidence import Evidence
from hortus.run import Settings, fit, open_run, resume
from hortus.run.distill import distill
from hortus.run.evidence import STREAMED
from hortus.run.export import code_inputs
from hortus.run.graph.from_run import from_run
from hortus.run.notebook import cells
from hortus.run.pick import pick
from hortus.run.refit import refit
from hortus.run.result import BUNDLE, SEARCHED
from hortus.run.stream_fits import Declined, Phase, in_time, seconds_a_row, while_there_is_time

ROWS = 8_000
SETTINGS = Settings(trials=2, folds=2, models=("linear", "lightgbm"), executor="inline", memory=10**9, seed=1)


@pytest.fixture(scope="module")
def small_sample():
    """A run learns from about a sixth of its table, as though that were all that fits into memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(within_memory, "SHARE", 1.2e-4)
        patch.setattr(within_memory, "CLEAR", 10**9)
        # A fit of few rounds tells as much here.
        patch.setattr("hortus.models.lightgbm.ROUNDS", 100)
        yield


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 5)).round(4), columns=list("abcde"))
    frame["word"] = rng.choice(["leaf", "root", "stem"], ROWS)
    frame["day"] = pd.date_range("2020-01-01", periods=ROWS, freq="h").strftime("%Y-%m-%d %H:%M")
    signal = frame["a"] * frame["b"] + np.where(frame["word"] == "leaf", frame["c"], -frame["c"])
    frame["y"] = np.where(signal + 0.5 * rng.normal(size=ROWS) > 0, "yes", "no")
    return frame


@pytest.fixture(scope="module")
def table(frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(table, small_sample, tmp_path_factory):
    events = []
    folder = tmp_path_factory.mktemp("runs") / "run"
    result = fit(table, "y", SETTINGS, folder=folder, listeners=[events.append])
    return result, events


def said(result):
    return next(note for note in result.notes if "streamed" in note.code)


def test_the_run_learns_from_all_rows_and_says_what_that_brought(run, frame):
    result, events = run
    assert f"Learned from all {ROWS:,} rows: on 400 rows kept aside ROC AUC " in said(result).what
    assert "streaming" in [event.data["name"] for event in events if event.kind == "phase"]
    (finished,) = [event.data for event in events if event.kind == "run_finished"]
    assert finished["learned"] == said(result).what
    assert finished["score"] == result.estimate.score
    told = result.model.facts["streamed"]
    assert (told["rows"], told["of"], told["judged"]) == (ROWS - 600, ROWS, 400)
    assert result.model.apart
    assert not result.searched.apart
    # All rows but some are about six times the sample: the score is far better, and true of other rows still.
    assert result.score > told["before"] + 0.02
    fresh = frame.sample(2_000, random_state=1)
    assert result.estimate.low < result.score < result.estimate.high
    assert (hortus.load(result.folder / BUNDLE).predict(fresh.drop(columns="y")) == fresh["y"]).mean() > 0.8
    # Nothing is left of the rows on disk, nor of what the fits left.
    assert not list(result.folder.glob(f"{UNFINISHED}*"))
    assert not list((result.folder / "artifacts").glob("streamed-*"))


def test_the_score_is_of_rows_that_no_member_has_seen(run):
    result, _ = run
    evidence = result.evidence
    assert isinstance(evidence, Evidence)
    assert len(evidence.y) == 400
    assert evidence.metric(evidence.y, evidence.predictions) == result.score
    assert len(evidence.frame) == 400
    assert np.allclose(evidence.predict(evidence.frame), evidence.predictions[evidence.rows])
    # What the search found stands beside it, and is judged by the run's own rows.
    own = result.searched_evidence
    assert len(own.y) == len(result.prepared.data)
    assert (result.folder / SEARCHED / BUNDLE).exists()
    shown = CliRunner().invoke(app, ["leaderboard", str(result.folder)])
    assert f"has learned from {ROWS - 600:,} of {ROWS:,} rows; on the 400 rows kept aside" in " ".join(
        shown.output.split()
    )
    top, *_, predict, _ = (text for _, text in cells(result.model))
    assert "kept aside when it was trained" in top
    assert "has not seen them" in predict
    board = result.leaderboard()
    assert board["weight"].sum() == pytest.approx(1)
    assert board["score"].max() < result.score
    opened = open_run(result.folder)
    assert (opened.score, opened.estimate) == (result.score, result.estimate)


@pytest.mark.rotated
def test_what_is_made_of_the_searched_trials_is_made_of_their_own_rows(run, table):
    result, _ = run
    distilled = distill(result, student="linear")
    assert not distilled.predictor.apart
    assert len(distilled.judged) == len(result.prepared.data)
    assert not pick(result, latency=10.0).predictor.apart
    assert from_run(result, source=str(table), which="ensemble").nodes
    with pytest.raises(RunError) as caught:
        refit(result)
    assert caught.value.code == "already-streamed"
    with pytest.raises(ArtifactError) as refused:
        code_inputs(result.folder)
    assert "all rows" in refused.value.what


@pytest.mark.rotated
def test_the_same_seed_and_trials_give_the_same_model(run, table, small_sample, frame, tmp_path):
    result, _ = run
    again = fit(table, "y", SETTINGS, folder=tmp_path / "again")
    assert again.score == result.score
    assert said(again).what == said(result).what
    rows = frame.drop(columns="y").head(50)
    assert np.array_equal(again.model.raw(rows), result.model.raw(rows))


@pytest.mark.rotated
def test_a_run_that_goes_on_without_its_file_keeps_its_model(table, small_sample, tmp_path):
    own, folder = tmp_path / "own.csv", tmp_path / "run"
    own.write_bytes(table.read_bytes())
    settings = dataclasses.replace(SETTINGS, trials=1, models=("lightgbm",))
    first = fit(own, "y", settings, folder=folder)
    assert first.model.apart
    bundle = (folder / BUNDLE).read_bytes()
    again = fit(own, "y", settings, folder=folder)
    assert "stays: nothing was found since" in said(again).what
    assert (folder / BUNDLE).read_bytes() == bundle
    own.unlink()
    found = resume(folder, trials=1)
    assert "is not there any more" in said(found).what
    assert len(found.rows) == 2
    assert (folder / BUNDLE).read_bytes() == bundle
    assert found.score == first.score
    # The same table elsewhere is as good.
    own.write_bytes(table.read_bytes())
    assert "has changed since" in said(resume(folder, trials=1)).what
    moved = fit(own, "y", dataclasses.replace(settings, trials=4), folder=folder)
    assert "Learned from all" in said(moved).what


@pytest.mark.rotated
def test_a_run_goes_on_where_the_evidence_of_its_model_was_removed(table, small_sample, tmp_path):
    folder = tmp_path / "run"
    assert fit(table, "y", dataclasses.replace(SETTINGS, trials=1, models=("lightgbm",)), folder=folder).model.apart
    shutil.rmtree(folder / STREAMED)
    found = resume(folder, trials=1)
    assert len(found.rows) == 2
    assert found.model.apart
    assert len(found.evidence.predictions)


def test_rows_and_members_are_as_many_as_there_is_time_for(run):
    result, _ = run
    rows = [row for row in result.rows if row.evaluation]
    phase = Phase(None, result.prepared, SETTINGS, result.folder, None, None, 100.0)
    cost = seconds_a_row(phase, rows[0])
    train = len(result.prepared.data.train_rows(0))
    assert cost == rows[0].evaluation.seconds / (2 * train)
    # So many rows take a fifth of the time, and so many six times all of it.
    assert in_time(dataclasses.replace(phase, seconds=ROWS * cost * 5), rows, ROWS) == ROWS
    assert in_time(dataclasses.replace(phase, seconds=ROWS * cost / 2), rows, ROWS) == pytest.approx(0.3 * ROWS, abs=2)
    with pytest.raises(Declined):
        in_time(dataclasses.replace(phase, seconds=train * cost), rows, ROWS)
    assert in_time(dataclasses.replace(phase, seconds=None), rows, ROWS) == ROWS
    needed = ROWS * sum(seconds_a_row(phase, row) for row in rows)
    assert while_there_is_time(phase, rows, ROWS, 1.01 * needed) == rows
    assert while_there_is_time(phase, rows, ROWS, 0.99 * needed) == rows[:1]
    assert while_there_is_time(phase, rows, ROWS, 0.0) == rows[:1]
    assert while_there_is_time(phase, rows, ROWS, None) == rows


@pytest.mark.rotated
def test_rows_as_many_as_memory_holds(table, small_sample, tmp_path, monkeypatch):
    monkeypatch.setattr("hortus.run.stream_fits.ROWS_SHARE", 2e-4)
    found = fit(table, "y", SETTINGS, folder=tmp_path / "run")
    learned = int(found.model.facts["streamed"]["rows"]) if found.model.apart else 0
    assert 0 < learned < ROWS / 2
    assert f"Learned from {learned:,} of the {ROWS:,} rows" in said(found).what


def test_time_is_kept_back_where_there_will_be_something_to_do_with_it(run, tmp_path):
    result, _ = run
    timed = dataclasses.replace(SETTINGS, time=90.0, trials=None)

    def kept_back(settings=timed, folder=result.folder, reading=10.0):
        return streaming.stream_seconds(result.prepared, settings, folder, reading)

    assert kept_back() == pytest.approx(30)
    assert kept_back(reading=28.0) == pytest.approx(40)
    assert kept_back(reading=32.0) == 0
    assert kept_back(SETTINGS) == kept_back(folder=tmp_path) == 0
    assert kept_back(dataclasses.replace(timed, group="word")) == 0
    assert kept_back(dataclasses.replace(timed, models=("linear", "forest"))) == 0


@pytest.mark.rotated
@pytest.mark.parametrize("side", ["group", "order"])
def test_rows_that_belong_together_or_follow_each_other_are_not_streamed(frame, table, small_sample, tmp_path, side):
    column = {"group": "word", "order": "day"}[side]
    settings = Settings(trials=1, folds=2, models=("linear",), executor="inline", memory=10**9, **{side: column})
    found = fit(table, "y", settings, folder=tmp_path / "run")
    assert said(found).code == "table-not-streamed"
    assert {"group": "belong together", "order": "in time"}[side] in said(found).what
    assert not found.model.apart


@pytest.mark.rotated
def test_a_run_whose_models_do_not_stream_says_so(table, small_sample, tmp_path):
    settings = Settings(trials=1, folds=2, models=("linear",), executor="inline", memory=10**9)
    found = fit(table, "y", settings, folder=tmp_path / "run")
    assert "no model of this run learns from rows that are not in memory" in said(found).what


@pytest.fixture
def dying(monkeypatch):
    """Fits on all rows die."""
    run_alone = InlineExecutor.run_alone

    def dies(self, job):
        if job.payload["options"]["fit"]:
            return Event(job.number, "failed", {"reason": "memory", "detail": "It held more than its 9 MiB."})
        return run_alone(self, job)

    def begin():
        monkeypatch.setattr(InlineExecutor, "run_alone", dies)

    return begin


@pytest.mark.rotated
@pytest.mark.parametrize("end", ["died", "stopped"])
def test_a_model_of_all_rows_stays_where_the_next_one_comes_to_nothing(
    table, small_sample, tmp_path, monkeypatch, dying, end
):
    folder = tmp_path / "run"
    settings = dataclasses.replace(SETTINGS, trials=1, models=("lightgbm",))
    first = fit(table, "y", settings, folder=folder)
    bundle, evidence = (folder / BUNDLE).read_bytes(), first.evidence
    searched = (folder / SEARCHED / BUNDLE).read_bytes()
    assert first.model.apart
    if end == "died":
        dying()
        found = resume(folder, trials=1)
        assert "stays: no candidate could be fitted on all rows (memory: It held more" in said(found).what
    else:
        monkeypatch.setattr(streaming, "judge_streamed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            resume(folder, trials=1)
        found = open_run(folder)
        assert said(found) == said(first)
    assert (len(found.rows), found.score) == (2, first.score)
    assert (folder / BUNDLE).read_bytes() == bundle
    assert np.array_equal(found.evidence.predictions, evidence.predictions)
    # What the search came to is beside it, with the trial that is new.
    assert (folder / SEARCHED / BUNDLE).read_bytes() != searched
    assert not found.searched.apart
    assert not list(folder.glob(f"{UNFINISHED}*"))


@pytest.mark.rotated
def test_a_new_model_of_all_rows_stays_though_the_run_is_stopped_right_after(
    table, small_sample, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    settings = dataclasses.replace(SETTINGS, trials=1, models=("lightgbm",))
    fit(table, "y", settings, folder=folder)
    keep = streaming.keep_streamed

    def stopped(*args, **more):
        keep(*args, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(streaming, "keep_streamed", stopped)
    with pytest.raises(KeyboardInterrupt):
        resume(folder, trials=1)
    found = open_run(folder)
    assert found.chosen["streamed"]["trials"] == 2
    assert found.model.apart
    assert found.model.facts["score"] == found.score
    assert not found.searched.apart


def test_a_fit_that_dies_costs_the_streaming_alone(table, small_sample, tmp_path, dying):
    dying()
    settings = Settings(trials=1, folds=2, models=("lightgbm",), executor="inline", memory=10**9)
    found = fit(table, "y", settings, folder=tmp_path / "run")
    assert "no candidate could be fitted on all rows (memory: It held more" in said(found).what
    assert not found.model.apart
    assert found.model.predict(pd.read_csv(table).head(3)).shape == (3,)


@pytest.mark.rotated
def test_the_swap_is_finished_by_whoever_opens_the_run_next(table, small_sample, tmp_path, monkeypatch):
    """Killed after the journal names the new model and before it is in its place, or before the journal does."""
    folder = tmp_path / "run"
    settings = Settings(trials=1, folds=2, models=("lightgbm",), executor="inline", memory=10**9)

    def killed(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hortus.run.swap.settle", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(table, "y", settings, folder=folder)
    found = open_run(folder)
    assert found.chosen["streamed"]
    assert found.model.apart
    assert found.model.facts["score"] == found.score
    score, folder = found.score, tmp_path / "other"
    with monkeypatch.context() as patch:
        patch.setattr("hortus.run.streamed.write_bundle", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(table, "y", settings, folder=folder)
    found = open_run(folder)
    assert not found.model.apart
    assert found.model.facts["score"] == found.score
    assert json.loads((folder / "sampled.json").read_text())["rows"] == ROWS
    assert fit(table, "y", settings, folder=folder).score == score
