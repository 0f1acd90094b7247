"""When a learner that grows round by round should stop."""

from __future__ import annotations

import math

from hortus.models.base import FitContext


class Growth:
    """Watches the loss on the validation rows, and the deadline.

    It waits for a better loss longer the longer it has taken to get there: past round r of the best loss it waits
    ``base + share * r`` rounds. A learner with a small step so gets the patience it needs, and a quick one costs
    little (the idea of AutoGluon's adaptive early stopping).

    Args:
        context: holds the deadline.
        most: rounds it may take, of which the context may allow a share only.
        base: rounds waited at least.
        share: of the rounds so far, waited besides.
    """

    def __init__(self, context: FitContext, *, most: float = math.inf, base: int = 20, share: float = 0.2) -> None:
        self._context = context
        self._most = max(1.0, most * context.rounds)
        self._base = base
        self._share = share
        self.best_round = 0
        self.best_loss = math.inf
        self.rounds = 0

    def stops(self, loss: float | None = None) -> bool:
        """Told after each round, with the loss where it is known: whether that was the last."""
        round_ = self.rounds
        self.rounds += 1
        if loss is None:
            self.best_round = round_
            return self._ends
        if loss < self.best_loss:
            self.best_round, self.best_loss = round_, loss
        waited = round_ - self.best_round
        return waited > self._base + self._share * self.best_round or self._ends

    @property
    def _ends(self) -> bool:
        return self.rounds >= self._most or self._context.out_of_time

    @property
    def kept(self) -> int:
        """Rounds up to the best one, at least 1."""
        return self.best_round + 1


def patience(rows: int) -> int:
    """Rounds to wait at least: fewer where a round is dear and the validation loss is sure.

    >>> patience(1_000), patience(100_000)
    (40, 10)
    """
    return int(min(40, max(10, 400_000 / max(rows, 1))))
