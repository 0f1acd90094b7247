"""Hortus beside the peers: same tables, splits, cores and seconds, one run at a time.

    make bench-peers                                     # Hortus at 10 s on all open tables
    python -m benchmarks.peers --splits 3 --peers hortus,flaml,autogluon_medium
    python -m benchmarks.peers --budgets 60 --peers hortus,autogluon_best --tables titanic,letter
    python -m benchmarks.peers --report                  # print the tables from what has been measured

The runner and the tables lie in the folder that HORTUS_DATASETS names (default ../shared beside the checkout).
Every finished run is a line in benchmarks/results/peers.csv; what is there is not run again, so the command goes on
after an interruption, and a peer's rows are kept from one version of Hortus to the next (--again reruns Hortus).
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANCHOR = (
    "peers/providers/sklearn_small.py:breast_cancer,diabetes,digits",
    "datasets/datasets.py:ames_housing,german_credit,telco_churn_mlc",
)
RESULTS = ROOT / "benchmarks" / "results" / "peers.csv"


def shared() -> Path:
    """The folder with the tables and the runner."""
    folder = Path(os.environ.get("HORTUS_DATASETS") or ROOT.parent / "shared").resolve()
    if not (folder / "peers" / "compare.py").exists():
        raise SystemExit(f"There is no peers/compare.py in {folder}. Set HORTUS_DATASETS to the folder that has it.")
    return folder


def forget(peer: str, budgets: list[float]) -> None:
    """Take one peer's rows at these budgets out of the results, so that they are run again."""
    if not RESULTS.exists():
        return
    with RESULTS.open(newline="") as file:
        reader = csv.DictReader(file)
        fields = reader.fieldnames or []
        rows = [row for row in reader if not (row["peer"] == peer and float(row["budget_s"]) in budgets)]
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Run what is asked, then print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", default="10", help="seconds, comma separated")
    parser.add_argument("--peers", default="hortus", help="comma separated")
    parser.add_argument("--tables", default="", help="comma separated; all open tables where not given")
    parser.add_argument("--anchor", action="store_true", help="the six tables of the runner's own first round")
    parser.add_argument("--splits", type=int, default=1, help="of each table, each with a seed of its own")
    parser.add_argument("--cores", default="2")
    parser.add_argument("--again", action="store_true", help="run Hortus's rows again")
    parser.add_argument("--report", action="store_true", help="only print what has been measured")
    parser.add_argument("--results", type=Path, action="append", help="further result files for the report")
    args = parser.parse_args()
    folder = shared()
    compare = [sys.executable, str(folder / "peers" / "compare.py")]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    if not args.report:
        if args.again:
            forget("hortus", [float(b) for b in args.budgets.split(",")])
        command = [*compare, "--peers", args.peers, "--budgets", args.budgets]
        for provider in ANCHOR if args.anchor else [f"datasets/datasets.py{args.tables and ':' + args.tables}"]:
            command += ["--provider", str(folder / provider)]
        seeds = ",".join(map(str, range(args.splits)))
        command += ["--seeds", seeds, "--vary-split", "--cores", args.cores, "--results", str(RESULTS)]
        subprocess.run(command, check=True, env={**os.environ, "HORTUS_PYTHON": sys.executable})
    files = [str(RESULTS), *map(str, args.results or ())]
    subprocess.run([*compare, "--report", *files], check=True)


if __name__ == "__main__":
    main()
