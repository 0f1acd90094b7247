"""The engine's own figures: what an import, a trial and an ending cost.

    make bench-engine

Each figure is the median of several runs, in one go on one machine; they are written to
benchmarks/results/engine.json with the machine, the versions and the date.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.about import about
from hortus.budget import Budget, Ledger
from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.engine.executors.base import Event, Executor, Job
from hortus.engine.journal import Journal
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.evaluation.base import Evaluation
from hortus.run import Settings, fit
from hortus.spaces.pipelines import PipelineSpace

RESULTS = Path(__file__).resolve().parent / "results" / "engine.json"


class Instant(Executor):
    """Answers every job at once, so that what is left is the engine's own time."""

    capacity = 2

    def __init__(self) -> None:
        self._events: deque[Event] = deque()

    def submit(self, job: Job) -> None:
        score = float(np.sin(job.number))
        found = Evaluation((score,), score, seconds=0.0, predict_seconds=0.0, work=1.0)
        self._events.append(Event(job.number, "done", found.to_json()))

    def poll(self, seconds: float) -> list[Event]:
        del seconds
        return [self._events.popleft() for _ in range(len(self._events))]

    def answer(self, number: int, *, go_on: bool) -> None:
        """No job asks."""

    def cancel(self, number: int) -> None:
        """No job is ever under way."""

    def close(self) -> None:
        """Nothing to end."""


def facts() -> Facts:
    """A binary task of 10,000 rows and 20 columns, half of them categories."""
    columns = tuple(MatrixColumn(f"x{i}", f"x{i}", categories=5 * (i % 2)) for i in range(20))
    return Facts("binary", 2, 10_000, 8_000, columns, missing=True)


def table() -> pd.DataFrame:
    """10,000 rows, 20 columns: numbers, categories and gaps, with something to learn."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(10_000, 16)), columns=[f"n{i}" for i in range(16)])
    for i in range(4):
        frame[f"c{i}"] = rng.choice(list("abcdefgh"), 10_000)
    signal = frame.n0 * frame.n1 + frame.n2 + (frame.c0 == "a") + rng.normal(size=10_000)
    frame.loc[rng.random(10_000) < 0.1, "n0"] = np.nan
    return frame.assign(target=np.where(signal > 0.5, "yes", "no"))


def whole_process(*command: str, runs: int = 7) -> float:
    """Median seconds that a whole process takes, after one run to warm the disk cache."""
    taken = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken[1:])


def trial_overhead(strategy: str, trials: int) -> float:
    """Milliseconds a trial of ask, journal and tell."""
    with tempfile.TemporaryDirectory() as made, Journal.create(Path(made)) as journal:
        plan = Plan(
            space=PipelineSpace(facts()),
            strategy=strategy,
            data=Path(made),
            out=Path(made),
            seed=0,
            trials=trials,
        )
        search = Search(plan, Instant(), journal, Ledger(Budget(trials=trials)), lambda _event: None)
        begin = time.perf_counter()
        search.run()
        return 1000 * (time.perf_counter() - begin) / trials


def run_figures(seconds: float) -> dict[str, float]:
    """One run: when the first models were there, how long the ending took, and by how much it was over."""
    marks: dict[str, float] = {}

    def listen(event: Any) -> None:
        kind = event.data.get("name") if event.kind == "phase" else event.kind
        marks.setdefault(str(kind), event.elapsed)

    with tempfile.TemporaryDirectory() as made:
        begin = time.perf_counter()
        result = fit(table(), "target", Settings(time=seconds), folder=Path(made), listeners=[listen])
        result.model.predict(table().head(1).drop(columns="target"))
        took = time.perf_counter() - begin
    return {
        "baseline_s": marks["searching"],
        "first_trial_s": marks["trial_finished"],
        "ending_s": took - marks["ensembling"],
        "over_s": took - seconds,
    }


def main() -> None:
    """Measure, print and write."""
    empty = whole_process(sys.executable, "-c", "pass")
    ran = [run_figures(10.0) for _ in range(3)]
    figures = {
        "import_hortus_s": whole_process(sys.executable, "-c", "import hortus") - empty,
        "help_s": whole_process(str(Path(sys.executable).with_name("hortus")), "--help"),
        "random_ms_a_trial": statistics.median(trial_overhead("random", 500) for _ in range(3)),
        "tpe_ms_a_trial": statistics.median(trial_overhead("tpe", 200) for _ in range(3)),
        "evolution_ms_a_trial": statistics.median(trial_overhead("evolution", 300) for _ in range(3)),
        **{name: statistics.median(run[name] for run in ran) for name in ran[0]},
    }
    machine = about("hortus", "numpy", "scikit-learn", "lightgbm", "optuna")
    found = {"machine": machine, "figures": {name: round(value, 4) for name, value in figures.items()}}
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
