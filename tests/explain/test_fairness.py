import numpy as np
import pandas as pd
import pytest

from hortus.errors import SettingError
from hortus.explain.fairness import by_group


def binary(known, seed=0, *, n=1200, unfair=0.0, **options):
    """A model that is right with 80 %, and says no to so many more of the south."""
    random = np.random.default_rng(seed)
    region = np.array(random.choice(["north", "south"], n), dtype=object)
    y = random.integers(0, 2, n)
    called = np.where(random.uniform(size=n) < 0.8, y, 1 - y)
    called = np.where((region == "south") & (random.uniform(size=n) < unfair), 0, called)
    proba = np.column_stack([1 - called, called]) * 0.8 + 0.1
    frame = pd.DataFrame({"age": random.uniform(20, 80, n), "flag": random.integers(0, 2, n).astype(float)})
    frame["region"] = pd.Series(region, dtype=object)
    return known(
        frame,
        lambda f, _: proba[: len(f)],
        y,
        classes=("no", "yes"),
        metric="accuracy",
        kinds={"flag": "boolean"},
        **options,
    )


def test_a_planted_gap_is_found(known):
    found = by_group(binary(known, unfair=0.4, n=5000), "region")
    assert found.positive == "yes"
    assert {g.name for g in found.groups} == {"north", "south"}
    for measure, truth in (("selection_rate", 0.2), ("tpr", 0.32), ("fpr", 0.08)):
        gap = found.gaps[measure]
        assert gap.value == pytest.approx(truth, abs=0.07)
        assert gap.low < gap.value < gap.high
        assert (gap.highest, gap.lowest) == ("north", "south")
    assert found.gaps["selection_rate"].clear
    assert found.gaps["tpr"].clear


def test_a_fair_model_is_seldom_found_unfair(known):
    clear = [by_group(binary(known, seed), column).gaps for seed in range(25) for column in ("region", "age")]
    assert sum(gaps["selection_rate"].clear for gaps in clear) <= 5
    assert sum(gaps["error"].clear for gaps in clear) <= 5


def test_rates_are_what_they_are_called(known):
    weight = np.random.default_rng(3).integers(1, 4, 1200).astype(float)
    evidence = binary(known, weight=weight)
    group = {g.name: g for g in by_group(evidence, "region").groups}["north"]
    there = (evidence.frame["region"] == "north").to_numpy()
    y, called, w = evidence.y[there], evidence.predictions[there].argmax(axis=1), weight[there]
    assert group.rows == there.sum()
    assert group.base_rate == pytest.approx(np.average(y, weights=w))
    assert group.selection_rate == pytest.approx(np.average(called, weights=w))
    assert group.tpr == pytest.approx(np.average(called[y == 1], weights=w[y == 1]))
    assert group.fpr == pytest.approx(np.average(called[y == 0], weights=w[y == 0]))
    assert group.precision == pytest.approx(np.average(y[called == 1], weights=w[called == 1]))
    assert group.error == pytest.approx(np.average(y != called, weights=w))
    assert group.bias is None
    assert group.low < group.score < group.high
    assert group.score == pytest.approx(1 - group.error, abs=0.01)


def test_the_positive_class_can_be_chosen(known):
    evidence = binary(known)
    yes, no = by_group(evidence, "region"), by_group(evidence, "region", positive="no")
    assert no.positive == "no"
    for one, other in zip(yes.groups, no.groups, strict=True):
        assert one.selection_rate == pytest.approx(1 - other.selection_rate)
        assert one.tpr == pytest.approx(1 - other.fpr)
    with pytest.raises(SettingError, match=r"no class 'maybe'.*'no', 'yes'"):
        by_group(evidence, "region", positive="maybe")


def test_numbers_are_grouped_by_ranges_and_flags_by_value(known):
    evidence = binary(known)
    ages = by_group(evidence, "age")
    assert len(ages.groups) == 4
    assert ages.groups[0].name.startswith("up to 3")
    assert ages.groups[1].name.startswith("over 3")
    assert sum(g.rows for g in ages.groups) == 1200
    assert {g.name for g in by_group(evidence, "flag").groups} == {"true", "false"}


