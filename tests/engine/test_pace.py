"""What is started when time is short."""

import numpy as np
import pytest

from hortus.engine.pace import Pace
from hortus.spaces.base import Space


class Two(Space):
    name = "two"

    def __call__(self, trial):
        raise NotImplementedError

    def to_json(self):
        return {}

    def family(self, params):
        return params["model"]

    @property
    def families(self):
        return ("quick", "slow", "network")

    def seconds(self, family):
        return {"network": 10.0, "whole": 0.1}.get(family, 0.0)

    def confined(self, family):
        return {"model": family}


@pytest.fixture
def pace():
    found = Pace(Two(), fits=2)
    for seconds in (0.9, 1.0, 30.0):
        found.note({"model": "quick"}, seconds)
    found.note({"model": "slow"}, 20.0)
    return found


def test_a_family_that_can_be_cut_short_needs_half_its_median(pace):
    assert pace.fits_in("quick", 0.51)
    assert not pace.fits_in("quick", 0.49)
    assert pace.fits_in("slow", 10.1)
    assert not pace.fits_in("slow", 9.9)


def test_one_that_must_come_to_its_end_needs_all_of_it(pace):
    pace.note({"model": "whole"}, 3.0)
    assert pace.fits_in("whole", 3.1)
    assert not pace.fits_in("whole", 2.9)


def test_an_untried_family_is_judged_by_what_it_knows_of_itself(pace):
    # Two fits of ten seconds each may take 60 % of the time left.
    assert not pace.fits_in("network", 33.0)
    assert pace.fits_in("network", 34.0)
    # One that knows nothing may take a quarter of the quickest.
    assert pace.fits_in("other", 0.26)
    assert not pace.fits_in("other", 0.24)


def test_below_the_least_nothing_is_worth_starting(pace):
    assert pace.least() == 0.5
    assert pace.least({"other"}) == 0.25
    assert pace.least({"network"}) == 0.5
    assert Pace(Two(), fits=2).least({"other"}) == 0.0


def test_where_a_space_has_no_families_a_trial_needs_its_usual_time():
    class Plain(Two):
        families = ()

    pace = Pace(Plain(), fits=1)
    pace.note({"model": ""}, 4.0)
    assert pace.least() == 4.0


def test_with_time_for_all_nothing_is_confined(pace):
    assert pace.affordable({}, 100.0, np.random.default_rng(0)) == {}


def test_with_time_for_some_the_better_family_is_taken_more_often(pace):
    rng = np.random.default_rng(0)
    drawn = [pace.affordable({"quick": 0.5, "slow": 0.9}, 25.0, rng)["model"] for _ in range(3000)]
    assert set(drawn) == {"quick", "slow"}
    assert 0.62 < drawn.count("slow") / 3000 < 0.71
    assert pace.affordable({"quick": 0.5, "slow": 0.9}, 5.0, rng) == {"model": "quick"}
