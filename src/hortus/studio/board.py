"""The leaderboard of a run, also while it is at work: what its journal says, looked at without touching it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hortus.data.dataset import Dataset
from hortus.data.images import ImageData
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.result import leaderboard
from hortus.errors import HortusError
from hortus.evaluation.interval import student
from hortus.explain.outcomes import constant
from hortus.run.graph.words import TITLES
from hortus.run.images.result import is_image_run
from hortus.run.prepare import recall
from hortus.run.settings import Settings


@dataclass(frozen=True)
class Line:
    """A candidate.

    Attributes:
        trial: its number.
        model: the learner's name; of networks "network".
        pipeline: all of it in one line.
        steps: what is done to the columns before the model, in plain words; "" of networks, which have none.
        score: greater is better; None where it failed.
        low: of the 95 % interval; None where it is not known.
        high: likewise.
        tied: whether it cannot be told from the best.
        weight: its share in the ensemble, once that is chosen.
        state: complete, pruned, failed, interrupted.
        fit_seconds: None where it failed.
        predict_ms: a row's share of a batch; of networks an image's.
        reason: why it failed.
    """

    trial: int
    model: str
    pipeline: str
    steps: str
    score: float | None
    low: float | None
    high: float | None
    tied: bool
    weight: float
    state: str
    fit_seconds: float | None
    predict_ms: float | None
    reason: str


@dataclass(frozen=True)
class Standing:
    """A run's candidates.

    Attributes:
        lines: those that have ended, the best first.
        first: what a small tree scored on one fold, within the first seconds; None before that.
        chosen: whether a model was chosen from them.
    """

    lines: list[Line]
    first: float | None
    chosen: bool


def board(folder: Path) -> Standing:
    """Every candidate of a run so far.

    Args:
        folder: the run's, which may be at work.
    """
    if not (folder / "journal.sqlite").exists():
        return Standing([], None, chosen=False)
    with Journal.open(folder, read_only=True) as journal:
        rows, chosen, baseline = journal.trials(), journal.get("chosen"), journal.get("baseline")
    images = is_image_run(folder)
    weights, intervals, tied = _chosen(chosen, images)
    for row in rows:
        if row.number not in intervals:
            found = _by_folds(row)
            if found is not None:
                intervals[row.number] = found
    table = leaderboard(rows, weights=weights, intervals=intervals, tied=tied)
    notes = {row.number: row.evaluation.notes if row.evaluation else {} for row in rows}
    lines = [_line(found, notes[int(found["trial"])], images) for found in table.to_dict(orient="records")]
    # What is under way has no place among what has ended.
    ended = [line for line in lines if line.state != "interrupted"]
    return Standing(ended, _finite((baseline or {}).get("value")), chosen is not None)


def guess(folder: Path) -> float | None:
    """What guessing scores: the same prediction for every row; None where the run has not read its data yet."""
    try:
        if is_image_run(folder):
            return _guess_images(folder)
        with Journal.open(folder, read_only=True) as journal:
            found = journal.get("settings")
        if found is None:
            return None
        prepared = recall(folder, Settings.from_json(found))
        data: Dataset = prepared.data
        judged = data.folds.judged_rows
        y = np.asarray(data.y)[judged]
        weight: Any = None if data.weight is None else np.asarray(data.weight)[judged]
        classes = 0 if data.kind == "regression" else data.classes
        score = prepared.metric(y, constant(y, classes, prepared.metric.name, weight), weight)
    except (HortusError, OSError, ValueError):
        # The run is only just beginning, and what is read is half written.
        return None
    return float(score) if math.isfinite(score) else None


def _guess_images(folder: Path) -> float | None:
    data = ImageData.load(folder / "data")
    y = np.asarray(data.y)[data.valid_rows(0)]
    metric = data.metric()
    score = metric(y, constant(y, data.classes, metric.name))
    return float(score) if math.isfinite(score) else None


def _chosen(
    chosen: dict[str, Any] | None, images: bool
) -> tuple[dict[int, float], dict[int, tuple[float, float]], list[int]]:
    if chosen is None:
        return {}, {}, []
    intervals = {int(number): (float(low), float(high)) for number, (low, high) in chosen["intervals"].items()}
    weights = {int(chosen["number"]): 1.0} if images else {int(k): float(w) for k, w in chosen["weights"].items()}
    return weights, intervals, [int(number) for number in chosen["tied"]]


def _by_folds(row: TrialRow) -> tuple[float, float] | None:
    """While nothing is chosen: from how much the folds differ."""
    scores = np.asarray(row.evaluation.fold_scores if row.evaluation else (), dtype=np.float64)
    if row.value is None or len(scores) < 3 or not np.isfinite(scores).all():
        return None
    error = float(scores.std(ddof=1) / np.sqrt(len(scores)))
    half = student(len(scores)) * error
    return row.value - half, row.value + half


def _line(found: Mapping[Hashable, Any], notes: dict[str, Any], images: bool) -> Line:
    latency = notes.get("latency")
    return Line(
        trial=int(found["trial"]),
        model="network" if images else str(found["model"]),
        pipeline=str(found["pipeline"]),
        steps="" if images else steps(str(found["pipeline"])),
        score=_finite(found["score"]),
        low=_finite(found["low"]),
        high=_finite(found["high"]),
        tied=bool(found["tied"]),
        weight=float(found["weight"]),
        state=str(found["state"]),
        fit_seconds=_finite(found["fit_seconds"]),
        predict_ms=_finite(found["predict_ms"] if not images or latency is None else 1000 * float(latency)),
        reason=str(found["reason"] or ""),
    )


def steps(pipeline: str) -> str:
    """What is done to the columns before the model, in plain words; of what branches, the pipeline as it is.

    >>> steps("svm(scale(impute(rows)))"), steps("lightgbm(rows)")
    ('Fill gaps, same scale', 'The columns as they are')
    """
    names = pipeline.rstrip(")").split("(")
    if "," in pipeline or " " in pipeline or names[-1] != "rows":
        return pipeline
    titles = [TITLES[name][0] if name in TITLES else name.replace("_", " ") for name in reversed(names[1:-1])]
    return ", ".join([*titles[:1], *map(str.lower, titles[1:])]) or "The columns as they are"


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
