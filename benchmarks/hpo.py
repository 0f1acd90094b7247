"""Samplers on complete tables of hyperparameters: what each finds with so many trainings, and with so many seconds.

    make bench-hpo

The tables (FCNet, Klein and Hutter 2019; HPOBench's MLP, Eggensperger et al. 2021) hold every configuration trained
from four or five seeds. A sampler asks for one seed's validation loss of a configuration, as one training would give
it; under one run's seed every sampler sees the same one. The configuration it has chosen is the one of the least loss
seen, and is judged by regret: how far the mean loss over the table's seeds lies above the least one, as a share of how
far the median configuration lies above it (0 is the best there is, 1 what half of all configurations reach). Numbers
stand for every sampler as places 0, 1, … on their axis, words as categories.

Samplers of other systems run where their libraries are; any interpreter with numpy and optuna runs this file:

    python benchmarks/hpo.py --samplers hyperopt,smac

A sampler's first configuration may not be trained yet when a run's seconds are over; such a run is left out there. A
run that is in benchmarks/results/hpo.csv is not made again; --write puts the tables into docs/tuning.md.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import math
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "benchmarks" / "results" / "hpo.csv"
MADE = ROOT / "benchmarks" / "results" / "hpo.json"
DOCUMENT = ROOT / "docs" / "tuning.md"
TABLES = (
    "fcnet_hpo/parkinsons_telemonitoring",
    "fcnet_hpo/slice_localization",
    "hpobench_mlp/australian",
    "hpobench_mlp/blood_transfusion",
    "hpobench_mlp/car",
    "hpobench_mlp/credit_g",
)
EVALUATIONS = (10, 20, 30, 50, 75, 100)
# Seconds as multiples of what the table's mean training takes.
TRAININGS = (10, 20, 50, 100)
HEAD = ["sampler", "table", "seed", "seconds"]
HEAD += [f"regret_{n}" for n in EVALUATIONS] + [f"timed_{n}" for n in TRAININGS]

Loss = Callable[[tuple[int, ...]], float]


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: of its folder and file.
        axes: name of each axis, with its values.
        losses: (…, seeds) of every configuration.
        seconds: (…) that one training takes.
    """

    name: str
    axes: dict[str, list[Any]]
    losses: np.ndarray
    seconds: np.ndarray

    @classmethod
    def read(cls, name: str) -> Table:
        root = Path(os.environ.get("HORTUS_DATASETS") or ROOT.parent / "shared")
        folders = [base / "data" / name.split("/")[0] for base in (root, root.parent)]
        folder = next((f for f in folders if (f / "space.json").exists()), None)
        if folder is None:
            raise SystemExit(f"There is no data/{name}.npz in or beside {root}. Set HORTUS_DATASETS to its folder.")
        told = json.loads((folder / "space.json").read_text())
        with np.load(folder / f"{name.split('/')[1]}.npz", allow_pickle=False) as found:
            raw = found["val_loss"] if told["main_metric"] == "val_loss" else 1.0 - found["val_acc"]
            axes = {axis: told["space"][axis] for axis in told["axes"]}
            return cls(name, axes, raw.astype(np.float64), found["train_time"].astype(np.float64))

    def observed(self, seed: int) -> np.ndarray:
        """What a run sees: of each configuration one seed's loss, always the same one."""
        rng = np.random.default_rng([seed, TABLES.index(self.name)])
        chosen = rng.integers(self.losses.shape[-1], size=self.losses.shape[:-1])
        return np.take_along_axis(self.losses, chosen[..., None], axis=-1)[..., 0]

    def regret(self, place: tuple[int, ...]) -> float:
        """0 for the best configuration, 1 for the median one."""
        mean = self.losses.mean(axis=-1)
        best = mean.min()
        return float((mean[place] - best) / (np.median(mean) - best))

    def words(self, axis: str) -> bool:
        """Whether an axis is one of words, without an order."""
        return isinstance(self.axes[axis][0], str)


# -- the samplers: each asks ``loss`` for ``most`` configurations, one after the other -------------------------------


