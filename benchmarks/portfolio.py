"""The portfolio's order, learned from what its entries are worth together on the open tables.

    make bench-portfolio                       # measure what is not measured yet, then learn and hold out
    python -m benchmarks.portfolio --learn     # from what has been measured

Every entry of the portfolio is fitted on `FOLDS` folds of three quarters of each table (at most `ROWS` of them: what
the peers' comparison judges by is never seen), and its predictions out of fold are kept in build/portfolio. A set of
entries is worth what greedy selection over one half of the rows scores on the other half, as a *regret*: 0 is all
entries together, 1 the constant prediction. An order is learned greedily: next comes the entry whose regret saved per
second, averaged over tables, is greatest (Streeter and Golovin 2008, "An online algorithm for maximizing submodular
functions": within a factor of 4 of the best order, whenever it is cut off). What it is worth is said by leaving each
table out: its curve is that of the order that was learned from all others. Figures go to
benchmarks/results/portfolio.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.trial import TrialState
from sklearn.model_selection import train_test_split

from benchmarks.about import about
from benchmarks.floors import tables
from benchmarks.peers import ROOT
from hortus.data.metrics import Metric, make_metric
from hortus.ensemble.selection import greedy
from hortus.evaluation.scoring import by_fold
from hortus.run.finish import pool
from hortus.run.fit import fit
from hortus.run.prepare import recall
from hortus.run.settings import Settings
from hortus.spaces.portfolio import ORDER, QUICK, portfolio

RESULTS = ROOT / "benchmarks" / "results" / "portfolio.json"
MEASURED = ROOT / "build" / "portfolio"
ROWS = 2_000
FOLDS = 3
SPLIT = 42
SLOTS = 2
# Members that a set's ensemble is made of at most, counted with repetition.
ROUNDS = 12
# Seconds that a trial costs besides its fits.
OVERHEAD = 0.5
# Where the curves are read, as shares of the seconds that a table's whole portfolio takes in `SLOTS` slots.
SHARES = (0.05, 0.1, 0.2, 0.4, 0.8)
# Entries that are learned; more of them did not help. What comes after is tried in the order of `ORDER`.
LEARNED = len(QUICK)

Entry = tuple[str, int]
Order = tuple[Entry, ...]


@dataclass(frozen=True)
class Measured:
    """What the portfolio's entries predicted on one table.

    Attributes:
        table: its name.
        entries: the model and the number of its setting, in the portfolio's order; those that ended well.
        seconds: (M,) of all fits of each.
        predictions: (M, n, K) or (M, n), out of fold.
        y: (n,) class codes or values.
        folds: (n,) the fold that validated each row.
        metric: greater is better.
        words: whether the portfolio begins with a linear model of the table's words, whatever its order.
    """

    table: str
    entries: Order
    seconds: NDArray[np.float64]
    predictions: NDArray[np.float64]
    y: NDArray[Any]
    folds: NDArray[np.int8]
    metric: Metric
    words: bool
    _known: dict[frozenset[Entry], float] = field(default_factory=dict, repr=False)

    @cached_property
    def halves(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows to choose by and rows to judge by, alike in target and folds."""
        order = np.lexsort((np.random.default_rng(0).random(len(self.y)), self.y, self.folds))
        return np.sort(order[::2]), np.sort(order[1::2])

    @cached_property
    def range(self) -> tuple[float, float]:
        """The scores of the constant prediction and of all entries together."""
        choose, judge = self.halves
        y = self.y[choose]
        if self.predictions.ndim == 2:
            constant = np.full(len(judge), y.mean())
        else:
            constant = np.tile(np.bincount(y, minlength=self.predictions.shape[2]) / len(y), (len(judge), 1))
        return by_fold(self.metric, self.y[judge], constant, self.folds[judge]), self._score(range(len(self.entries)))

    def worth(self, chosen: frozenset[Entry]) -> float:
        """The regret of a set of entries; 1 for the empty one, and for those that this table has not."""
        there = [i for i, entry in enumerate(self.entries) if entry in chosen]
        if not there:
            return 1.0
        if chosen not in self._known:
            worst, best = self.range
            self._known[chosen] = (best - self._score(there)) / (best - worst)
        return self._known[chosen]

    def _score(self, members: Sequence[int]) -> float:
        choose, judge = self.halves
        path = greedy(
            [self.predictions[i][choose] for i in members],
            self.y[choose],
            self.metric,
            folds=self.folds[choose],
            rounds=ROUNDS,
        )
        weights = path.weights(1 + int(np.argmax(path.scores)))
        found = np.tensordot(weights, self.predictions[list(members)][:, judge], 1)
        return by_fold(self.metric, self.y[judge], found, self.folds[judge])

    def cost(self, entry: Entry) -> float:
        """Seconds of one of its entries."""
        return OVERHEAD + float(self.seconds[self.entries.index(entry)])

    def curve(self, order: Sequence[Entry]) -> list[float]:
        """Regret at `SHARES` of the time that all entries take, tried in this order in `SLOTS` slots."""
        first = (self.entries[0],) if self.words else ()
        tried = [entry for entry in dict.fromkeys((*first, *order, *by_hand(), *self.entries)) if entry in self.entries]
        free, ends = [0.0] * SLOTS, []
        for entry in tried:
            slot = int(np.argmin(free))
            free[slot] += self.cost(entry)
            ends.append(free[slot])
        whole = sum(map(self.cost, self.entries)) / SLOTS
        done = [frozenset(e for e, end in zip(tried, ends, strict=True) if end <= share * whole) for share in SHARES]
        return [self.worth(chosen) for chosen in done]


