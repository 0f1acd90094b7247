"""What the data gate costs: a csv file of 100,000 rows and 20 columns, from the file to the findings.

    make bench-gate

Half of the columns are numbers, half words, a date among them; a leak, an id, repeated rows and new rows that have
drifted are in it, so that no check ends early. The whole of `hortus check` without its start-up is what
`hortus.data.checks.examine` does; each figure is the median of five runs on one thread. They are written to
benchmarks/results/gate.json with the machine, the versions and the date.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.about import about
from hortus.data.checks import check_drift, examine, run_gate
from hortus.data.infer import infer_schema
from hortus.data.read import read_table
from hortus.data.split import make_folds
from hortus.data.target import find_target, prepare_target

RESULTS = Path(__file__).resolve().parent / "results" / "gate.json"
ROWS = 100_000
RUNS = 5
MOST_SECONDS = 2.0


def table(rows: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """The table: 9 numbers, 9 columns of words, an id, a date, and its target."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    columns: dict[str, Any] = {"row_id": np.arange(rows) + seed * rows}
    for i in range(8):
        columns[f"number_{i}"] = (rng.normal(size=rows) + 0.2 * i * y + (shift if i == 0 else 0)).round(4)
    columns["told"] = (y + rng.normal(0, 0.05, rows)).round(4)
    for i in range(8):
        words = np.array([f"value {j} of {i}" for j in range(2 ** (i + 1))])
        columns[f"word_{i}"] = words[(rng.integers(0, len(words), rows) + y) % len(words)]
    columns["day"] = (np.datetime64("2015-01-01") + rng.integers(0, 3000, rows).astype("timedelta64[D]")).astype(str)
    columns["who"] = [f"c{i}" for i in rng.integers(0, rows // 4, rows)]
    frame = pd.DataFrame(columns).assign(y=np.where(y == 1, "yes", "no"))
    frame.iloc[-rows // 50 :, 1:] = frame.iloc[: rows // 50, 1:].to_numpy()
    return frame


def median(work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds, of several runs."""
    took = []
    for _ in range(RUNS):
        begin = clock()
        work()
        took.append(clock() - begin)
    return statistics.median(took)


def figures(train: Path, new: Path) -> dict[str, float]:
    """Seconds for the whole and for each part of it."""
    frame, values = find_target(read_table(train)[0], "y")
    target, _ = prepare_target(values, name="y")
    schema, _ = infer_schema(frame)
    canonical, _ = schema.apply(frame)
    canonical_new, _ = schema.apply(read_table(new)[0].drop(columns="y"))
    folds, _ = make_folds(target.y, "binary", rows=len(frame), columns=len(schema.features), seconds=None, seed=0)
    return {
        "check_s": median(lambda: examine(train, "y")),
        # What the machine's other work does not lengthen.
        "check_processor_s": median(lambda: examine(train, "y"), time.process_time),
        "check_with_test_s": median(lambda: examine(train, "y", test=new)),
        "reading_s": median(lambda: read_table(train)),
        "target_s": median(lambda: prepare_target(values, name="y")),
        "schema_s": median(lambda: infer_schema(frame)),
        "canonical_s": median(lambda: schema.apply(frame)),
        "gate_s": median(lambda: run_gate(canonical, target.y, target.task, schema=schema, folds=folds)),
        "drift_s": median(lambda: check_drift(canonical, canonical_new, schema)),
    }


def main() -> int:
    """Measure, print and write; 1 where a check takes longer than it may."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        train, new = Path(folder) / "train.csv", Path(folder) / "new.csv"
        table(ROWS, 0).to_csv(train, index=False)
        table(ROWS // 5, 1, shift=0.5).to_csv(new, index=False)
        found = examine(train, "y", test=new).findings
        measured = figures(train, new)
    told = {
        "machine": about("hortus", "numpy", "pandas", "scikit-learn"),
        "figures": {name: round(value, 3) for name, value in measured.items()},
        "found": sorted({finding.code for finding in found}),
    }
    print(json.dumps(told, indent=1))
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")
    return int(measured["check_s"] > MOST_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
