"""A model judged in words that need no knowledge of machine learning.

Names of the user's stand in “ ”; nothing here knows how a page is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hortus.data.finding import SEVERITIES
from hortus.data.task import Task
from hortus.explain import metric_words
from hortus.explain.figures import hundred, listed, number, percent, span
from hortus.explain.names import label as label_words
from hortus.explain.names import quoted
from hortus.explain.outcomes import ClassOutcomes, Outcomes, ValueOutcomes
from hortus.explain.score import Score

Grade = Literal["unknown", "none", "little", "clear", "much", "high"]
# From how much of the way from guessing to perfect a grade begins.
GRADES: tuple[tuple[float, Grade], ...] = ((0.85, "high"), (0.5, "much"), (0.15, "clear"), (0.0, "little"))
_HEADLINES: dict[Grade, str] = {
    "unknown": "There are too few {things} to say whether this model predicts {target} better than guessing",
    "none": "This model predicts {target} no better than guessing",
    "little": "This model predicts {target} only a little better than guessing",
    "clear": "This model predicts {target} clearly better than guessing, and is often wrong",
    "much": "This model predicts {target} much better than guessing",
    "high": "This model predicts {target} very well",
}


@dataclass(frozen=True)
class Figure:
    """One number that is worth a place of its own.

    Attributes:
        label: what it is.
        value: in figures.
        note: what to hold it against.
        share: it as a share from 0 to 1, to be drawn; None where it is none.
        against: the share that guessing reaches; None where there is none.
    """

    label: str
    value: str
    note: str = ""
    share: float | None = None
    against: float | None = None


@dataclass(frozen=True)
class Alarm:
    """What must be settled before the score is believed.

    Attributes:
        headline: the score with the columns in doubt and without.
        text: what to do.
        columns: those in doubt.
        with_score, without: the scores; greater is better.
    """

    headline: str
    text: str
    columns: tuple[str, ...]
    with_score: float
    without: float


@dataclass(frozen=True)
class Verdict:
    """The judgement.

    Attributes:
        grade: how far from guessing.
        headline: in one sentence.
        lead: what that means for a hundred rows, or for one prediction.
        sentences: how it compares with guessing, how sure that is, and what to look at.
        figures: the numbers to remember.
        alarm: what puts the score in doubt; None for nothing.
    """

    grade: Grade
    headline: str
    lead: str
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    alarm: Alarm | None = None


def ranked(findings: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The serious ones first; else in the order they came."""
    place = {severity: i for i, severity in enumerate(SEVERITIES)}
    return tuple(sorted(findings, key=lambda finding: place.get(finding.get("severity", "info"), len(place))))


def judge(
    task: Task,
    outcomes: Outcomes,
    score: Score,
    findings: Sequence[Mapping[str, Any]] = (),
    *,
    things: str = "rows",
) -> Verdict:
    """Judge a model.

    Args:
        task: what is predicted.
        outcomes: what became of its predictions.
        score: of the model.
        findings: of the data, as JSON, the worst first.
        things: what rows are called, in the plural.
    """
    grade = _grade(outcomes.skill, score)
    if isinstance(outcomes, ValueOutcomes):
        lead, told, figures = _values(task, outcomes)
    else:
        lead, told, figures = (_two if task.kind == "binary" else _many)(task, outcomes, things)
    worst = next((finding for finding in findings if finding.get("severity") in ("serious", "warning")), None)
    sentences = [*told, _sure(score, things)]
    alarm = find_alarm(score.metric, findings)
    if worst is not None and alarm is None:
        sentences.append(f"Look at this first: {worst['what']}")
    return Verdict(
        grade=grade,
        headline=f"{_HEADLINES[grade].format(target=quoted(task.target), things=things)}.",
        lead=lead,
        sentences=tuple(sentences),
        figures=(*figures, _score_figure(score)),
        alarm=alarm,
    )


def find_alarm(metric: str, findings: Sequence[Mapping[str, Any]]) -> Alarm | None:
    """The first finding whose columns make a difference that was measured."""
    for finding in findings:
        scores = finding.get("scores") or {}
        if "with" not in scores or "without" not in scores or not finding.get("columns"):
            continue
        columns = tuple(map(str, finding["columns"]))
        names = listed([quoted(column) for column in columns])
        with_, without = (metric_words.written(metric, scores[key]) for key in ("with", "without"))
        them = "it" if len(columns) == 1 else "them"
        kind = metric_words.words(metric).name
        headline = f"Too good to be true? With {names} the {kind} is {with_}; without {them}, {without}."
        text = (
            f"{finding['what']} If {them} will be known at the moment of predicting, all is well. If not, the model "
            f"cannot be used as it is: believe {without}, and train again without {them}. {finding.get('overrule', '')}"
        )
        return Alarm(headline, text.strip(), columns, float(scores["with"]), float(scores["without"]))
    return None


def _grade(skill: float, score: Score) -> Grade:
    """By how far it is from guessing; only where its interval does not reach down to what guessing scores."""
    if not (np.isfinite(skill) and np.isfinite(score.low)):
        return "unknown"
    if skill <= 0 or (np.isfinite(score.guess) and score.low <= score.guess):
        return "none"
    return next(grade for least, grade in GRADES if skill >= least)


