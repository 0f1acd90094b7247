"""Whether a run keeps its budgets: the time on every open table, and the memory on a table four times too large for it.

    make bench-budget
    python -m benchmarks.budget memory           one of the two
    python -m benchmarks.budget time --seconds 20

Time: from the start of `hortus fit` to its end, against the budget; the worst of all tables counts. Needs them
(HORTUS_DATASETS).
Memory: every 50 ms, what all processes of the run hold that is shared with no file, against the budget; the frame of
the table alone is four times the budget's share for it, and after the search all of its rows are learned from. The
figures go to benchmarks/results/budget.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.about import about
from hortus.data.within_memory import SHARE
from hortus.engine.executors.limits import tree_memory
from hortus.run import open_run

RESULTS = Path(__file__).resolve().parent / "results" / "budget.json"
MEMORY, TIMES = 1_500_000_000, 4
# So that a third of it is enough to read the table once more and learn from it.
MEMORY_SECONDS = 600
# What is promised: over by at most the greater of two seconds and a twentieth, and by a tenth of the memory.
OVER_SECONDS, OVER_SHARE, OVER_MEMORY = 2.0, 0.05, 0.1
# And not more than so far under it, where the run does not say that something else than the time ended it.
UNDER_SECONDS = 3.0
HORTUS = str(Path(sys.executable).with_name("hortus"))
TARGET = "the target"


def run_time(seconds: float) -> dict[str, Any]:
    """Seconds over the budget, table by table (below 0: under it), and why each run ended."""
    from benchmarks.floors import tables

    module = tables()
    found: dict[str, Any] = {}
    for name in module.names():
        X, y, task = module.load(name)
        kind = "regression" if task == "regression" else "classification"
        with tempfile.TemporaryDirectory() as made:
            table = Path(made) / f"{name}.csv"
            X.assign(**{TARGET: y}).to_csv(table, index=False)
            command = [
                HORTUS,
                "fit",
                str(table),
                "--target",
                TARGET,
                "--task",
                kind,
                "--time",
                f"{seconds:g}",
                "--json",
            ]
            load = os.getloadavg()[0]
            begin = time.perf_counter()
            done = subprocess.run(
                [*command, "--out", str(Path(made) / "run")], capture_output=True, text=True, check=False
            )
            over = time.perf_counter() - begin - seconds
            if done.returncode != 0:
                raise SystemExit(f"hortus fit ended with {done.returncode} on {name}: {done.stderr}")
            told = json.loads(done.stdout.splitlines()[-1])
        found[name] = {
            "over_s": round(over, 2),
            "why": told["why"],
            "trials": told["trials"],
            "load_before": round(load, 2),
        }
        print(name, found[name], flush=True)
    allowed = max(OVER_SECONDS, OVER_SHARE * seconds)
    worst = max(one["over_s"] for one in found.values())
    # A run that says why it stopped early may.
    under = min(one["over_s"] for one in found.values() if one["why"] == "time")
    return {
        "seconds": seconds,
        "runs": len(found),
        "tables": found,
        "worst_over_s": worst,
        "allowed_over_s": allowed,
        "worst_under_s": under,
        "allowed_under_s": -UNDER_SECONDS,
        "kept": worst <= allowed and under >= -UNDER_SECONDS,
    }


def large_table(path: Path) -> None:
    """A table whose frame is `TIMES` times as large as the budget's share for it; written some rows at a time."""
    rng = np.random.default_rng(0)
    columns, at_once = 20, 50_000
    rows = int(TIMES * SHARE * MEMORY / (8 * columns))
    for start in range(0, rows, at_once):
        frame = pd.DataFrame(rng.normal(size=(min(at_once, rows - start), columns)).round(4)).add_prefix("x")
        frame["y"] = (frame["x0"] * frame["x1"] + rng.normal(size=len(frame)) > 0).astype(int)
        frame.to_csv(path, mode="a", header=start == 0, index=False)


def run_memory() -> dict[str, Any]:
    """The most that all processes of a run held at once."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "large.csv"
        large_table(path)
        run = Path(made) / "run"
        command = [HORTUS, "fit", str(path), "--target", "y", "--time", str(MEMORY_SECONDS), "--jobs", "2", "--quiet"]
        command += ["--memory", f"{MEMORY // 10**6}MB", "--out", str(run)]
        load = os.getloadavg()[0]
        most = peaks(command, run)
        result = open_run(run)
        learned = next((note.what for note in result.notes if note.code == "table-streamed"), None)
        if learned is None:
            raise SystemExit(f"Not all rows were learned from: {[note.what for note in result.notes]}")
    peak = max(most.values())
    return {
        "budget": MEMORY,
        "table_wants": TIMES * MEMORY,
        "most": peak,
        "most_by_phase": most,
        "learned": learned,
        "load_before": round(load, 2),
        "share": round(peak / MEMORY, 3),
        "kept": peak <= (1 + OVER_MEMORY) * MEMORY,
    }


def peaks(command: list[str], run: Path) -> dict[str, int]:
    """The most bytes that all processes of a command held at once, by phase of the run that it makes."""
    most: dict[str, int] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        while program.poll() is None:
            held, phase = tree_memory(program.pid), _phase(run / "events.jsonl")
            most[phase] = max(most.get(phase, 0), held)
            time.sleep(0.05)
    if program.returncode != 0:
        raise SystemExit(f"hortus fit ended with {program.returncode}.")
    return most


def _phase(events: Path) -> str:
    """What the run is at."""
    if not events.exists():
        return "reading"
    lines = events.read_text(encoding="utf-8").splitlines()
    names = [one["data"]["name"] for line in lines if line and (one := json.loads(line))["kind"] == "phase"]
    return str(names[-1]) if names else "reading"


def main() -> None:
    """Measure, print and write; end with 1 where a budget was not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=["time", "memory"])
    parser.add_argument("--seconds", type=float, default=30.0)
    wanted = parser.parse_args()
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    machine = about()
    for what in [wanted.what] if wanted.what else ["time", "memory"]:
        measured = run_time(wanted.seconds) if what == "time" else run_memory()
        found[what] = {**machine, **measured}
        print(json.dumps(found[what], indent=1))
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    if not all(one["kept"] for one in found.values()):
        sys.exit("A budget was not kept.")


if __name__ == "__main__":
    main()
