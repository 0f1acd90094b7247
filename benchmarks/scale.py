"""What a trial costs around itself, here and on a cluster, and what that comes to at 10, 100 and 1,000 nodes.

    make bench-scale                       measure, simulate, write
    python -m benchmarks.scale --report    simulate and write, from what was measured before

Measured on this machine: trials a second and efficiency at 1, 2 and 4 slots with trials that only sleep; the same
through a real Ray cluster in a network of its own; and the bytes that a trial of a real table sends and brings.
Simulated from these: one driver, its network card, and nodes of 16 cores, event by event. The figures go to
benchmarks/results/scale.json and docs/scale.md.
"""

from __future__ import annotations

import heapq
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.about import about
from benchmarks.loopback import Loopback, possible
from hortus.budget import Budget, Ledger
from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts
from hortus.engine.executors.base import Executor
from hortus.engine.executors.local import LocalExecutor
from hortus.engine.journal import Journal
from hortus.engine.loop import Search
from hortus.engine.plan import Plan
from hortus.spaces.pipelines import PipelineSpace

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "scale.json"
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
ENTRY = "benchmarks.scale_trial:run"
NAP, TRIALS, SLOTS = 0.1, 60, (1, 2, 4)

# Of the simulated cluster: cores and memory of a node, and what a network card carries (bytes a second: 10 Gbit).
CORES, MEMORY, CARD = 16, 64e9, 1.25e9
NODES, TABLES = (10, 100, 1000), (10e9, 1e12)
# A trial's rows are copied into memory about so often (the rows themselves, and what a learner makes of them).
COPIES = 4
# Bytes that a core learns from in a second: gradient boosting, 100 rounds over 20 float32 columns, about.
LEARNT = 20e6
HORIZON = 3600.0


def search(executor: Executor, trials: int, nap: float) -> float:
    """Seconds that a search of ``trials`` trials takes once its slots are up."""
    columns = tuple(MatrixColumn(f"x{i}", f"x{i}", categories=0) for i in range(20))
    space = PipelineSpace(Facts("binary", 2, 10_000, 8_000, columns, missing=False))
    with tempfile.TemporaryDirectory() as made, Journal.create(Path(made)) as journal:
        plan = Plan(
            space=space, strategy="random", data=None, out=Path(made), seed=0, trials=trials,
            evaluator_options={"nap": nap}, lag=max(8, executor.capacity),
        )  # fmt: skip
        ledger = Ledger(Budget(trials=trials))
        begin = time.perf_counter()
        Search(plan, executor, journal, ledger, lambda _event: None).run()
        return time.perf_counter() - begin


def measure(executor: Executor, slots: int) -> dict[str, float]:
    """Trials a second, efficiency, and milliseconds of overhead a trial, of one executor."""
    search(executor, 2 * slots, 0.5)
    seconds = search(executor, TRIALS, NAP)
    empty = search(executor, TRIALS, 0.0)
    return {
        "trials_a_second": TRIALS / seconds,
        "efficiency": TRIALS * NAP / (slots * seconds),
        "overhead_ms": 1000 * empty / TRIALS,
    }


def local() -> dict[str, dict[str, float]]:
    """At home."""
    found = {}
    for slots in SLOTS:
        with LocalExecutor(slots, 1, entry=ENTRY, warm=()) as executor:
            found[str(slots)] = measure(executor, slots)
    return found


def cluster() -> dict[str, dict[str, float]]:
    """Through Ray: two nodes in a network of their own; {} where that cannot be had."""
    if why := possible():
        print(f"no cluster: {why}")
        return {}
    with Loopback(nodes=2, cores=2, path=ROOT) as made:
        done = made.run([sys.executable, "-m", "benchmarks.scale", "--on", made.url], timeout=600)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def on(url: str) -> dict[str, dict[str, float]]:
    """What `cluster` runs beside it."""
    from hortus.engine.executors.ray import RayExecutor

    found = {}
    for slots in SLOTS:
        with RayExecutor(slots, cluster=url, entry=ENTRY, warm=()) as executor:
            found[str(slots)] = measure(executor, slots)
    return found


def messages() -> dict[str, float]:
    """Bytes that a trial sends and brings, the median over a real search of 10,000 rows."""
    from benchmarks.engine import table
    from hortus.run import Settings, fit

    sent: list[int] = []
    submit = LocalExecutor.submit

    def watched(self: LocalExecutor, job: Any) -> None:
        sent.append(len(json.dumps(job.payload)))
        submit(self, job)

    LocalExecutor.submit = watched  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as made:
            rows = fit(table(), "target", Settings(trials=8, slots=2, folds=3), folder=Path(made)).rows
    finally:
        LocalExecutor.submit = submit  # type: ignore[method-assign]
    found = [row.evaluation for row in rows if row.evaluation is not None]
    files = [sum(artifact.size for artifact in one.artifacts) for one in found]
    return {
        "sent": float(np.median(sent)),
        "told": float(np.median([len(json.dumps(one.to_json())) for one in found])),
        "files": float(np.median(files)),
    }


