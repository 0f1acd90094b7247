"""What a model is worth, as the Understand screen shows it: words, counts, thresholds, residuals."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from hortus.explain.curves import confusion
from hortus.explain.evidence import Evidence, Judged
from hortus.explain.in_short import in_short
from hortus.explain.names import label
from hortus.explain.outcomes import count_outcomes
from hortus.explain.residuals import residuals
from hortus.explain.score import find_score
from hortus.explain.thresholds import thresholds
from hortus.explain.verdict import judge, ranked
from hortus.run.images.judged import JudgedImages
from hortus.run.images.result import ImageResult
from hortus.run.result import Result
from hortus.studio.runs import Run


class Figure(BaseModel):
    """One number to remember."""

    label: str
    value: str
    note: str
    share: float | None
    against: float | None


class Alarm(BaseModel):
    """What must be settled before the score is believed."""

    headline: str
    text: str


class Finding(BaseModel):
    """What was noticed about the data."""

    severity: str
    what: str


class Tables(BaseModel):
    """Of two classes, what becomes of the rows threshold by threshold."""

    positive: str = Field(description="The second class, as it is told in a sentence.")
    negative: str
    values: list[float]
    caught: list[float] = Field(description="Rows of the second class that are called so.")
    missed: list[float]
    alarms: list[float] = Field(description="Rows of the first class that are called the second.")
    cleared: list[float]
    now: float
    decided: bool = Field(description="Whether a threshold was kept, rather than one half.")


class Counts(BaseModel):
    """How many rows of each class are called what."""

    classes: list[str]
    counts: list[list[float]]


class Errors(BaseModel):
    """How far a regression is off."""

    predicted: list[float]
    true: list[float]
    mean: float
    guess: float
    half: float
    most: float
    bias: float
    bins: list[float] = Field(description="Edges of the histogram of true minus predicted.")
    bars: list[int]
    uneven: bool


class Mistake(BaseModel):
    """An image that was named wrongly."""

    image: int = Field(description="Its number in the run.")
    true: int = Field(description="The place of its class among the classes.")
    called: int
    share: float = Field(description="The probability of what it was called.")


class Standing(BaseModel):
    """What the model is worth."""

    subject: Literal["rows", "images"] = Field(description="What it was judged on.")
    name: str
    short: str
    grade: Literal["unknown", "none", "little", "clear", "much", "high"]
    headline: str
    lead: str
    sentences: list[str]
    figures: list[Figure]
    alarm: Alarm | None
    findings: list[Finding]
    target: str
    kind: Literal["binary", "multiclass", "regression"]
    classes: list[str]
    rows: int
    score: str
    score_name: str
    models: list[str] = Field(description="Kinds of models in it, each with its number.")
    thresholds: Tables | None
    confusion: Counts | None
    errors: Errors | None
    mistakes: list[Mistake] = Field(description="Of images, those it was surest of first.")


# Bars of the histogram of errors, within the middle 98 of 100 of them.
BARS = 24
# Images named wrongly that are shown at most.
MISTAKES = 200


def standing(run: Run, result: Result) -> Standing:
    """Judge the model of a run of a table."""
    evidence = result.evidence
    task, outcomes, score = evidence.task, count_outcomes(evidence), find_score(evidence)
    findings = ranked(evidence.facts.get("findings") or ())
    told = judge(task, outcomes, score, findings)
    board = evidence.leaderboard
    kinds = Counter(board[board["weight"] > 0]["model"].astype(str)) or Counter(["baseline"])
    return Standing(
        subject="rows",
        name=run.name,
        short=in_short(task, outcomes),
        grade=told.grade,
        headline=told.headline,
        lead=told.lead,
        sentences=list(told.sentences),
        figures=[Figure(**vars(figure)) for figure in told.figures],
        alarm=None if told.alarm is None else Alarm(headline=told.alarm.headline, text=told.alarm.text),
        findings=[Finding(severity=str(f.get("severity", "info")), what=str(f.get("what", ""))) for f in findings],
        target=task.target,
        kind=task.kind,
        classes=[str(one) for one in task.classes],
        rows=len(evidence.y),
        score=score.in_figures(score.value),
        score_name=score.name,
        models=[f"{count} {name}" if count > 1 else name for name, count in kinds.most_common()],
        thresholds=_tables(evidence) if task.kind == "binary" else None,
        confusion=_counts(evidence) if task.classes else None,
        errors=_errors(evidence, outcomes) if task.kind == "regression" else None,
        mistakes=[],
    )


def image_standing(run: Run, result: ImageResult, judged: JudgedImages) -> Standing:
    """Judge the network of a run of images."""
    task, outcomes, score = judged.task, count_outcomes(judged), find_score(judged)
    warned = [note for note in result.notes if note.warning]
    told = judge(task, outcomes, score, things="images")
    called = judged.called(judged.predictions)
    return Standing(
        subject="images",
        name=run.name,
        short=in_short(task, outcomes, things="images"),
        grade=told.grade,
        headline=told.headline,
        lead=told.lead,
        sentences=list(told.sentences),
        figures=[Figure(**vars(figure)) for figure in told.figures],
        alarm=None,
        findings=[Finding(severity="warning", what=f"{note.what} {note.mend}".strip()) for note in warned],
        target=task.target,
        kind="binary" if task.kind == "binary" else "multiclass",
        classes=[str(one) for one in task.classes],
        rows=len(judged.y),
        score=score.in_figures(score.value),
        score_name=score.name,
        models=[result.model.describe],
        thresholds=None,
        confusion=_counts(judged),
        errors=None,
        mistakes=[
            Mistake(
                image=int(judged.places[i]),
                true=int(judged.y[i]),
                called=int(called[i]),
                share=float(judged.predictions[i, called[i]]),
            )
            for i in judged.mistakes[:MISTAKES]
        ],
    )


def _tables(evidence: Evidence) -> Tables:
    found = thresholds(evidence)
    tables = found.tables
    return Tables(
        positive=label(evidence.task, 1),
        negative=label(evidence.task, 0),
        values=found.values.tolist(),
        caught=tables[:, 1, 1].tolist(),
        missed=tables[:, 1, 0].tolist(),
        alarms=tables[:, 0, 1].tolist(),
        cleared=tables[:, 0, 0].tolist(),
        now=found.now,
        decided=evidence.predictor.threshold is not None,
    )


def _counts(evidence: Judged) -> Counts:
    found = confusion(evidence)
    return Counts(classes=[str(one) for one in evidence.task.classes], counts=np.asarray(found.counts).tolist())


def _errors(evidence: Evidence, outcomes: Any) -> Errors:
    found = residuals(evidence)
    off = np.asarray(evidence.y, dtype=np.float64) - evidence.predictions
    low, high = np.quantile(off, [0.01, 0.99])
    reach = max(abs(float(low)), abs(float(high)), 1e-12)
    bars, bins = np.histogram(np.clip(off, -reach, reach), bins=BARS, range=(-reach, reach))
    return Errors(
        predicted=found.predicted.tolist(),
        true=found.true.tolist(),
        mean=outcomes.mean_error.value,
        guess=outcomes.guess_error,
        half=outcomes.half,
        most=outcomes.most,
        bias=found.bias,
        bins=bins.tolist(),
        bars=bars.tolist(),
        uneven=found.uneven,
    )
