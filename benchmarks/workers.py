"""What the workers of a run cost to start, against a fresh Python for each.

    make bench-workers

Both do the same imports, in one run on one machine, the one after the other. The figures are medians of several runs;
they are written to benchmarks/results/workers.json with the machine, the versions and the date.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.about import about
from hortus.engine.executors.base import Job
from hortus.engine.executors.local import LocalExecutor
from hortus.engine.executors.worker import WARM

RESULTS = Path(__file__).resolve().parent / "results" / "workers.json"
WORKERS = 2


def held(payload: Any, report: Any) -> dict[str, float]:  # noqa: ARG001 -- how a worker calls it
    """In a worker: megabytes that it holds, shared ones by its share."""
    time.sleep(0.5)  # until the others are there to share
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return {"megabytes": next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024}


def answers(executor: LocalExecutor) -> list[dict[str, Any]]:
    """One job a worker, and what they say."""
    for number in range(WORKERS):
        executor.submit(Job(number, {}))
    found: list[dict[str, Any]] = []
    while len(found) < WORKERS:
        found += [event.data for event in executor.poll(5.0)]
    return found


def forked() -> dict[str, float]:
    """A program's first run, one of its workers killed, and its second run."""
    begin = time.perf_counter()
    with LocalExecutor(WORKERS, 1, entry="benchmarks.workers:held") as executor:
        told = answers(executor)
        first = time.perf_counter() - begin
        os.kill(executor.pids()[0], signal.SIGKILL)
        begin = time.perf_counter()
        answers(executor)
        replaced = time.perf_counter() - begin
    begin = time.perf_counter()
    with LocalExecutor(WORKERS, 1, entry="benchmarks.workers:held") as executor:
        answers(executor)
    again = time.perf_counter() - begin
    return {
        "forked_mb": statistics.fmean(line["megabytes"] for line in told),
        "forked_s": first - 0.5,
        "forked_replaced_s": replaced - 0.5,
        "forked_again_s": again - 0.5,
    }


def fresh() -> dict[str, float]:
    """A Python for each worker, all at once; then one alone, as in a killed one's place."""
    code = f"import {', '.join(WARM)}; from benchmarks.workers import held; print(held(None, None)['megabytes'])"
    begin = time.perf_counter()
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)
    ]
    told = [float(process.communicate()[0]) for process in started]
    all_of_them = time.perf_counter() - begin
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return {
        "fresh_mb": statistics.fmean(told),
        "fresh_s": all_of_them - 0.5,
        "fresh_replaced_s": time.perf_counter() - begin - 0.5,
    }


def whole(what: str) -> tuple[dict[str, float], float]:
    """One measurement in a process of its own: what it says, and processor seconds with all it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "benchmarks.workers", "--only", what]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(said), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("forked", "fresh", "nothing"), help="one measurement, printed as JSON")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    if args.only:
        print(json.dumps({"forked": forked, "fresh": fresh, "nothing": dict}[args.only]()))
        return
    rows: list[dict[str, float]] = []
    for _ in range(args.runs):
        _, program = whole("nothing")
        row: dict[str, float] = {}
        for what in ("forked", "fresh"):
            said, used = whole(what)
            row |= said | {f"{what}_processor_s": used - program}
        rows.append(row)
    found = {
        "machine": about("hortus", "scikit-learn", "lightgbm"),
        "workers": WORKERS,
        "figures": {name: round(statistics.median(row[name] for row in rows), 2) for name in rows[0]},
    }
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
