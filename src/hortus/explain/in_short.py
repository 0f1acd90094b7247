"""A model in one sentence that anybody can repeat: how often it is right, and what it misses."""

from __future__ import annotations

import math

from hortus.data.task import Task
from hortus.explain.figures import hundred, number
from hortus.explain.names import label as label_words
from hortus.explain.outcomes import ClassOutcomes, Outcomes, ValueOutcomes

# A share this near to so many tenths, or to one in so many, is told as that.
NEAR = 0.015
FEW = range(2, 11)


def in_short(task: Task, outcomes: Outcomes, *, things: str = "rows") -> str:
    """The verdict's first sentence.

    Args:
        task: what is predicted.
        outcomes: what became of the predictions on rows that the model had not learned from.
        things: what rows are called.
    """
    if isinstance(outcomes, ValueOutcomes):
        return _value(outcomes)
    told = f"Right {times(outcomes.accuracy.value)}"
    if task.kind == "binary":
        return f"{told}; {_missed(outcomes, 1, label_words(task, 1), things)}."
    known = [k for k in range(len(task.classes)) if math.isfinite(outcomes.recall[k].value)]
    if not known:
        return f"{told}."
    least = min(known, key=lambda k: outcomes.recall[k].value)
    return f"{told}; {_missed(outcomes, least, label_words(task, least), things)}."


def times(share: float) -> str:
    """How often something happens.

    >>> times(0.797), times(0.934), times(1.0), times(0.0), times(0.998)
    ('8 times in 10', '93 times in 100', 'every time', 'never', 'more than 99 times in 100')
    """
    if share <= 0:
        return "never"
    if share >= 1:
        return "every time"
    tenths = round(10 * share)
    if 0 < tenths < 10 and abs(share - tenths / 10) <= NEAR:
        return f"{tenths} {'time' if tenths == 1 else 'times'} in 10"
    return f"{hundred(share)} times in 100"


def one_in(share: float) -> str:
    """A small share as one of so many.

    >>> one_in(0.25), one_in(0.33), one_in(0.061), one_in(0.7), one_in(0.0)
    ('1 in 4', '1 in 3', '6 in 100', '7 in 10', 'none')
    """
    if share <= 0:
        return "none"
    if share >= 1:
        return "all"
    near = [n for n in FEW if abs(share - 1 / n) <= NEAR * 2 / n]
    if near:
        return f"1 in {near[0]}"
    tenths = round(10 * share)
    if 0 < tenths < 10 and abs(share - tenths / 10) <= NEAR:
        return f"{tenths} in 10"
    return f"{hundred(share)} in 100"


def _missed(outcomes: ClassOutcomes, k: int, name: str, things: str) -> str:
    found = outcomes.recall[k].value
    if not math.isfinite(found):
        return f"none of the {things} that it was judged on is {name}"
    return f"misses {one_in(1 - found)} of {name}" if found < 1 else f"misses none of {name}"


def _value(found: ValueOutcomes) -> str:
    return f"Off by {number(found.mean_error.value)} on average; guessing, by {number(found.guess_error)}."
