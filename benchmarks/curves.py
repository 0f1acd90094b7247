"""What a learning curve's beginning says of its end, and which stopper finds most for the epochs it spends.

    make bench-curves

Three sources: TaskSet (12 text tasks, the same 1,000 optimizer settings in each, 51 evaluations of the validation
loss), LCDB (accuracy of 20 learners over the number of training rows, on data sets where 8 learners or more have the
same 8 sizes or more), and the curves of our own small networks (benchmarks/own_curves.py). What is learned from curves
learns from half the tasks, and of TaskSet from half the settings; it is judged on the other tasks and settings, and
then the other way round. Our own networks are one task, so that everything learned comes from TaskSet.

Ranks: Spearman between what is expected of curves at 10, 25 and 50 % of the schedule and their ends; and the regret of
stopping there and taking the one that promises most: how far its end is below the best, in percentage points of
accuracy (LCDB, our own) or as a share of the distance between the task's median and best loss (TaskSet).

Stoppers: settings come in random order, each is reported step by step to a pruner, and the best *finished* one is held
against the best there is, after 5, 10 and 20 full curves' worth of steps. The pruners are those of a run, by name.

Peephole sees no curve at all: cells of NAS-Bench-201 of half of the isomorphism classes teach it, at 12 and 200 epochs,
and it is judged on cells of the other half; of our own networks, three quarters teach it.

Results go to benchmarks/results/curves.json and, with --write, into docs/curves.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution
from optuna.pruners import BasePruner
from optuna.samplers import RandomSampler
from optuna.trial import FixedTrial, TrialState, create_trial
from scipy.stats import kendalltau, spearmanr

from benchmarks import marked, own_curves
from benchmarks.about import about
from hortus.data.image_facts import ImageFacts
from hortus.models.curve_boosting import CurveBoosting
from hortus.models.gaussian_process import GaussianProcess, quantiles
from hortus.seeds import stream
from hortus.spaces.cell import NAMES, OPERATIONS, cells
from hortus.spaces.encoding import Encoder
from hortus.spaces.tables import CellTable
from hortus.strategies.extrapolation import PREDICTORS, Expected, Extrapolation
from hortus.strategies.halving import make_pruner

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "curves.json"
DOCUMENT = ROOT / "docs" / "curves.md"
SHARES = (0.1, 0.25, 0.5)
BUDGETS = (5, 10, 20)
# Curves that stand beside each other, as in a search, and how often they are drawn.
GROUP, GROUPS = 50, 20
ORDERS = 4
# A loss that is worse than so many times the first is as bad as any.
WORST = 2.0
TAUGHT = 800

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Curves of one task.

    Attributes:
        values: (n, T), greater is better.
        steps: (T,) from 1 on.
        unit: what regret is divided by.
    """

    values: Values
    steps: Values
    unit: float

    def part(self, which: int) -> Task:
        """One half of the curves, 0 or 1."""
        half = len(self.values) // 2
        return replace(self, values=self.values[half:] if which else self.values[:half])


# -- the curves -----------------------------------------------------------------------------------------------------


def data(*place: str) -> Path:
    """A file of the data beside the folder that HORTUS_DATASETS names."""
    root = own_curves.folder()
    found = [base / "data" / Path(*place) for base in (root, root.parent)]
    return next((path for path in found if path.is_file()), found[0])


def taskset() -> list[Task]:
    """The 12 tasks; what diverged stands at the worst."""
    with np.load(data("taskset_lc", "taskset_text_rnn.npz"), allow_pickle=False) as found:
        losses = found["valid"].astype(np.float64)
    tasks = []
    for loss in losses:
        worst = WORST * float(np.nanmedian(loss[:, 0]))
        values = -np.minimum(np.where(np.isfinite(loss), loss, worst), worst)
        unit = float(values[:, -1].max() - np.median(values[:, -1]))
        tasks.append(Task(values, np.arange(1.0, values.shape[1] + 1), unit))
    return tasks


