"""One score of accuracy and cost: MnasNet's reward, for strategies that search for one score.

Tan et al. 2019, "MnasNet: Platform-Aware Neural Architecture Search for Mobile" (CVPR), equations 2 and 3.
"""

from __future__ import annotations

import math

from hortus.errors import SettingError

# With w = -0.07, twice the cost is worth 5 % more accuracy (section 3 there).
SOFT = -0.07
# As good as refusing what exceeds the target, and nothing gained by being faster than it.
HARD = (0.0, -1.0)


def reward(accuracy: float, cost: float, target: float, *, below: float = SOFT, above: float = SOFT) -> float:
    """ACC x (COST / TARGET)^w, with w = ``below`` up to the target and w = ``above`` beyond it.

    Args:
        accuracy: greater is better, not negative.
        cost: latency, parameters or multiply-adds; positive.
        target: what the cost should be, in the same unit.
        below: alpha of equation 3; not positive.
        above: beta of equation 3.

    Raises:
        SettingError: an argument is out of its range.

    >>> reward(0.75, 80.0, 80.0)
    0.75
    >>> round(reward(0.75, 160.0, 80.0) / 0.75, 3)
    0.953
    >>> reward(0.75, 40.0, 80.0, below=0.0, above=-1.0), reward(0.75, 160.0, 80.0, below=0.0, above=-1.0)
    (0.75, 0.375)
    """
    if not (accuracy >= 0 and 0 < cost < math.inf and 0 < target < math.inf):
        raise SettingError(
            f"The reward is asked for an accuracy of {accuracy!r}, a cost of {cost!r} and a target of {target!r}.",
            mend="Give an accuracy that is not negative, and a positive cost and target.",
            code="bad-reward",
        )
    if not (-math.inf < below <= 0 and -math.inf < above <= 0):
        raise SettingError(
            f"The exponents of the reward are {below!r} and {above!r}.",
            mend="Give numbers that are not positive.",
            code="bad-reward-exponent",
        )
    return float(accuracy * (cost / target) ** (below if cost <= target else above))
