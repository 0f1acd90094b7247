"""Time, trials and memory as one ledger; every phase of a run is charged to it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hortus.errors import BudgetError


@dataclass(frozen=True)
class Budget:
    """What a run may spend; ``None`` means without limit.

    Attributes:
        time: seconds of wall clock, from the call to the usable model.
        trials: how many candidates are evaluated.
        memory: bytes resident at once, over all processes of the run.

    Raises:
        BudgetError: a limit is not a positive number.
    """

    time: float | None = None
    trials: int | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        for name, unit in (("time", "seconds"), ("trials", "trials"), ("memory", "bytes")):
            value = getattr(self, name)
            if value is None:
                continue
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or value <= 0:
                raise BudgetError(
                    f"The {name} budget is {value!r}, which is not a positive number of {unit}.",
                    mend=f"Give a number above zero, such as {name}=60.",
                    code="budget-not-positive",
                )

    @property
    def deterministic(self) -> bool:
        """Whether only work, never the clock, decides when the run ends."""
        return self.time is None


@dataclass
class Ledger:
    """What has been spent of one budget, phase by phase.

    Args:
        budget: what may be spent.
        clock: seconds that never step back; tests hand in their own.
        spent: seconds that had been used before, of which at most half the time is charged: the rest is for the run.
    """

    budget: Budget
    clock: Callable[[], float] = time.monotonic
    spent: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        spent = min(self.spent, self.budget.time / 2) if self.budget.time is not None else 0.0
        self.started = self.clock() - spent

    @contextmanager
    def charge(self, phase: str) -> Iterator[None]:
        """Charge the seconds spent inside the block to ``phase``."""
        begin = self.clock()
        try:
            yield
        finally:
            self.phases[phase] = self.phases.get(phase, 0.0) + self.clock() - begin

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self.started

    @property
    def remaining(self) -> float:
        """Seconds left, ``inf`` without a time budget; below zero once it is spent."""
        return math.inf if self.budget.time is None else self.budget.time - self.elapsed