@dataclass(frozen=True)
class Outlook:
    """What the simulation says of one cluster and one table.

    Attributes:
        slots: trials at once.
        rows: share of the table that a trial learns from.
        stocked: seconds until the last node has it.
        trial: seconds of a trial, the median.
        done: trials within the hour.
        busy: share of the hour after the start that slots are at work.
        driver: share that the driver is at work.
        card: share that the driver's network card is at work.
    """

    nodes: int
    table: float
    slots: int
    rows: float
    stocked: float
    trial: float
    done: int
    busy: float
    driver: float
    card: float

    @property
    def first(self) -> str:
        """What is full first."""
        way = self.stocked / (self.stocked + HORIZON)
        shares = {
            "the slots": self.busy,
            "the driver": self.driver,
            "the driver's network card": self.card,
            "the table's way to the nodes": 1.0 if way > 0.5 else way,
        }
        return max(shares, key=lambda name: shares[name])


def simulate(nodes: int, table: float, *, driver_ms: float, back: float, seed: int = 0) -> Outlook:
    """An hour of one search, event by event.

    Args:
        nodes: of `CORES` cores and `MEMORY` bytes.
        table: bytes, encoded.
        driver_ms: of the driver's one thread, for each trial.
        back: bytes that a trial brings.
        seed: of the trials' lengths, which spread log-normally by a factor of two.
    """
    rng = np.random.default_rng(seed)
    slots = nodes * CORES
    rows = min(1.0, MEMORY / COPIES / CORES / table)
    trial = rows * table / LEARNT
    # Once to the head; and a machine that has a piece hands it on, so that those who have it double each round.
    stocked = table / CARD * (1 + math.ceil(math.log2(nodes + 1)))
    free = [(stocked, slot) for slot in range(slots)]
    heapq.heapify(free)
    driver = card = stocked
    worked = driven = carried = 0.0
    done = 0
    while True:
        now, slot = heapq.heappop(free)
        # Ask, journal and hand out: one after the other, by one thread.
        driver = max(driver, now) + driver_ms / 1000
        if driver >= stocked + HORIZON:
            break
        takes = trial * float(rng.lognormal(0.0, math.log(2.0)))
        ends = driver + takes
        card = max(card, ends) + back / CARD
        worked += max(0.0, min(ends, stocked + HORIZON) - driver)
        driven += driver_ms / 1000
        carried += back / CARD
        done += ends < stocked + HORIZON
        heapq.heappush(free, (ends, slot))
    total = slots * HORIZON
    return Outlook(nodes, table, slots, rows, stocked, trial, done, worked / total, driven / HORIZON, carried / HORIZON)


def report(found: dict[str, Any]) -> str:
    """The part of the page that holds the figures."""
    machine = found["machine"]
    lines = [f"Measured {machine['date']} on {machine['machine']}, Python {machine['python']}.", ""]
    lines += ["| where | slots | trials a second | efficiency | overhead a trial |", "|---|---|---|---|---|"]
    for place in ("local", "cluster"):
        for slots, one in found[place].items():
            lines.append(
                f"| {place} | {slots} | {one['trials_a_second']:.1f} | {one['efficiency']:.0%} | "
                f"{one['overhead_ms']:.1f} ms |"
            )
    sizes = found["messages"]
    lines += [
        "",
        f"Trials of {1000 * NAP:.0f} ms, {TRIALS} of them. A trial of a table of 10,000 rows and 20 columns sends "
        f"{sizes['sent']:,.0f} bytes and brings {sizes['told']:,.0f} bytes of JSON and {sizes['files']:,.0f} bytes of "
        "files (medians).",
        "",
        "| nodes | table | slots | share of the rows | stocked after | a trial | trials in the hour | slots busy | "
        "driver busy | its card busy | full first |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    cost = min(one["overhead_ms"] for one in (found["cluster"] or found["local"]).values())
    for table in TABLES:
        for nodes in NODES:
            one = simulate(nodes, table, driver_ms=cost, back=sizes["told"] + sizes["files"])
            lines.append(
                f"| {nodes:,} | {table / 1e9:,.0f} GB | {one.slots:,} | {one.rows:.1%} | {one.stocked:,.0f} s | "
                f"{one.trial:,.0f} s | {one.done:,} | {one.busy:.0%} | {one.driver:.0%} | {one.card:.0%} | "
                f"{one.first} |"
            )
    lines += ["", f"Simulated with {cost:.1f} ms of the driver for each trial, from the table above.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure, simulate and write."""
    if "--on" in sys.argv:
        print(json.dumps(on(sys.argv[sys.argv.index("--on") + 1])))
        return
    if "--report" not in sys.argv:
        machine = about()
        parts: dict[str, Callable[[], Any]] = {"local": local, "messages": messages, "cluster": cluster}
        found: dict[str, Any] = {"cluster": {}}
        for name, part in parts.items():
            # Each part is kept as soon as it is there: the next may take minutes.
            found = {**found, "machine": machine, name: part()}
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    found = json.loads(RESULTS.read_text())
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{report(found)}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(report(found))


if __name__ == "__main__":
    main()
