"""All rows of a file, encoded as its sample was: which are for what, and what is left out."""

import numpy as np
import pandas as pd
import pytest

import hortus.data.within_memory as within_memory
from hortus.data.chunks import open_chunks
from hortus.data.rows_on_disk import RowsOnDisk
from hortus.data.target_codes import code_target
from hortus.data.task import Task
from hortus.data.within_memory import Sampled
from hortus.errors import TargetError
from hortus.run import Settings
from hortus.run.pass_over import Division, pass_over
from hortus.run.prepare import Sides, prepare

ROWS = 6_000
SETTINGS = Settings(trials=1, folds=2, memory=10**9, seed=2)


def written(folder, suffix="csv"):
    """A table whose first column numbers its rows; the sample never holds the classes and gaps of some of them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": np.arange(ROWS) + 0.5, "word": rng.choice(["leaf", "root"], ROWS), "w": 1.0})
    frame["y"] = rng.choice(["yes", "no"], ROWS)
    path = folder / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    return path, frame


@pytest.fixture
def small_sample(monkeypatch):
    monkeypatch.setattr(within_memory, "SHARE", 8e-5)
    monkeypatch.setattr(within_memory, "CLEAR", 10**9)
    monkeypatch.setattr(within_memory, "CHUNK_ROWS", 1_700)


def passed(path, place, settings=SETTINGS, most=10**9):
    prepared = prepare(str(path), "y", settings, Sides())
    division = Division(prepared.sampled, most, settings.seed)
    found = pass_over(division, prepared, place, weight=settings.weight, deadline=None)
    rows = {name: RowsOnDisk.open(place / name) for name in ("learned", "watched", "judged")}
    return prepared, division, found, rows


def numbers(rows):
    return np.round(rows.whole().X.dense[:, 0] - 0.5).astype(int)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_every_row_is_for_one_purpose_and_none_that_judges_was_learned_from(tmp_path, small_sample, suffix):
    path, frame = written(tmp_path, suffix)
    prepared, division, found, rows = passed(path, tmp_path / "rows")
    sample = prepared.sampled.kept
    assert len(sample) < ROWS / 2
    learned, watched, judged = (numbers(rows[name]) for name in ("learned", "watched", "judged"))
    assert len(judged) == division.judged == found.judged == 0.05 * ROWS
    assert len(watched) == division.watched == found.watched == 0.025 * ROWS
    assert sorted([*learned, *watched, *judged]) == list(range(ROWS))
    assert not set(sample) & {*watched, *judged}
    assert set(sample) <= set(learned)
    assert np.array_equal(np.isin(learned, sample), rows["learned"].sampled)
    # The target goes with its row, and is coded as the sample's.
    assert np.array_equal(rows["learned"].y, (frame["y"] == "yes").to_numpy()[learned])
    # The rows that explanations are made from are those that judge, by their places among them.
    assert np.array_equal(found.frame["x"].to_numpy() - 0.5, judged[found.frame.index])
    assert found.left_out == 0
    again = passed(path, tmp_path / "again")[3]
    assert np.array_equal(numbers(again["judged"]), judged)


def test_not_all_rows_where_memory_holds_fewer(tmp_path, small_sample):
    path, _ = written(tmp_path)
    _, division, found, rows = passed(path, tmp_path / "rows", most=1_000)
    assert division.learned == found.learned == 1_000
    learned = numbers(rows["learned"])
    # From everywhere in the file.
    assert np.histogram(learned, bins=6, range=(0, ROWS))[0].min() > 120
    assert len(numbers(rows["judged"])) == 300


def test_rows_without_a_target_or_weight_that_the_sample_knows_are_left_out_and_counted(tmp_path, small_sample):
    path, frame = written(tmp_path)
    sample = prepare(str(path), "y", SETTINGS, Sides()).sampled.kept
    # Not among the first rows, by which the size of the sample is judged.
    others = np.setdiff1d(np.arange(2_000, ROWS), sample)
    frame.loc[others[:40], "y"] = "perhaps"
    frame.loc[others[40:100], "y"] = None
    frame.loc[others[100:110], "w"] = -1.0
    frame.to_csv(path, index=False)
    settings = Settings(trials=1, folds=2, memory=10**9, seed=2, weight="w")
    _, _, found, rows = passed(path, tmp_path / "rows", settings)
    assert found.left_out == 110
    assert found.learned + found.watched + found.judged == ROWS - 110
    assert not set(others[:110]) & set(numbers(rows["learned"]))
    assert rows["judged"].weight is not None
    assert np.array_equal(rows["judged"].weight, np.ones(found.judged))


def test_no_time_to_reach_the_end_is_said(tmp_path, small_sample):
    path, _ = written(tmp_path)
    prepared = prepare(str(path), "y", SETTINGS, Sides())
    division = Division(prepared.sampled, 10**9, 0)
    assert pass_over(division, prepared, tmp_path / "rows", weight=None, deadline=0.0) is None


def test_a_file_that_has_changed_or_gone_is_told(tmp_path, small_sample):
    path, frame = written(tmp_path)
    prepared = prepare(str(path), "y", SETTINGS, Sides())
    prepared.sampled.save(tmp_path)
    found = Sampled.load(tmp_path)
    assert found.gone == ""
    assert np.array_equal(found.kept, prepared.sampled.kept)
    assert found.rows == ROWS
    frame.head(5_000).to_csv(path, index=False)
    assert "has changed" in found.gone
    path.unlink()
    assert "not there any more" in found.gone
    assert Sampled.load(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_survey_is_taken_over_and_not_made_again(tmp_path, suffix, monkeypatch):
    path, frame = written(tmp_path, suffix)
    # A whole number that is missing far down makes floats of all.
    frame["n"] = pd.array([*range(ROWS - 1), None], dtype="Int64")
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    first = open_chunks(path, 1_000)
    first.survey()
    second = open_chunks(path, 1_000)
    second.take(first.surveyed())
    read = []
    blocks = type(second)._blocks if suffix == "csv" else type(second)._batches
    name = blocks.__name__
    monkeypatch.setattr(type(second), name, lambda self, *a: read.append(1) or blocks(self, *a))
    frames = [chunk.frame for chunk in second]
    assert len(read) == 1
    pd.testing.assert_frame_equal(pd.concat(frames), pd.concat([chunk.frame for chunk in first]))
    assert frames[0]["n"].dtype == np.float64
    assert second.survey() == ROWS


def test_targets_are_coded_as_the_task_has_them():
    task = Task("multiclass", "y", (0, 1, 2), "accuracy")
    y, known = code_target(pd.Series([2.0, np.nan, 0.0, 7.0]), task)
    assert y[known].tolist() == [2, 0]
    assert known.tolist() == [True, False, True, False]
    words = Task("binary", "y", ("1", "no"), "roc_auc")
    y, known = code_target(pd.Series([" no", 1, "no", "other", None], dtype=object), words)
    assert (y[known].tolist(), known.tolist()) == ([1, 0, 1], [True, True, True, False, False])
    truths = Task("binary", "y", (False, True), "roc_auc")
    assert code_target(pd.Series([True, False]), truths)[0].tolist() == [1, 0]
    values = Task("regression", "y", (), "r2")
    y, known = code_target(pd.Series([1.5, np.inf, np.nan]), values)
    assert (y[0], known.tolist()) == (1.5, [True, False, False])
    with pytest.raises(TargetError):
        code_target(pd.Series(["1,5", "2"]), values)
