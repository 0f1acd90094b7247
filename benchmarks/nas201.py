"""Strategies on NAS-Bench-201: what each finds with so many trained cells.

    make bench-nas201

The honest protocol: a strategy asks for one seed's validation accuracy of a cell, as one training would give it, and
pays for every distinct cell once; the cell it has chosen is the one of the best accuracy seen. Judged by regret, how
far the mean validation accuracy of that cell (over the table's seeds) is below the best cell's, and by its mean test
accuracy. The strategies are called as a run calls them, with a fresh sampler for every ask, without workers and
journal. A run that is in benchmarks/results/nas201.csv is not made again. --write puts the tables into
docs/nas-bench-201.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import create_trial
from scipy.stats import spearmanr

from benchmarks import marked
from benchmarks.about import about
from hortus.models.gaussian_process import GaussianProcess, quantiles
from hortus.seeds import derive, stream
from hortus.spaces.cell import NAMES, OPERATIONS, CellSpace, cells
from hortus.spaces.encoding import Encoder
from hortus.spaces.tables import DATASETS, CellTable
from hortus.strategies import make_sampler

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "benchmarks" / "results" / "nas201.csv"
ASIDE = ROOT / "benchmarks" / "results" / "nas201.json"
DOCUMENT = ROOT / "docs" / "nas-bench-201.md"

# Options by strategy; evolution's are those of the method's own runs on this benchmark, the others are the defaults.
STRATEGIES: dict[str, dict[str, Any]] = {
    "random": {},
    "grid": {},
    "local": {},
    "evolution": {"population_size": 30, "sample_size": 10},
    "tpe": {},
    "reinforcement": {},
    "predictor": {},
}
OURS = "predictor"
MARKS = (20, 50, 100, 200, 500)
# Asks that repeat a cell cost nothing; so many of them end a run.
REPEATS = 500
SUBSETS = (
    ("skip_connect", "nor_conv_3x3"),
    ("skip_connect", "nor_conv_3x3", "nor_conv_1x1"),
    ("skip_connect", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"),
    OPERATIONS,
)
LABELS = (16, 32, 64, 128, 256, 512, 1024)
HEAD = ["strategy", "dataset", "seed", "cells", "asks", "to_best", "seconds"]
HEAD += [f"{what}_{mark}" for what in ("regret", "test") for mark in MARKS]


# -- one run --------------------------------------------------------------------------------------------------------


def run(strategy: str, table: CellTable, seed: int, queries: int = MARKS[-1]) -> dict[str, Any]:
    """Search ``table`` once with so many queries; the row of the results, empty beyond them."""
    begin = time.perf_counter()
    space, study = CellSpace(), optuna.create_study(direction="maximize")
    observed = table.observed(seed)
    rows: list[int] = []
    known: set[int] = set()
    asks = 0
    while len(rows) < queries and asks - len(rows) < REPEATS:
        study.sampler = make_sampler(strategy, seed=derive(seed, "ask", asks), options=STRATEGIES[strategy])
        trial = study.ask()
        row = table.row(space(trial))
        study.tell(trial, float(observed[row]))
        asks += 1
        if row not in known:
            known.add(row)
            rows.append(row)
    found: dict[str, Any] = {"strategy": strategy, "dataset": table.dataset, "seed": seed}
    found |= {"cells": len(rows), "asks": asks, "to_best": rows.index(table.best) + 1 if table.best in known else ""}
    found |= {"seconds": round(time.perf_counter() - begin, 2)}
    return found | judged(table, observed, rows, [mark for mark in MARKS if mark <= queries])


def judged(
    table: CellTable, observed: np.ndarray, rows: Sequence[int], marks: Sequence[int] = MARKS
) -> dict[str, float]:
    """Regret and test accuracy of the cell that was chosen after each number of queries."""
    found = {}
    for mark in marks:
        asked = np.array(rows[:mark])
        chosen = int(asked[np.argmax(observed[asked])])
        found[f"regret_{mark}"] = round(table.regret(chosen), 4)
        found[f"test_{mark}"] = round(float(table.test[chosen]), 4)
    return found


def read_runs() -> dict[tuple[str, str, int], dict[str, str]]:
    """The runs there are, by strategy, data set and seed."""
    if not RUNS.exists():
        return {}
    with RUNS.open(newline="", encoding="utf-8") as file:
        return {(row["strategy"], row["dataset"], int(row["seed"])): row for row in csv.DictReader(file)}


def measure(strategies: Sequence[str], datasets: Sequence[str], seeds: range, seconds: float, queries: int) -> None:
    """Make the runs that are missing, seed by seed, for about ``seconds``."""
    end = time.monotonic() + seconds
    tables = {dataset: CellTable.read(dataset) for dataset in datasets}
    done = read_runs()
    for seed in seeds:
        for dataset in datasets:
            for strategy in strategies:
                if (strategy, dataset, seed) in done:
                    continue
                if time.monotonic() > end:
                    return
                row = run(strategy, tables[dataset], seed, queries)
                fresh = not RUNS.exists()
                with RUNS.open("a", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, HEAD, lineterminator="\n")
                    if fresh:
                        writer.writeheader()
                    writer.writerow(row)


# -- beside the strategies ------------------------------------------------------------------------------------------


def nested(table: CellTable, runs: int = 200) -> list[dict[str, Any]]:
    """Random search over ever larger subsets of the operations."""
    every = list(cells())
    found = []
    for operations in SUBSETS:
        rows = np.array([table.row(cell) for cell in every if set(cell.operations) <= set(operations)])
        judgements, lasts = [], []
        for seed in range(runs):
            order = stream(seed, "nested", len(operations)).permutation(rows)
            observed = table.observed(seed)
            judgements.append(judged(table, observed, order[: MARKS[-1]].tolist()))
            lasts.append(table.regret(int(rows[np.argmax(observed[rows])])))
        one: dict[str, Any] = {"dataset": table.dataset, "operations": list(operations), "cells": len(rows)}
        one["best"] = round(min(table.regret(int(row)) for row in rows), 3)
        one["regret"] = {mark: _mean(j[f"regret_{mark}"] for j in judgements) for mark in MARKS if mark <= len(rows)}
        one["all"] = _mean(lasts)
        found.append(one)
    return found


def agreement(table: CellTable, repeats: int = 10, held_out: int = 2000) -> dict[str, Any]:
    """Spearman between the predictor and the mean validation accuracy of cells that it has not seen."""
    every = list(cells())
    distributions = {name: CategoricalDistribution(OPERATIONS) for name in NAMES}
    encoder = Encoder.learned([create_trial(value=0.0, params=every[0].params, distributions=distributions)])
    vectors = encoder.encode([cell.params for cell in every]) * 0.5
    rows = np.array([table.row(cell) for cell in every])
    found: dict[str, Any] = {"dataset": table.dataset, "spearman": {}}
    for labels in LABELS:
        values = []
        for seed in range(repeats):
            order = stream(seed, "labels", labels).permutation(len(every))
            known, other = order[:labels], order[labels : labels + held_out]
            process = GaussianProcess.learned(vectors[known], quantiles(table.observed(seed)[rows[known]].tolist()))
            values.append(float(spearmanr(process.predict(vectors[other])[0], table.mean[rows[other]]).statistic))
        found["spearman"][labels] = round(statistics.fmean(values), 3)
    sizes = spearmanr(table.parameters, table.mean).statistic
    cheap = spearmanr(table.cheap, table.mean).statistic
    return found | {"parameters": round(float(sizes), 3), "twelve_epochs": round(float(cheap), 3)}


# -- what is told ---------------------------------------------------------------------------------------------------


def runs_part(runs: Mapping[tuple[str, str, int], Mapping[str, str]]) -> str:
    """Regret, test accuracy and queries to the best cell, a table for each data set."""
    parts = []
    for dataset in DATASETS:
        of = {
            s: {seed: row for (name, data, seed), row in runs.items() if (name, data) == (s, dataset)}
            for s in STRATEGIES
        }
        present = [s for s in STRATEGIES if any(row[f"regret_{MARKS[-1]}"] for row in of[s].values())]
        if not present:
            continue
        regrets, tests = [], []
        for strategy in present:
            rows = list(of[strategy].values())
            label = f"**{strategy}**" if strategy == OURS else strategy
            whole = [row for row in rows if row[f"regret_{MARKS[-1]}"]]
            cells_ = [with_error(_values(rows, f"regret_{mark}")) for mark in MARKS]
            number = str(len(rows)) + (f" ({len(whole)} beyond 100)" if len(whole) < len(rows) else "")
            regrets.append([label, number, *cells_, _against_random(of[strategy], of["random"])])
            tests.append([label, *(f"{statistics.fmean(_values(rows, f'test_{mark}')):.2f}" for mark in MARKS)])
            reached = statistics.fmean(float(row["to_best"] or MARKS[-1]) for row in whole)
            share = sum(bool(row["to_best"]) for row in whole) / len(whole)
            tests[-1] += [f"{reached:.0f}", f"{share:.0%}", f"{statistics.fmean(_values(whole, 'seconds')):.1f}"]
        parts.append(f"**{dataset}**, regret in percentage points, with its standard error:")
        parts.append(table_of(["strategy", "runs", *map(str, MARKS), "against random at 500"], regrets))
        parts.append(f"**{dataset}**, test accuracy in percent:")
        parts.append(table_of(["strategy", *map(str, MARKS), "to the best", "found", "s"], tests))
    return "\n\n".join(parts) or "No run is recorded yet."


def _values(rows: Iterable[Mapping[str, str]], name: str) -> list[float]:
    return [float(row[name]) for row in rows if row[name]]


def _against_random(own: Mapping[int, Mapping[str, str]], random: Mapping[int, Mapping[str, str]]) -> str:
    """Whether the mean regret differs from random search's over the seeds that both have, by two standard errors."""
    if own is random:
        return ""
    last = f"regret_{MARKS[-1]}"
    both = [seed for seed in own if seed in random and own[seed][last] and random[seed][last]]
    gains = [float(random[seed][last]) - float(own[seed][last]) for seed in both]
    if len(gains) < 2:
        return "unknown"
    mean, error = statistics.fmean(gains), statistics.stdev(gains) / math.sqrt(len(gains))
    return "better" if mean > 2 * error else "worse" if mean < -2 * error else "no better"