def lcdb() -> list[Task]:
    """The data sets where at least 8 learners have the same sizes, 8 or more."""
    with np.load(data("lcdb_sample_curves", "lcdb_accuracy.npz"), allow_pickle=False) as found:
        columns = {name: found[name] for name in ("openml_id", "learner", "n_train", "acc_valid")}
    tasks = []
    for one in np.unique(columns["openml_id"]):
        curves = {}
        for learner in np.unique(columns["learner"][columns["openml_id"] == one]):
            rows = np.flatnonzero((columns["openml_id"] == one) & (columns["learner"] == learner))
            rows = rows[np.argsort(columns["n_train"][rows])]
            curves[int(learner)] = (tuple(columns["n_train"][rows].tolist()), columns["acc_valid"][rows])
        longest = max((sizes for sizes, _ in curves.values()), key=len)
        values = [accuracy for sizes, accuracy in curves.values() if sizes == longest]
        if len(values) >= 8 and len(longest) >= 8:
            sizes = np.array(longest, dtype=np.float64)
            tasks.append(Task(100.0 * np.array(values, dtype=np.float64), sizes / sizes[0], 1.0))
    return tasks


def own() -> list[Task]:
    """The curves of our own networks, in percent."""
    networks = json.loads(own_curves.RESULTS.read_text(encoding="utf-8"))["networks"]
    values = 100.0 * np.array([one["curve"] for one in networks])
    return [Task(values, np.arange(1.0, values.shape[1] + 1), 1.0)]


# -- ranks ----------------------------------------------------------------------------------------------------------


def ranks(tasks: Sequence[Task], predictors: Mapping[str, Expected], seed: int) -> dict[str, dict[str, list[float]]]:
    """Spearman and regret by predictor, at each of `SHARES`: the means over tasks."""
    found: dict[str, dict[str, list[list[float]]]] = {
        name: {"spearman": [[] for _ in SHARES], "regret": [[] for _ in SHARES]} for name in predictors
    }
    for number, task in enumerate(tasks):
        for place, share in enumerate(SHARES):
            cut = max(2, round(share * len(task.steps)))
            rng = stream(seed, "groups", number)
            several = len(task.values) > GROUP
            for _ in range(GROUPS if several else 1):
                chosen = rng.choice(len(task.values), GROUP, replace=False) if several else np.arange(len(task.values))
                values, ends = task.values[chosen, :cut], task.values[chosen, -1]
                if np.ptp(ends) == 0.0:
                    continue
                for name, expected in predictors.items():
                    told = expected(values, task.steps[:cut], float(task.steps[-1]))
                    rho = float(spearmanr(told, ends).statistic) if np.ptp(told) > 0 else 0.0
                    found[name]["spearman"][place].append(rho)
                    missed = float(ends.max() - ends[int(np.argmax(told))]) / task.unit
                    found[name]["regret"][place].append(missed)
    return {
        name: {kind: [round(statistics.fmean(one), 4) for one in values] for kind, values in kinds.items()}
        for name, kinds in found.items()
    }


def taught(tasks: Sequence[Task], which: Sequence[int], *, halves: bool) -> CurveBoosting:
    """The boosted predictor, from the first half of the curves of some tasks, or from all of them."""
    chosen = [tasks[i].part(0) if halves else tasks[i] for i in which]
    return CurveBoosting.learned([(task.values, task.steps) for task in chosen])


