import pytest

from hortus.errors import SettingError
from hortus.strategies.reward import HARD, reward


def test_doubling_the_cost_is_worth_five_percent_of_accuracy():
    # Tan et al. 2019, section 3: 5 % more accuracy for twice the latency are about the same reward.
    slow = reward(0.75 * 1.05, 2.0, 1.0)
    assert slow == pytest.approx(reward(0.75, 1.0, 1.0), rel=2e-3)


def test_the_hard_reward_pays_nothing_for_being_faster():
    below, above = HARD
    assert reward(0.7, 10.0, 80.0, below=below, above=above) == 0.7
    assert reward(0.7, 80.0, 80.0, below=below, above=above) == 0.7
    assert reward(0.7, 320.0, 80.0, below=below, above=above) == pytest.approx(0.175)


@pytest.mark.parametrize(
    "arguments", [(-0.1, 1.0, 1.0), (0.5, 0.0, 1.0), (0.5, 1.0, float("nan")), (float("nan"), 1.0, 1.0)]
)
def test_what_is_no_accuracy_or_cost_is_refused(arguments):
    with pytest.raises(SettingError):
        reward(*arguments)


def test_a_reward_for_costing_more_is_refused():
    with pytest.raises(SettingError, match="not positive"):
        reward(0.5, 1.0, 1.0, above=0.1)