def default_part(runs: Mapping[tuple[str, str, int], Mapping[str, str]]) -> str:
    """The others' regret less the predictor's, over the seeds that both have, with two standard errors."""
    lines = []
    for dataset in DATASETS:
        for strategy in STRATEGIES:
            seeds = [
                seed
                for (name, data, seed) in runs
                if (name, data) == (strategy, dataset) and (OURS, dataset, seed) in runs
            ]
            if strategy == OURS or len(seeds) < 2:
                continue
            gaps = []
            for mark in MARKS:
                pairs = [[runs[one, dataset, seed][f"regret_{mark}"] for one in (OURS, strategy)] for seed in seeds]
                found = [float(b) - float(a) for a, b in pairs if a and b]
                error = 2 * statistics.stdev(found) / math.sqrt(len(found))
                gaps.append(f"{statistics.fmean(found):+.2f} ± {error:.2f}")
            lines.append([dataset, strategy, str(len(seeds)), *gaps])
    return table_of(["data set", "less than", "runs", *map(str, MARKS)], lines) if lines else "No run is recorded yet."


def aside_part(aside: Mapping[str, Any]) -> str:
    """The subsets of operations, and the predictor's rank correlation."""
    lines = []
    for one in aside["nested"]:
        regrets = [f"{one['regret'][str(mark)]:.2f}" if str(mark) in one["regret"] else "" for mark in MARKS]
        lines.append(
            [
                one["dataset"],
                str(len(one["operations"])),
                f"{one['cells']:,}",
                f"{one['best']:.2f}",
                *regrets,
                f"{one['all']:.2f}",
            ]
        )
    subsets = table_of(["data set", "operations", "cells", "best", *map(str, MARKS), "all"], lines)
    lines = [
        [
            one["dataset"],
            *(f"{one['spearman'][str(n)]:.2f}" for n in LABELS),
            *(f"{one[key]:.2f}" for key in ("parameters", "twelve_epochs")),
        ]
        for one in aside["agreement"]
    ]
    ranks = table_of(["data set", *(f"{n:,}" for n in LABELS), "parameters", "12 epochs"], lines)
    return f"{subsets}\n\n{ranks}"


