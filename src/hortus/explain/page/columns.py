"""What the model looks at: which columns matter, which way they push, and how the answer goes with each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.explain import metric_words
from hortus.explain.charts.bars import Bar, bars
from hortus.explain.charts.curves import Line, dependence, lines_by_class, steps
from hortus.explain.charts.swarm import swarm
from hortus.explain.columns import tell
from hortus.explain.dependence import Dependence
from hortus.explain.figures import count, exact, number, short
from hortus.explain.importance import Importance
from hortus.explain.names import label, quoted
from hortus.explain.page.html import Markup, figure, prose, table, tag
from hortus.explain.report import Report
from hortus.explain.shapley import Shapley

# Columns that are drawn.
BARS, LINES, CLASSES = 15, 12, 4

Values = NDArray[np.float64]


def columns(report: Report) -> Markup:
    """Importance, pushes and effects."""
    pictures = []
    if report.importance is not None:
        pictures.append(_importance(report.importance))
    if report.shapley is not None:
        pictures.append(_pushes(report.shapley))
        if report.shapley.values.ndim == 2:
            pictures.append(_swarm(report.shapley, report))
    effects = _effects(report)
    return tag(
        "section",
        tag("h2", "What it looks at"),
        tag(
            "p",
            f"Found out by changing columns and watching the answers, on {count(report.sampled, 'row')} of the table. "
            "What the model uses is not always what causes: a column may only go along with a cause.",
            class_="intro",
        ),
        tag("div", pictures, class_="pictures"),
        [tag("p", prose(text), class_="small") for text in report.left_out],
        effects,
        id="columns",
    )


def _importance(found: Importance) -> Markup:
    rows = list(zip(found.columns, found.mean, found.low, found.high, strict=True))
    shown = [Bar(c, m, lo, hi, weak=not lo > 0) for c, m, lo, hi in rows[:BARS]]
    useless = sum(not low > 0 for _, _, low, _ in rows)
    name = metric_words.words(found.metric).name
    verb = "rises" if metric_words.is_loss(found.metric) else "falls"
    rest = (
        f" {count(len(rows) - BARS, 'further column is', 'further columns are')} in the table."
        if len(rows) > BARS
        else ""
    )
    grey = f" {count(useless, 'column')} in grey: no use of it that is beyond chance." if useless else ""
    return figure(
        bars(
            shown,
            title="Which columns matter",
            told=f"Most important: {', '.join(row.name for row in shown[:5])}.",
            label=f"by how much the {name} {verb}",
        ),
        "Which columns matter",
        caption=f"How much worse the model gets when a column's values are shuffled among the rows.{grey}{rest}",
        numbers=table(
            ["column", "loss", "95 %"],
            [[c, exact(m), f"{exact(lo)} to {exact(hi)}"] for c, m, lo, hi in rows],
        ),
    )


def _pushes(found: Shapley) -> Markup:
    strength = found.importance
    order = np.argsort(-strength, kind="stable")
    unit = "percentage points" if found.kind == "probability" else "the target's units"
    scale = 100.0 if found.kind == "probability" else 1.0
    shown = [Bar(found.columns[j], scale * float(strength[j])) for j in order[:BARS]]
    return figure(
        bars(
            shown,
            title="How far columns move a prediction",
            told=f"Strongest: {', '.join(row.name for row in shown[:5])}.",
            label=f"moved on average, in {unit}",
        ),
        "How far each column moves a prediction",
        caption=(
            "A prediction is the average one plus a push from each column. On average over "
            f"{count(found.rows, 'row')}, in {unit} ({'exact' if found.exact else 'sampled'} Shapley values)."
        ),
        numbers=table(["column", "moves by"], [[found.columns[j], number(scale * float(strength[j]))] for j in order]),
    )


def _swarm(found: Shapley, report: Report) -> Markup:
    order = np.argsort(-found.importance, kind="stable")[:LINES]
    names = [found.columns[j] for j in order]
    scale = 100.0 if found.kind == "probability" else 1.0
    pushes = scale * found.values[:, order]
    kinds = {column.name: column.kind for column in report.making.columns}
    levels = np.column_stack([_levels(found.frame, name, kinds.get(name, "")) for name in names])
    goal = (
        f"the probability of {label(report.task, 1)}, in percentage points"
        if report.task.kind == "binary"
        else quoted(report.task.target)
    )
    tips = [f"{n}\n{number(float(p.min()))} to {number(float(p.max()))}" for n, p in zip(names, pushes.T, strict=True)]
    plain = goal.replace("“", "").replace("”", "")
    return figure(
        swarm(
            names,
            pushes,
            levels,
            title="Which way each column pushes",
            told=f"A point a row: to the left it lowers, to the right it raises {plain}.",
            label=f"lowers ←   {plain}   → raises",
            tips=tips,
        ),
        "Which way each column pushes, row by row",
        caption=prose(
            f"Each point is a row. To the right of the line, its value in that column raises {goal}; to the left, it "
            "lowers it. Blue points have a low value there, orange ones a high one, grey ones a value without an order."
        ),
        wide=True,
    )


def _levels(frame: pd.DataFrame, name: str, kind: str) -> Values:
    """(n,) where each row's value stands among the column's, from 0 to 1; NaN where there is no order."""
    if name not in frame.columns or kind not in ("numeric", "boolean", "date"):
        return np.full(len(frame), np.nan)
    ranks: Values = np.asarray(frame[name].rank(pct=True), dtype=np.float64)
    return ranks


def _effects(report: Report) -> list[Markup]:
    found = report.dependence
    if not found:
        return []
    limits = _range(found)
    task = report.task
    if task.kind == "regression":
        what, said = f"predicted {task.target}", f"The answer for {quoted(task.target)}"
    elif task.kind == "binary":
        what = f"probability of {label(task, 1)}".replace("“", "").replace("”", "")
        said = f"The probability of {label(task, 1)}"
    else:
        what, said = "probability", "The probability of the classes that move most"
    drawn = [_effect(one, what, limits, report) for one in found]
    many = any(len(one.ice) > 1 for one in found) and task.kind != "multiclass"
    thin = (
        " Thin lines are single rows, the thick one their mean, the grey bars where the rows of the table are."
        if many
        else ""
    )
    return [
        tag("h3", "How the answer goes with each column", style="margin-top:32px"),
        tag(
            "p", prose(f"{said}, if the column had the value below and all else stayed as it is.{thin}"), class_="intro"
        ),
        tag("div", drawn, class_="pictures"),
    ]


def _range(found: tuple[Dependence, ...]) -> tuple[float, float]:
    """What all the pictures' answers lie between, but for a few."""
    means = np.concatenate([one.mean.ravel() for one in found])
    some = np.concatenate([one.ice[:40].ravel() for one in found])
    low, high = (
        min(float(means.min()), float(np.quantile(some, 0.05))),
        max(float(means.max()), float(np.quantile(some, 0.95))),
    )
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def _effect(one: Dependence, what: str, limits: tuple[float, float], report: Report) -> Markup:
    told = _told(one)
    classes = [str(name) for name in report.task.classes]
    if one.mean.ndim == 2:
        moved = np.argsort(-np.ptp(one.mean, axis=0), kind="stable")[:CLASSES]
        head = [one.column, *(classes[k] for k in moved)]
        rows = [[t, *(exact(float(m[k]), 3) for k in moved)] for t, m in zip(told, one.mean, strict=True)]
        lines = [Line(classes[k], np.arange(len(told), dtype=np.float64), one.mean[:, k]) for k in moved]
        picture = lines_by_class(lines, told, title=f"Effect of {one.column}", told=_in_short(one, told), y_label=what)
        return figure(picture, prose(quoted(one.column)), numbers=table(head, rows))
    rows = [[t, number(float(m)), f"{n:,}"] for t, m, n in zip(told, one.mean, one.histogram, strict=True)]
    numbers = table([one.column, "answer", "rows near"], rows)
    if one.kind == "category":
        shares = one.histogram / max(1, one.histogram.sum())
        order = np.argsort(-one.mean, kind="stable") if len(told) <= 12 else np.arange(12)
        picture = steps(
            [told[i] for i in order],
            one.mean[order],
            shares[order],
            title=f"Effect of {one.column}",
            told=_in_short(one, told),
            y_label=what,
            y_range=limits,
        )
        return figure(picture, prose(quoted(one.column)), numbers=numbers)
    grid, form = _line(one)
    picture = dependence(
        grid,
        one.mean,
        one.ice,
        one.histogram.astype(np.float64),
        title=f"Effect of {one.column}",
        told=_in_short(one, told),
        y_label=what,
        y_range=limits,
        x_form=form,
        x_marks=_marks(one, grid),
    )
    return figure(picture, prose(quoted(one.column)), numbers=numbers)


