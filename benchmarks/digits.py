"""The digits example of the README, split by split: 300 evolved pipelines, each judged by 5-fold cross-validation.

    make bench-digits

A split that is in benchmarks/results/digits.json already is not run again (--again runs all). The figures are the
means over the splits; TPOT 0.12.2 took 1,111 s for the same 300 pipelines on the same two cores, and scored 0.973 on
the split of random_state 0.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from benchmarks.about import about
from hortus import AutoClassifier

RESULTS = Path(__file__).resolve().parent / "results" / "digits.json"


def measure(seed: int) -> dict[str, Any]:
    """One split's row."""
    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.data, digits.target, train_size=0.75, test_size=0.25, random_state=seed
    )
    automl = AutoClassifier(
        strategy="evolution", generations=5, population_size=50, n_jobs=-1, random_state=0, verbosity=1
    )
    begin = time.perf_counter()
    automl.fit(X_train, y_train)
    return {
        "split": seed,
        "fit_s": round(time.perf_counter() - begin, 1),
        "accuracy": round(float(automl.score(X_test, y_test)), 4),
        "pipelines": len(automl.leaderboard()),
    }


def main() -> None:
    """Measure what is missing, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", default="0,1,2,3,4")
    parser.add_argument("--again", action="store_true")
    args = parser.parse_args()
    kept = [] if args.again or not RESULTS.exists() else json.loads(RESULTS.read_text())["splits"]
    rows = {row["split"]: row for row in kept}
    for seed in map(int, args.splits.split(",")):
        if seed in rows:
            continue
        rows[seed] = measure(seed)
        print(rows[seed], flush=True)
        splits = [rows[key] for key in sorted(rows)]
        found = {
            "machine": about("hortus", "numpy", "scikit-learn"),
            "figures": {
                "pipelines": splits[0]["pipelines"],
                "fit_s": round(statistics.fmean(row["fit_s"] for row in splits), 1),
                "accuracy": round(statistics.fmean(row["accuracy"] for row in splits), 4),
            },
            "splits": splits,
        }
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
