"""Does the search over hyperparameters earn its seconds? Each run's model against one of its starting points alone.

    make bench-search

Every open table is fitted for a minute. The run's journal then gives a second model: chosen in the same way, from the
same trials, but only from those that the portfolio had named beforehand, as if the run had stopped where the search
began. Both predict the same untouched quarter of the rows. Needs the tables (HORTUS_DATASETS). The figures go to
benchmarks/results/search_pays.json; a table that is in it is not run again (--again runs all).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.about import about
from benchmarks.floors import predicted, tables
from hortus import AutoClassifier, AutoRegressor
from hortus.data.metrics import make_metric
from hortus.deploy.bundle import load_bundle
from hortus.run.finish import choose, save
from hortus.run.result import open_run
from hortus.spaces import SPACES
from hortus.spaces.portfolio import portfolio

RESULTS = Path(__file__).resolve().parent / "results" / "search_pays.json"
METRICS = {"binary": "roc_auc", "multiclass": "neg_log_loss", "regression": "neg_root_mean_squared_error"}
# What a perfect model scores.
PERFECT = {"binary": 1.0, "multiclass": 0.0, "regression": 0.0}


def without_search(folder: Path) -> tuple[Any, int]:
    """The model of the starting points of the run in ``folder``, and how many of them ended well."""
    run = open_run(folder)
    prepared, settings = run.prepared, run.settings
    facts = prepared.data.facts(settings.budget.time)
    starts = portfolio(SPACES[settings.space_name](facts, **settings.space_options))
    # A start has an answer to every question; those that its candidate is not asked are in no trial.
    rows = [row for row in run.rows if any(row.params.items() <= start.items() for start in starts)]
    found = choose(rows, prepared, folder, single=False, seed=settings.seed, seconds=None)
    if found is None:
        return run.model, 0
    path = folder / "without-search.hortus"
    save(path, found, prepared, folder, findings=())
    return load_bundle(path), len(rows)


def compare(name: str, seconds: float) -> dict[str, Any]:
    """One table's row: losses (what is missing to a perfect score) with the search and without."""
    X, y, task = tables().load(name)
    by = None if task == "regression" or y.value_counts().min() < 2 else y
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0, stratify=by)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        own: Any = (AutoRegressor if task == "regression" else AutoClassifier)(
            time_budget=seconds, random_state=0, verbosity=0, metric=METRICS[task], run_folder=folder
        ).fit(train, y_train)
        with_search = predicted(own, test, task)
        model, began = without_search(folder)
        alone = np.asarray(model.predict(test) if task == "regression" else model.predict_proba(test))
        tried = len(own.leaderboard())
    classes = tuple(np.unique(y_train)) if task != "regression" else ()
    metric = make_metric(METRICS[task], task, classes)
    known = np.ones(len(y_test), dtype=bool) if task == "regression" else y_test.isin(classes).to_numpy()
    truth = y_test.to_numpy()[known] if task == "regression" else np.searchsorted(classes, y_test.to_numpy()[known])
    losses = [PERFECT[task] - metric(truth, said[known]) for said in (with_search, alone)]
    return {
        "table": name,
        "metric": METRICS[task],
        "starts": began,
        "trials": tried,
        "loss": round(losses[0], 6),
        "loss_without": round(losses[1], 6),
    }


def main() -> None:
    """Measure what is missing, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tables", default="", help="comma separated; all where not given")
    parser.add_argument("--again", action="store_true")
    args = parser.parse_args()
    kept = [] if args.again or not RESULTS.exists() else json.loads(RESULTS.read_text(encoding="utf-8"))["tables"]
    rows = {row["table"]: row for row in kept}
    for name in args.tables.split(",") if args.tables else tables().names():
        if name in rows:
            continue
        rows[name] = compare(name, args.seconds)
        print(rows[name], flush=True)
        found = [row for row in rows.values() if row["trials"] > row["starts"]]
        ratios = [math.log(row["loss"] / row["loss_without"]) for row in found]
        machine = {**about("hortus"), "seconds": args.seconds}
        figures = {
            "tables": len(rows),
            "searched": len(found),
            "better": sum(ratio < 0 for ratio in ratios),
            "worse": sum(ratio > 0 for ratio in ratios),
            "loss_ratio": round(math.exp(statistics.fmean(ratios)), 4) if ratios else None,
        }
        made = {"machine": machine, "figures": figures, "tables": list(rows.values())}
        RESULTS.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(json.loads(RESULTS.read_text(encoding="utf-8"))["figures"])


if __name__ == "__main__":
    main()
