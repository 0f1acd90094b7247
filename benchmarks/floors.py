"""Every open table at 30 s against its floor: scikit-learn's HistGradientBoosting at its defaults.

    make bench-floors

A system that does not reach the floor within noise has a fault. Both models predict the same untouched quarter of
the rows; the difference of their scores is bootstrapped in pairs (the same rows drawn for both), and a table fails
when the 95 % interval of Hortus minus the floor lies below zero. Needs the tables (HORTUS_DATASETS). The figures go
to benchmarks/results/floors.csv.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from benchmarks.peers import ROOT, shared
from hortus import AutoClassifier, AutoRegressor
from hortus.data.metrics import make_metric

METRICS = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}
RESULTS = ROOT / "benchmarks" / "results" / "floors.csv"
DRAWS = 1000


def tables() -> Any:
    """The module that loads the open tables."""
    path = shared() / "datasets" / "datasets.py"
    spec = importlib.util.spec_from_file_location("open_tables", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def floor_model(X: pd.DataFrame, task: str) -> Any:
    """Gradient boosting at its defaults; dates as numbers, text and categories as codes."""
    numbers = [c for c in X if pd.api.types.is_numeric_dtype(X[c]) or pd.api.types.is_bool_dtype(X[c])]
    dates = [c for c in X if pd.api.types.is_datetime64_any_dtype(X[c])]
    rest = [c for c in X if c not in numbers and c not in dates]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
    prepare = ColumnTransformer(
        [
            ("numbers", FunctionTransformer(lambda f: f.astype(float)), numbers),
            ("dates", FunctionTransformer(lambda f: f.apply(lambda c: c.astype("int64"))), dates),
            ("rest", make_pipeline(FunctionTransformer(lambda f: f.astype(str)), codes), rest),
        ]
    )
    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    return make_pipeline(prepare, kind(random_state=0))


def predicted(model: Any, X: pd.DataFrame, task: str) -> np.ndarray:
    """(n, K) probabilities, or (n,) values."""
    return np.asarray(model.predict(X) if task == "regression" else model.predict_proba(X))


def compare(name: str, seconds: float) -> dict[str, Any]:
    """One table's row."""
    X, y, task = tables().load(name)
    by = None if task == "regression" or y.value_counts().min() < 2 else y
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0, stratify=by)
    own = (AutoRegressor if task == "regression" else AutoClassifier)(
        time_budget=seconds, random_state=0, verbosity=0, metric=METRICS[task]
    )
    begin = time.perf_counter()
    own.fit(train, y_train)
    took = time.perf_counter() - begin
    floor = floor_model(X, task).fit(train, y_train)
    classes = tuple(np.unique(y_train)) if task != "regression" else ()
    metric = make_metric(METRICS[task], task, classes)
    known = np.ones(len(y_test), dtype=bool) if task == "regression" else y_test.isin(classes).to_numpy()
    truth = y_test.to_numpy()[known] if task == "regression" else np.searchsorted(classes, y_test.to_numpy()[known])
    ours, theirs = (predicted(model, test, task)[known] for model in (own, floor))
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(DRAWS if len(truth) < 20_000 else DRAWS // 5):
        rows = rng.integers(0, len(truth), len(truth))
        gains.append(metric(truth[rows], ours[rows]) - metric(truth[rows], theirs[rows]))
    low, high = np.nanquantile(gains, [0.025, 0.975])
    return {
        "table": name,
        "metric": METRICS[task],
        "hortus": round(metric(truth, ours), 4),
        "floor": round(metric(truth, theirs), 4),
        "gain_low": round(float(low), 4),
        "gain_high": round(float(high), 4),
        "reached": bool(high >= 0),
        "fit_seconds": round(took, 1),
        "trials": len(own.leaderboard()),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def main() -> int:
    """Compare every table; 1 where a floor was not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--tables", default="", help="comma separated, measured again; all where not given")
    args = parser.parse_args()
    order = tables().names()
    kept = {row["table"]: row for row in _read()}
    for name in args.tables.split(",") if args.tables else order:
        kept[name] = compare(name, args.seconds)
        print(*(f"{key} {value}" for key, value in kept[name].items()), sep="  ", flush=True)
        rows = [kept[table] for table in order if table in kept]
        with Path(RESULTS).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    missed = [row["table"] for row in rows if str(row["reached"]) != "True"]
    print(f"{len(rows) - len(missed)} of {len(rows)} floors reached", f"; missed: {missed}" if missed else "")
    return 1 if missed else 0


def _read() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    with Path(RESULTS).open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    raise SystemExit(main())
