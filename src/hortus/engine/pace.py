"""How long a trial will take, judged by those before it, so that none starts that cannot end in time."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from hortus.spaces.base import Space

# Of a family that has not run yet: it may take this share of the time left, so that others have their turn too.
UNTRIED_SHARE = 0.6
# A learner that is worth something however early it is stopped begins with this share of its usual time; one that has
# not run yet, with this share of the quickest one's.
CUT_SHORT = 0.5
UNTRIED_LEAST = 0.25


class Pace:
    """Seconds of trials, family by family.

    Args:
        space: names a candidate's family and knows, roughly, what one fit needs.
        fits: fits in one trial (its folds).
    """

    def __init__(self, space: Space, fits: int) -> None:
        self._space = space
        self._fits = fits
        self._taken: dict[str, list[float]] = defaultdict(list)

    def note(self, params: Mapping[str, Any], seconds: float) -> None:
        """Take in what a trial took."""
        self._taken[self._space.family(params)].append(seconds)

    def affordable(self, best: Mapping[str, float], left: float, rng: np.random.Generator) -> dict[str, Any]:
        """Answers that keep an ask to a family that would end in time; {} where all would, or none.

        Args:
            best: the best score of each family so far; the better one is, the likelier it is taken.
            left: seconds.
            rng: draws the family.
        """
        families = self._space.families
        kept = [family for family in families if self.fits_in(family, left)]
        if not kept or len(kept) == len(families):
            return {}
        ranked = sorted(kept, key=lambda family: -best.get(family, -np.inf))
        chances = 0.5 ** np.arange(1, len(ranked) + 1)
        return self._space.confined(ranked[int(rng.choice(len(ranked), p=chances / chances.sum()))])

    def fits_in(self, family: str, left: float) -> bool:
        """Whether a trial of ``family`` is likely to be worth something within ``left`` seconds."""
        return self._needs(family) < left

    def least(self, others: Iterable[str] = ()) -> float:
        """Seconds below which nothing is worth starting, of the families that have run and these others."""
        return min(map(self._needs, {*self._taken, *others}), default=0.0)

    def _needs(self, family: str) -> float:
        known = self._space.seconds(family) * self._fits
        if family in self._taken:
            usual = statistics.median(self._taken[family])
            return CUT_SHORT * usual if not known and family in self._space.families else usual
        if known:
            return known / UNTRIED_SHARE
        return UNTRIED_LEAST * min(map(statistics.median, self._taken.values()), default=0.0)
