"""The one score of a model: what it is, how sure it is, and what guessing would have scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hortus.evaluation.scoring import by_fold
from hortus.explain import metric_words
from hortus.explain.evidence import Judged
from hortus.explain.outcomes import guessed


@dataclass(frozen=True)
class Score:
    """The model's score; greater is better.

    Attributes:
        metric: its name.
        value, low, high: it, and what it lies between with 95 % confidence.
        naive: before it was corrected for having been chosen; None where it was not corrected.
        guess: what guessing scores; NaN where that is undefined.
    """

    metric: str
    value: float
    low: float
    high: float
    naive: float | None
    guess: float

    @property
    def name(self) -> str:
        """What people call it."""
        return metric_words.words(self.metric).name

    @property
    def bounds(self) -> str:
        """The interval in words; "" where it is not known."""
        if not np.isfinite([self.low, self.high]).all():
            return ""
        ends = (self.high, self.low) if metric_words.is_loss(self.metric) else (self.low, self.high)
        return " to ".join(self.in_figures(end) for end in ends)

    def in_figures(self, value: float) -> str:
        """A score by the same metric, as people know it."""
        return metric_words.written(self.metric, value)


def find_score(evidence: Judged) -> Score:
    """The model's score: corrected for having been chosen where the run found that out, else as it came out of fold."""
    facts = evidence.facts
    unknown = (float("nan"), float("nan"))
    estimate = facts.get("estimate")
    if estimate:
        value, low, high, naive = (estimate.get(name) for name in ("score", "low", "high", "naive"))
    else:
        (low, high), naive = facts.get("bounds") or unknown, None
        value = facts.get("score")
        value = evidence.metric(evidence.y, evidence.predictions, evidence.weight) if value is None else value
    guess = by_fold(evidence.metric, evidence.y, guessed(evidence), evidence.folds, evidence.weight)
    low, high = (float("nan") if bound is None else float(bound) for bound in (low, high))
    return Score(evidence.metric.name, float(value), low, high, None if naive is None else float(naive), guess)
