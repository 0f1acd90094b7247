"""New numbers from a number within the rows of one category: its mean, its spread, and how far a row is off."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import MatrixColumn, categorical
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import FloatArray, Params, State, Step
from hortus.features.layout import columns_from_state, columns_to_state, distinct, joined, levels
from hortus.features.numbers import LARGEST
from hortus.features.relevance import best, bins, information, sample, target_bins

GROUPS = 5
VALUES = 6
ROWS = 3_000
STATISTICS = ("mean", "spread", "deviation")


class Groups(Step):
    """Append statistics of a number per level of a category.

    Takes the categorical columns and the numeric ones that are no text components; gives all columns and at most
    ``n_new`` more: a level's ``mean`` or ``spread`` (standard deviation) of the number, or a row's ``deviation`` from
    its level's mean. Kept are those that say most of the target and are unlike each other. Missing is a level; an
    unseen level has the values of all rows. Only a deviation has gaps, where the number has.

    Args:
        n_new: most columns appended.
    """

    name: ClassVar[str] = "groups"

    def __init__(self, n_new: int = 6) -> None:
        self.n_new = n_new

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """2 to 20 new columns."""
        return {"n_new": trial.suggest_int(f"{prefix}n_new", 2, 20, log=True)}

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Choose the statistics and append them."""
        rows = sample(len(X), ROWS, seed)
        chosen = self._choose(X, rows, target_bins(y[rows], kind))
        self._group = np.asarray([group for group, _, _ in chosen], dtype=np.intp)
        self._value = np.asarray([value for _, value, _ in chosen], dtype=np.intp)
        self._statistics = [statistic for _, _, statistic in chosen]
        self._tables = [
            _table(X, group, value)[1 if statistic == "spread" else 0] for group, value, statistic in chosen
        ]
        names = distinct(
            [f"{X.columns[v].name} {statistic} by {X.columns[g].name}" for g, v, statistic in chosen],
            [column.name for column in X.columns],
        )
        new = (
            MatrixColumn(name, joined(X.columns[value], X.columns[group]))
            for name, (group, value, _) in zip(names, chosen, strict=True)
        )
        self._columns = (*X.columns, *new)
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """Append the chosen statistics."""
        width = len(X.columns)
        dense = np.empty((len(X), len(self._columns)), dtype=np.float32)
        dense[:, :width] = X.dense
        for j, (group, value, statistic, table) in enumerate(
            zip(self._group, self._value, self._statistics, self._tables, strict=True)
        ):
            found = table[levels(X.dense[:, group], len(table) - 1)]
            dense[:, width + j] = _off(X.dense[:, value], found) if statistic == "deviation" else found
        return X.with_dense(dense, self._columns)

    def _choose(self, X: Matrix, rows: NDArray[np.intp], target: NDArray[np.intp]) -> list[tuple[int, int, str]]:
        level = {i: levels(X.dense[rows, i], X.columns[i].categories) for i in categorical(X.columns)}
        said = {i: information(cells, target) for i, cells in level.items()}
        groups = sorted(sorted(said, key=lambda i: -said[i])[:GROUPS])
        able = [i for i, column in enumerate(X.columns) if not column.categories and not column.text]
        alone = {i: information(bins(X.dense[rows, i]), target) for i in able}
        values = sorted(sorted(able, key=lambda i: -alone[i])[:VALUES])
        found = []
        for group in groups:
            for value in values:
                mean, spread = (table[level[group]] for table in _table(X, group, value))
                for statistic in STATISTICS:
                    new = {"mean": mean, "spread": spread, "deviation": _off(X.dense[rows, value], mean)}[statistic]
                    cells = bins(new)
                    found.append((information(cells, target), (group, value, statistic), cells))
        return best(found, self.n_new)

    def state(self) -> State:
        """The statistics chosen, with each level's."""
        return {
            "group": self._group,
            "value": self._value,
            "statistics": self._statistics,
            "tables": self._tables,
            "columns": columns_to_state(self._columns),
        }

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._group, self._value = state["group"], state["value"]
        self._statistics, self._tables = state["statistics"], state["tables"]
        self._columns = columns_from_state(state["columns"])


def _off(values: FloatArray, means: FloatArray) -> FloatArray:
    return np.clip(values.astype(np.float64) - means, -LARGEST, LARGEST).astype(np.float32)


def _table(X: Matrix, group: int, value: int) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of column ``value`` per level of column ``group``; the last level is missing."""
    size = X.columns[group].categories + 1
    values = X.dense[:, value].astype(np.float64)
    known = ~np.isnan(values)
    values, level = values[known], levels(X.dense[known, group], size - 1)
    middle = values.mean() if len(values) else 0.0
    values = values - middle
    counts = np.bincount(level, minlength=size)
    n = np.maximum(counts, 1)
    mean = np.bincount(level, values, minlength=size) / n
    spread = np.sqrt(np.maximum(np.bincount(level, values * values, minlength=size) / n - mean * mean, 0.0))
    spread[counts == 0] = values.std() if len(values) else 0.0
    limit = (-LARGEST, LARGEST)
    return np.clip(mean + middle, *limit).astype(np.float32), np.clip(spread, *limit).astype(np.float32)
