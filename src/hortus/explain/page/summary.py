"""A model in a notebook's cell: the verdict, its numbers and its best candidates, in the notebook's own colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hortus.explain import metric_words
from hortus.explain.evidence import Evidence
from hortus.explain.figures import count, exact
from hortus.explain.outcomes import count_outcomes
from hortus.explain.page.html import Markup, join, prose, tag
from hortus.explain.score import find_score
from hortus.explain.verdict import judge, ranked

# Rows that are counted at most, so that it appears at once.
ROWS = 10_000
TOP = 3
_BOX = (
    "font:14px/1.5 system-ui,sans-serif;max-width:46em;padding:14px 18px;border-radius:8px;"
    "border:1px solid rgba(128,128,128,.4);border-left:5px solid #3f8f68"
)
_SOFT = "opacity:.72;font-size:13px"


def summary_html(evidence: Evidence) -> Markup:
    """The model in short; a few milliseconds, whatever the table's size."""
    some = _some(evidence)
    score = find_score(some)
    findings = ranked(evidence.facts.get("findings") or ())
    verdict = judge(evidence.task, count_outcomes(some), score, findings)
    warned = [finding for finding in findings if finding.get("severity") != "info"]
    found = [tag("li", finding.get("what", "")) for finding in warned[:3]]
    more = len(warned) - len(found)
    figures = [
        tag(
            "span",
            tag("b", figure.value, style="font-size:20px"),
            tag("br"),
            tag("span", prose(figure.label), style=_SOFT),
            style="display:inline-block;vertical-align:top;margin:6px 28px 6px 0;max-width:15em",
        )
        for figure in verdict.figures
    ]
    alarm = verdict.alarm
    return tag(
        "div",
        tag("p", prose(alarm.headline), style="margin:0 0 8px;color:#c0562a;font-weight:600") if alarm else None,
        tag("p", prose(verdict.headline), style="margin:0 0 4px;font-size:17px;font-weight:600"),
        tag("p", prose(verdict.lead), style="margin:0 0 8px"),
        tag("div", figures),
        _board(evidence),
        tag("p", f"Found in the table: {count(len(warned), 'thing')} to look at", style="margin:10px 0 0")
        if found
        else None,
        tag("ul", found, style="margin:2px 0 0;padding-left:20px") if found else None,
        tag("p", f"and {more} more", style=_SOFT) if more > 0 else None,
        tag(
            "p",
            "The whole, with pictures: ",
            tag("code", 'model.report("report.html")'),
            style=f"margin:10px 0 0;{_SOFT}",
        ),
        style=_BOX,
    )


def _some(evidence: Evidence) -> Evidence:
    """All judged rows, or the sampled ones where these are too many to be counted at once."""
    if len(evidence.y) <= ROWS:
        return evidence
    rows = evidence.rows
    return replace(
        evidence,
        y=evidence.y[rows],
        predictions=evidence.predictions[rows],
        folds=evidence.folds[rows],
        weight=None if evidence.weight is None else evidence.weight[rows],
        rows=np.arange(len(rows)),
    )


def _board(evidence: Evidence) -> Markup:
    board = evidence.leaderboard
    lines = []
    for row in board[board["state"] == "complete"].head(TOP).to_dict(orient="records"):
        score = metric_words.written(evidence.metric.name, float(row["score"]), lined_up=True)
        weight = f"weight {exact(float(row['weight']), 2)}" if row["weight"] > 0 else ""
        cells = [
            tag("td", cell, style="padding:1px 18px 1px 0;text-align:left") for cell in (row["model"], score, weight)
        ]
        lines.append(tag("tr", cells))
    told = f"Best of {count(len(board), 'candidate')}, by {metric_words.words(evidence.metric.name).name}"
    return join(
        tag("p", told, style=f"margin:8px 0 0;{_SOFT}"),
        tag("table", tag("tbody", lines), style="font-size:13px;border-collapse:collapse;margin:2px 0 0"),
    )
