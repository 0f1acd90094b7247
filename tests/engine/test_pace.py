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
        return 10.0 if family == "network" else 0.0

    def confined(self, family):
        return {"model": family}


@pytest.fixture
def pace():
    found = Pace(Two(), fits=2)
    for seconds in (0.9, 1.0, 30.0):
        found.note({"model": "quick"}, seconds)
    found.note({"model": "slow"}, 20.0)
    return found


def test_a_family_is_judged_by_its_median_and_an_untried_one_by_what_it_knows_of_itself(pace):
    assert pace.fits_in("quick", 1.1)
    assert not pace.fits_in("slow", 19.0)
    assert pace.least == 1.0
    # Two fits of ten seconds each may take 60 % of the time left.
    assert not pace.fits_in("network", 33.0)
    assert pace.fits_in("network", 34.0)


def test_with_time_for_all_nothing_is_confined(pace):
    assert pace.affordable({}, 100.0, np.random.default_rng(0)) == {}


def test_with_time_for_some_the_better_family_is_taken_more_often(pace):
    rng = np.random.default_rng(0)
    drawn = [pace.affordable({"quick": 0.5, "slow": 0.9}, 25.0, rng)["model"] for _ in range(3000)]
    assert set(drawn) == {"quick", "slow"}
    assert 0.62 < drawn.count("slow") / 3000 < 0.71
    assert pace.affordable({"quick": 0.5, "slow": 0.9}, 5.0, rng) == {"model": "quick"}
