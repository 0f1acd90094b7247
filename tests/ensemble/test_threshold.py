"""Thresholds and costs: the best decision is found, by rows it is not judged on, and nonsense is refused."""

import json

import numpy as np
import pytest

from hortus.data.metrics import make_metric
from hortus.ensemble.confusion import COUNTED, tables_above
from hortus.ensemble.costs import read_costs
from hortus.ensemble.stacking import softmax
from hortus.ensemble.threshold import Threshold, tune_threshold
from hortus.errors import ArtifactError, SettingError

F1 = make_metric("f1", "binary", (0, 1))


def rare(rows, seed, power=1.0):
    """Probabilities of a class of an eighth of the rows, and the class drawn from them before they are distorted."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows) * 1.6 - 2.8
    y = (rng.random(rows) < 1 / (1 + np.exp(-z))).astype(int)
    p = 1 / (1 + np.exp(-power * z))
    return y, np.column_stack([1 - p, p])


@pytest.mark.parametrize("name", sorted(COUNTED))
@pytest.mark.parametrize("weighted", [False, True])
def test_a_table_scores_as_its_rows_do(name, weighted):
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 200), rng.random(200).round(2)
    weight = rng.random(200) if weighted else np.ones(200)
    at = np.linspace(0.045, 0.955, 20)
    place = np.searchsorted(at, p)
    sides = [np.bincount(place[y == k], weight[y == k], minlength=21) for k in (0, 1)]
    metric = make_metric(name, "binary", (0, 1))
    expected = [metric(y, (p > t).astype(int), weight) for t in at]
    np.testing.assert_allclose(COUNTED[name](tables_above(*sides)), expected, atol=1e-12)


@pytest.mark.parametrize("name", ["f1", "balanced_accuracy", "mcc", "f1_macro"])
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_threshold_is_nearly_the_best_of_new_rows(name, power):
    metric = make_metric(name, "binary", (0, 1))
    y, p = rare(4_000, 1, power)
    new, q = rare(40_000, 2, power)
    found = tune_threshold(y, p, metric=name)
    best = max(metric(new, (q[:, 1] > t).astype(int)) for t in np.linspace(0.01, 0.9, 90))
    made, plain = metric(new, found.decide(q)), metric(new, q)
    assert best - made < 0.01
    assert made > plain
    # What it says of itself is what comes.
    assert found.score - found.before == pytest.approx(made - plain, abs=3.5 * found.error)
    assert 0 < found.error < 0.05


@pytest.mark.parametrize("costs", [{"fp": 1, "fn": 5}, {"FN": 12.5, "FP": 2}, {"fp": 1, "fn": 2, "tp": -2}])
def test_probabilities_that_are_right_are_cut_where_the_closed_form_says(costs):
    y, p = rare(6_000, 3)
    found = tune_threshold(y, p, costs=costs)
    given = {"tn": 0.0, "tp": 0.0} | {key.lower(): cost for key, cost in costs.items()}
    alarm, miss = given["fp"] - given["tn"], given["fn"] - given["tp"]
    assert found.value == pytest.approx(alarm / (alarm + miss))
    assert found.goal == "costs"
    assert found.score > found.before


def test_probabilities_that_are_wrong_are_cut_where_the_rows_say():
    y, p = rare(6_000, 4, power=3.0)
    new, q = rare(40_000, 5, power=3.0)
    found = tune_threshold(y, p, costs={"fp": 1, "fn": 5})
    # A sixth, seen through the distortion.
    odds = (1 / 5) ** 3
    assert found.value == pytest.approx(odds / (1 + odds), abs=0.01)
    cost = np.array([[0.0, 1.0], [5.0, 0.0]])
    assert -cost[new, found.decide(q)].mean() == pytest.approx(found.score, abs=0.03)


def test_on_few_rows_of_noise_it_promises_nothing():
    gains = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y, p = rng.integers(0, 2, 100), rng.uniform(0.3, 0.7, 100)
        found = tune_threshold(y, np.column_stack([1 - p, p]), metric="mcc", seed=seed)
        gains.append(found.score)
    assert abs(np.mean(gains)) < 0.1


def test_a_metric_that_only_a_call_can_tell_is_tuned_too():
    def youden(true, said):
        return np.mean(said[true == "yes"] == "yes") - np.mean(said[true == "no"] == "yes")

    y, p = rare(1_500, 6)
    found = tune_threshold(y, p, metric=youden, classes=("no", "yes"))
    assert found.goal == "youden"
    assert 0.03 < found.value < 0.3
    assert found.score > found.before


def test_weights_and_folds_are_heeded():
    y, p = rare(4_000, 7)
    loud = tune_threshold(y, p, metric="accuracy", weight=np.where(y == 1, 20.0, 1.0), folds=np.arange(4_000) % 5)
    plain = tune_threshold(y, p, metric="accuracy", folds=np.arange(4_000) % 5)
    assert loud.value < 0.2 < plain.value
    again = tune_threshold(y, p, metric="accuracy", folds=np.arange(4_000) % 5)
    assert again == plain


def test_many_classes_are_told_apart_by_costs():
    rng = np.random.default_rng(8)
    p = softmax(rng.normal(size=(5_000, 3)))
    y = (rng.random(5_000)[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    table = np.array([[0, 1, 1], [1, 0, 1], [9, 9, 0]], dtype=float)
    found = tune_threshold(y, p, costs={"c": 9}, classes=("a", "b", "c"))
    codes = found.decide(p)
    np.testing.assert_array_equal(codes, (p @ table).argmin(axis=1))
    assert found.value is None
    assert found.score == pytest.approx(-table[y, codes].mean())
    assert found.before == pytest.approx(-table[y, p.argmax(axis=1)].mean())
    assert found.score > found.before + found.error
    assert tune_threshold(y, p, costs=table).costs == found.costs


def test_costs_that_many_wrong_probabilities_do_not_save_are_not_followed():
    rng = np.random.default_rng(9)
    y = rng.integers(0, 3, 3_000)
    p = np.full((3_000, 3), 0.15)
    p[np.arange(3_000), y] = 0.7
    found = tune_threshold(y, p, costs={0: 9})
    assert found.score == found.before == 0
    np.testing.assert_array_equal(found.decide(p), y)


def test_one_class_alone_is_no_trouble():
    found = tune_threshold(np.zeros(100, dtype=int), rare(100, 10)[1], metric="f1")
    assert found.value == 0.5


def test_no_threshold_but_a_half_decides_as_the_likeliest_class_does():
    p = np.array([[0.5, 0.5], [0.4, 0.6], [0.6, 0.4]])
    np.testing.assert_array_equal(Threshold("f1", 0.5, None, 0, 0, 0).decide(p), p.argmax(axis=1))


@pytest.mark.parametrize(
    ("costs", "classes", "expected"),
    [
        ({"fp": 1, "fn": 5}, ("no", "yes"), [[0, 1], [5, 0]]),
        ({"fn": 5}, ("no", "yes"), [[0, 1], [5, 0]]),
        ({"tp": -3, "fp": 2}, (0, 1), [[0, 2], [1, -3]]),
        ({"yes": 4}, ("no", "yes"), [[0, 1], [4, 0]]),
        ({"fp": 7}, ("fn", "fp"), [[0, 1], [7, 0]]),
        ({"1": 4}, (0, 1), [[0, 1], [4, 0]]),
        ({True: 4}, (False, True), [[0, 1], [4, 0]]),
        ({("b", "a"): 3, "c": 2}, ("a", "b", "c"), [[0, 1, 1], [3, 0, 1], [2, 2, 0]]),
        ([[0, 2], [3, 0]], ("no", "yes"), [[0, 2], [3, 0]]),
    ],
)
def test_costs_are_read_as_they_are_said(costs, classes, expected):
    np.testing.assert_array_equal(read_costs(costs, classes), expected)


@pytest.mark.parametrize(
    ("costs", "classes", "message"),
    [
        ({"ffn": 1}, ("no", "yes"), "Did you mean 'fn'"),
        ({"yess": 1}, ("no", "yes"), "Did you mean 'yes'"),
        ({"fp": 1}, ("a", "b", "c"), "no class"),
        ({}, (0, 1), "No costs"),
        ({"fp": "much"}, (0, 1), "finite number"),
        ({"fp": float("nan")}, (0, 1), "finite number"),
        ({"fp": True}, (0, 1), "finite number"),
        ({"fp": 0}, (0, 1), "higher cost"),
        ({"fn": 1, "tp": 2}, (0, 1), "higher cost"),
        ({("a", "b", "c"): 1}, ("a", "b", "c"), "pair"),
        ({("a", "x"): 1}, ("a", "b", "c"), "no class"),
        ({True: 2}, (0, 1), "no class"),
        ([[0, 1]], (0, 1), "2 rows"),
        ([[0, 1], [float("inf"), 0]], (0, 1), "finite"),
        ("cheap", (0, 1), "Give costs"),
    ],
)
def test_costs_that_are_nonsense_are_refused(costs, classes, message):
    with pytest.raises(SettingError, match=message) as caught:
        read_costs(costs, classes)
    assert caught.value.code == "costs-refused"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "metric or by costs"),
        ({"metric": "f1", "costs": {"fp": 2}}, "one of the two"),
        ({"metric": "roc_auc"}, "sees probabilities"),
        ({"metric": "recall"}, "every row"),
        ({"metric": "precision"}, "hardly a row"),
        ({"metric": "f2"}, "f1"),
    ],
)
def test_a_goal_that_no_threshold_serves_is_refused(asked, message):
    y, p = rare(200, 11)
    with pytest.raises(SettingError, match=message):
        tune_threshold(y, p, **asked)


def test_a_metric_of_more_than_two_classes_is_refused():
    p = softmax(np.random.default_rng(12).normal(size=(100, 3)))
    with pytest.raises(SettingError, match="costs="):
        tune_threshold(p.argmax(axis=1), p, metric="f1_macro")


def test_a_metric_that_is_never_defined_is_no_trouble():
    y, p = rare(400, 15)

    def never(true, said):
        return float("nan")

    found = tune_threshold(y, p, metric=never)
    again = Threshold.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)), classes=2)
    assert found.value == again.value
    assert np.isnan([found.score, again.score, again.before]).all()


def test_it_comes_back_from_json_as_it_was():
    y, p = rare(1_000, 13)
    three = softmax(np.random.default_rng(14).normal(size=(300, 3)))
    for made, classes in (
        (tune_threshold(y, p, metric="f1"), 2),
        (tune_threshold(three.argmax(axis=1), three, costs={1: 3}), 3),
        (tune_threshold(y[:30], p[:30], costs={"fp": 2}), 2),
    ):
        text = json.dumps(made.to_json(), allow_nan=False)
        assert len(text) < 20_000
        assert Threshold.from_json(json.loads(text), classes=classes) == made
        with pytest.raises(ArtifactError):
            Threshold.from_json(json.loads(text), classes=5 - classes)


@pytest.mark.parametrize(
    "change",
    [
        {"goal": 1},
        {"value": None},
        {"value": "0.5"},
        {"value": float("nan")},
        {"costs": [[0, 1], [1, 0]]},
        {"score": "good"},
        {"error": "x"},
        {"curve": None},
        {"curve": [[0.1]]},
        {"curve": [0.1]},
    ],
)
def test_what_is_damaged_is_refused(change):
    state = Threshold("f1", 0.5, None, 0.8, 0.7, 0.1).to_json()
    with pytest.raises(ArtifactError):
        Threshold.from_json(state | change, classes=2)
    with pytest.raises(ArtifactError):
        Threshold.from_json(
            {
                "goal": "costs",
                **{k: state[k] for k in ("score", "before", "error")},
                "curve": [],
                "value": None,
                "costs": [[0, 1], [1, 0]],
            },
            classes=3,
        )