def by_optuna(make: Callable[[int, int], Any]) -> Callable[[Table, Loss, int, int], None]:
    """A run of an Optuna sampler; ``make`` is called with the seed and the number of the ask."""

    def run(table: Table, loss: Loss, most: int, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(direction="maximize", sampler=make(seed, 0))
        for number in range(most):
            if number and make is not _once(make):
                study.sampler = make(seed, number)
            trial = study.ask()
            study.tell(trial, -loss(_asked(table, trial)))

    return run


def _once(make: Callable[[int, int], Any]) -> Any:
    """The maker itself where one sampler serves a whole study, as in the library's own use."""
    return make if getattr(make, "once", False) else None


def _asked(table: Table, trial: Any) -> tuple[int, ...]:
    place = []
    for axis, values in table.axes.items():
        if table.words(axis):
            place.append(values.index(trial.suggest_categorical(axis, values)))
        else:
            place.append(trial.suggest_int(axis, 0, len(values) - 1))
    return tuple(place)


def ours(strategy: str, **options: Any) -> Callable[[Table, Loss, int, int], None]:
    """A strategy as a run calls it: a fresh sampler for every ask."""

    def make(seed: int, number: int) -> Any:
        from hortus.seeds import derive
        from hortus.strategies import make_sampler

        return make_sampler(strategy, seed=derive(seed, "ask", number), options=options)

    return by_optuna(make)


def library(name: str, **options: Any) -> Callable[[Table, Loss, int, int], None]:
    """A sampler of Optuna's at its defaults, one for the whole study."""

    def make(seed: int, number: int) -> Any:  # noqa: ARG001
        import optuna

        return getattr(optuna.samplers, name)(seed=seed, **options)

    make.once = True  # type: ignore[attr-defined]
    return by_optuna(make)


def hyperopt(table: Table, loss: Loss, most: int, seed: int) -> None:
    """Hyperopt's TPE at its defaults."""
    from hyperopt import fmin, hp, tpe

    space = {
        axis: hp.choice(axis, list(range(len(values))))
        if table.words(axis)
        else hp.uniformint(axis, 0, len(values) - 1)
        for axis, values in table.axes.items()
    }
    fmin(
        lambda found: loss(tuple(int(found[axis]) for axis in table.axes)),
        space,
        algo=tpe.suggest,
        max_evals=most,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )


def smac(table: Table, loss: Loss, most: int, seed: int) -> None:
    """SMAC3's facade for hyperparameters at its defaults."""
    import logging
    import tempfile

    from ConfigSpace import Categorical, ConfigurationSpace, Integer
    from smac import HyperparameterOptimizationFacade, Scenario

    logging.disable(logging.WARNING)
    axes = [
        Categorical(axis, values) if table.words(axis) else Integer(axis, (0, len(values) - 1))
        for axis, values in table.axes.items()
    ]
    space = ConfigurationSpace(seed=seed)
    space.add(axes)

    def target(config: Any, seed: int = 0) -> float:  # noqa: ARG001
        found = dict(config)
        places = (v.index(found[a]) if table.words(a) else int(found[a]) for a, v in table.axes.items())
        return loss(tuple(places))

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(space, n_trials=most, deterministic=True, seed=seed, output_directory=Path(folder))
        HyperparameterOptimizationFacade(scenario, target, overwrite=True, logging_level=False).optimize()


SAMPLERS: dict[str, Callable[[Table, Loss, int, int], None]] = {
    "random": library("RandomSampler"),
    "optuna TPE": library("TPESampler"),
    "optuna GP": library("GPSampler"),
    "hyperopt": hyperopt,
    "smac": smac,
    "tpe": ours("tpe"),
    "predictor": ours("predictor"),
    "evolution": ours("evolution", population_size=20),
    "local": ours("local"),
    "frugal": ours("frugal"),
}
# What belongs to other systems: the best of them is the one to beat.
OTHERS = ("random", "optuna TPE", "optuna GP", "hyperopt", "smac")
OURS = "predictor"


class _EnoughError(Exception):
    """All evaluations are made."""


def run(sampler: str, table: Table, seed: int) -> dict[str, Any]:
    """One run; the row of the results."""
    begin = time.perf_counter()
    observed, most = table.observed(seed), EVALUATIONS[-1]
    places: list[tuple[int, ...]] = []

    def loss(place: tuple[int, ...]) -> float:
        if len(places) == most:
            raise _EnoughError
        places.append(place)
        return float(observed[place])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(_EnoughError):
            SAMPLERS[sampler](table, loss, most, seed)
    losses = np.array([observed[place] for place in places])
    spent = np.cumsum([table.seconds[place] for place in places])
    chosen = [table.regret(places[int(np.argmin(losses[: n + 1]))]) for n in range(len(places))]
    mean = float(table.seconds.mean())
    found: dict[str, Any] = {"sampler": sampler, "table": table.name, "seed": seed}
    found["seconds"] = round(time.perf_counter() - begin, 2)
    for n in EVALUATIONS:
        found[f"regret_{n}"] = f"{chosen[min(n, len(chosen)) - 1]:.5g}"
    for n in TRAININGS:
        # A run of so many evaluations may end before so many seconds do: it stands where it ended.
        done = int(np.searchsorted(spent, n * mean, side="right"))
        found[f"timed_{n}"] = f"{chosen[done - 1]:.5g}" if done else ""
    return found


def read_runs() -> dict[tuple[str, str, int], dict[str, str]]:
    """The runs there are, by sampler, table and seed."""
    if not RUNS.exists():
        return {}
    with RUNS.open(newline="", encoding="utf-8") as file:
        return {(row["sampler"], row["table"], int(row["seed"])): row for row in csv.DictReader(file)}


def measure(samplers: Sequence[str], tables: Sequence[str], runs: int, seconds: float) -> None:
    """Make the runs that are missing, seed by seed, for about ``seconds``."""
    end = time.monotonic() + seconds
    read = {name: Table.read(name) for name in tables}
    done, made = read_runs(), set[str]()
    for seed in range(runs):
        for name in tables:
            for sampler in samplers:
                if (sampler, name, seed) in done:
                    continue
                if time.monotonic() > end:
                    return
                row = run(sampler, read[name], seed)
                made.add(sampler)
                fresh = not RUNS.exists()
                with RUNS.open("a", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, HEAD, lineterminator="\n")
                    if fresh:
                        writer.writeheader()
                    writer.writerow(row)
    if made:
        note(sorted(made))


def note(samplers: Sequence[str]) -> None:
    """Write down with what the runs were made."""
    found = json.loads(MADE.read_text()) if MADE.exists() else {}
    libraries = {}
    for name in ("hortus", "optuna", "hyperopt", "smac", "numpy"):
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            continue
    for sampler in samplers:
        found[sampler] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            **libraries,
        }
    MADE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


