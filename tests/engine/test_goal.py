"""What a strategy is told: a score, several numbers, or MnasNet's reward; and which networks are the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.trial import TrialState

from hortus.engine.goal import Goal
from hortus.engine.history import History, Outcome
from hortus.engine.row import TrialRow
from hortus.engine.twins import Twins
from hortus.errors import SettingError
from hortus.evaluation.base import Evaluation
from hortus.spaces.cell import NAMES, CellSpace
from hortus.strategies import make_sampler

MADE = Evaluation((0.8,), 0.8, 3.0, 0.01, 100.0, notes={"params": 500, "latency": 0.004})
DONE = Outcome(TrialState.COMPLETE, 0.8, MADE)


def test_costs_without_targets_are_told_beside_the_score() -> None:
    goal = Goal.read(("accuracy", "latency", "params"))
    assert goal.told(0.8, MADE) == (0.8, -0.004, -500.0)
    assert (goal.several, goal.count) == (True, 3)
    assert Goal.read(("accuracy", "macs")).told(0.8, MADE) == (0.8, float("-inf"))


def test_a_cost_with_a_target_makes_mnasnet_s_reward() -> None:
    goal = Goal.read(("accuracy", "latency=0.002"))
    # ACC x (LAT / T)^-0.07, by hand.
    assert goal.told(0.8, MADE) == (pytest.approx(0.8 * 2.0**-0.07),)
    assert goal.count == 1
    assert Goal().told(0.8, MADE) == (0.8,)


@pytest.mark.parametrize(
    ("objectives", "said"),
    [
        ((), "first"),
        (("latency",), "accuracy"),
        ("accuracy", "first"),
        (("accuracy", "latencie"), "latency"),
        (("accuracy", "params", "params"), "twice"),
        (("accuracy", "params=-1"), "positive"),
        (("accuracy", "params=many"), "positive"),
        (("accuracy", "params", "macs=5"), "each a target"),
    ],
)
def test_objectives_that_cannot_be_meant_are_refused(objectives: tuple[str, ...], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        Goal.read(objectives)


def test_strategies_for_one_score_are_refused_several_with_the_way_out() -> None:
    goal = Goal.read(("accuracy", "latency"))
    goal.check("nsga2", "none")
    with pytest.raises(SettingError, match="nsga2"):
        goal.check("evolution", "none")
    with pytest.raises(SettingError, match="pruner"):
        goal.check("nsga2", "median")
    Goal.read(("accuracy", "latency=1")).check("evolution", "median")


def test_a_study_of_several_values_is_the_same_when_it_is_rebuilt() -> None:
    goal, space = Goal.read(("accuracy", "params")), CellSpace()
    history = History([], ordered=False, goal=goal)
    trial = history.ask(make_sampler("nsga2", seed=0), {})
    space(trial)
    history.take(0, DONE)
    frozen = history.frozen(0)
    assert frozen.values == [0.8, -500.0]
    row = TrialRow(
        0, TrialState.COMPLETE, frozen.params, 0.8, MADE, distributions=frozen.distributions, finished_at=1.0, after=0
    )
    assert History([row], ordered=False, goal=goal).frozen(0).values == frozen.values


def test_the_same_network_is_answered_from_what_was_judged() -> None:
    # Nothing reaches node 1, so that what leaves it is nothing whatever stands there.
    one = dict.fromkeys(NAMES, "none") | {"0>3": "skip_connect", "1>3": "nor_conv_3x3"}
    other, third = one | {"1>3": "avg_pool_3x3"}, one | {"0>3": "nor_conv_1x1"}
    twins = Twins(CellSpace())
    assert twins.of(one, 1.0, before=None) is None
    twins.note(4, one, 1.0, DONE)
    found = twins.of(other, 1.0, before=None)
    assert found is not None
    assert found.score == 0.8
    assert found.reason == "the same network as trial 4"
    assert found.evaluation is not None
    assert (found.evaluation.work, found.evaluation.artifacts) == (0.0, ())
    assert found.evaluation.notes["params"] == 500
    assert twins.of(third, 1.0, before=None) is None
    assert twins.of(other, 0.5, before=None) is None
    # What an ask may not have seen yet answers nothing, so that slots change nothing.
    assert twins.of(other, 1.0, before=4) is None
    assert twins.of(other, 1.0, before=5) is not None


def test_twins_in_a_row_are_counted_and_what_failed_has_none() -> None:
    one = dict.fromkeys(NAMES, "skip_connect")
    twins = Twins(CellSpace())
    twins.note(0, one, 1.0, replace(DONE, state=TrialState.FAIL))
    assert twins.of(one, 1.0, before=None) is None
    twins.note(1, one, 1.0, DONE)
    for number in (2, 3):
        again = twins.of(one, 1.0, before=None)
        assert again is not None
        twins.note(number, one, 1.0, again)
        assert again.reason.endswith("trial 1")
    assert twins.row == 2
    twins.note(4, one | {"0>1": "none"}, 1.0, DONE)
    assert twins.row == 0
