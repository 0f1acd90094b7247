"""How a model was made, and how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hortus.explain.evidence import Evidence

# Candidates that are shown.
TOP = 10


@dataclass(frozen=True)
class ColumnFacts:
    """A column of the table.

    Attributes:
        name: as in the table.
        kind: how its cells are read.
        used: whether the model sees it.
        reason: why it does not, in a few words.
        missing: share of the sampled rows without a value; None where it is not used.
        distinct: how many different values the sampled rows have; None likewise.
    """

    name: str
    kind: str
    used: bool
    reason: str
    missing: float | None
    distinct: int | None


@dataclass(frozen=True)
class Candidate:
    """A line of the leaderboard.

    Attributes:
        rank, trial: its place and its number.
        model, pipeline: what it is.
        score, low, high: greater is better; NaN bounds where there was no time for them.
        weight: its share in the ensemble.
        tied: whether it cannot be told from the best; None where that is not known.
        fit_seconds, predict_ms: what it costs to train, and to predict a row.
    """

    rank: int
    trial: int
    model: str
    pipeline: str
    score: float
    low: float
    high: float
    weight: float
    tied: bool | None
    fit_seconds: float
    predict_ms: float


@dataclass(frozen=True)
class Making:
    """How it was made.

    Attributes:
        rows: of the training table.
        folds: of the cross-validation; 1 for a holdout.
        columns: of the table, those left out among them.
        tried, finished, failed, stopped: how many candidates were tried, and what became of them.
        seconds: of training, over all candidates.
        top: the best candidates, and all those in the ensemble.
        members: how many make the model.
        stacked, calibrated: whether their answers are weighed by a model of its own; whether probabilities were
            corrected.
        settings: the run's; empty where they are not known.
        why: why the run ended.
        versions: of the libraries; empty where they are not known.
        command: how to make it again; "" where the settings are not known.
    """

    rows: int
    folds: int
    columns: tuple[ColumnFacts, ...]
    tried: int
    finished: int
    failed: int
    stopped: int
    seconds: float
    top: tuple[Candidate, ...]
    members: int
    stacked: bool
    calibrated: bool
    settings: Mapping[str, Any]
    why: str
    versions: Mapping[str, str]
    command: str


def describe_making(evidence: Evidence, made: Mapping[str, Any]) -> Making:
    """Gather it from the model, the leaderboard and what the run says of itself (``settings``, ``why``)."""
    board, predictor, facts = evidence.leaderboard, evidence.predictor, evidence.facts
    settings = made.get("settings") or {}
    shown = board[(board["rank"] <= TOP) | (board["weight"] > 0)]
    return Making(
        rows=int(facts.get("rows", len(evidence.y))),
        folds=1 if predictor.apart else len(predictor.members[0].folds),
        columns=tuple(_column(column, evidence.frame) for column in predictor.schema.columns),
        tried=len(board),
        finished=int((board["state"] == "complete").sum()),
        failed=int((board["state"] == "failed").sum()),
        stopped=int((board["state"] == "pruned").sum()),
        seconds=float(board["fit_seconds"].sum()),
        top=tuple(_candidate(row) for row in shown.to_dict(orient="records") if row["score"] == row["score"]),
        members=len(predictor.members),
        stacked=predictor.stacking is not None,
        calibrated=predictor.calibration is not None,
        settings=settings,
        why=str(made.get("why") or ""),
        versions={str(name): str(version) for name, version in (facts.get("versions") or {}).items()},
        command=_command(evidence.task.target, settings) if settings else "",
    )


def _column(column: Any, frame: pd.DataFrame) -> ColumnFacts:
    if column.role != "feature" or column.name not in frame.columns:
        return ColumnFacts(column.name, column.kind, False, column.reason, None, None)
    values = frame[column.name]
    return ColumnFacts(column.name, column.kind, True, "", float(values.isna().mean()), int(values.nunique()))


def _candidate(row: Mapping[Any, Any]) -> Candidate:
    tied = row.get("tied")
    return Candidate(
        rank=int(row["rank"]),
        trial=int(row["trial"]),
        model=str(row["model"]),
        pipeline=str(row["pipeline"]),
        score=float(row["score"]),
        low=float(row["low"]),
        high=float(row["high"]),
        weight=float(row["weight"]),
        tied=None if tied is None or tied != tied else bool(tied),
        fit_seconds=float(row["fit_seconds"]),
        predict_ms=float(row["predict_ms"]),
    )


# Settings that change what is found, with their options; those at None or () are as if not given.
_OPTIONS = {
    "time": "--time",
    "trials": "--trials",
    "metric": "--metric",
    "kind": "--task",
    "strategy": "--strategy",
    "space": "--space",
    "pruner": "--pruner",
    "rungs": "--rungs",
    "folds": "--folds",
    "weight": "--weight",
    "group": "--group",
    "order": "--order",
    "seed": "--seed",
}
_USUAL = {"strategy": "auto", "space": "auto", "pruner": "auto", "rungs": "folds"}
_REPEATED = {"models": "--model", "ignore": "--ignore", "keep": "--keep"}


def _command(target: str, settings: Mapping[str, Any]) -> str:
    """The command that makes the model again from the same table."""
    return shlex.join(["hortus", "fit", "TABLE", "--target", target, *settings_options(settings)])


def settings_options(settings: Mapping[str, Any]) -> list[str]:
    """A run's settings as options of ``hortus fit``, those at their usual values left out.

    >>> settings_options({"time": 60.0, "models": ["linear", "svm"], "strategy": "auto", "ensemble": False})
    ['--time', '60', '--model', 'linear', '--model', 'svm', '--single']
    """
    words = []
    for name, option in _OPTIONS.items():
        value = settings.get(name)
        if value is not None and value != _USUAL.get(name):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    for name, option in _REPEATED.items():
        for value in settings.get(name) or ():
            words += [option, str(value)]
    if settings.get("ensemble") is False:
        words.append("--single")
    return words