def table_of(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def _mean(values: Iterable[float]) -> float:
    return round(statistics.fmean(values), 4)


def with_error(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.2f}"
    return f"{statistics.fmean(values):.2f} ± {statistics.stdev(values) / math.sqrt(len(values)):.2f}"


def main() -> None:
    """Measure what is missing, print and, if asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="of each strategy on each data set")
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--datasets", default=",".join(DATASETS))
    parser.add_argument("--first", type=int, default=0, help="seed to begin with")
    parser.add_argument("--queries", type=int, default=MARKS[-1], help="of each run that is missing; fewer are quicker")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no run after so many")
    parser.add_argument("--aside", action="store_true", help="measure the subsets and the predictor's ranks anew")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/nas-bench-201.md")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seeds = range(args.first, args.runs)
    measure(args.strategies.split(","), args.datasets.split(","), seeds, args.seconds, args.queries)
    if args.aside or not ASIDE.exists():
        tables = [CellTable.read(dataset) for dataset in DATASETS]
        subsets = [one for table in tables for one in nested(table)]
        found = {
            "machine": about("hortus", "numpy", "optuna"),
            "nested": subsets,
            "agreement": [agreement(table) for table in tables],
        }
        ASIDE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    runs = read_runs()
    parts = {"nas201": runs_part(runs), "nas201-default": default_part(runs)}
    parts["nas201-aside"] = aside_part(json.loads(ASIDE.read_text(encoding="utf-8")))
    print("\n\n".join(parts.values()))
    if args.write:
        marked.write(DOCUMENT, parts)


if __name__ == "__main__":
    main()
