"""Curves are extrapolated by laws that are known, and ranks are learned from other tasks."""

import numpy as np
import pytest

from hortus.models.curve_boosting import CurveBoosting
from hortus.models.curve_laws import extrapolate, laws

STEPS = np.arange(1.0, 51.0)


@pytest.mark.parametrize("law", laws(50.0)[::5], ids=lambda law: law.name)
def test_a_law_begins_with_all_to_learn_and_never_forgets(law):
    left = law.phi(STEPS)
    assert left[0] == pytest.approx(1.0)
    assert (np.diff(left) <= 0).all()


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_a_power_law_is_continued_beyond_what_was_seen(exponent):
    curve = 0.9 - 0.6 * STEPS**-exponent
    seen = 20
    told = extrapolate(curve[None, :seen], STEPS[:seen], 50.0, families=["power"])
    assert abs(told.mean[0] - curve[-1]) < abs(curve[seen - 1] - curve[-1]) / 2
    assert told.above(0.5)[0] > 0.99
    assert told.above(0.99)[0] < 0.1


def test_the_posterior_is_that_of_regression_under_one_law():
    # With one law the mean is ridge regression on (1, end - phi) towards (0, 1), which is computed here by hand.
    from hortus.models import curve_laws

    rng = np.random.default_rng(0)
    y = 0.8 - 0.4 / np.log(np.e + STEPS[:12]) + 0.02 * rng.normal(size=12)
    told = extrapolate(y[None], STEPS[:12], 50.0, families=["logarithm"])
    phi = 1 - np.log(STEPS[:12]) / np.log(50.0)
    end = 0.0
    z = (y - y[-1]) / np.ptp(y)
    X = np.column_stack([np.ones(12), end - phi])
    prior = curve_laws.NOISE**2 * np.diag([curve_laws.END**-2, curve_laws.RISE**-2])
    expected = np.linalg.solve(prior + X.T @ X, X.T @ z + prior @ [0.0, 1.0])[0]
    assert told.mean[0] == pytest.approx(y[-1] + np.ptp(y) * expected)


def test_a_curve_that_has_ended_is_returned_and_a_flat_one_stays():
    assert extrapolate([[0.2, 0.7]], [1.0, 2.0], 2.0).mean.tolist() == [0.7]
    flat = extrapolate(np.full((1, 10), 0.5), STEPS[:10], 50.0)
    assert flat.mean[0] == pytest.approx(0.5, abs=1e-3)


def test_more_of_a_curve_leaves_less_doubt():
    curve = 0.9 - 0.6 * STEPS**-0.7
    doubts = [extrapolate(curve[None, :k], STEPS[:k], 50.0).deviation[0] / np.ptp(curve[:k]) for k in (5, 40)]
    assert doubts[1] < doubts[0]


def test_boosting_learns_from_other_tasks_which_curves_cross():
    def task(seed):
        # Half the curves begin low and rise late: the last value misleads, the slope tells.
        rng = np.random.default_rng(seed)
        late = rng.random(60) < 0.5
        top = np.where(late, 0.9, 0.6) + 0.05 * rng.random(60)
        speed = np.where(late, 0.06, 0.4)[:, None]
        return top[:, None] * (1 - np.exp(-speed * STEPS)) + 0.002 * rng.normal(size=(60, 50))

    boosted = CurveBoosting.learned([(task(seed), STEPS) for seed in range(3)])
    curves = task(9)
    told = boosted(curves[:, :10], STEPS[:10], 50.0)
    ends = curves[:, -1]
    assert np.corrcoef(told, ends)[0, 1] > 0.8 > 0 > np.corrcoef(curves[:, 9], ends)[0, 1]
    again = CurveBoosting.learned([(task(seed), STEPS) for seed in range(3)])
    assert (again(curves[:, :10], STEPS[:10], 50.0) == told).all()