# -- what is told ----------------------------------------------------------------------------------------------------


def told(runs: Mapping[tuple[str, str, int], Mapping[str, str]], marks: Sequence[str]) -> str:
    """A row for each sampler: mean regret over the tables at each mark, its rank among all, and ours against it."""
    lines = []
    names = [name for name in SAMPLERS if any(key[0] == name for key in runs)]
    for name in names:
        mine = {key[1:]: row for key, row in runs.items() if key[0] == name}
        cells = [name if name != OURS else f"**{name}**", str(min(_count(mine).values()))]
        for mark in marks:
            means = [
                statistics.fmean(float(row[mark]) for (t, _), row in mine.items() if t == table and row[mark])
                for table in TABLES
            ]
            cells.append(f"{100 * statistics.fmean(means):.2f}")
        cells.append(f"{statistics.fmean(float(row['seconds']) for row in mine.values()):.1f}")
        cells.append(_against(runs, name, marks[-1]))
        lines.append(cells)
    head = ["sampler", "runs a table", *(mark.split("_")[1] for mark in marks), "s a run", f"{OURS} at the last"]
    return _table(head, lines)


def by_table(runs: Mapping[tuple[str, str, int], Mapping[str, str]], mark: str) -> str:
    """A row for each sampler, a column for each table."""
    names = [name for name in SAMPLERS if any(key[0] == name for key in runs)]
    lines = []
    for name in names:
        cells = [name]
        for table in TABLES:
            values = [100 * float(row[mark]) for key, row in runs.items() if key[:2] == (name, table)]
            error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
            cells.append(f"{statistics.fmean(values):.2f} ± {error:.2f}")
        lines.append(cells)
    return _table(["sampler", *(table.split("/")[1].replace("_", " ") for table in TABLES)], lines)


def _count(rows: Mapping[tuple[str, int], Any]) -> dict[str, int]:
    return {table: sum(t == table for t, _ in rows) for table in TABLES}


def _against(runs: Mapping[tuple[str, str, int], Mapping[str, str]], name: str, mark: str) -> str:
    """On how many tables ours differs from a sampler by two standard errors, over the seeds that both have."""
    if name == OURS:
        return ""
    better = worse = 0
    for table in TABLES:
        seeds = [s for (n, t, s) in runs if (n, t) == (name, table) and (OURS, table, s) in runs]
        gains = [float(runs[name, table, s][mark]) - float(runs[OURS, table, s][mark]) for s in seeds]
        if len(gains) > 1:
            error = statistics.stdev(gains) / math.sqrt(len(gains))
            better += statistics.fmean(gains) > 2 * error
            worse += statistics.fmean(gains) < -2 * error
    return f"better on {better}, worse on {worse}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def main() -> None:
    """Measure what is missing, print and, if asked, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50, help="of each sampler on each table")
    parser.add_argument("--samplers", default=",".join(SAMPLERS))
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no run after so many")
    parser.add_argument(
        "--first", type=int, default=10**9, help="tell of so many seeds alone, which most samplers have"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/tuning.md")
    args = parser.parse_args()
    measure(args.samplers.split(","), args.tables.split(","), args.runs, args.seconds)
    runs = {key: row for key, row in read_runs().items() if key[2] < args.first}
    parts = {
        "evaluations": told(runs, [f"regret_{n}" for n in EVALUATIONS]),
        "seconds": told(runs, [f"timed_{n}" for n in TRAININGS]),
        "tables": by_table(runs, f"regret_{EVALUATIONS[-1]}"),
    }
    print("\n\n".join(parts.values()))
    if args.write:
        # Elsewhere this file runs alone, in other interpreters.
        from benchmarks import marked

        marked.write(DOCUMENT, parts)


if __name__ == "__main__":
    main()
