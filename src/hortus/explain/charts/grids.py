"""Pictures of what was predicted and what was true: a table of counts, a cloud of points, a pile of errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.explain.charts.bars import HALF
from hortus.explain.charts.base import (
    Scale,
    bottom_axis,
    circle,
    dots,
    fitted,
    left_axis,
    line,
    picture,
    reach,
    rect,
    text,
)
from hortus.explain.figures import hundred, number, short
from hortus.explain.page.html import Markup
from hortus.seeds import stream

Values = NDArray[np.float64]
# Points that a cloud shows at most.
POINTS = 1500


def confusion(counts: Values, labels: list[str], *, title: str, told: str) -> Markup:
    """Rows are the true classes, columns what was said; each row sums to 100, right ones green, wrong ones red."""
    K = len(labels)
    names = min(130.0, max(84.0, *(reach(fitted(label, 130)) for label in labels))) + 12
    side = min(120.0, (HALF - names - 4) / K)
    tall = min(side, 56.0)
    top = 44.0
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1)
    marks = [text(names, 14, "what the model said", "soft"), text(0, top - 8, "what was true", "soft")]
    for j, label in enumerate(labels):
        marks.append(text(names + side * (j + 0.5), top - 8, fitted(label, side - 4), "faint", anchor="middle"))
    for i, label in enumerate(labels):
        y = top + tall * i
        marks.append(text(names - 12, y + tall / 2 + 4, fitted(label, 130), anchor="end"))
        for j in range(K):
            share = float(shares[i, j])
            x = names + side * j
            shade = 0.06 + 0.94 * share**0.8
            tip = f"{label} taken for {labels[j]}: {hundred(share)} of 100\n{counts[i, j]:,.0f} rows"
            if i == j:
                tip = f"{label}, rightly: {hundred(share)} of 100\n{counts[i, j]:,.0f} rows"
            marks.append(rect(x, y, side, tall, f"cell {'heat' if i == j else 'warm'}", opacity=shade, tip=tip))
            if side >= 22 and (share >= 0.005 or K <= 4):
                look = "onheat" if shade > 0.55 else ""
                marks.append(text(x + side / 2, y + tall / 2 + 4, f"{100 * share:.0f}", look, anchor="middle"))
    return picture(title, told, HALF, top + tall * K + 6, marks)


def cloud(true: Values, said: Values, *, title: str, told: str, target: str) -> Markup:
    """Predicted against true; on the line they are equal."""
    if len(true) > POINTS:
        some = np.sort(stream(0, "cloud").choice(len(true), POINTS, replace=False))
        true, said = true[some], said[some]
    both = np.concatenate([true, said])
    # A few far outliers would press all others together.
    low, high = (float(v) for v in np.quantile(both, [0.002, 0.998]))
    pad = 0.04 * (high - low) or 1.0
    x, y = Scale(low - pad, high + pad, 56, HALF - 14), Scale(low - pad, high + pad, 286, 34)
    marks = [
        text(0, 14, "predicted", "soft"),
        left_axis(y, 56, x.end),
        dots(((x.clipped(a), y.clipped(b)) for a, b in zip(true, said, strict=True)), "dots"),
        line(x.begin, y.begin, x.end, y.end, "whisker"),
        bottom_axis(x, y.begin, fitted(f"true {target}", 300)),
    ]
    return picture(title, told, HALF, 326, marks)


def pile(counts: Values, edges: Values, *, title: str, told: str, label: str, zero: str) -> Markup:
    """How many errors of each size; a line where there is none."""
    x, y = (
        Scale(float(edges[0]), float(edges[-1]), 56, HALF - 14),
        Scale(0, float(np.max(counts)) * 1.06 or 1.0, 286, 34),
    )
    marks = [text(0, 14, "rows", "soft"), left_axis(y, 56, x.end)]
    for n, begin, end in zip(counts, edges[:-1], edges[1:], strict=True):
        tip = f"{short(begin)} to {short(end)}: {number(float(n))} rows"
        marks.append(rect(x(begin) + 0.5, y(float(n)), x(end) - x(begin) - 1, y(0) - y(float(n)), "fill", tip=tip))
    if edges[0] < 0 < edges[-1]:
        marks += [line(x(0), 26, x(0), y(0), "whisker"), text(x(0) + 6, 30, zero, "faint")]
    marks.append(bottom_axis(x, y(0), label))
    return picture(title, told, HALF, 326, marks)


def ladder(centres: Values, levels: Values, *, title: str, told: str, label: str) -> Markup:
    """Errors of groups of rows: nine tenths of them thin, the middle half thick, the middle one a dot.

    Args:
        centres: (b,) what was predicted of each group.
        levels: (b, 5) its errors' quantiles at 5, 25, 50, 75 and 95 %.
        title: of the picture.
        told: what is to be seen in it.
        label: of the horizontal axis.
    """
    begin, end = float(centres[0]), float(centres[-1])
    pad = 0.06 * (end - begin) or 1.0
    x = Scale(begin - pad, end + pad, 56, HALF - 14)
    low, high = min(0.0, float(np.nanmin(levels))), max(0.0, float(np.nanmax(levels)))
    room = 0.05 * (high - low) or 1.0
    y = Scale(low - room, high + room, 286, 34)
    marks = [
        text(0, 14, "true minus predicted", "soft"),
        left_axis(y, 56, x.end),
        line(x.begin, y(0), x.end, y(0), "axis"),
    ]
    for centre, of in zip(centres, levels, strict=True):
        at = x(float(centre))
        half, most = (f"{number(float(of[a]))} to {number(float(of[b]))}" for a, b in ((1, 3), (0, 4)))
        tip = f"predicted about {number(float(centre))}\nhalf: {half}\nnine of ten: {most}"
        marks += [
            line(at, y(of[0]), at, y(of[4]), "whisker"),
            rect(at - 5, y(of[3]), 10, y(of[1]) - y(of[3]), "fill", round_=2),
            circle(at, y(of[2]), 3, "fill pale"),
            rect(at - 9, y(of[4]), 18, y(of[0]) - y(of[4]), "hit", tip=tip),
        ]
    marks.append(bottom_axis(x, y.begin, fitted(label, 300)))
    return picture(title, told, HALF, 326, marks)
