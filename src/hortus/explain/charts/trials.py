"""Pictures of a search over a function: how it went on, and where along one parameter the good values lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hortus.explain.charts.bars import FULL, HALF
from hortus.explain.charts.base import Scale, bottom_axis, circle, fitted, left_axis, line, path, picture, text, ticks
from hortus.explain.figures import short
from hortus.explain.page.html import Markup

Values = NDArray[np.float64]


def progress(numbers: Sequence[int], values: Values, best: Values, *, told: str) -> Markup:
    """The value of each trial as a dot, and the best so far as a line.

    Args:
        numbers: of the trials, in order.
        values: (n,) what the function returned.
        best: (n,) the best up to each.
        told: what is to be seen in it.
    """
    low, high = _span(values)
    x, y = Scale(0, max(1, numbers[-1]), 60, FULL - 16), Scale(low, high, 250, 30)
    marks = [text(0, 14, "value", "soft"), left_axis(y, 60, x.end)]
    for number, value in zip(numbers, values, strict=True):
        marks.append(circle(x(number), y.clipped(value), 3, "fill mute", tip=f"trial {number}: {value:.6g}"))
    stairs = [(x(n), y.clipped(b)) for n, b in zip(numbers, best, strict=True)]
    corners = [point for a, b in pairwise(stairs) for point in (a, (b[0], a[1]))]
    marks.append(path([*corners, stairs[-1]], "line"))
    marks.append(bottom_axis(x, 262, "trial"))
    return picture("Value by trial", told, FULL, 300, marks)


def slice_of(
    name: str,
    places: Values,
    values: Values,
    marked: int,
    *,
    labels: Sequence[str] | None,
    log: bool,
    told: str,
) -> Markup:
    """The value of each trial over one parameter; the best trial is drawn forward.

    Args:
        name: the parameter's.
        places: (n,) what it was, or the place of its category among ``labels``.
        values: (n,) what the function returned.
        marked: the row of the best.
        labels: names of the categories; None for numbers.
        log: whether it was drawn over its logarithm.
        told: what is to be seen in it.
    """
    at = np.log10(places) if log else places
    low, high = _span(values)
    wide = (-0.5, len(labels) - 0.5) if labels is not None else (float(at.min()), float(at.max()))
    x, y = Scale(*wide, 60, HALF - 16), Scale(low, high, 216, 30)
    marks = [text(0, 14, "value", "soft"), left_axis(y, 60, x.end)]
    for a, value in zip(at, values, strict=True):
        marks.append(circle(x(a), y.clipped(value), 3, "fill mute"))
    marks.append(
        circle(x(at[marked]), y.clipped(values[marked]), 5, "fill clay", tip=f"the best: {values[marked]:.6g}")
    )
    if labels is None:
        marks.append(bottom_axis(x, 228, name, marks=_marks(x, log), form=lambda v: short(10**v) if log else short(v)))
    else:
        room = (x.end - x.begin) / len(labels)
        marks.append(line(x.begin, 228, x.end, 228, "axis"))
        marks += [text(x(i), 244, fitted(label, room), "faint", anchor="middle") for i, label in enumerate(labels)]
        marks.append(text((x.begin + x.end) / 2, 261, name, "soft", anchor="middle"))
    return picture(name, told, HALF, 266, marks)


def _span(values: Values) -> tuple[float, float]:
    """From the least to the greatest; a few values far off do not press all others flat."""
    low, high = np.percentile(values, [2, 98]) if len(values) > 20 else (values.min(), values.max())
    low, high = min(float(low), float(np.median(values))), max(float(high), float(np.median(values)))
    best = (float(values.min()), float(values.max()))
    low, high = (best[0], high) if low - best[0] < high - low else (low, high)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _marks(x: Scale, log: bool) -> list[float]:
    if not log or x.high - x.low < 1:
        return ticks(x.low, x.high, 5)
    every = max(1, math.ceil((x.high - x.low) / 5))
    return [float(v) for v in range(math.ceil(x.low), math.floor(x.high) + 1, every)]
