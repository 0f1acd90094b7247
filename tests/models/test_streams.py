"""Learners that learn from rows on disk learn what they learn from the same rows in memory."""

import numpy as np
import pytest

from hortus.data.rows import Rows
from hortus.data.rows_on_disk import RowsOnDisk, RowsWriter
from hortus.errors import ArtifactError
from hortus.libraries import installed
from hortus.models import MODELS
from hortus.models.base import FitContext, Streams
from hortus.testing.models import CLASSES, KINDS, table

QUICK = {"learning_rate": 0.3}
STREAMING = ("lightgbm", "xgboost")


def written(rows: Rows, folder, *, weighted=False, at_once=70):
    sampled = np.arange(len(rows.y)) % 3 == 0
    regression = rows.y.dtype.kind == "f"
    with RowsWriter(folder, rows.X.columns, regression=regression, weighted=weighted) as writer:
        for start in range(0, len(rows.y), at_once):
            index = np.arange(start, min(start + at_once, len(rows.y)))
            weight = None if rows.weight is None else rows.weight[index]
            writer.add(Rows(rows.X.rows(index), rows.y[index], weight), sampled[index])
    return RowsOnDisk.open(folder)


def test_these_learners_stream():
    assert {name for name in MODELS if issubclass(MODELS[name], Streams)} == set(STREAMING)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STREAMING)
def test_a_streamed_model_is_the_one_of_the_same_rows_in_memory(name, kind, tmp_path, monkeypatch):
    if not installed(name):
        pytest.skip(f"needs {name}")
    # Several parts, of which the last is smaller.
    monkeypatch.setattr("hortus.data.rows_on_disk.PART", 64)
    monkeypatch.setattr(RowsOnDisk.parts, "__defaults__", (64,))
    model = MODELS[name]
    rows = table(kind, model, rows=500)
    index = np.arange(500)
    weight = 0.5 + index % 2
    train = Rows(rows.X.rows(index[:400]), rows.y[:400], weight[:400])
    valid = Rows(rows.X.rows(index[400:]), rows.y[400:], weight[400:])
    context = FitContext(kind, CLASSES[kind], seed=3)
    on_disk = written(train, tmp_path / "rows", weighted=True)
    assert len(list(on_disk.parts())) == 7
    streamed = model(**QUICK).fit_stream(on_disk, context, valid)
    whole = model(**QUICK).fit(train, context, valid)
    assert np.allclose(streamed.predict(valid.X), whole.predict(valid.X), atol=1e-6)
    assert streamed.work == whole.work
    (tmp_path / "kept").mkdir()
    streamed.save(tmp_path / "kept")
    assert np.array_equal(model.load(tmp_path / "kept").predict(valid.X), streamed.predict(valid.X))
    assert model(**QUICK).stream_bytes(20, CLASSES[kind]) > 20


def test_lightgbm_s_stream_is_the_same_by_any_number_of_threads(tmp_path):
    rows = table("binary", MODELS["lightgbm"], rows=3_000)
    on_disk = written(rows, tmp_path / "rows", at_once=1_000)
    one, two = (
        MODELS["lightgbm"](learning_rate=0.3).fit_stream(on_disk, FitContext("binary", 2, threads=threads))
        for threads in (1, 2)
    )
    assert np.array_equal(one.predict(rows.X), two.predict(rows.X))


def test_more_thresholds_than_a_byte_holds_cost_two():
    assert MODELS["lightgbm"](max_bin=400).stream_bytes(100, 2) == MODELS["lightgbm"]().stream_bytes(100, 2) + 100


def test_rows_come_back_as_they_were_written(tmp_path):
    rows = table("multiclass", MODELS["lightgbm"], rows=200)
    found = written(rows, tmp_path / "a")
    assert np.array_equal(found.whole().X.dense, rows.X.dense, equal_nan=True)
    assert np.array_equal(found.y, rows.y)
    assert found.weight is None
    assert found.columns == rows.X.columns
    part = found.part(190, 300)
    assert np.array_equal(part.y, rows.y[190:])
    changed = found.through(lambda X: X.with_dense(X.dense[:, :2] * 2, X.columns[:2]), tmp_path / "b", unsampled=True)
    left = np.flatnonzero(np.arange(200) % 3)
    assert np.array_equal(changed.whole().X.dense, rows.X.dense[left, :2] * 2, equal_nan=True)
    assert np.array_equal(changed.y, rows.y[left])


def test_rows_that_were_not_written_to_their_end_are_not_there(tmp_path):
    rows = table("binary", MODELS["lightgbm"], rows=50)
    with (
        pytest.raises(KeyboardInterrupt),
        RowsWriter(tmp_path / "a", rows.X.columns, regression=False, weighted=False) as writer,
    ):
        writer.add(rows, np.zeros(50, dtype=bool))
        raise KeyboardInterrupt
    with pytest.raises(ArtifactError) as caught:
        RowsOnDisk.open(tmp_path / "a")
    assert caught.value.code == "rows-missing"
