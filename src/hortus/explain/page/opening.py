"""How the page begins: the verdict, and what to look at before it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hortus.explain.charts.bars import waffle
from hortus.explain.figures import count, number
from hortus.explain.names import quoted
from hortus.explain.page.html import Markup, join, prose, tag
from hortus.explain.report import Report
from hortus.explain.verdict import Alarm, Figure

_SEVERITY = {"serious": "serious", "warning": "look at it", "info": "good to know"}


def opening(report: Report) -> Markup:
    """The verdict: an alarm if there is one, the headline, what it means, and the numbers to remember."""
    verdict = report.verdict
    kind = {"binary": "two classes", "multiclass": f"{len(report.task.classes)} classes", "regression": "a number"}
    used = sum(column.used for column in report.making.columns)
    told = f"{kind[report.task.kind]} from {count(used, 'column')}, judged on {count(report.rows, 'row')}"
    heading = "h2" if verdict.alarm else "h1"
    return tag(
        "section",
        tag("p", prose(f"{quoted(report.task.target)}: {told}"), class_="kicker"),
        _alarm(verdict.alarm) if verdict.alarm else None,
        tag(heading, prose(verdict.headline)),
        tag("p", prose(verdict.lead), class_="lead"),
        [tag("p", prose(sentence)) for sentence in verdict.sentences],
        tag("div", [_figure(figure) for figure in verdict.figures], class_="facts"),
        class_="verdict",
        id="verdict",
    )


def findings(report: Report) -> Markup | None:
    """What was found in the data, the worst first; None where nothing was."""
    if not report.findings:
        return None
    return tag(
        "section",
        tag("h2", "What to look at first"),
        tag("p", "What was found in the table before anything was trained on it, the worst first.", class_="intro"),
        [_finding(finding, report) for finding in report.findings],
        id="findings",
    )


def _alarm(alarm: Alarm) -> Markup:
    return tag("div", tag("h1", prose(alarm.headline)), tag("p", prose(alarm.text)), class_="alarm", role="note")


def _figure(figure: Figure) -> Markup:
    drawn = None if figure.share is None else waffle(figure.share, figure.against, figure.label)
    return tag(
        "div",
        tag("p", prose(figure.label), class_="label"),
        tag("p", figure.value, class_="figure-value"),
        drawn,
        tag("p", prose(figure.note), class_="note"),
        class_="fact",
    )


def _finding(finding: Mapping[str, Any], report: Report) -> Markup:
    severity = finding.get("severity", "info")
    evidence = []
    if finding.get("value") is not None and finding.get("measure"):
        evidence.append(f"{finding['measure']}: {number(float(finding['value']))}")
    for name, score in (finding.get("scores") or {}).items():
        evidence.append(f"{report.score.name} {name}: {report.score.in_figures(float(score))}")
    return tag(
        "div",
        tag("div", tag("span", _SEVERITY.get(severity, severity), class_=f"badge {severity}")),
        tag(
            "div",
            tag("p", finding.get("what", ""), class_="what"),
            tag("p", "; ".join(evidence), class_="small") if evidence else None,
            tag("p", join(finding.get("did", ""), " ", finding.get("overrule", "")), class_="small"),
        ),
        class_="finding",
    )
