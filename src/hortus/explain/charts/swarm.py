"""Every row's push, column by column: a swarm of points (a SHAP summary, Lundberg & Lee 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hortus.explain.charts.bars import FULL
from hortus.explain.charts.base import Scale, bottom_axis, dots, fitted, line, picture, rect, text
from hortus.explain.page.html import Markup

Values = NDArray[np.float64]
# Steps of colour from a column's low values to its high ones; the middle one is for those without an order.
STEPS = 7
POINTS = 400


def swarm(
    names: Sequence[str], pushes: Values, levels: Values, *, title: str, told: str, label: str, tips: Sequence[str]
) -> Markup:
    """One line of points a column.

    Args:
        names: (p,) of the columns, the strongest first.
        pushes: (n, p) by how much each row's value moved its prediction.
        levels: (n, p) where each value stands among its column's, from 0 to 1; NaN where there is no order.
        title: of the picture.
        told: what is to be seen in it.
        label: of the horizontal axis.
        tips: (p,) said where the pointer is over a column.
    """
    pushes, levels = pushes[:POINTS], levels[:POINTS]
    tall = 34.0
    reach = float(np.quantile(np.abs(pushes), 0.998)) or 1.0
    x = Scale(-reach, reach, 210, FULL - 20)
    bottom = 8 + tall * len(names)
    marks = [line(x(0), 0, x(0), bottom, "axis")]
    for j, name in enumerate(names):
        y = 8 + tall * j + tall / 2
        marks.append(text(196, y + 4, fitted(name, 190), anchor="end"))
        places = np.array([x.clipped(v) for v in pushes[:, j]])
        heights = y + _stacked(places, 4.0, tall / 2 - 3)
        steps = _steps(levels[:, j])
        for step in range(STEPS):
            of = np.flatnonzero(steps == step)
            if len(of):
                marks.append(dots(zip(places[of], heights[of], strict=True), f"swarm q{step}"))
        marks.append(rect(0, y - tall / 2, FULL, tall, "hit", tip=tips[j]))
    marks.append(bottom_axis(x, bottom, label))
    marks += _legend(bottom + 48)
    return picture(title, told, FULL, bottom + 62, marks)


def _steps(levels: Values) -> NDArray[np.int64]:
    known = np.nan_to_num(levels, nan=0.5)
    return np.clip((known * STEPS).astype(np.int64), 0, STEPS - 1)


def _stacked(places: Values, size: float, most: float) -> Values:
    """How far above or below the line each point goes so that few overlap: in turns, outwards, bin by bin."""
    found = np.zeros(len(places))
    filled: dict[int, int] = {}
    for i in np.argsort(places, kind="stable"):
        column = int(places[i] // size)
        turn = filled.get(column, 0)
        filled[column] = turn + 1
        found[i] = (turn + 1) // 2 * (1 if turn % 2 else -1)
    widest = float(np.max(np.abs(found))) if len(found) else 0.0
    return found * (min(size, most / widest) if widest else size)


def _legend(y: float) -> list[Markup]:
    marks = [text(210, y + 4, "its value is low", "faint")]
    marks += [rect(306 + 16 * step, y - 5, 16, 10, f"fill q{step}") for step in range(STEPS)]
    return [*marks, text(306 + 16 * STEPS + 8, y + 4, "high", "faint")]
