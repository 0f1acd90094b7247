"""What learning from all rows of a file brings over a sample of it, and what it costs.

    python -m benchmarks.streaming            make the table, run, write
    python -m benchmarks.streaming --report   write what was measured before

A csv whose target hangs on pairs of columns and a category of 500 values, with a memory budget that holds a third of
its rows. Both models of the run, the sample's and that of all rows, are also asked about 200,000 rows that are in no
file: what the run says of itself has to be true. The figures go to benchmarks/results/streaming.json and
docs/scale.md.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.about import about
from benchmarks.budget import HORTUS, peaks
from hortus.run import open_run

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "streaming.json"
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- streaming -->", "<!-- end of streaming -->"
ROWS, FRESH, AT_ONCE = 1_200_000, 200_000, 50_000
MEMORY = 1_000_000_000
# One learner and no blend: nothing but the rows differs between the two models, and every run is the same.
ASKED = ["--trials", "1", "--model", "lightgbm", "--single", "--folds", "2", "--jobs", "1"]


def some_rows(rows: int, seed: int) -> pd.DataFrame:
    """Numbers, a category of many values, and two classes."""
    rng = np.random.default_rng(seed)
    effect = np.random.default_rng(0).normal(size=500)
    frame = pd.DataFrame(rng.normal(size=(rows, 20)).round(3)).add_prefix("x")
    place = rng.integers(0, 500, rows)
    signal = frame["x0"] * frame["x1"] + np.sin(2 * frame["x2"]) * frame["x3"] + effect[place] * (frame["x4"] > 0)
    frame["place"] = np.array([f"place {i}" for i in range(500)])[place]
    frame["y"] = np.where(signal + 0.8 * rng.normal(size=rows) > 0, "yes", "no")
    return frame


def measure() -> dict[str, Any]:
    """One run, and its two models on rows that are in no file."""
    with tempfile.TemporaryDirectory() as made:
        table, run = Path(made) / "large.csv", Path(made) / "run"
        for i, start in enumerate(range(0, ROWS, AT_ONCE)):
            some_rows(AT_ONCE, seed=1 + i).to_csv(table, mode="a", header=start == 0, index=False)
        load, begin = os.getloadavg()[0], time.perf_counter()
        command = [HORTUS, "fit", str(table), "--target", "y", *ASKED, "--quiet"]
        most = peaks([*command, "--memory", f"{MEMORY // 10**6}MB", "--out", str(run)], run)
        seconds = time.perf_counter() - begin
        result = open_run(run)
        if not result.model.apart:
            raise SystemExit(f"The sample's model was kept: {[note.what for note in result.notes]}")
        fresh = some_rows(FRESH, seed=10**6)
        y = (fresh["y"] == "yes").to_numpy(dtype=np.int64)
        scores = [result.prepared.metric(y, model.raw(fresh)) for model in (result.searched, result.model)]
        with sqlite3.connect(run / "journal.sqlite") as journal:
            spent = json.loads(journal.execute("SELECT value FROM meta WHERE key = 'spent'").fetchone()[0])
        told = result.model.facts["streamed"]
        return {
            **about(),
            "load_before": round(load, 2),
            "rows": ROWS,
            "columns": fresh.shape[1] - 1,
            "megabytes": round(table.stat().st_size / 1e6),
            "memory": MEMORY,
            "sample": len(result.prepared.data),
            "learned": told["rows"],
            "judged": told["judged"],
            "aside": [told["before"], result.score],
            "interval": [result.estimate.low, result.estimate.high],
            "fresh": scores,
            "trials": len(result.rows),
            "seconds": round(seconds, 1),
            "phases": {name: round(value, 1) for name, value in spent["phases"].items()},
            "most_by_phase": most,
            "members": [[member.name.partition("(")[0], len(member.folds)] for member in result.model.members],
        }


def report(found: dict[str, Any]) -> str:
    """The figures as docs/scale.md has them."""
    phases, most = found["phases"], found["most_by_phase"]
    (before, after), (fresh_before, fresh_after) = found["aside"], found["fresh"]
    low, high = found["interval"]
    members = ", ".join(name for name, _ in found["members"])
    return f"""
Measured {found["date"]} on {found["machine"]}, Python {found["python"]} (load {found["load_before"]} before), with
`python -m benchmarks.streaming`: {found["rows"]:,} rows, {found["columns"]} columns, a csv of {found["megabytes"]} MB,
`--memory {found["memory"] // 10**6}MB {" ".join(ASKED)}`.

| | the sample's model | the model of all rows |
|---|---:|---:|
| rows learned from | {found["sample"]:,} | {found["learned"]:,} |
| ROC AUC on {found["judged"]:,} rows kept aside | {before:.4f} | {after:.4f} ({low:.4f} to {high:.4f}) |
| ROC AUC on {FRESH:,} rows of no file | {fresh_before:.4f} | {fresh_after:.4f} |

Reading took {phases["reading"]:.0f} s, the search {phases["searching"]:.0f} s and all rows {phases["streaming"]:.0f} s.
All processes together held {max(most.values()) / 1e6:,.0f} MB at most, {most["streaming"] / 1e6:,.0f} MB while all rows
were learned from ({members}).
"""


def main() -> None:
    """Measure unless only asked to report, and write."""
    if "--report" not in sys.argv:
        found = measure()
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1))
    found = json.loads(RESULTS.read_text())
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{report(found)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
