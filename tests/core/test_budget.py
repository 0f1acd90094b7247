import math

import pytest

from hortus.budget import Budget, Ledger
from hortus.errors import BudgetError


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "60", True])
@pytest.mark.parametrize("name", ["time", "trials", "memory"])
def test_a_budget_that_is_no_positive_number_is_refused(name, value):
    with pytest.raises(BudgetError, match=name):
        Budget(**{name: value})


def test_the_ledger_charges_each_phase_and_counts_down():
    clock = Clock()
    ledger = Ledger(Budget(time=10), clock=clock)
    with ledger.charge("reading"):
        clock.now += 3
    with ledger.charge("searching"):
        clock.now += 4
    with ledger.charge("reading"):
        clock.now += 1
    assert ledger.phases == {"reading": 4.0, "searching": 4.0}
    assert ledger.remaining == 2.0


def test_what_was_used_before_the_run_is_charged_but_half_is_left_to_it():
    clock = Clock()
    assert Ledger(Budget(time=10), clock=clock, spent=3.0).remaining == 7.0
    assert Ledger(Budget(time=10), clock=clock, spent=60.0).remaining == 5.0
    assert Ledger(Budget(trials=3), clock=clock, spent=60.0).elapsed == 0.0


def test_a_phase_that_fails_is_charged_too():
    clock = Clock()
    ledger = Ledger(Budget(trials=3), clock=clock)
    with pytest.raises(RuntimeError), ledger.charge("reading"):
        clock.now += 2
        raise RuntimeError
    assert ledger.phases == {"reading": 2.0}
    assert ledger.remaining == math.inf


def test_only_a_budget_without_time_is_deterministic():
    assert Budget(trials=3).deterministic
    assert not Budget(time=3, trials=3).deterministic
