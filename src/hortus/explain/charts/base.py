"""The few primitives that every picture of the report is drawn with: SVG whose colours are the page's own.

A picture has a title and a description for those who cannot see it; its colours are classes of the page's style, so
that it is right on a light page, a dark one and on paper.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hortus.explain.figures import short
from hortus.explain.names import clean
from hortus.explain.page.html import Markup, join, tag

# How far an average character of the page's small print reaches, and one of East Asia.
NARROW, WIDE = 6.3, 12.0


@dataclass(frozen=True)
class Scale:
    """From values to places on the picture.

    >>> Scale(0, 10, 100, 300)(5)
    200.0
    """

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands; values outside go on beyond the ends."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return round(self.begin + share * (self.end - self.begin), 1)

    def clipped(self, value: float) -> float:
        """Where a value stands, at an end where it is outside."""
        return self(min(max(value, self.low), self.high))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high.

    >>> ticks(0, 1), ticks(3, 98, 5)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [25.0, 50.0, 75.0])
    """
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    rough = span / max(1, most - 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10, 20) if unit * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def picture(title: str, told: str, width: float, height: float, *marks: Any) -> Markup:
    """A whole picture; ``told`` says in words what is to be seen in it."""
    inside = join(tag("title", title), tag("desc", told), *marks)
    shape = f"0 0 {width:g} {height:g}"
    # At most half as large again as it was drawn: its small print stays small print.
    return tag("svg", inside, viewBox=shape, role="img", style=f"max-width:{1.5 * width:g}px")


def text(x: float, y: float, words: Any, look: str = "", *, anchor: str = "start", tip: str | None = None) -> Markup:
    """Words at a place: ``anchor`` start, middle or end."""
    anchor_given = None if anchor == "start" else anchor
    return tag("text", words, x=_n(x), y=_n(y), class_=f"t {look}".strip(), text_anchor=anchor_given, data_tip=tip)


def line(x1: float, y1: float, x2: float, y2: float, look: str) -> Markup:
    """A straight line."""
    return tag("path", d=f"M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}", class_=look)


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    look: str,
    *,
    tip: str | None = None,
    opacity: float | None = None,
    round_: float = 0,
) -> Markup:
    """A rectangle; its corners are rounded by ``round_``."""
    shade = None if opacity is None else f"{opacity:.2f}"
    return tag(
        "rect",
        x=_n(x),
        y=_n(y),
        width=_n(max(0.0, width)),
        height=_n(max(0.0, height)),
        class_=look,
        fill_opacity=shade,
        rx=_n(round_) if round_ else None,
        data_tip=tip,
    )


def circle(x: float, y: float, radius: float, look: str, *, tip: str | None = None) -> Markup:
    """A disc."""
    return tag("circle", cx=_n(x), cy=_n(y), r=_n(radius), class_=look, data_tip=tip)


def path(points: Iterable[tuple[float, float]], look: str, *, close: bool = False) -> Markup:
    """A line through points; a point that is not finite breaks it."""
    pieces: list[str] = []
    begun = False
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            begun = False
            continue
        pieces.append(f"{'L' if begun else 'M'}{_n(x)} {_n(y)}")
        begun = True
    return tag("path", d="".join(pieces) + ("Z" if close else ""), class_=look)


def dots(points: Iterable[tuple[float, float]], look: str) -> Markup:
    """Many small discs as one mark: their size is the line's width of the class."""
    return tag("path", d="".join(f"M{_n(x)} {_n(y)}h0" for x, y in points), class_=look)


def fitted(words: Any, room: float) -> str:
    """Words shortened to a width.

    >>> fitted("a rather long name", 60)
    'a rather…'
    """
    whole = " ".join(clean(words).split())
    if reach(whole) <= room:
        return whole
    kept = ""
    for letter in whole:
        if reach(kept + letter + "…") > room:
            break
        kept += letter
    return kept.rstrip() + "…"


def reach(words: str) -> float:
    """About how wide the page's small print makes words, in the picture's units."""
    return sum(WIDE if unicodedata.east_asian_width(letter) in "WF" else NARROW for letter in words)


def bottom_axis(x: Scale, y: float, label: str, *, marks: Sequence[float] | None = None, form: Any = short) -> Markup:
    """A horizontal axis: numbers below, its name below them."""
    places = ticks(x.low, x.high) if marks is None else marks
    numbers = [text(x(v), y + 16, form(v), "faint", anchor="middle") for v in places]
    return join(
        line(x.begin, y, x.end, y, "axis"), numbers, text((x.begin + x.end) / 2, y + 33, label, "soft", anchor="middle")
    )


def left_axis(y: Scale, x: float, end: float, *, marks: Sequence[float] | None = None, form: Any = short) -> Markup:
    """A vertical axis as numbers and faint lines across."""
    places = ticks(min(y.low, y.high), max(y.low, y.high), 5) if marks is None else marks
    return join(
        [line(x, y(v), end, y(v), "grid") for v in places],
        [text(x - 8, y(v) + 4, form(v), "faint", anchor="end") for v in places],
    )


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if value else "0"
