"""Cheap trainings first, on NAS-Bench-201: what each strategy finds at a given cost, with and without them.

    make bench-nas201

The benchmark's training of 12 epochs is a schedule of its own: it costs 12/200 of a cell's seconds, and who goes on
pays the full price beside it. With successive halving (Li et al. 2018; asynchronous, as in Optuna) a cell is trained
in full only where its 12-epoch accuracy is among the best 1/eta of those so far. Cost is counted in full trainings of
a cell of mean cost. Judged as in benchmarks.nas201, among the cells that were trained in full; runs that are in
benchmarks/results/nas201_fidelity.csv already are not made again.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from benchmarks.nas201 import ROOT, STRATEGIES, table_of, with_error, write
from hortus.seeds import derive
from hortus.spaces.cell import CellSpace
from hortus.spaces.tables import DATASETS, CellTable
from hortus.strategies import make_sampler
from hortus.strategies.halving import make_pruner

RUNS = ROOT / "benchmarks" / "results" / "nas201_fidelity.csv"
NAMES = ("random", "evolution", "predictor")
ETA = 4
COSTS = (5, 10, 20, 35, 50)
HEAD = ["strategy", "fidelity", "dataset", "seed", "asks", "full", "seconds", *(f"regret_{cost}" for cost in COSTS)]


def run(strategy: str, table: CellTable, seed: int, *, cheap: bool) -> dict[str, Any]:
    """Search ``table`` once; the row of the results."""
    begin = time.perf_counter()
    space, pruner = CellSpace(), make_pruner("halving", {"min_resource": 12, "reduction_factor": ETA})
    study = optuna.create_study(direction="maximize", pruner=pruner if cheap else make_pruner("none"))
    observed, unit = table.observed(seed), float(table.cost(200).mean())
    short, long = table.cost(12) / unit, table.cost(200) / unit
    paid: dict[int, float] = {}
    full: list[tuple[float, int]] = []
    spent, asks = 0.0, 0
    while spent < COSTS[-1]:
        study.sampler = make_sampler(strategy, seed=derive(seed, "ask", asks), options=STRATEGIES[strategy])
        trial = study.ask()
        row = table.row(space(trial))
        asks += 1
        before = paid.get(row, 0.0)
        if cheap:
            paid[row] = max(before, float(short[row]))
            trial.report(float(table.cheap[row]), 12)
        stopped = cheap and trial.should_prune()
        if stopped:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            paid[row] = float(long[row]) + (float(short[row]) if cheap else 0.0)
            study.tell(trial, float(observed[row]))
        spent += paid[row] - before
        if not stopped:
            full.append((spent, row))
        if asks > 20 * COSTS[-1]:
            break
    found: dict[str, Any] = {"strategy": strategy, "fidelity": "12, 200" if cheap else "200", "dataset": table.dataset}
    found |= {"seed": seed, "asks": asks, "full": len(full), "seconds": round(time.perf_counter() - begin, 2)}
    for cost in COSTS:
        rows = np.array([row for at, row in full if at <= cost], dtype=int)
        chosen = int(rows[np.argmax(observed[rows])]) if len(rows) else None
        found[f"regret_{cost}"] = "" if chosen is None else round(table.regret(chosen), 4)
    return found


def read_runs() -> dict[tuple[str, str, str, int], dict[str, str]]:
    """The runs there are."""
    if not RUNS.exists():
        return {}
    with RUNS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(row["strategy"], row["fidelity"], row["dataset"], int(row["seed"])): row for row in rows}


def measure(runs: int, seconds: float) -> None:
    """Make the runs that are missing, seed by seed, for about ``seconds``."""
    end, done = time.monotonic() + seconds, read_runs()
    tables = {dataset: CellTable.read(dataset) for dataset in DATASETS}
    wanted = [(s, c, d, seed) for seed in range(runs) for d in DATASETS for s in NAMES for c in (False, True)]
    for strategy, cheap, dataset, seed in wanted:
        if (strategy, "12, 200" if cheap else "200", dataset, seed) in done:
            continue
        if time.monotonic() > end:
            return
        row = run(strategy, tables[dataset], seed, cheap=cheap)
        fresh = not RUNS.exists()
        with RUNS.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, HEAD, lineterminator="\n")
            if fresh:
                writer.writeheader()
            writer.writerow(row)


def part(runs: Mapping[tuple[str, str, str, int], Mapping[str, str]]) -> str:
    """Regret by cost, a line for each data set, strategy and fidelity."""
    lines = []
    for dataset in DATASETS:
        for strategy in NAMES:
            for fidelity in ("200", "12, 200"):
                rows = [row for (s, f, d, _), row in runs.items() if (s, f, d) == (strategy, fidelity, dataset)]
                if not rows:
                    continue
                cells = []
                for cost in COSTS:
                    values = [float(row[f"regret_{cost}"]) for row in rows if row[f"regret_{cost}"]]
                    # A run that has trained nothing in full yet has chosen nothing: such a cost has no mean.
                    cells.append(with_error(values) if len(values) == len(rows) else "")
                trained = statistics.fmean(float(row["full"]) for row in rows)
                asks = statistics.fmean(float(row["asks"]) for row in rows)
                lines.append([dataset, strategy, fidelity, str(len(rows)), f"{asks:.0f}", f"{trained:.0f}", *cells])
    head = ["data set", "strategy", "epochs", "runs", "cells", "in full", *map(str, COSTS)]
    return table_of(head, lines) if lines else "No run is recorded yet."


def main() -> None:
    """Measure what is missing, print and, if asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="of each strategy on each data set")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no run after so many")
    parser.add_argument("--write", action="store_true", help="put the table into docs/nas-bench-201.md")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    measure(args.runs, args.seconds)
    found = part(read_runs())
    print(found)
    if args.write:
        write({"nas201-fidelity": found})


if __name__ == "__main__":
    main()
