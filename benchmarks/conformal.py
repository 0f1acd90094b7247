"""Intervals and sets on the open tables: how often they hold the truth of untouched rows, and how wide they are.

    make bench-conformal

Each table is fitted on at most 3,000 rows with a budget of trials, so the figures do not depend on the machine's speed,
and judged on at most 20,000 others. A line of benchmarks/results/conformal.csv is a table at a level:

    held          share of true values inside, or of true classes in the set
    noise         two standard errors of that share: of the rows judged, and of those that the quantiles come from
    easy, middle, hard
                  the same over thirds of the rows: by the expected size of the error, or by the likeliest class's
                  probability; small tables have few rows in each
    width         mean width in standard deviations of the target, or classes in a set
    plain_width   the same with one width for all rows, or with sets filled by the sum of the likelier classes
    plain_hard    held in the hard third then
    right         share of classes predicted right: no set holds the truth less often

Needs the tables (HORTUS_DATASETS).
"""

from __future__ import annotations

import argparse
import csv
import datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.floors import tables
from benchmarks.peers import ROOT
from hortus import AutoClassifier, AutoRegressor
from hortus.ensemble.conformal import Conformal, fit_ladder
from hortus.ensemble.difficulty import Difficulty

RESULTS = ROOT / "benchmarks" / "results" / "conformal.csv"
LEVELS = (0.8, 0.9, 0.95)
TRAIN, JUDGED = 3_000, 20_000
SETTINGS: dict[str, Any] = {"trials": 3, "models": ["linear", "lightgbm"], "executor": "inline", "verbosity": 0}


def measure(name: str, seed: int) -> list[dict[str, Any]]:
    """A table's lines, one a level."""
    X, y, task = tables().load(name)
    order = np.random.default_rng(seed).permutation(len(X))
    cut = min(TRAIN, len(X) // 2)
    train, test = order[:cut], order[cut : cut + JUDGED]
    kind = AutoRegressor if task == "regression" else AutoClassifier
    model = kind(**SETTINGS, random_state=seed)
    model.fit(X.iloc[train], y.iloc[train])
    evidence = model._result.evidence
    raw = evidence.predictor.raw(X.iloc[test])
    if task == "regression":
        lines = _values(evidence, raw, y.iloc[test].to_numpy(dtype=np.float64))
    else:
        places = {str(label): code for code, label in enumerate(evidence.task.classes)}
        codes = np.array([places.get(str(label), -1) for label in y.iloc[test]])
        lines = _classes(evidence, raw[codes >= 0], codes[codes >= 0])
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    head = {"table": name, "task": task, "seed": seed, "learned": len(evidence.y), "judged": len(test)}
    return [head | line | {"date": today} for line in lines]


def _values(evidence: Any, raw: np.ndarray, y: np.ndarray) -> list[dict[str, Any]]:
    own = Conformal.fit(evidence.y, evidence.predictions, weight=evidence.weight, folds=evidence.folds)
    sizes = own.difficulty.scale(raw) if own.difficulty else np.ones(len(raw))
    off = np.abs(evidence.y - evidence.predictions)
    plain = Conformal(len(off), fit_ladder(off, np.ones(len(off))), Difficulty((0.0,), (1.0,)), own.least)

    def inside(found: Conformal, level: float) -> tuple[np.ndarray, np.ndarray]:
        low, high = found.interval(raw, level).T
        return (low <= y) & (y <= high), high - low

    return [_line(level, inside(own, level), sizes, inside(plain, level), evidence, y.std()) for level in LEVELS]


def _classes(evidence: Any, raw: np.ndarray, codes: np.ndarray) -> list[dict[str, Any]]:
    own = Conformal.fit(evidence.y, evidence.predictions, weight=evidence.weight, folds=evidence.folds)
    rows, known = np.arange(len(raw)), np.arange(len(evidence.y))
    ladder = fit_ladder(_before(evidence.predictions)[known, evidence.y], np.ones(len(known)))
    lines = []
    for level in LEVELS:
        sets, plain = own.sets(raw, level), _before(raw) <= ladder.at(level)
        pairs = [(s[rows, codes], s.sum(axis=1)) for s in (sets, plain)]
        line = _line(level, pairs[0], -raw.max(axis=1), pairs[1], evidence, 1.0)
        lines.append(line | {"right": round(float((raw.argmax(axis=1) == codes).mean()), 4)})
    return lines


def _before(probabilities: np.ndarray) -> np.ndarray:
    """How much probability the likelier classes have together: adaptive sets (Romano et al. 2020), without chance."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    before[:, 0] = 0.0
    found = np.empty_like(before)
    np.put_along_axis(found, order, before, axis=1)
    return found


def _line(level: float, own: Any, difficulty: np.ndarray, plain: Any, evidence: Any, unit: float) -> dict[str, Any]:
    inside, width = own
    thirds = np.array_split(np.argsort(difficulty, kind="stable"), 3)
    parts = zip(("easy", "middle", "hard"), thirds, strict=True)
    noise = 2 * np.sqrt(level * (1 - level) * (1 / len(inside) + 1 / len(evidence.y)))
    return {
        "level": level,
        "held": round(float(inside.mean()), 4),
        "noise": round(float(noise), 4),
        **{part: round(float(inside[rows].mean()), 4) for part, rows in parts},
        "width": round(float(width.mean() / unit), 4),
        "plain_width": round(float(plain[1].mean() / unit), 4),
        "plain_hard": round(float(plain[0][thirds[2]].mean()), 4),
        "right": "",
    }


def main() -> int:
    """Measure every table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", default="", help="comma separated; all where not given")
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    lines: list[dict[str, Any]] = []
    for name in args.tables.split(",") if args.tables else tables().names():
        for seed in range(args.seeds):
            lines += measure(name, seed)
            print(*(f"{key} {value}" for key, value in lines[-2].items()), sep="  ", flush=True)
    if not args.tables:
        with Path(RESULTS).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    off = [line for line in lines if line["held"] < line["level"] - line["noise"]]
    print(f"{len(lines) - len(off)} of {len(lines)} hold their level within noise")
    for line in off:
        print("below:", line["table"], line["level"], line["held"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
