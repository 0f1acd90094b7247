"""The encoder on mixed tables."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from hortus.data.schema import ColumnSchema, Schema
from hortus.data.store import load_state, save_state
from hortus.features.encode import TableEncoder
from hortus.features.text import TextWeights

WORDS = ["red", "green", "blue", "house", "garden", "tree", "river", "cold", "warm", "bright", "old", "new", "slow"]


def make(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    dates = np.datetime64("2020-01-01", "us") + rng.integers(0, 86400 * 700, rows).astype("timedelta64[s]")
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=rows),
            "old": rng.integers(0, 2, rows).astype(float),
            "colour": pd.Series(rng.choice(["red", "green", "blue"], rows, p=[0.6, 0.3, 0.1]), dtype=object),
            "when": dates.astype("datetime64[us]"),
            "said": pd.Series([" ".join(rng.choice(WORDS, 15)) for _ in range(rows)], dtype=object),
        }
    )
    for name in frame:
        frame.loc[rng.random(rows) < 0.1, name] = None
    return frame


def schema(**kinds):
    return Schema(tuple(ColumnSchema(name, kind) for name, kind in kinds.items()))


MIXED = schema(size="numeric", old="boolean", colour="categorical", when="date", said="text")


def one(kind, values, later=None):
    """Encode a single column; give the matrices of the training values and of later ones."""
    dtype = {"numeric": float, "date": "datetime64[us]"}.get(kind, object)
    encoder = TableEncoder()
    first = encoder.fit_transform(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}), schema(x=kind))
    return first, None if later is None else encoder.transform(pd.DataFrame({"x": pd.Series(later, dtype=dtype)}))


def equal(left, right):
    assert left.columns == right.columns
    np.testing.assert_array_equal(left.dense, right.dense)
    assert (left.text is None) == (right.text is None)
    if left.text is not None:
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(left.text, part), getattr(right.text, part))


def test_a_mixed_table():
    frame = make()
    X = TableEncoder().fit_transform(frame, MIXED)
    assert X.dense.shape == (200, len(X.columns))
    assert X.dense.dtype == np.float32
    by_source = {name: [c for c in X.columns if c.source == name] for name in frame}
    assert [len(by_source[name]) for name in ("size", "old", "colour")] == [1, 1, 1]
    assert by_source["colour"][0].categories == 4
    assert all(c.date for c in by_source["when"])
    assert sum(c.text for c in X.columns) >= 10
    assert X.text.shape[0] == 200
    assert X.text.dtype == np.float32
    for name in ("size", "old", "colour"):
        at = [c.source for c in X.columns].index(name)
        np.testing.assert_array_equal(np.isnan(X.dense[:, at]), frame[name].isna())


def test_the_state_gives_the_same_to_the_bit(tmp_path):
    encoder = TableEncoder(seed=3)
    encoder.fit_transform(make(), MIXED)
    save_state(tmp_path, encoder.state())
    restored = TableEncoder()
    restored.restore(load_state(tmp_path))
    later = make(80, seed=5)
    equal(restored.transform(later), encoder.transform(later))
    again = TableEncoder(seed=3)
    equal(again.fit_transform(make(), MIXED), TableEncoder(seed=3).fit_transform(make(), MIXED))


def test_training_rows_encode_alike_later_and_one_by_one():
    frame = make()
    encoder = TableEncoder()
    X = encoder.fit_transform(frame, MIXED)
    equal(encoder.transform(frame), X)
    for i in (0, 50, 199):
        row = encoder.transform(frame.iloc[[i]])
        np.testing.assert_allclose(row.dense[0], X.dense[i], rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(row.text.toarray()[0], X.text[[i]].toarray()[0])
    assert encoder.transform(frame.iloc[:0]).dense.shape == (0, len(X.columns))


def test_ignored_columns_are_left_out():
    columns = (ColumnSchema("size", "numeric"), ColumnSchema("said", "text", role="ignored", reason="id"))
    X = TableEncoder().fit_transform(make(), Schema(columns))
    assert [c.name for c in X.columns] == ["size"]
    assert X.text is None


def test_numbers_are_held_in_range_and_keep_what_sets_them_apart():
    X, _ = one("numeric", [1e300, -1e300, 1.5, np.nan])
    assert np.isfinite(X.dense[:3]).all()
    assert X.dense[2, 0] == 1.5
    stamps = [1_700_000_000.0 + i for i in range(50)]
    X, later = one("numeric", stamps, later=stamps)
    assert len(np.unique(X.dense)) == 50
    np.testing.assert_array_equal(X.dense, later.dense)
    X, _ = one("numeric", [0.1, 0.2, 1e6])
    np.testing.assert_array_equal(X.dense[:, 0], np.float32([0.1, 0.2, 1e6]))


@pytest.mark.parametrize("rows", [5, 500])
def test_categories_are_coded_by_frequency_and_the_unseen_join_the_rare(rows):
    X, later = one(
        "categorical", ["b", "a", "a", "b", "a", "once", None], later=["a", "b", "new", "once", None] * (rows // 5)
    )
    np.testing.assert_array_equal(X.dense[:, 0], np.float32([1, 0, 0, 1, 0, 2, np.nan]))
    assert X.columns[0].categories == 3
    np.testing.assert_array_equal(later.dense[:5, 0], np.float32([0, 1, 2, 2, np.nan]))
    assert len(later.dense) == rows


def test_a_million_categories_are_no_matter():
    values = [f"id{i // 2}" for i in range(200_000)]
    begin = time.perf_counter()
    X, later = one("categorical", values, later=values)
    assert X.columns[0].categories == 100_001
    np.testing.assert_array_equal(X.dense, later.dense)
    assert time.perf_counter() - begin < 5


def test_date_parts_equal_pandas_and_only_those_that_vary():
    written = ["2024-02-29 13:30", "2023-12-31", "2025-01-01", None, "1890-07-05 01:00"]
    dates = pd.to_datetime(written, format="ISO8601").astype("datetime64[us]")
    X, _ = one("date", dates)
    parts = {c.name.removeprefix("x "): X.dense[:, i] for i, c in enumerate(X.columns)}
    expected = {
        "year": dates.year,
        "month": dates.month,
        "day": dates.day,
        "weekday": dates.day_of_week,
        "day of year": dates.day_of_year,
        "hour": dates.hour + dates.minute / 60,
        "days": (dates - dates.min()) / pd.Timedelta(days=1),
    }
    assert set(parts) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(parts[name], np.asarray(values, dtype=float), rtol=1e-6)
    X, _ = one("date", pd.to_datetime(["2024-03-01", "2024-03-02", "2024-03-05"]).astype("datetime64[us]"))
    assert [c.name for c in X.columns] == ["x day", "x weekday", "x day of year", "x days"]


def test_dates_beyond_nanoseconds_and_columns_of_gaps():
    X, _ = one("date", np.asarray(["0001-01-01", "9999-12-31"], dtype="datetime64[us]"))
    assert X.dense[:, 0].tolist() == [1, 9999]
    X, _ = one("date", np.asarray(["NaT", "NaT"], dtype="datetime64[us]"))
    assert X.dense.shape == (2, 0)
    X, later = one("categorical", [None, None], later=["a"])
    assert np.isnan(X.dense).all()
    assert later.dense[0, 0] == 0
    X, later = one("text", [None, None], later=["some words"])
    assert np.isnan(X.dense[:, :4]).all()
    assert later.dense[0, :2].tolist() == [10, 2]
    X, _ = one("numeric", [np.nan, np.nan])
    assert np.isnan(X.dense).all()


@pytest.mark.parametrize(
    "texts",
    [
        ["🙂", "🙂🙂", "🙂 🙂", "🙂"] * 5,
        ["今日は天気がとてもいいですね", "明日は天気が悪いですね", "今日は雨です"] * 10,
        ["مرحبا بالعالم", "عالم جميل", "مرحبا"] * 10,
        ["", " ", "\n", "!!!"] * 5,
        ["same words"] * 20,
        ["only one row"],
        [f"unique{i}" for i in range(30)],
    ],
)
def test_text_of_any_script(texts):
    X, later = one("text", texts, later=["never seen 漢字 words", *texts[:3]])
    assert np.isfinite(X.dense).all()
    np.testing.assert_allclose(later.dense[1:], X.dense[: len(texts[:3])], rtol=1e-4, atol=1e-6)
    assert X.text.shape == (len(texts), later.text.shape[1])


def test_scripts_without_spaces_are_told_apart_by_runs_of_letters():
    rng = np.random.default_rng(0)
    good, bad = "とても良い商品です", "ひどい品質でした"
    labels = rng.integers(0, 2, 200)
    fill = ["私は", "昨日", "友達が", "店で", "買った"]
    texts = [f"{rng.choice(fill)}{rng.choice(fill)}{good if k else bad}{rng.choice(fill)}" for k in labels]
    X, _ = one("text", texts)
    centres = [np.asarray(X.text[labels == k].mean(axis=0)) for k in (0, 1)]
    assert np.linalg.norm(centres[0] - centres[1]) > 0.3


def test_measures_of_a_text():
    X, _ = one("text", ["Two WORDS 12", None, ""])
    assert [c.name for c in X.columns][:4] == ["x length", "x words", "x digits", "x capitals"]
    np.testing.assert_allclose(X.dense[0, :4], [12, 3, 2 / 12, 6 / 12], rtol=1e-6)
    np.testing.assert_array_equal(X.dense[2, :4], [0, 0, 0, 0])


def test_words_are_shared_out_among_the_columns_of_text():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{k}" for k in rng.integers(0, 3000, 60)) for _ in range(400)]
    _, block = TextWeights(500).fit_transform(texts)
    assert block.shape == (400, 500)
    frame = pd.DataFrame({name: pd.Series(texts, dtype=object) for name in "ab"})
    X = TableEncoder().fit_transform(frame, schema(a="text", b="text"))
    assert X.text.shape[1] <= 20_000
    half = X.text.shape[1] // 2
    np.testing.assert_array_equal(X.text[:, :half].toarray(), X.text[:, half:].toarray())


def test_weights_are_scikit_learn_s():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = make()["said"].dropna().tolist()
    _, block = TextWeights().fit_transform(texts)
    expected = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    np.testing.assert_allclose(block.toarray(), expected.fit_transform(texts).toarray(), rtol=1e-5)


def test_names_stay_distinct():
    frame = make()[["when"]].assign(**{"when year": 1.0 * np.arange(200)})
    X = TableEncoder().fit_transform(frame, schema(**{"when year": "numeric", "when": "date"}))
    names = [c.name for c in X.columns]
    assert len(set(names)) == len(names)
    assert X.columns[0].source == "when year"
