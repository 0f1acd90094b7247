"""Where the model is weak, and whom it serves worse."""

from __future__ import annotations

import numpy as np

from hortus.explain import metric_words
from hortus.explain.charts.bars import FULL, Bar, points
from hortus.explain.fairness import Fairness, Gap
from hortus.explain.figures import count, hundred, listed, number, percent
from hortus.explain.names import label, quoted
from hortus.explain.outcomes import ClassOutcomes
from hortus.explain.page.html import Markup, figure, prose, table, tag
from hortus.explain.report import Report
from hortus.explain.segments import Segment

# Measures but the score, as what is higher for one group than for another.
_MEASURES = {
    "error": "the error",
    "selection_rate": "the share called so",
    "tpr": "the share of the true ones that is found",
    "fpr": "the share of the others that is called so wrongly",
    "precision": "the share that is right when called so",
    "bias": "what is predicted too much",
}


def segments(report: Report) -> Markup:
    """Slices of the table for which the model is worse, in words."""
    found = report.segments
    told = (
        "Kinds of rows for which it is worse than for the others, beyond chance. Trust it less there, or get more rows."
    )
    if not found:
        told = "No kind of row was found for which it is worse than for the others beyond chance."
    return tag(
        "section",
        tag("h2", "Where it is weak"),
        tag("p", told, class_="intro"),
        tag("div", _segments(found, report), class_="pictures") if found else None,
        id="weak",
    )


def _segments(found: tuple[Segment, ...], report: Report) -> Markup:
    metric, overall = found[0].metric, found[0].overall
    name = metric_words.words(metric).name
    whole = report.outcomes.accuracy.value if isinstance(report.outcomes, ClassOutcomes) else None

    def known(score: float) -> float:
        return metric_words.shown(metric, score)

    rows = []
    for segment in found:
        note = f"{percent(segment.share)} of rows"
        if segment.right is not None:
            note += f", {hundred(segment.right)} of 100 right"
        ends = sorted((known(overall + segment.low), known(overall + segment.high)))
        rows.append(Bar(segment.words, known(segment.score), ends[0], ends[1], note, marked=True))
    against = "" if whole is None else f" Of all rows, {hundred(whole)} of 100 are predicted right."
    better = "the smaller the better" if metric_words.is_loss(metric) else "the greater the better"
    return figure(
        points(
            rows,
            title="Where the model is weak",
            told=f"Kinds of rows with their {name}; a line where all rows stand.",
            label=f"{name} ({better})",
            whole=known(overall),
            form=number,
            width=FULL,
        ),
        "Kinds of rows that it predicts worse",
        caption=(
            f"The {name} of each kind of row, with 95 % intervals, measured on rows that it was not looked for in; "
            f"the line is that of all rows.{against}"
        ),
        numbers=table(
            ["rows", "number", name, "all rows", "right"],
            [
                [
                    s.words,
                    f"{s.rows:,}",
                    number(known(s.score)),
                    number(known(s.overall)),
                    "" if s.right is None else percent(s.right),
                ]
                for s in found
            ],
        ),
        wide=True,
    )


def fairness(report: Report) -> Markup | None:
    """The groups of the sensitive column side by side; None where none was named."""
    found = report.fairness
    if found is None:
        return None
    clear = [(measure, gap) for measure, gap in found.gaps.items() if gap.clear]
    said = [_gap(measure, gap, report) for measure, gap in clear]
    small = (
        f" Left out, for want of rows: {listed([quoted(name) for name in found.too_small])}." if found.too_small else ""
    )
    return tag(
        "section",
        tag("h2", "Whom it serves worse"),
        tag("p", prose(f"The groups of {quoted(found.column)}, side by side.{small}"), class_="intro"),
        [tag("p", prose(sentence)) for sentence in said]
        or tag(
            "p", "No difference between the groups is beyond chance; with few rows, that does not mean there is none."
        ),
        tag("div", _groups(found, report), class_="pictures"),
        id="fairness",
    )


def _gap(measure: str, gap: Gap, report: Report) -> str:
    what, high, low = _MEASURES.get(measure, measure), gap.highest, gap.lowest
    if measure == "score":
        what = f"the {report.score.name}"
        # A loss is the higher, the lower the score.
        high, low = (low, high) if metric_words.is_loss(report.score.metric) else (high, low)
    return (
        f"{what[0].upper()}{what[1:]} is higher for {quoted(high)} than for {quoted(low)}, by {number(gap.value)} "
        f"({number(gap.low)} to {number(gap.high)})."
    )


def _groups(found: Fairness, report: Report) -> list[Markup]:
    metric = report.score.metric
    name = report.score.name

    def known(score: float) -> float:
        return metric_words.shown(metric, score)

    rows = []
    for group in found.groups:
        ends = sorted((known(group.low), known(group.high)))
        rows.append(Bar(group.name, known(group.score), ends[0], ends[1], count(group.rows, "row")))
    binary = found.positive is not None
    head = ["group", "rows", name, "mean error" if report.task.kind == "regression" else "wrong"]
    head += ["are", "called so", "found", "false alarms", "right when said"] if binary else []
    head += ["too high by"] if report.task.kind == "regression" else []
    lines = []
    for group in found.groups:
        regression = report.task.kind == "regression"
        error = number(group.error) if regression else percent(group.error)
        line = [group.name, f"{group.rows:,}", report.score.in_figures(group.score), error]
        if binary:
            rates = (group.base_rate, group.selection_rate, group.tpr, group.fpr, group.precision)
            line += ["" if rate is None or np.isnan(rate) else percent(rate) for rate in rates]
        if regression:
            line.append("" if group.bias is None else number(group.bias))
        lines.append(line)
    drawn = points(
        rows,
        title=f"{name} by group",
        told=f"A point a group of {found.column}, with 95 % intervals; a line where all rows stand.",
        label=name,
        whole=known(report.score.value),
        width=FULL,
    )
    about = f" “Are”, “called so” and the rest are of {label(report.task, _code(report, found))}." if binary else ""
    return [
        figure(drawn, f"{name} by group", caption="With 95 % intervals; the line is that of all rows.", wide=True),
        tag("div", tag("p", prose(about.strip()), class_="small"), table(head, lines), style="grid-column:1/-1"),
    ]


def _code(report: Report, found: Fairness) -> int:
    return report.task.classes.index(found.positive)
