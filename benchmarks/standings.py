"""How systems stand beside each other: ranks, normalized scores and wins, from the lines that the peers' runner writes.

The definitions are those of the runner's own report.
"""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

OURS = "hortus"
BASELINE = "baseline_"
CONSTANT = "baseline_constant"
# Log loss and RMSE are the better the smaller.
UP = {"roc_auc": 1.0, "log_loss": -1.0, "rmse": -1.0}
# Scores this near to each other, relatively, are half a win each.
TIE = 1e-6
# A peer that has run on a smaller share of what Hortus and any peer have run on is not compared.
ENOUGH = 0.5

# A table under one seed and one split: what a run is compared on.
Unit = tuple[str, int, int]


@dataclass(frozen=True)
class Run:
    """One system on one table.

    Attributes:
        unit: the table, the seed and the split.
        peer, version: the system.
        up: the score, greater is better; None where the run failed.
        budget: seconds given; 0 for a baseline.
        costs: fit_s, predict_one_ms, peak_mb and model_mb, as far as they are known.
        when: the time of its end, ISO.
    """

    unit: Unit
    peer: str
    version: str
    up: float | None
    budget: float
    costs: Mapping[str, float]
    when: str


def read_runs(path: Path) -> list[Run]:
    """The runs of a results file, in its order; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [_run(row) for row in csv.DictReader(file)]


def _run(row: dict[str, str]) -> Run:
    score = _number(row["score"]) if row["ok"] == "True" else None
    costs = {name: _number(row[name]) for name in ("fit_s", "predict_one_ms", "peak_mb", "model_mb")}
    return Run(
        unit=(row["dataset"], int(float(row["seed"])), int(float(row["split"]))),
        peer=row["peer"],
        version=row["version"],
        up=None if score is None else UP[row["metric"]] * score,
        budget=float(row["budget_s"]),
        costs={name: cost for name, cost in costs.items() if cost is not None},
        when=row["when"],
    )


def _number(text: str) -> float | None:
    found = float(text) if text else math.nan
    return found if math.isfinite(found) else None


def by_peer(runs: Iterable[Run], budget: float) -> dict[str, dict[Unit, Run]]:
    """The latest run of each peer on each unit at a budget; a baseline stands for every seed of its table and split."""
    runs = sorted(runs, key=lambda run: run.when)
    found: dict[str, dict[Unit, Run]] = {}
    for run in runs:
        if run.budget == budget and not run.peer.startswith(BASELINE):
            found.setdefault(run.peer, {})[run.unit] = run
    units = {unit for units in found.values() for unit in units}
    for run in runs:
        if run.peer.startswith(BASELINE):
            table, _, split = run.unit
            stands_for = {unit for unit in units if (unit[0], unit[2]) == (table, split)}
            found.setdefault(run.peer, {}).update(dict.fromkeys(stands_for, run))
    return found


def common(found: Mapping[str, Mapping[Unit, Run]]) -> tuple[list[Unit], list[str]]:
    """The units that every compared peer has, and the peers that have too few to be compared."""
    ours = found.get(OURS) or max(found.values(), key=len)
    theirs = {unit for peer, runs in found.items() if peer != OURS and not peer.startswith(BASELINE) for unit in runs}
    reference = ours.keys() & theirs or ours.keys()
    few = [peer for peer, runs in found.items() if len(runs.keys() & reference) < ENOUGH * len(reference)]
    kept = [set(runs) for peer, runs in found.items() if peer not in few]
    return sorted(set.intersection(*kept)) if kept else [], sorted(few)


def by_table(names: Iterable[str], values: Iterable[float]) -> list[float]:
    """The mean of each table: its splits share their rows, so that only tables count as so many observations."""
    found: dict[str, list[float]] = {}
    for name, value in zip(names, values, strict=True):
        found.setdefault(name, []).append(value)
    return [statistics.fmean(each) for each in found.values()]


def mean_ranks(runs: Iterable[Run], budget: float) -> dict[str, list[float]]:
    """For each system that is compared at a budget, its mean rank on each table; empty where none is."""
    found = by_peer(runs, budget)
    units, few = common(found)
    kept = [peer for peer in found if peer not in few]
    if not units or len(kept) < 2:
        return {}
    ranked = [ranks({peer: found[peer][unit].up for peer in kept}) for unit in units]
    return {peer: by_table((unit[0] for unit in units), (one[peer] for one in ranked)) for peer in kept}


def ranks(scores: Mapping[str, float | None]) -> dict[str, float]:
    """1 for the greatest score; equal ones share the mean of their ranks; what failed comes last.

    >>> ranks({"a": 0.9, "b": None, "c": 0.9})
    {'a': 1.5, 'b': 3.0, 'c': 1.5}
    """
    known = {peer: -math.inf if score is None else score for peer, score in scores.items()}
    above = {peer: sum(other > score for other in known.values()) for peer, score in known.items()}
    equal = {peer: sum(other == score for other in known.values()) for peer, score in known.items()}
    return {peer: above[peer] + (equal[peer] + 1) / 2 for peer in known}


def normalized(scores: Mapping[str, float | None]) -> dict[str, float]:
    """0 for the constant prediction (the worst, where it is not there), 1 for the best; 0 for what failed.

    >>> normalized({"baseline_constant": 0.5, "a": 1.0, "b": 0.75, "c": None})
    {'baseline_constant': 0.0, 'a': 1.0, 'b': 0.5, 'c': 0.0}
    """
    known = [score for score in scores.values() if score is not None]
    if not known:
        return dict.fromkeys(scores, 0.0)
    constant = scores.get(CONSTANT)
    low, high = min(known) if constant is None else constant, max(known)
    span = high - low
    return {
        peer: max(-1.0, (score - low) / span) if score is not None and span > 0 else 0.0
        for peer, score in scores.items()
    }


def win(ours: float | None, theirs: float | None) -> float:
    """1 for a win, 0 for a defeat, a half for scores that are as good as equal.

    >>> win(0.9, None), win(0.9, 0.9), win(0.8, 0.9)
    (1.0, 0.5, 0.0)
    """
    x, z = (-math.inf if score is None else score for score in (ours, theirs))
    if x == z or abs(x - z) <= TIE * max(abs(x), abs(z)) < math.inf:
        return 0.5
    return float(x > z)