def _two(task: Task, found: ClassOutcomes, things: str) -> tuple[str, list[str], list[Figure]]:
    yes, no = label_words(task, 1), label_words(task, 0)
    pure, complete, base = found.precision[1], found.recall[1], found.frequency[1]
    pairs = found.pairs
    figures = []
    if np.isfinite(pure.value):
        lead = (
            f"Of 100 {things} that it calls {yes}, {hundred(pure.value)} are; among all {things}, {hundred(base)} of "
            "100 are."
        )
        note = f"{pure.span} of 100; among all {things} {hundred(base)}"
        figures.append(Figure(f"of 100 called {yes} are right", hundred(pure.value), note, pure.value, base))
        told = [f"Of 100 {things} that are {yes}, it finds {hundred(complete.value)}."]
        note = f"{complete.span} of 100"
        figures.append(Figure(f"of 100 that are {yes} are found", hundred(complete.value), note, complete.value))
    else:
        lead = f"It never finds {yes} likelier than {no}; use its probabilities, which rank the {things}."
        told = []
    other = found.precision[0]
    if np.isfinite(other.value):
        told.append(f"When it says {no}, it is right {hundred(other.value)} times in 100.")
    top = found.top
    if top is not None:
        told.append(
            f"Among the tenth of the {things} that it finds likeliest to be {yes}, {hundred(top)} of 100 are, against "
            f"{hundred(base)} of 100 in all."
        )
    if np.isfinite(pairs):
        told.append(
            f"Shown one {things.removesuffix('s')} of each kind, it knows which is {yes} {hundred(pairs)} times in "
            "100; guessing, 50."
        )
    return lead, told, figures


def _many(task: Task, found: ClassOutcomes, things: str) -> tuple[str, list[str], list[Figure]]:
    common = int(np.argmax(found.frequency))
    right, guess = found.accuracy, float(found.frequency[common])
    lead = (
        f"Of 100 {things}, it names the right one of {len(task.classes)} classes for {hundred(right.value)}; always "
        f"answering {label_words(task, common)}, the commonest, would be right for {hundred(guess)}."
    )
    note = f"{right.span} of 100; always the commonest: {hundred(guess)}"
    figures = [Figure(f"of 100 {things} are named rightly", hundred(right.value), note, right.value, guess)]
    told = []
    known = [k for k in range(len(task.classes)) if np.isfinite(found.recall[k].value)]
    if known:
        least = min(known, key=lambda k: found.recall[k].value)
        label = label_words(task, least)
        share = found.recall[least]
        told.append(f"It is worst at {label}: of 100 of these it finds {hundred(share.value)}.")
        figures.append(
            Figure(
                f"found of 100 that are {label}, its worst class",
                hundred(share.value),
                f"{share.span} of 100",
                share.value,
            )
        )
    mistake = found.mistake
    if mistake is not None:
        true, called, share_of = mistake
        told.append(
            f"Its commonest mistake is to take {label_words(task, true)} for {label_words(task, called)}: "
            f"{hundred(share_of)} of 100 times that {label_words(task, true)} comes up."
        )
    return lead, told, figures


def _values(task: Task, found: ValueOutcomes) -> tuple[str, list[str], list[Figure]]:
    target = quoted(task.target)
    mean, guess = found.mean_error, found.guess_error
    lead = (
        f"A prediction of {target} is off by {number(mean.value)} on average; always answering the middle value, "
        f"{number(found.middle)}, would be off by {number(guess)}."
    )
    told = [
        f"Half of the predictions are off by less than {number(found.half)}, nine of ten by less than "
        f"{number(found.most)}. For scale: the middle half of the true values runs from {number(found.quarter)} to "
        f"{number(found.three_quarters)}."
    ]
    if guess > 0 and mean.value < guess:
        told.append(f"It makes {percent(1 - mean.value / guess)} less error than guessing does.")
    figures = [
        Figure(
            f"off on average, in the units of {target}",
            number(mean.value),
            f"{span(mean.low, mean.high)}; guessing: {number(guess)}",
        ),
        Figure(
            "nine of ten predictions are off by less than",
            number(found.most),
            f"half of them by less than {number(found.half)}",
        ),
    ]
    return lead, told, figures


def _sure(score: Score, things: str) -> str:
    sentence = f"It was judged on {things} that it had not learned from: {score.name} {score.in_figures(score.value)}"
    if score.bounds:
        sentence += f"; with other {things} of the same kind, expect {score.bounds} (19 times in 20)"
    if score.naive is not None and score.naive > score.value:
        sentence += (
            ". The best of many candidates looks a little better than it is; this is corrected for, and was "
            f"{score.in_figures(score.naive)} before"
        )
    return f"{sentence}."


def _score_figure(score: Score) -> Figure:
    parts = [f"{score.bounds} with 95 % confidence"] if score.bounds else []
    if np.isfinite(score.guess):
        parts.append(f"guessing: {score.in_figures(score.guess)}")
    return Figure(score.name, score.in_figures(score.value), "; ".join(parts))
