"""Pictures of lines: trade-offs of a classifier, and what the model answers along one column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.explain.charts.bars import HALF
from hortus.explain.charts.base import (
    Scale,
    bottom_axis,
    circle,
    fitted,
    left_axis,
    line,
    path,
    picture,
    reach,
    rect,
    text,
    ticks,
)
from hortus.explain.figures import hundred, number, short
from hortus.explain.page.html import Markup, join

Values = NDArray[np.float64]
LOOKS = ("line", "line second", "line third", "line fourth")


@dataclass(frozen=True)
class Line:
    """A line through points.

    Attributes:
        name: written beside it.
        x, y: (n,) its points.
    """

    name: str
    x: Values
    y: Values


def trade_off(
    lines: Sequence[Line],
    *,
    title: str,
    told: str,
    x_label: str,
    y_label: str,
    chance: tuple[float, float] | None,
    mark: tuple[float, float, str] | None = None,
) -> Markup:
    """Shares from 0 to 1 against each other; ``chance`` is where guessing starts and ends at x = 0 and x = 1."""
    x, y = Scale(0, 1, 44, HALF - 14), Scale(0, 1, 286, 34)
    marks = [text(0, 14, y_label, "soft"), left_axis(y, 44, x.end)]
    if chance is not None:
        marks.append(line(x(0), y(chance[0]), x(1), y(chance[1]), "reference"))
        marks.append(
            text(x.end - 4, y(chance[1]) + (18 if chance[0] != chance[1] else -6), "guessing", "faint", anchor="end")
        )
    for look, drawn in zip(LOOKS, lines, strict=False):
        marks.append(path(((x(a), y(b)) for a, b in _thinned(drawn.x, drawn.y)), look))
    if len(lines) > 1:
        marks.append(_key([drawn.name for drawn in lines], x.begin + 120, 200))
    if mark is not None:
        a, b, words = mark
        marks += [circle(x(a), y(b), 5, "fill clay", tip=words)]
        right = x(a) > HALF / 2
        marks.append(text(x(a) + (-9 if right else 9), y(b) + 18, words, "clay", anchor="end" if right else "start"))
    marks.append(bottom_axis(x, y(0), x_label))
    return picture(title, told, HALF, 326, marks)


def calibration(
    said: Values, seen: Values, low: Values, high: Values, counts: Values, *, title: str, told: str, event: str
) -> Markup:
    """What was said against what happened, a point a group of rows; its size grows with the rows in it."""
    x, y = Scale(0, 1, 44, HALF - 14), Scale(0, 1, 286, 34)
    marks = [text(0, 14, "how often it happened", "soft"), left_axis(y, 44, x.end)]
    marks.append(line(x(0), y(0), x(1), y(1), "reference"))
    marks.append(text(x(0.7), y(0.6), "as said", "faint"))
    most = float(np.max(counts)) if len(counts) else 1.0
    for a, b, l, h, n in zip(said, seen, low, high, counts, strict=True):  # noqa: E741
        if not (math.isfinite(a) and math.isfinite(b)):
            continue
        if math.isfinite(l) and math.isfinite(h):
            marks.append(line(x(a), y(l), x(a), y(h), "whisker"))
        tip = f"said {hundred(a)} of 100; {event} {hundred(b)} of 100\n{int(n):,} rows"
        marks.append(circle(x(a), y(b), 3.5 + 3.5 * math.sqrt(n / most), "fill", tip=tip))
    marks.append(path(((x(a), y(b)) for a, b in zip(said, seen, strict=True)), "line thin"))
    marks.append(bottom_axis(x, y(0), "what the model said"))
    return picture(title, told, HALF, 326, marks)


def dependence(
    grid: Values,
    mean: Values,
    single: Values,
    spread: Values,
    *,
    title: str,
    told: str,
    y_label: str,
    y_range: tuple[float, float],
    x_form: Callable[[float], str] = short,
    x_marks: Sequence[float] | None = None,
) -> Markup:
    """What the model answers on average while one column is changed, over what it answers for single rows.

    Args:
        grid: (g,) the column's values.
        mean: (g,) the answer on average.
        single: (r, g) the answer for single rows.
        spread: (g,) how many rows of the table have a value near each, drawn below.
        title: of the picture.
        told: what is to be seen in it.
        y_label: what the answer is.
        y_range: of the answer, the same for pictures that are compared.
        x_form: how the column's values are written.
        x_marks: which of them are; None for round ones.
    """
    x = Scale(float(grid[0]), float(grid[-1]), 52, HALF - 16)
    y = Scale(*y_range, 216, 30)
    marks = [text(0, 14, y_label, "soft"), left_axis(y, 52, x.end)]
    for row in single[:40]:
        marks.append(path(((x(a), y.clipped(b)) for a, b in zip(grid, row, strict=True)), "line thin"))
    marks.append(path(((x(a), y.clipped(b)) for a, b in zip(grid, mean, strict=True)), "line"))
    bottom = 252.0
    between = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    widths = np.diff(between) * np.where(np.arange(len(grid)) % (len(grid) - 1) == 0, 2, 1)
    # Roots, so that one frequent value leaves something of the others.
    dense = np.sqrt(spread / widths)
    for tall, begin, end in zip(26 * dense / dense.max(), between[:-1], between[1:], strict=True):
        a, b = x(float(begin)), x(float(end))
        marks.append(rect(a, bottom - tall, max(1.0, b - a - 0.5), float(tall), "fill mute"))
    marks.append(bottom_axis(x, bottom, "", form=x_form, marks=_few(x, x_form) if x_marks is None else x_marks))
    for value, answer, begin, end in zip(grid, mean, between[:-1], between[1:], strict=True):
        tip = f"{x_form(float(value))}: {number(float(answer))} on average"
        marks.append(rect(x(float(begin)), 26, x(float(end)) - x(float(begin)), bottom - 26, "hit", tip=tip))
    return picture(title, told, HALF, bottom + 24, marks)


def steps(
    labels: Sequence[str],
    mean: Values,
    shares: Values | None,
    *,
    title: str,
    told: str,
    y_label: str,
    y_range: tuple[float, float],
) -> Markup:
    """What the model answers on average for each category, with the share of rows that are of it."""
    most = HALF * 0.36
    names = min(most, max((reach(fitted(label, most)) for label in labels), default=40.0)) + 12
    x = Scale(*y_range, names, HALF - 52)
    bottom = 26 + 24.0 * len(labels)
    marks: list[Any] = [text(0, 14, y_label, "soft")]
    for i, label in enumerate(labels):
        y = 26 + 24.0 * i + 12
        share = "" if shares is None else f"\n{hundred(float(shares[i]))} of 100 rows"
        marks += [
            line(x.begin, y, x.end, y, "grid"),
            text(names - 12, y + 4, fitted(label, most), anchor="end"),
            line(x.begin, y, x.clipped(mean[i]), y, "line thin"),
            circle(x.clipped(mean[i]), y, 5, "fill"),
            text(HALF, y + 4, number(float(mean[i])), "soft", anchor="end"),
            rect(0, y - 12, HALF, 24, "hit", tip=f"{label}: {number(float(mean[i]))} on average{share}"),
        ]
    marks.append(bottom_axis(x, bottom, ""))
    return picture(title, told, HALF, bottom + 24, marks)


def lines_by_class(lines: Sequence[Line], places: Sequence[str], *, title: str, told: str, y_label: str) -> Markup:
    """What the model answers on average for several classes, over values that stand side by side."""
    last = max(1, len(places) - 1)
    x, y = Scale(0, last, 52, HALF - 16), Scale(0, 1, 250, 30)
    marks = [text(0, 14, y_label, "soft"), left_axis(y, 52, x.end)]
    for look, drawn in zip(LOOKS, lines, strict=False):
        marks.append(path(((x(a), y.clipped(b)) for a, b in zip(drawn.x, drawn.y, strict=True)), look))
    few = max(1, math.ceil(len(places) / 5))
    room = (x.end - x.begin) / max(1, len(places) / few)
    marks.append(line(x.begin, 250, x.end, 250, "axis"))
    for i in range(0, len(places), few):
        marks.append(text(x(i), 266, fitted(places[i], room), "faint", anchor="middle"))
    for i, place in enumerate(places):
        tip = "\n".join([place, *(f"{drawn.name}: {number(float(drawn.y[i]))}" for drawn in lines)])
        half = (x.end - x.begin) / (2 * last)
        marks.append(rect(x(i) - half, 26, 2 * half, 224, "hit", tip=tip))
    for i, (look, drawn) in enumerate(zip(LOOKS, lines, strict=False)):
        a, b = 52 + 172 * (i % 2), 290 + 18 * (i // 2)
        marks += [line(a, b - 4, a + 26, b - 4, look), text(a + 34, b, fitted(drawn.name, 130), "soft")]
    return picture(title, told, HALF, 280 + 18 * math.ceil(len(lines) / 2), marks)


def _few(x: Scale, form: Callable[[float], str]) -> list[float]:
    """As many marks as have room for their numbers."""
    widest = max(reach(form(x.low)), reach(form(x.high)), 20.0)
    return ticks(x.low, x.high, max(2, min(6, int((x.end - x.begin) / (widest + 24)))))


def _key(names: Sequence[str], x: float, y: float) -> Markup:
    rows = []
    for i, (look, name) in enumerate(zip(LOOKS, names, strict=False)):
        rows += [
            line(x, y + 18 * i - 4, x + 26, y + 18 * i - 4, look),
            text(x + 34, y + 18 * i, fitted(name, 200), "soft"),
        ]
    return join(*rows)


def _thinned(x: Values, y: Values, most: int = 200) -> list[tuple[float, float]]:
    """At most so many of the points, the ends among them."""
    keep = np.arange(len(x)) if len(x) <= most else np.unique(np.linspace(0, len(x) - 1, most).round().astype(int))
    return [(float(a), float(b)) for a, b in zip(x[keep], y[keep], strict=True)]
