"""What the model is worth in one sentence, what it goes by, and what every threshold does."""

import numpy as np
import pandas as pd
import pytest

from hortus.errors import SettingError
from hortus.explain.dependence import partial_dependence
from hortus.explain.drivers import drivers, effect_sentence
from hortus.explain.importance import permutation_importance
from hortus.explain.in_short import in_short
from hortus.explain.outcomes import count_outcomes
from hortus.explain.thresholds import thresholds


def churn(known, *, weight=None):
    """Of 100 rows, 40 leave; 30 of these are foreseen, and 10 are called so wrongly."""
    p = np.r_[np.full(30, 0.9), np.full(10, 0.2), np.full(10, 0.7), np.full(50, 0.1)]
    frame = pd.DataFrame({"x": p})
    y = np.r_[np.ones(40, dtype=int), np.zeros(60, dtype=int)]
    return known(
        frame,
        lambda rows, _: np.column_stack([1 - rows["x"], rows["x"]]),
        y,
        classes=("stays", "leaves"),
        metric="roc_auc",
        weight=weight,
    )


def test_a_model_of_two_classes_is_told_by_how_often_it_is_right_and_what_it_misses(known):
    evidence = churn(known)
    assert in_short(evidence.task, count_outcomes(evidence)) == "Right 8 times in 10; misses 1 in 4 of “leaves”."


def test_a_regression_is_told_by_how_far_it_is_off(diabetes):
    said = in_short(diabetes.task, count_outcomes(diabetes))
    assert said.startswith("Off by 4")
    assert "guessing, by 6" in said


def test_of_many_classes_the_worst_is_told(wine):
    assert in_short(wine.task, count_outcomes(wine)).startswith("Right 9")


def test_every_threshold_has_the_counts_that_it_would_have(known):
    evidence = churn(known)
    found = thresholds(evidence)
    assert found.now == 0.5
    for value, table in zip(found.values, found.tables, strict=True):
        called = evidence.predictions[:, 1] > value
        expected = [[np.sum((evidence.y == i) & (called == bool(j))) for j in (0, 1)] for i in (0, 1)]
        np.testing.assert_array_equal(table, expected)


def test_the_cheapest_threshold_goes_by_what_mistakes_cost(known):
    found = thresholds(churn(known))
    assert found.cheapest(1, 100) < 0.2
    assert 0.2 <= found.cheapest(1, 1) < 0.9
    assert 0.7 <= found.cheapest(10, 1) < 0.9
    with pytest.raises(SettingError, match="costs"):
        found.cheapest(-1, 1)


def test_weights_count(known):
    weight = np.r_[np.full(40, 2.0), np.ones(60)]
    assert thresholds(churn(known, weight=weight)).tables[0].sum() == 140


def test_more_classes_have_no_threshold(wine):
    with pytest.raises(SettingError):
        thresholds(wine)


def test_drivers_are_told_by_what_the_score_loses_and_which_way_they_push(known):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"age": random.uniform(20, 80, 600), "noise": random.normal(size=600)})

    def older(rows):
        return 1 / (1 + np.exp(-(rows["age"] - 50) / 5))

    y = (random.uniform(size=600) < older(frame)).astype(int)
    evidence = known(
        frame,
        lambda rows, _: np.column_stack(
            [1 - 1 / (1 + np.exp(-(rows["age"] - 50) / 5)), 1 / (1 + np.exp(-(rows["age"] - 50) / 5))]
        ),
        y,
        classes=("no", "yes"),
        metric="roc_auc",
    )
    effects = [partial_dependence(evidence, "age", class_="yes")]
    age, noise = drivers(evidence.task, permutation_importance(evidence), effects)
    assert age.column == "age"
    assert age.share == 1.0
    assert "Without it, the ROC AUC would fall by 0.4" in age.sentence
    assert "The more of it, the likelier “target = yes”: from 0." in age.sentence
    assert not noise.sure
    assert noise.sentence == "Without it alone, it would do as well, as far as can be told."


def test_an_effect_that_rises_and_falls_is_told_by_its_peak(known):
    frame = pd.DataFrame({"x": np.linspace(-3, 3, 200)})
    evidence = known(frame, lambda rows, _: 10 - rows["x"].to_numpy() ** 2, 10 - frame["x"].to_numpy() ** 2)
    said = effect_sentence(evidence.task, partial_dependence(evidence, "x"))
    assert said.startswith("The prediction of “target” is highest around")
