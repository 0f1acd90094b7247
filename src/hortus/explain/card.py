"""The model card: who may use the model for what, and what is known of it (Mitchell et al. 2019)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from hortus.explain import metric_words
from hortus.explain.figures import count, exact, listed, number, percent
from hortus.explain.names import clean, quoted
from hortus.explain.report import Report

# What a card cannot know is asked for rather than made up.
_ASKED = "Say here, before the model is handed on:"


@dataclass(frozen=True)
class Part:
    """A part of the card.

    Attributes:
        heading: one of the nine of Mitchell et al. 2019.
        sentences: paragraphs; names of the user's stand in “ ”.
        points: items of a list.
    """

    heading: str
    sentences: tuple[str, ...]
    points: tuple[str, ...] = ()


def card(report: Report) -> tuple[Part, ...]:
    """The nine parts."""
    return (
        _details(report),
        _use(report),
        _factors(report),
        _metrics(report),
        _evaluation(report),
        _training(report),
        _quantities(report),
        _ethics(report),
        _caveats(report),
    )


def as_markdown(parts: tuple[Part, ...], title: str = "Model card") -> str:
    """The card as Markdown in which nothing of the user's is more than text."""
    lines = [f"# {title}", ""]
    for part in parts:
        lines += [f"## {part.heading}", ""]
        for sentence in part.sentences:
            lines += [_text(sentence), ""]
        if part.points:
            lines += [*(f"- {_text(point)}" for point in part.points), ""]
    return "\n".join(lines)


def _text(sentence: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", " ".join(clean(sentence).split()))


def _details(report: Report) -> Part:
    making = report.making
    kind = {"binary": "a binary classifier", "multiclass": "a classifier", "regression": "a regression model"}
    models = sorted({one.model for one in making.top if one.weight > 0})
    points = [
        f"Predicts {quoted(report.task.target)}; {kind[report.task.kind]}.",
        f"{count(making.members, 'member')}: {listed(models, 20)}."
        if models
        else count(making.members, "member") + ".",
        f"Optimized for {report.score.name} ({report.task.metric}).",
    ]
    if making.versions:
        points.append(f"Made with {listed([f'{k} {v}' for k, v in making.versions.items()], 40)}.")
    if making.command:
        points.append(f"Made by: {making.command}")
    return Part("Model details", ("Made by an automated search (Hortus), and judged as told below.",), tuple(points))


def _use(report: Report) -> Part:
    used = [column for column in report.making.columns if column.used]
    return Part(
        "Intended use",
        (
            f"To predict {quoted(report.task.target)} of rows that come about as the training rows did, from "
            f"{count(len(used), 'column')} that are known at the moment of predicting.",
            "Not for rows of another kind, another time or another place than those trained on, unless it has been "
            "judged on such rows; not for saying what would happen if a column were changed on purpose.",
            f"{_ASKED} who is to use it, for which decisions, and who answers for them.",
        ),
    )


def _factors(report: Report) -> Part:
    weak = [f"Worse where {segment.words} ({percent(segment.share)} of rows)." for segment in report.segments]
    fair = report.fairness
    points = list(weak)
    if fair is not None:
        points.append(f"Compared by {quoted(fair.column)}: {count(len(fair.groups), 'group')}.")
    said = (
        "Kinds of rows for which it is worse, found by searching:" if weak else "No kind of row was found to be worse."
    )
    return Part("Factors", (said,), tuple(points))


def _metrics(report: Report) -> Part:
    name, meaning = metric_words.words(report.score.metric)
    return Part(
        "Metrics",
        (
            f"{name}: {meaning}.",
            "Intervals are of 95 %. Every number is of rows that the models which predicted them had not seen.",
        ),
    )


def _evaluation(report: Report) -> Part:
    folds = report.making.folds
    how = f"{folds}-fold cross-validation on the training table" if folds > 1 else "rows held out of the training table"
    return Part(
        "Evaluation data",
        (f"{count(report.rows, 'row')}, by {how}. There was no other table to judge it on.",),
    )


def _training(report: Report) -> Part:
    making = report.making
    used = [column for column in making.columns if column.used]
    left = [column for column in making.columns if not column.used]
    kinds: dict[str, int] = {}
    for column in used:
        kinds[column.kind] = kinds.get(column.kind, 0) + 1
    points = [f"{number_of:,} {kind}" for kind, number_of in kinds.items()]
    if left:
        points.append(f"Left out: {listed([quoted(column.name) for column in left], 20)}.")
    points += [str(finding.get("what", "")) for finding in report.findings]
    return Part("Training data", (f"{count(making.rows, 'row')}; columns by kind, and what was found:",), tuple(points))


def _quantities(report: Report) -> Part:
    verdict, score = report.verdict, report.score
    points = [f"{score.name}: {score.in_figures(score.value)}{f' ({score.bounds})' if score.bounds else ''}."]
    if math.isfinite(score.guess):
        points.append(f"Guessing: {score.in_figures(score.guess)}.")
    points += [f"{figure.label}: {figure.value} ({figure.note})." for figure in verdict.figures[:-1]]
    if report.importance is not None:
        top = list(zip(report.importance.columns, report.importance.mean, strict=True))[:5]
        points.append(f"Most important columns: {listed([f'{quoted(c)} ({exact(m)})' for c, m in top])}.")
    fair = report.fairness
    if fair is not None:
        points += [
            f"By {quoted(fair.column)}, {quoted(group.name)}: {score.name} {score.in_figures(group.score)}, "
            f"{count(group.rows, 'row')}."
            for group in fair.groups
        ]
    return Part("Quantitative analyses", (verdict.headline, verdict.lead), tuple(points))


def _ethics(report: Report) -> Part:
    told = (
        "No sensitive column was named, so groups of people were not compared."
        if report.fairness is None
        else "Groups were compared by one column alone; others may differ where these do not."
    )
    return Part(
        "Ethical considerations",
        (told, f"{_ASKED} whom a wrong prediction harms, and how they can object."),
    )


def _caveats(report: Report) -> Part:
    points = [finding["what"] for finding in report.findings if finding.get("severity") == "serious"]
    if report.verdict.alarm is not None:
        points.insert(0, report.verdict.alarm.headline)
    if report.rows < 500:
        points.append(f"It was judged on {count(report.rows, 'row')} only; intervals are wide.")
    if report.task.kind == "binary" and report.reliability is not None:
        points.append(
            f"Its probabilities are off by {number(100 * report.reliability.error)} percentage points on average."
        )
    points.append("Judge it again when the rows change, and at least once on rows that came after these.")
    return Part("Caveats and recommendations", (), tuple(points))
