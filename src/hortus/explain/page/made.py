"""How the model was made, and how to make it again."""

from __future__ import annotations

import math

from hortus.explain import metric_words
from hortus.explain.charts.bars import Bar, points
from hortus.explain.figures import count, exact, listed, percent
from hortus.explain.making import Candidate, Making
from hortus.explain.names import quoted
from hortus.explain.page.html import Markup, details, figure, join, prose, table, tag
from hortus.explain.report import Report

_WHY = {
    "trials": "all trials were done",
    "time": "the time was used",
    "exhausted": "there was nothing left to try",
    "interrupted": "it was stopped",
}
COLUMNS = 200


def made(report: Report) -> Markup:
    """The search, its best candidates, the table's columns, versions, and the command that does it again."""
    making = report.making
    return tag(
        "section",
        tag("h2", "How it was made"),
        tag("p", in_words(report), class_="intro"),
        tag("div", _leaderboard(making, report), class_="pictures"),
        details("The columns of the table", _columns(making)),
        tag("h3", "How to make it again", style="margin-top:32px"),
        _again(making, report),
        _versions(making),
        id="made",
    )


def in_words(report: Report) -> str:
    """The search in a few sentences."""
    making = report.making
    judged = f"{making.folds}-fold cross-validation" if making.folds > 1 else "rows held out"
    text = f"{count(making.tried, 'candidate')} were tried on {count(making.rows, 'row')} and judged by {judged}"
    text = text.replace("1 candidate were", "1 candidate was")
    lost = []
    if making.failed:
        lost.append(f"{making.failed:,} failed")
    if making.stopped:
        lost.append(f"{making.stopped:,} stopped early")
    text += f" ({' and '.join(lost)})." if lost else "."
    if making.why in _WHY:
        text += f" The search ended because {_WHY[making.why]}."
    blend = (
        "" if making.members == 1 else ", weighed by a model of its own" if making.stacked else ", averaged by weight"
    )
    text += f" The model is made of {count(making.members, 'candidate')}{blend}"
    text += ", and its probabilities are calibrated." if making.calibrated else "."
    return text


def _leaderboard(making: Making, report: Report) -> Markup | None:
    if not making.top:
        return None
    metric = report.score.metric

    def known(score: float) -> float:
        return metric_words.shown(metric, score)

    rows = []
    for one in making.top:
        note = f"weight {one.weight:.2f}" if one.weight > 0 else "tied" if one.tied else ""
        ends = sorted((known(one.low), known(one.high))) if math.isfinite(one.low) else (math.nan, math.nan)
        rows.append(Bar(f"{one.rank}. {one.model}", known(one.score), ends[0], ends[1], note, weak=not one.weight > 0))
    ties = [one for one in making.top if one.tied]
    tied = f" {count(len(ties), 'candidate')} cannot be told from the best (tied)." if len(ties) > 1 else ""
    caption = f"The best candidates with 95 % intervals; those in green make the model.{tied}"
    head = ["", "model", report.score.name, "95 %", "weight", "tied", "fit, s", "ms a row", "pipeline"]
    return figure(
        points(
            rows,
            title="The best candidates",
            told=f"Best: {making.top[0].model}, {report.score.name} {report.score.in_figures(making.top[0].score)}.",
            label=report.score.name,
            form=lambda value: exact(value, 4 if abs(value) < 100 else 2),
            width=840.0,
        ),
        "The best candidates",
        caption=caption,
        numbers=table(head, [_line(one, metric) for one in making.top], words=2),
        wide=True,
    )


def _line(one: Candidate, metric: str) -> list[str]:
    ends = sorted(metric_words.shown(metric, bound) for bound in (one.low, one.high)) if math.isfinite(one.low) else []
    return [
        f"{one.rank}",
        one.model,
        metric_words.written(metric, one.score, lined_up=True),
        " to ".join(exact(end, 4 if abs(end) < 100 else 2) for end in ends),
        f"{one.weight:.2f}" if one.weight > 0 else "",
        "tied" if one.tied else "",
        exact(one.fit_seconds, 2),
        exact(one.predict_ms, 3),
        one.pipeline,
    ]


def _columns(making: Making) -> Markup:
    rows = []
    for column in making.columns[:COLUMNS]:
        used = "used" if column.used else f"left out: {column.reason}" if column.reason else "left out"
        missing = "" if column.missing is None else percent(column.missing)
        rows.append(
            [column.name, column.kind, used, missing, "" if column.distinct is None else f"{column.distinct:,}"]
        )
    more = len(making.columns) - len(rows)
    return join(
        table(["column", "kind", "", "missing", "values"], rows, words=3),
        tag("p", f"And {count(more, 'column')} more.", class_="small") if more > 0 else None,
    )


def _again(making: Making, report: Report) -> Markup:
    if not making.command:
        return tag("p", "Fit again on the same table with the same settings and seed.")
    told = (
        "The same table, command and versions give the same leaderboard."
        if making.settings.get("trials") is not None and making.settings.get("time") is None
        else "The search was limited by time, so a faster or slower machine gets further or less far."
    )
    target = quoted(report.task.target)
    seed = making.settings.get("seed")
    seeded = "" if seed is None else f" Its seed was {seed}."
    return join(
        tag("pre", tag("code", making.command)),
        tag("p", prose(f"TABLE stands for the table that {target} was in. {told}{seeded}"), class_="small"),
    )


def _versions(making: Making) -> Markup | None:
    if not making.versions:
        return None
    shown = [f"{name} {version}" for name, version in making.versions.items()]
    return tag("p", f"Made with {listed(shown, most=40)}.", class_="small")
