"""Pictures of shares and sizes: a hundred squares, bars, and points with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hortus.explain.charts.base import Scale, bottom_axis, fitted, line, picture, reach, rect, text
from hortus.explain.charts.base import circle as disc
from hortus.explain.figures import hundred, number
from hortus.explain.page.html import Markup, join

HALF, FULL = 400.0, 840.0
_ROW = 26.0


@dataclass(frozen=True)
class Bar:
    """One row of a chart.

    Attributes:
        name: what it is of.
        value, low, high: it, and its interval; NaN bounds for none.
        note: said beside the value, in a few words.
        weak: whether it is drawn back, because its interval does not tell it from nothing.
        marked: whether it is drawn forward.
    """

    name: str
    value: float
    low: float = math.nan
    high: float = math.nan
    note: str = ""
    weak: bool = False
    marked: bool = False


def waffle(share: float, against: float | None, title: str) -> Markup:
    """A hundred squares, so many filled; those that guessing would fill are ringed."""
    full = 0 if share <= 0 else max(1, min(100 if share >= 1 else 99, round(100 * share)))
    guess = None if against is None else round(100 * against)
    side, gap = 10.0, 2.0
    marks = []
    for i in range(100):
        x, y = (i % 20) * (side + gap), (i // 20) * (side + gap)
        marks.append(rect(x, y, side, side, "fill" if i < full else "fill pale", round_=1.5))
        if guess is not None and i == guess - 1:
            marks.append(line(x + side + gap / 2, y - 1, x + side + gap / 2, y + side + 1, "whisker"))
    told = f"{hundred(share)} of 100 squares are filled" + (
        f"; a mark stands after {guess}, guessing." if guess else "."
    )
    return picture(title, told, 238, 58, marks)


def bars(rows: Sequence[Bar], *, title: str, told: str, label: str, form: Callable[[float], str] = number) -> Markup:
    """Bars from zero with their intervals, the value written at the end of each."""
    names = min(150.0, max((reach(fitted(row.name, 150)) for row in rows), default=40.0)) + 12
    ends = [v for row in rows for v in (row.value, row.low, row.high) if math.isfinite(v)]
    low, high = min(0.0, *ends) if ends else 0.0, max(0.0, *ends) if ends else 1.0
    high = high if high > low else low + 1.0
    room = max((reach(_said(row, form)) for row in rows), default=40.0) + 14
    x = Scale(low, high, names, HALF - room)
    bottom = 6 + _ROW * len(rows)
    marks: list[Markup | None] = [line(x(0), 0, x(0), bottom, "axis")]
    for i, row in enumerate(rows):
        y = 6 + _ROW * i + _ROW / 2
        tip = f"{row.name}\n{_said(row, form)}"
        if math.isfinite(row.low) and math.isfinite(row.high):
            tip += f"\n95 %: {form(row.low)} to {form(row.high)}"
        look = "fill mute" if row.weak else "fill clay" if row.marked else "fill"
        begin, end = sorted((x(0), x(row.value)))
        marks += [
            text(names - 12, y + 4, fitted(row.name, 150), "soft" if row.weak else "", anchor="end"),
            rect(begin, y - 7, end - begin, 14, look, round_=2),
            _whisker(x, y, row),
            text(
                x(max(v for v in (row.value, row.high, 0.0) if math.isfinite(v))) + 8, y + 4, _said(row, form), "soft"
            ),
            rect(0, y - _ROW / 2, HALF, _ROW, "hit", tip=tip),
        ]
    marks.append(bottom_axis(x, bottom, label))
    return picture(title, told, HALF, bottom + 40, marks)


def points(
    rows: Sequence[Bar],
    *,
    title: str,
    told: str,
    label: str,
    whole: float | None = None,
    whole_name: str = "all rows",
    form: Callable[[float], str] = number,
    width: float = FULL,
) -> Markup:
    """Points with their intervals, and a line where all rows together stand."""
    most = width * 0.46
    names = min(most, max((reach(fitted(row.name, most)) for row in rows), default=40.0)) + 14
    ends = [v for row in rows for v in (row.value, row.low, row.high) if math.isfinite(v)]
    ends += [] if whole is None or not math.isfinite(whole) else [whole]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    pad = 0.06 * (high - low) or abs(high) * 0.05 or 1.0
    room = max((reach(_said(row, form)) for row in rows), default=40.0) + 16
    x = Scale(low - pad, high + pad, names, width - room)
    top = 24.0 if whole is not None else 4.0
    bottom = top + _ROW * len(rows)
    marks: list[Markup | None] = []
    if whole is not None and math.isfinite(whole):
        marks += [
            line(x(whole), top - 4, x(whole), bottom, "reference"),
            text(x(whole), top - 10, f"{whole_name} {form(whole)}", "faint", anchor="middle"),
        ]
    for i, row in enumerate(rows):
        y = top + _ROW * i + _ROW / 2
        tip = f"{row.name}\n{_said(row, form)}"
        if math.isfinite(row.low) and math.isfinite(row.high):
            tip += f"\n95 %: {form(row.low)} to {form(row.high)}"
        look = "fill mute" if row.weak else "fill clay" if row.marked else "fill"
        marks += [
            line(x.begin, y, x.end, y, "grid"),
            text(names - 14, y + 4, fitted(row.name, most), "soft" if row.weak else "", anchor="end"),
            _whisker(x, y, row),
            disc(x(row.value), y, 5, look) if math.isfinite(row.value) else None,
            text(width - room + 14, y + 4, _said(row, form), "soft"),
            rect(0, y - _ROW / 2, width, _ROW, "hit", tip=tip),
        ]
    marks.append(bottom_axis(x, bottom, label))
    return picture(title, told, width, bottom + 40, marks)


def _said(row: Bar, form: Callable[[float], str]) -> str:
    return " · ".join(part for part in (form(row.value), row.note) if part)


def _whisker(x: Scale, y: float, row: Bar) -> Markup | None:
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return None
    low, high = x(row.low), x(row.high)
    return join(
        line(low, y, high, y, "whisker"),
        line(low, y - 4, low, y + 4, "whisker"),
        line(high, y - 4, high, y + 4, "whisker"),
    )