def measure(name: str) -> None:
    """Fit every entry of the portfolio on one table and keep what it predicts out of fold."""
    X, y, task = tables().load(name)
    by = None if task == "regression" or y.value_counts().min() < 2 else y
    X, _, y, _ = train_test_split(X, y, test_size=0.25, random_state=SPLIT, stratify=by)
    if len(X) > ROWS:
        by = None if task == "regression" or y.value_counts().min() < 2 else y
        X, _, y, _ = train_test_split(X, y, train_size=ROWS, random_state=SPLIT, stratify=by)
    settings = Settings(
        kind="regression" if task == "regression" else None, trials=1, folds=FOLDS, ensemble=False, slots=SLOTS
    )
    entries: list[Entry] = []
    words = []

    def starts(space: Any) -> Sequence[dict[str, Any]]:
        found = portfolio(space)
        words.append(bool(space.facts.words))
        numbers: Counter[str] = Counter()
        for params in found:
            entries.append((params["model"], numbers[params["model"]]))
            numbers[params["model"]] += 1
        return found

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "run"
        result = fit(X, y.to_numpy(), settings, folder=folder, starts=starts)
        prepared = recall(folder, settings)
        rows = [row for row in result.rows if row.state == TrialState.COMPLETE]
        found = pool(rows, prepared, folder)
        MEASURED.mkdir(parents=True, exist_ok=True)
        order = np.argsort([row.number for row in found.rows])
        kept = [found.rows[i] for i in order]
        np.savez_compressed(
            MEASURED / f"{name}.npz",
            entries=np.array([f"{m} {i}" for m, i in (entries[row.number] for row in kept)]),
            seconds=np.array([row.evaluation.seconds if row.evaluation else 0.0 for row in kept]),
            predictions=np.stack([found.predictions[i] for i in order]).astype(np.float32),
            y=found.y,
            folds=found.folds,
            words=words[0],
            metric=np.array([prepared.metric.name, prepared.task.kind, str(len(prepared.task.classes))]),
        )


def read(name: str) -> Measured:
    """What `measure` kept."""
    with np.load(MEASURED / f"{name}.npz") as held:
        entries = tuple((model, int(number)) for model, number in (text.rsplit(" ", 1) for text in held["entries"]))
        metric, kind, count = (str(part) for part in held["metric"])
        return Measured(
            table=name,
            entries=entries,
            seconds=held["seconds"],
            predictions=held["predictions"].astype(np.float64),
            y=held["y"],
            folds=held["folds"],
            words=bool(held["words"]),
            metric=make_metric(metric, kind, tuple(range(int(count)))),  # type: ignore[arg-type]
        )


def learn(measured: Sequence[Measured], most: int = LEARNED) -> Order:
    """The greedy order over some tables."""
    known: Counter[Entry] = Counter(entry for one in measured for entry in one.entries)
    order: list[Entry] = []
    left = [entry for entry, count in known.items() if count >= len(measured) / 2]
    while left and len(order) < most:
        before = frozenset(order)
        # A model's settings are tried from its first on.
        next_ = [entry for entry in left if entry[1] == 0 or (entry[0], entry[1] - 1) in before]
        best = max(next_, key=partial(_rate, measured, before))
        order.append(best)
        left.remove(best)
    return tuple(order)


def _rate(measured: Sequence[Measured], before: frozenset[Entry], entry: Entry) -> float:
    """The regret that one more entry saves a second, averaged over the tables that have it."""
    there = [one for one in measured if entry in one.entries]
    return float(np.mean([(one.worth(before) - one.worth(before | {entry})) / one.cost(entry) for one in there]))


def by_hand() -> Order:
    """`ORDER` as entries."""
    return tuple((name, ORDER[:i].count(name)) for i, name in enumerate(ORDER))


def standing(measured: Sequence[Measured], order_for: Callable[[Measured], Order]) -> list[float]:
    """The mean curve over tables."""
    return [round(float(x), 5) for x in np.mean([one.curve(order_for(one)) for one in measured], axis=0)]


def main() -> None:
    """Measure, learn, hold out, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learn", action="store_true", help="from what has been measured")
    parser.add_argument("--tables", default="", help="comma separated; all open tables where not given")
    args = parser.parse_args()
    names = args.tables.split(",") if args.tables else list(tables().names())
    for name in names:
        if not args.learn and not (MEASURED / f"{name}.npz").exists():
            measure(name)
            print("measured", name, flush=True)
    measured = [read(name) for name in names if (MEASURED / f"{name}.npz").exists()]
    everywhere = learn(measured)
    without = {one.table: learn([other for other in measured if other is not one]) for one in measured}
    found = {
        "machine": about("hortus"),
        "tables": len(measured),
        "rows": ROWS,
        "shares_of_the_time": SHARES,
        "regret": {
            "by hand": standing(measured, lambda _: ()),
            "learned, each table left out": standing(measured, lambda one: without[one.table]),
            "learned from all": standing(measured, lambda _: everywhere),
        },
        "order": [" ".join(map(str, entry)) for entry in everywhere],
        "same_position_without_a_table": [
            float(np.mean([order[i : i + 1] == everywhere[i : i + 1] for order in without.values()]))
            for i in range(len(everywhere))
        ],
        "by_table": {
            one.table: {
                "seconds": round(float(one.seconds.sum()), 1),
                "by_hand": [round(x, 5) for x in one.curve(())],
                "left_out": [round(x, 5) for x in one.curve(without[one.table])],
            }
            for one in measured
        },
    }
    print(json.dumps({key: value for key, value in found.items() if key != "by_table"}, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
