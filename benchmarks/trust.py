"""Whether what Hortus says of its own models is true: scores, their intervals, and the levels of its predictions.

    make bench-trust                                            # all open tables, five splits, 10 s a fit
    python -m benchmarks.trust --tables titanic,letter --seeds 0,1
    python -m benchmarks.trust --report                         # write docs/honest-score.md from what was measured

A quarter of each table is held out and never shown to the fit; the seed makes the split. On it the shipped model is
scored by the metric it was chosen by. Every finished fit is a line in benchmarks/results/trust.csv; what is there is
not run again (--again forgets it first), so the command goes on after an interruption. Needs the tables
(HORTUS_DATASETS).
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.about import about
from benchmarks.coverage import document, read
from benchmarks.floors import predicted, tables
from benchmarks.peers import ROOT
from hortus import AutoClassifier, AutoRegressor, __version__
from hortus.data.metrics import make_metric
from hortus.evaluation.interval import interval

RESULTS = ROOT / "benchmarks" / "results" / "trust.csv"
DOCUMENT = ROOT / "docs" / "honest-score.md"
LEVEL = 0.9
FIELDS = ["table", "seed", "seconds", "task", "metric", "train_rows", "test_rows", "trials", "members", "folds"]
FIELDS += ["naive", "score", "low", "high", "optimism", "test", "test_low", "test_high"]
FIELDS += ["level", "held", "asked", "width", "fit_seconds", "version", "python", "machine", "date"]


def measure(name: str, seed: int, seconds: float) -> dict[str, Any]:
    """Fit one split of one table and hold what was said against the rows held out."""
    X, y, task = tables().load(name)
    by = None if task == "regression" or y.value_counts().min() < 2 else y
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=by)
    model = (AutoRegressor if task == "regression" else AutoClassifier)(
        time_budget=seconds, random_state=seed, verbosity=0
    )
    begin = time.perf_counter()
    model.fit(train, y_train)
    took = time.perf_counter() - begin
    known = np.ones(len(y_test), dtype=bool)
    if task != "regression":
        # A class that no training row has cannot be predicted, and no metric has a place for it.
        known = y_test.isin(list(model.classes_)).to_numpy()
    test, y_test = test[known], y_test[known]
    return {
        "table": name,
        "seed": seed,
        "seconds": seconds,
        "train_rows": len(train),
        "test_rows": len(test),
        **score(model, test, y_test, task),
        **conformal(model, test, y_test, task),
        "fit_seconds": round(took, 2),
        "version": __version__,
        **about(),
    }


def score(model: Any, test: pd.DataFrame, y_test: pd.Series, task: str) -> dict[str, Any]:
    """What the model's score was said to be, and what it is; with the 95 % interval that so few test rows leave."""
    classes = tuple(model.classes_) if task != "regression" else ()
    metric = make_metric(None, model.predictor_.task.kind, classes)
    truth = _codes(y_test, classes) if classes else y_test.to_numpy(dtype=np.float64)
    found = predicted(model, test, task)
    said, board = model.estimate_, model.leaderboard()
    low, high = interval(metric, truth, found)
    return {
        "task": model.predictor_.task.kind,
        "metric": metric.name,
        "trials": len(board),
        "members": int((board["weight"] > 0).sum()),
        "folds": len(model.predictor_.members[0].folds),
        "naive": said.naive,
        "score": said.score,
        "low": said.low,
        "high": said.high,
        "optimism": said.optimism,
        "test": metric(truth, found),
        "test_low": low,
        "test_high": high,
    }


def conformal(model: Any, test: pd.DataFrame, y_test: pd.Series, task: str) -> dict[str, Any]:
    """How many true values lie in the intervals, or true classes in the sets, of level `LEVEL`; and how wide they are.

    The width is that of an interval in standard deviations of the target, or the number of classes in a set.
    """
    ask = getattr(model, "predict_interval" if task == "regression" else "predict_set", None)
    if ask is None:
        return {}
    found = np.asarray(ask(test, level=LEVEL))
    if task == "regression":
        truth = y_test.to_numpy(dtype=np.float64)
        held = (found[:, 0] <= truth) & (truth <= found[:, 1])
        width = float(np.mean(found[:, 1] - found[:, 0]) / np.std(truth))
    else:
        held = found[np.arange(len(test)), _codes(y_test, tuple(model.classes_))].astype(bool)
        width = float(found.sum(axis=1).mean())
    return {"level": LEVEL, "held": int(held.sum()), "asked": len(held), "width": round(width, 4)}


def _codes(y: pd.Series, classes: tuple[Any, ...]) -> np.ndarray:
    return np.asarray(pd.Index(classes).get_indexer(pd.Index(y)))


def keep(row: dict[str, Any], results: Path) -> None:
    """Add a line to the results."""
    new = not results.exists()
    with results.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    """Run what is asked and is not there yet, then write the document's tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--tables", default="", help="comma separated; all where not given")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma separated; each is a split")
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    parser.add_argument("--report", action="store_true", help="only write the document from what has been measured")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.again:
        args.results.unlink(missing_ok=True)
    if not args.report:
        known = {(row["table"], int(row["seed"]), float(row["seconds"])) for row in read(args.results)}
        names = args.tables.split(",") if args.tables else tables().names()
        # Seed by seed, so that an interrupted run has seen every table.
        for seed in map(int, args.seeds.split(",")):
            for name in names:
                if (name, seed, args.seconds) not in known:
                    row = measure(name, seed, args.seconds)
                    keep(row, args.results)
                    print(*(f"{field} {row[field]}" for field in FIELDS[:17] if field in row), sep="  ", flush=True)
    text = document(DOCUMENT.read_text(encoding="utf-8"), read(args.results))
    if args.results == RESULTS:
        DOCUMENT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
