import numpy as np
import pandas as pd
import pytest

from hortus.explain.segments import worst_segments


def table(n, seed=0):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": random.uniform(20, 80, n), "income": random.normal(size=n)})
    frame["region"] = pd.Series(np.array(random.choice(["north", "south", "west"], n), dtype=object), dtype=object)
    frame["day"] = np.datetime64("2020-01-01", "us") + random.integers(0, 1000, n) * np.timedelta64(1, "D")
    frame["smoker"] = random.integers(0, 2, n).astype(float)
    return frame


def off_by(known, frame, size, seed=0, **options):
    """A regression that is off by a normal error of this size for each row."""
    error = np.random.default_rng(seed + 50).normal(size=len(frame)) * size
    return known(frame, lambda f, _: np.zeros(len(f)), error, kinds={"smoker": "boolean"}, **options)


def test_a_planted_segment_of_two_conditions_is_found_and_described(known):
    frame = table(3000)
    bad = (frame["age"] > 55) & (frame["region"] == "north")
    found = worst_segments(off_by(known, frame, np.where(bad, 4.0, 1.0)))
    worst = found[0]
    assert {c.column for c in worst.conditions} == {"age", "region"}
    assert "region is north" in worst.words
    assert "age over 5" in worst.words
    assert " and " in worst.words
    assert worst.metric == "neg_mean_absolute_error"
    assert worst.low < worst.gap < worst.high < 0
    assert worst.score == pytest.approx(worst.overall + worst.gap)
    assert worst.rows == len(worst.positions) == round(worst.share * 3000)
    there = np.zeros(3000, dtype=bool)
    there[worst.positions] = True
    assert (there & bad).sum() > 0.8 * max(there.sum(), bad.sum())
    # The truth: mean absolute errors of normal errors of sizes 4 and 1.
    truth = np.sqrt(2 / np.pi) * (4 - np.where(bad, 4.0, 1.0).mean())
    assert worst.gap == pytest.approx(-truth, rel=0.25)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda f: f["region"] == "south", "region is south"),
        (lambda f: f["smoker"] == 1, "smoker is true"),
        (lambda f: f["income"].isna(), "income is missing"),
        (lambda f: f["day"] > np.datetime64("2022-01-01"), "day after 202"),
        (lambda f: f["age"] <= 27.5, "age at most 27"),
    ],
)
def test_one_condition_is_told_as_one(known, bad, words):
    frame = table(2000)
    frame.loc[::6, "income"] = np.nan
    found = worst_segments(off_by(known, frame, np.where(bad(frame), 3.0, 1.0)))
    assert found[0].words.startswith(words)
    assert len(found[0].conditions) == 1


def test_where_there_is_no_segment_none_is_found(known):
    found = [worst_segments(off_by(known, table(600, seed), np.ones(600), seed), seed=seed) for seed in range(30)]
    assert sum(map(bool, found)) <= 4


def test_segments_do_not_tell_the_same_twice(known):
    frame = table(4000).assign(older=lambda f: f["age"] + 1)
    bad = (frame["age"] > 60) | (frame["region"] == "west")
    found = worst_segments(off_by(known, frame, np.where(bad, 3.0, 1.0)), most=5)
    assert 2 <= len(found) <= 5
    for i, one in enumerate(found):
        for other in found[:i]:
            shared = len(np.intersect1d(one.positions, other.positions))
            assert shared <= 0.55 * max(one.rows, other.rows)
    assert list(found) == sorted(found, key=lambda segment: segment.high)


def test_classes_are_judged_as_the_metric_judges_them(known):
    frame = table(3000)
    y = np.random.default_rng(1).integers(0, 2, 3000)
    lost = (frame["region"] == "west").to_numpy() & (np.random.default_rng(2).uniform(size=3000) < 0.4)

    def formula(frame, folds):
        right = np.where(lost, 1 - y, y)
        return np.column_stack([1 - right, right]) * 0.8 + 0.1

    probabilities = worst_segments(known(frame, formula, y, classes=("no", "yes")))[0]
    labels = worst_segments(known(frame, formula, y, classes=("no", "yes"), metric="accuracy"))[0]
    assert probabilities.metric == "neg_log_loss"
    assert labels.metric == "accuracy"
    assert labels.words == probabilities.words == "region is west"
    assert labels.right == pytest.approx(labels.score)
    assert labels.right == pytest.approx(0.6, abs=0.08)


def test_rows_of_no_weight_are_no_segment(known):
    frame = table(2000)
    bad = (frame["region"] == "north").to_numpy()
    evidence = off_by(known, frame, np.where(bad, 3.0, 1.0), weight=np.where(bad, 0.0, 1.0))
    assert not any("north" in segment.words for segment in worst_segments(evidence))


def test_the_same_seed_finds_the_same(known):
    evidence = off_by(known, table(800), np.where(table(800)["age"] > 60, 3.0, 1.0))
    one, two = worst_segments(evidence, seed=3), worst_segments(evidence, seed=3)
    assert [(s.words, s.gap, s.p) for s in one] == [(s.words, s.gap, s.p) for s in two] != []


def test_a_table_too_small_has_none(known):
    assert worst_segments(off_by(known, table(20), np.ones(20))) == ()


def test_a_real_table(diabetes):
    for segment in worst_segments(diabetes):
        assert segment.high < 0
        assert segment.rows >= 15
