"""What a model goes by, column by column, in sentences: what the score loses without it, and which way it pushes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.task import Task
from hortus.explain import metric_words
from hortus.explain.columns import tell
from hortus.explain.dependence import Dependence
from hortus.explain.figures import number, percent
from hortus.explain.importance import Importance
from hortus.explain.names import label, quoted

# A curve whose two ends lie nearer than this to each other, against its whole range, does not simply rise or fall.
ONE_WAY = 0.6
UNSURE = "Without it alone, it would do as well, as far as can be told."


@dataclass(frozen=True)
class Driver:
    """A column among those that the model goes by.

    Attributes:
        column: its name; columns that were shuffled together are joined by `` + ``.
        loss, low, high: what the score loses without it, and the 95 % interval; NaN bounds for few rows.
        share: the loss as a share of the largest one, from 0 to 1.
        sure: whether it is of use beyond chance.
        sentence: what it does.
    """

    column: str
    loss: float
    low: float
    high: float
    share: float
    sure: bool
    sentence: str


def drivers(task: Task, importance: Importance, effects: Sequence[Dependence]) -> tuple[Driver, ...]:
    """Every column, the most important first.

    Args:
        task: what is predicted.
        importance: of the columns.
        effects: of those columns whose effect is known.
    """
    known = {effect.column: effect for effect in effects}
    largest = max(float(importance.mean.max(initial=0.0)), 1e-12)
    found = []
    for column, loss, low, high in zip(
        importance.columns, importance.mean, importance.low, importance.high, strict=True
    ):
        sure = bool(low > 0) if math.isfinite(low) else bool(loss > 0)
        told = [_lost(importance.metric, float(loss)) if sure else UNSURE]
        if sure and column in known:
            told.append(effect_sentence(task, known[column]))
        share = max(0.0, float(loss) / largest)
        found.append(Driver(column, float(loss), float(low), float(high), share, sure, " ".join(told).strip()))
    return tuple(found)


def _lost(metric: str, loss: float) -> str:
    verb = "rise" if metric_words.is_loss(metric) else "fall"
    return f"Without it, the {metric_words.words(metric).name} would {verb} by {number(loss, 2)}."


def effect_sentence(task: Task, effect: Dependence) -> str:
    """How the prediction goes with the column; "" where it hardly moves, or where there are more than two classes."""
    if effect.mean.ndim != 1 or len(effect.grid) < 2:
        return ""
    form = number if task.kind == "regression" else percent
    goal = quoted(task.target) if task.kind == "regression" else label(task, 1)
    there = np.array([value is not None and value == value for value in effect.grid])
    mean, grid = effect.mean[there], effect.grid[there]
    if len(mean) < 2 or float(np.ptp(mean)) <= 0:
        return ""
    if effect.kind == "category":
        high, low = int(mean.argmax()), int(mean.argmin())
        places = [f"where it is {quoted(grid[i])} ({form(float(mean[i]))})" for i in (high, low)]
        return f"The prediction of {goal} is highest {places[0]} and lowest {places[1]}."
    first, last = _cell(grid[0], effect.kind), _cell(grid[-1], effect.kind)
    ends = f"from {form(float(mean[0]))} at {first} to {form(float(mean[-1]))} at {last}"
    if abs(mean[-1] - mean[0]) >= ONE_WAY * float(np.ptp(mean)):
        more = "The later it is" if effect.kind == "date" else "The more of it"
        way = _way(task, bool(mean[-1] > mean[0]))
        return f"{more}, the {way} {goal}: {ends}."
    peak = _peak(mean)
    least = "lowest" if peak == int(mean.argmin()) else "highest"
    return f"The prediction of {goal} is {least} around {_cell(grid[peak], effect.kind)} ({form(float(mean[peak]))})."


def _cell(value: Any, kind: str) -> str:
    return tell(value, "date") if kind == "date" else number(float(value))


def _way(task: Task, rising: bool) -> str:
    if task.kind == "regression":
        return "higher" if rising else "lower"
    return "likelier" if rising else "less likely"


def _peak(mean: NDArray[np.float64]) -> int:
    """The place that stands out the farthest from both ends."""
    ends = (mean[0] + mean[-1]) / 2
    return int(np.abs(mean - ends).argmax())