def test_a_column_that_the_model_never_saw_comes_as_a_series(known):
    evidence = binary(known, unfair=0.5)
    region = evidence.frame["region"]
    unseen = pd.Series(region.to_list(), index=range(5000, 6200), name="origin").astype("category")
    found = by_group(evidence, unseen)
    assert found.column == "origin"
    assert found.gaps["tpr"] == by_group(evidence, "region").gaps["tpr"]
    days = pd.Series(pd.date_range("2020-01-01", periods=1200, tz="UTC"))
    assert [g.name[:5] for g in by_group(evidence, days).groups] == ["up to", "after", "after", "after"]
    assert {g.name for g in by_group(evidence, pd.Series(np.arange(1200) % 3 == 0)).groups} == {"true", "false"}
    with pytest.raises(SettingError, match="has 7 rows, and the training table has 1200"):
        by_group(evidence, region[:7])


def test_a_series_of_all_rows_reaches_those_that_no_sample_holds(known):
    from dataclasses import replace

    evidence = binary(known)
    sampled = replace(evidence, frame=evidence.frame.iloc[::3], rows=np.arange(0, 1200, 3))
    assert by_group(sampled, "region").rows == 400
    assert by_group(sampled, evidence.frame["region"]).groups == by_group(evidence, "region").groups
    assert by_group(sampled, sampled.frame["region"]).groups == by_group(sampled, "region").groups
    half = np.arange(0, 1200, 2)
    judged = replace(
        evidence,
        judged=half,
        y=evidence.y[half],
        predictions=evidence.predictions[half],
        folds=evidence.folds[half],
        rows=np.arange(0, 600, 3),
        frame=evidence.frame.iloc[half[::3]],
    )
    whole = by_group(judged, evidence.frame["region"])
    assert whole.rows == 600
    assert whole.groups == by_group(judged, evidence.frame["region"].iloc[half]).groups


def test_small_groups_and_missing_cells(known):
    evidence = binary(known)
    place = pd.Series(["a"] * 600 + ["b"] * 500 + ["c"] * 20 + [None] * 50 + ["missing"] * 30, dtype=object)
    found = by_group(evidence, place)
    assert [g.name for g in found.groups] == ["a", "b", "missing", "no missing"]
    assert found.too_small == ("c",)
    assert found.column == "the given column"
    many = by_group(evidence, pd.Series(np.repeat([f"g{i:02}" for i in range(15)], 80)))
    assert len(many.groups) == 12
    assert len(many.too_small) == 3
    assert by_group(evidence, pd.Series(["one"] * 1200)).gaps == {}


def test_a_fold_of_one_class_does_not_count_as_chance(known):
    y = np.tile([0, 0, 1, 1], 50)
    folds = np.tile(np.array([0, 1, 1, 2], dtype=np.int8), 50)
    frame = pd.DataFrame({"side": pd.Series(np.array(["left"] * 100 + ["right"] * 100, dtype=object), dtype=object)})
    evidence = known(frame, lambda f, _: np.column_stack([1 - y, y]) * 0.8 + 0.1, y, classes=(0, 1), folds=folds)
    assert [g.score for g in by_group(evidence, "side").groups] == [1, 1]


def test_a_regression_has_bias_and_error(known):
    n = 1000
    side = np.array(["left", "right"] * 500, dtype=object)
    frame = pd.DataFrame({"side": pd.Series(side, dtype=object)})
    noise = np.random.default_rng(0).normal(size=n)
    evidence = known(frame, lambda f, _: np.where(side == "left", 1.0, 0.0) + noise, np.zeros(n))
    found = by_group(evidence, "side")
    assert found.positive is None
    assert found.gaps["bias"].value == pytest.approx(1, abs=0.2)
    assert found.gaps["bias"].clear
    assert set(found.gaps) == {"score", "error", "bias"}
    assert found.groups[0].selection_rate is None


def test_more_classes_have_rates_where_one_is_named(wine):
    assert set(by_group(wine, "alcohol").gaps) == {"score", "error"}
    assert "selection_rate" in by_group(wine, "alcohol", positive=1).gaps


def test_a_column_that_makes_no_groups_is_refused(known, mixed, cancer):
    with pytest.raises(SettingError, match="Did you mean 'mean area'"):
        by_group(cancer, "mean areas")
    evidence = known(mixed, lambda f, _: np.zeros(len(f)), np.zeros(300), kinds={"place": "text"})
    with pytest.raises(SettingError, match="free text"):
        by_group(evidence, "place")
