"""How good a classification is, in pictures."""

from __future__ import annotations

import math

import numpy as np

from hortus.explain.charts.bars import HALF, Bar, points
from hortus.explain.charts.curves import Line, calibration, trade_off
from hortus.explain.charts.grids import confusion
from hortus.explain.curves import Confusion, Curve, Reliability
from hortus.explain.figures import exact, hundred, number, percent
from hortus.explain.names import label
from hortus.explain.outcomes import ClassOutcomes
from hortus.explain.page.html import Markup, figure, prose, table
from hortus.explain.report import Report

# Classes that have a line of their own.
LINES = 4
# Classes of a table of numbers.
CLASSES = 40


def of_classes(report: Report, outcomes: ClassOutcomes) -> list[Markup]:
    """Confusion, calibration and trade-offs."""
    made = [] if report.confusion is None else [_confusion(report.confusion)]
    if report.task.kind == "multiclass":
        made.append(_by_class(report, outcomes))
    if report.reliability is not None and len(report.reliability.predicted):
        made.append(_calibration(report, report.reliability))
    if report.roc:
        made.append(_roc(report.roc, report))
    if report.precision_recall and report.task.kind == "binary":
        made.append(_precision_recall(report.precision_recall[0], report, outcomes))
    return made


def _confusion(found: Confusion) -> Markup:
    labels = [str(name) for name in found.classes]
    shown = list(range(len(labels)))[:CLASSES]
    rows = [[labels[i], *(f"{found.counts[i, j]:,.0f}" for j in shown)] for i in shown]
    told = "Each line is what was true, each column what the model said; a line's numbers are of 100."
    return figure(
        confusion(found.counts, labels, title="What was true and what the model said", told=told),
        "What was true, and what the model said",
        caption=f"{told} Green is right, red is wrong.",
        numbers=table(["true \\ said", *(labels[j] for j in shown)], rows, caption="Rows, counted"),
    )


def _by_class(report: Report, outcomes: ClassOutcomes) -> Markup:
    labels = [str(name) for name in report.task.classes]
    order = np.argsort([math.inf if math.isnan(r.value) else r.value for r in outcomes.recall], kind="stable")
    bars = [Bar(labels[k], outcomes.recall[k].value, outcomes.recall[k].low, outcomes.recall[k].high) for k in order]
    rows = [
        [
            labels[k],
            percent(outcomes.recall[k].value),
            percent(outcomes.precision[k].value),
            percent(outcomes.frequency[k]),
        ]
        for k in order
    ]
    whole = outcomes.accuracy.value
    return figure(
        points(
            bars[:12],
            title="How much of each class is found",
            told="A point a class, the worst first, with 95 % intervals.",
            label="of 100 rows of the class, found",
            whole=whole,
            form=hundred,
            width=HALF,
        ),
        "Which classes are found, the worst first",
        caption="Of 100 rows that are of the class, how many the model says are. The whiskers are 95 % intervals.",
        numbers=table(["class", "found", "right when said", "share of rows"], rows),
    )


def _calibration(report: Report, found: Reliability) -> Markup:
    event = "it was right" if found.label is None else f"it was {found.label}"
    what = (
        "the probability of the class it names"
        if found.label is None
        else f"the probability of {label(report.task, 1)}"
    )
    rows = [
        [exact(p, 3), exact(o, 3), f"{exact(lo, 3)} to {exact(hi, 3)}", f"{n:,}"]
        for p, o, lo, hi, n in zip(found.predicted, found.observed, found.low, found.high, found.counts, strict=True)
    ]
    off = f"On average they are {number(100 * found.error)} percentage points apart."
    return figure(
        calibration(
            found.predicted,
            found.observed,
            found.low,
            found.high,
            found.counts.astype(np.float64),
            title="Whether probabilities can be believed",
            told="Points near the diagonal: what the model says happens as often as it says.",
            event=event,
        ),
        "Whether its probabilities can be believed",
        caption=prose(f"Rows in groups by {what}. On the dashed line, things happen as often as the model says. {off}"),
        numbers=table(["said", "happened", "95 %", "rows"], rows, words=0),
    )


def _roc(curves: tuple[Curve, ...], report: Report) -> Markup:
    worst = sorted(curves, key=lambda curve: curve.area)[:LINES]
    binary = report.task.kind == "binary"
    lines = [Line(f"{curve.label} ({exact(curve.area, 3)})", curve.x, curve.y) for curve in worst]
    rows = [[str(curve.label), exact(curve.area, 4)] for curve in curves]
    if binary:
        yes, no = label(report.task, 1), label(report.task, 0)
        caption = (
            f"The further to the upper left, the better: more of {yes} found at fewer false alarms among {no}. "
            f"The area under the line is {exact(curves[0].area, 3)}; guessing has 0.5."
        )
        x_label, y_label = "false alarms, of those that are not", "found, of those that are"
    else:
        caption = "Each class against all others; the further to the upper left, the better. In brackets: the area."
        if len(curves) > LINES:
            caption += f" The {LINES} worst classes are drawn."
        x_label, y_label = "false alarms, of all other rows", "found, of the class"
    drawn = trade_off(
        lines,
        title="Found against false alarms (ROC)",
        told=f"Area under the curve: {'; '.join(f'{row[0]} {row[1]}' for row in rows[:10])}.",
        x_label=x_label,
        y_label=y_label,
        chance=(0.0, 1.0),
    )
    return figure(
        drawn, "More found, more false alarms (ROC)", caption=prose(caption), numbers=table(["class", "area"], rows)
    )


def _precision_recall(curve: Curve, report: Report, outcomes: ClassOutcomes) -> Markup:
    yes = label(report.task, 1)
    pure, complete = outcomes.precision[1].value, outcomes.recall[1].value
    mark = (complete, pure, "as it decides now") if math.isfinite(pure) and math.isfinite(complete) else None
    steps = [round(share * (len(curve.x) - 1)) for share in np.linspace(0, 1, 11)]
    rows = [[exact(curve.x[i], 2), exact(curve.y[i], 3)] for i in steps]
    return figure(
        trade_off(
            [Line("precision", curve.x, curve.y)],
            title="How pure alarms stay (precision and recall)",
            told=f"Average precision {exact(curve.area, 3)}; guessing has {exact(curve.chance, 3)}.",
            x_label="found, of those that are (recall)",
            y_label="right, of those called so (precision)",
            chance=(curve.chance, curve.chance),
            mark=mark,
        ),
        "How pure the alarms stay as more are found",
        caption=prose(
            f"A lower threshold finds more of {yes}, with more false alarms among them. Where the costs of the two "
            f"differ, choose the threshold by them. Average precision: {exact(curve.area, 3)}."
        ),
        numbers=table(["found", "right"], rows, words=0),
    )
