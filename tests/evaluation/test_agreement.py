"""Rank agreement between two columns of scores."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from hortus.evaluation.agreement import LEAST, agreement, agreements, spearman_table, stratified


def test_it_is_scipy_s_correlation_of_what_both_have_seen():
    rng = np.random.default_rng(0)
    a = rng.normal(size=30)
    b = a + rng.normal(size=30)
    holed = b.copy()
    holed[::3] = np.nan
    found = agreement("cheap", a, "full", holed)
    seen = np.isfinite(holed)
    assert found.count == seen.sum() == 20
    assert found.spearman.value == pytest.approx(spearmanr(a[seen], b[seen]).statistic)
    assert found.kendall.value == pytest.approx(kendalltau(a[seen], b[seen]).statistic)
    assert found.spearman.low < found.spearman.value < found.spearman.high


def test_too_few_or_all_alike_is_unknown():
    few = agreement("a", range(LEAST - 1), "b", range(LEAST - 1))
    assert not few.known
    assert not few.misleads
    assert "unknown" in few.describe()
    assert not agreement("a", range(20), "b", [1.0] * 20).known


def test_perfect_agreement_is_not_taken_for_certain():
    found = agreement("a", range(LEAST), "b", range(LEAST))
    assert found.spearman.value == pytest.approx(1.0)
    assert 0.5 < found.spearman.low < 0.95
    assert found.spearman.high <= 1.0
    turned = agreement("a", range(LEAST), "b", list(range(LEAST))[::-1])
    assert turned.misleads
    assert turned.spearman.value == pytest.approx(-1.0)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    truth = 6 / np.pi * np.arcsin(0.7 / 2)
    held = 0
    for _ in range(300):
        x = rng.normal(size=25)
        y = 0.7 * x + np.sqrt(1 - 0.49) * rng.normal(size=25)
        found = agreement("x", x, "y", y).spearman
        held += found.low <= truth <= found.high
    assert 0.9 < held / 300 < 0.99


def test_all_pairs_or_all_with_one():
    columns = {"a": range(9), "b": range(9), "c": range(9)}
    assert [(f.first, f.second) for f in agreements(columns)] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [f.first for f in agreements(columns, against="b")] == ["a", "c"]


def test_stratified_candidates_reach_from_the_best_to_the_worst():
    scores = np.random.default_rng(0).permutation(40) / 40
    found = stratified(scores, 8)
    assert len(found) == 8
    assert scores[found[0]] == scores.max()
    assert scores[found[-1]] == scores.min()
    assert (np.diff(scores[found]) < 0).all()
    assert len(stratified([0.1, np.nan, 0.3], 8)) == 2


def test_every_two_budgets_are_held_against_each_other_by_what_came_so_far():
    rng = np.random.default_rng(1)
    full = rng.normal(size=12)
    first, second = full + rng.normal(size=12), full + 0.1 * rng.normal(size=12)
    second[:2], full[:6] = np.nan, np.nan
    table = spearman_table({"1": first, "3": second, "9": full})
    assert table.loc["1", "3"] == pytest.approx(spearmanr(first[2:], second[2:]).statistic)
    # Six candidates say nothing.
    assert np.isnan(table.loc["1", "9"])
    assert np.isnan(table.to_numpy()[np.tril_indices(3, -1)]).all()
    assert (np.diag(table) == 1.0).all()