def crossed(tasks: Sequence[Task], *, halves: bool) -> dict[str, dict[str, list[float]]]:
    """`ranks` with the boosted predictor taught by one half of the tasks and judged on the other, both ways."""
    order = stream(0, "tasks").permutation(len(tasks))
    parts = order[: len(order) // 2].tolist(), order[len(order) // 2 :].tolist()
    found = []
    for side in (0, 1):
        boosted = taught(tasks, parts[side], halves=halves)
        judged = [tasks[i].part(1) if halves else tasks[i] for i in parts[1 - side]]
        found.append(ranks(judged, {**PREDICTORS, "boosted": boosted}, side))
    return {
        name: {
            kind: [round((a + b) / 2, 4) for a, b in zip(found[0][name][kind], found[1][name][kind], strict=True)]
            for kind in found[0][name]
        }
        for name in found[0]
    }


# -- stoppers -------------------------------------------------------------------------------------------------------


def stoppers(boosted: CurveBoosting) -> dict[str, Callable[[], BasePruner]]:
    """The pruners that are compared: those of a run at their defaults, and other predictors of curves."""
    named = {name: (lambda name=name: make_pruner(name)) for name in ("none", "median", "halving", "hyperband")}
    named |= {f"extrapolation, {name}": (lambda name=name: Extrapolation(name)) for name in ("last", "power", "laws")}
    return {**named, "extrapolation, boosted": lambda: Extrapolation(boosted)}


def spent(make: Callable[[], BasePruner], task: Task, seed: int, budgets: Sequence[int]) -> list[float]:
    """Regret of the best finished curve after so many full curves' worth of steps."""
    values, length = task.values, task.values.shape[1]
    study = optuna.create_study(direction="maximize", pruner=make(), sampler=RandomSampler(seed=seed))
    # Where a task has few curves, they come again, as networks of the same score would.
    orders = [stream(seed, "order", turn).permutation(len(values)) for turn in range(200)]
    order = iter(np.concatenate(orders[: max(2, 4000 // len(values) + 1)]).tolist())
    used, best, found = 0, float(values.min()), []
    while len(found) < len(budgets):
        curve = values[next(order)]
        trial, stopped = study.ask(), False
        for step in range(1, length):
            used += 1
            trial.report(float(curve[step - 1]), step)
            stopped = trial.should_prune()
            if stopped:
                break
        used += not stopped
        if stopped:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, float(curve[-1]))
            if used <= budgets[len(found)] * length:
                best = max(best, float(curve[-1]))
        while len(found) < len(budgets) and used >= budgets[len(found)] * length:
            found.append(min(3.0 if task.unit != 1.0 else 100.0, (float(values[:, -1].max()) - best) / task.unit))
            best = max(best, float(curve[-1])) if not stopped else best
    return found


def stopping(tasks: Sequence[Task], boosted: CurveBoosting, budgets: Sequence[int]) -> dict[str, Any]:
    """Mean regret of every stopper."""
    rows = {
        name: np.array([spent(make, task, seed, budgets) for task in tasks for seed in range(ORDERS)])
        for name, make in stoppers(boosted).items()
    }
    return {name: [round(float(v), 4) for v in found.mean(0)] for name, found in rows.items()}


# -- before training ------------------------------------------------------------------------------------------------


def before(seed: int = 0) -> dict[str, dict[str, float]]:
    """Peephole on cells of isomorphism classes that it has not seen, beside what else knows a cell untrained."""
    from hortus.nets.peephole import Peephole

    table, every = CellTable.read("cifar10"), list(cells())
    names = [cell.canonical for cell in every]
    classes = sorted(set(names))
    rng = stream(seed, "classes")
    half = {classes[i] for i in rng.permutation(len(classes))[: len(classes) // 2].tolist()}
    side = np.array([name in half for name in names])
    known = rng.choice(np.flatnonzero(side), TAUGHT, replace=False).tolist()
    other = rng.choice(np.flatnonzero(~side), 1000, replace=False).tolist()
    rows = np.array([table.row(cell) for cell in every])
    plans = [replace(cell, repeats=1).plan((3, 32, 32), 10) for cell in every]
    ends = table.mean[rows[other]]
    curves = np.column_stack([table.cheap[rows[known]], table.mean[rows[known]]])
    peephole = Peephole(epochs=30).fit([plans[i] for i in known], curves, (12 / 200, 1.0))
    distributions = {name: CategoricalDistribution(OPERATIONS) for name in NAMES}
    encoder = Encoder.learned([create_trial(value=0.0, params=every[0].params, distributions=distributions)])
    vectors = encoder.encode([cell.params for cell in every]) * 0.5
    process = GaussianProcess.learned(vectors[known], quantiles(table.mean[rows[known]].tolist()))
    told = {
        "peephole": peephole.predict([plans[i] for i in other])[:, 0],
        "gaussian process on the encoding": process.predict(vectors[other])[0],
        "parameters": table.parameters[rows[other]],
        "12 epochs of training": table.cheap[rows[other]],
    }
    return {name: agreed(values, ends) for name, values in told.items()}


def before_own(seed: int = 0) -> dict[str, dict[str, float]]:
    """Peephole on our own networks: three quarters teach it, four times."""
    from hortus.nets.peephole import Peephole

    networks = json.loads(own_curves.RESULTS.read_text(encoding="utf-8"))["networks"]
    facts = ImageFacts(3, own_curves.SIDE, own_curves.SIDE, 10, 1000)
    spaces = {name: own_curves.space_of(name, facts) for name in own_curves.SETTINGS}
    plans = [spaces[one["space"]](FixedTrial(one["params"])).plan(facts.shape, 10) for one in networks]
    curves = np.array([one["curve"] for one in networks])
    shares = np.linspace(0.0, 1.0, curves.shape[1] + 1)[1:].tolist()
    told = np.zeros(len(plans))
    order = stream(seed, "own").permutation(len(plans))
    for turn in range(4):
        left_out = order[turn::4].tolist()
        known = [i for i in order.tolist() if i not in left_out]
        peephole = Peephole(epochs=60).fit([plans[i] for i in known], curves[known], shares)
        told[left_out] = peephole.predict([plans[i] for i in left_out])[:, 0]
    columns = {
        "peephole": told,
        "parameters": np.array([one["parameters"] for one in networks]),
        "multiply-adds": np.array([one["macs"] for one in networks]),
        "first epoch of training": curves[:, 0],
    }
    return {name: agreed(values, curves[:, -1]) for name, values in columns.items()}


def agreed(told: Values, ends: Values) -> dict[str, float]:
    return {
        "spearman": round(float(spearmanr(told, ends).statistic), 3),
        "kendall": round(float(kendalltau(told, ends).statistic), 3),
    }


# -- what is told ---------------------------------------------------------------------------------------------------


def parts(found: Mapping[str, Any]) -> dict[str, str]:
    """The tables of the document."""
    lines = []
    for source, kinds in found["ranks"].items():
        for name, one in kinds.items():
            digits = 3 if source == "TaskSet" else 2
            lines.append([source, name, *(f"{v:.3f}" for v in one["spearman"])])
            lines[-1] += [f"{v:.{digits}f}" for v in one["regret"]]
    heads = [f"{100 * share:.0f} %" for share in SHARES]
    rank = table_of(
        ["curves", "predictor", *(f"Spearman at {h}" for h in heads), *(f"regret at {h}" for h in heads)], lines
    )
    lines = []
    for source, rows in found["stopping"].items():
        for name, values in rows.items():
            lines.append([source, name, *(f"{v:.3f}" for v in values)])
    stop = table_of(["curves", "stopper", *(f"{b} curves" for b in BUDGETS)], lines)
    lines = [
        [source, name, f"{one['spearman']:.2f}", f"{one['kendall']:.2f}"]
        for source, rows in found["before"].items()
        for name, one in rows.items()
    ]
    early = table_of(["networks", "told by", "Spearman", "Kendall"], lines)
    return {"curves-ranks": rank, "curves-stopping": stop, "curves-before": early}


def table_of(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---" if cell in ("curves", "predictor", "stopper", "networks", "told by") else "---:" for cell in head]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/curves.md")
    parser.add_argument("--told", action="store_true", help="only print and write what was measured before")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not args.told:
        RESULTS.write_text(json.dumps(measured(), indent=1) + "\n", encoding="utf-8")
    tables = parts(json.loads(RESULTS.read_text(encoding="utf-8")))
    print("\n\n".join(tables.values()))
    if args.write:
        marked.write(DOCUMENT, tables)


def measured() -> dict[str, Any]:
    """All figures."""
    import torch

    torch.set_num_threads(1)
    begin = time.process_time()
    tasks, networks = taskset(), own()
    everything = taught(tasks, range(len(tasks)), halves=False)
    order = stream(0, "tasks").permutation(len(tasks)).tolist()
    half = taught(tasks, order[: len(order) // 2], halves=True)
    others = [tasks[i].part(1) for i in order[len(order) // 2 :]]
    found: dict[str, Any] = {
        "ranks": {
            "TaskSet": crossed(tasks, halves=True),
            "LCDB": crossed(lcdb(), halves=False),
            "our networks": ranks(networks, {**PREDICTORS, "boosted": everything}, 0),
        },
        "stopping": {
            "TaskSet": stopping(others, half, BUDGETS),
            "our networks": stopping(networks, everything, BUDGETS),
        },
        "before": {"NAS-Bench-201": before(), "our networks": before_own()},
    }
    measured = about("hortus", "numpy", "optuna", "lightgbm", "torch", used="one thread")
    return found | measured | {"cpu_seconds": round(time.process_time() - begin, 1)}


if __name__ == "__main__":
    main()