def _line(one: Dependence) -> tuple[Values, Callable[[float], str]]:
    """A grid of numbers, and how they are written; dates as days since 1970."""
    if one.kind != "date":
        return one.grid.astype(np.float64), short
    days = one.grid.astype("datetime64[us]").astype(np.int64) / 86_400e6
    wide = days[-1] - days[0] > 700

    def form(day: float) -> str:
        moment = str(np.datetime64(round(day), "D"))
        return moment[:7] if wide else moment

    return days, form


def _marks(one: Dependence, grid: Values) -> list[float] | None:
    """Four dates evenly apart; None for numbers, whose marks are round."""
    return [float(day) for day in np.linspace(grid[0], grid[-1], 4)] if one.kind == "date" else None


def _told(one: Dependence) -> list[str]:
    kind: Any = {"category": "categorical", "date": "date", "number": "numeric"}[one.kind]
    return [tell(value, kind) for value in one.grid]


def _in_short(one: Dependence, told: list[str]) -> str:
    mean = one.mean if one.mean.ndim == 1 else one.mean[:, int(np.argmax(np.ptp(one.mean, axis=0)))]
    least, most = int(np.argmin(mean)), int(np.argmax(mean))
    if math.isclose(float(mean[least]), float(mean[most])):
        return "The answer does not change with it."
    low, high = number(float(mean[least])), number(float(mean[most]))
    return f"Lowest, {low}, at {told[least]}; highest, {high}, at {told[most]}."
