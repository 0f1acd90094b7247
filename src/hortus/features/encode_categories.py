"""Category codes as numbers: indicator columns, frequencies, or the codes themselves."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import Columns, MatrixColumn, categorical, numeric
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import Params, State, Step
from hortus.features.layout import columns_from_state, columns_to_state, distinct, levels


class OneHot(Step):
    """One indicator column per category level.

    Takes the categorical columns; gives the numeric ones, then 0/1 columns for the levels seen in training, the
    commonest first. A column of two levels and no gaps gives one. Past ``max_categories``, the rarest share a
    last column, which also takes what is unseen. Missing (and unseen, where no level was grouped) is all zero.

    Args:
        max_categories: most indicator columns made of one column.
    """

    name: ClassVar[str] = "onehot"

    def __init__(self, max_categories: int = 40) -> None:
        self.max_categories = max_categories

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """4 to 128 columns of one."""
        return {"max_categories": trial.suggest_int(f"{prefix}max_categories", 4, 128, log=True)}

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Learn the levels and give the indicators. The target is not used."""
        self._numeric = np.asarray(numeric(X.columns), dtype=np.intp)
        self._categorical = np.asarray(categorical(X.columns), dtype=np.intp)
        self._slots: list[NDArray[np.int32]] = []
        made: list[MatrixColumn] = []
        first = len(self._numeric)
        for i in self._categorical:
            column = X.columns[i]
            counts = np.bincount(levels(X.dense[:, i], column.categories), minlength=column.categories + 1)
            slots, labels = self._assign(counts[:-1], gaps=bool(counts[-1]))
            self._slots.append(np.append(np.where(slots >= 0, slots + first + len(made), -1), -1).astype(np.int32))
            made += [MatrixColumn(f"{column.name} = {label}", column.source) for label in labels]
        columns = [*(X.columns[i] for i in self._numeric), *made]
        if not columns:
            # Nothing but gaps to encode; learners need a column.
            columns = [MatrixColumn("nothing", X.columns[0].source if X.columns else "")]
        names = distinct(column.name for column in columns)
        self._columns = tuple(replace(column, name=name) for column, name in zip(columns, names, strict=True))
        return self.transform(X)

    def _assign(self, counts: NDArray[np.intp], *, gaps: bool) -> tuple[NDArray[np.intp], list[str]]:
        """Each code's indicator (-1 for none), and the indicators' labels."""
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        slots = np.full(len(counts), -1, dtype=np.intp)
        if len(order) > self.max_categories:
            kept = order[: max(self.max_categories - 1, 0)]
            slots[:] = len(kept)
            slots[kept] = np.arange(len(kept))
            return slots, [*map(str, kept), "other"]
        if len(order) == 2 and not gaps:
            order = order.max(keepdims=True)  # the same one in every fold
        slots[order] = np.arange(len(order))
        return slots, [str(code) for code in order]

    def transform(self, X: Matrix) -> Matrix:
        """Indicators of the levels learned."""
        dense = np.zeros((len(X), len(self._columns)), dtype=np.float32)
        dense[:, : len(self._numeric)] = X.dense[:, self._numeric]
        rows = np.arange(len(X))
        for i, slots in zip(self._categorical, self._slots, strict=True):
            slot = slots[levels(X.dense[:, i], len(slots) - 1)]
            marked = slot >= 0
            dense[rows[marked], slot[marked]] = 1.0
        return X.with_dense(dense, self._columns)

    def state(self) -> State:
        """Which indicator each code has."""
        return {
            "numeric": self._numeric,
            "categorical": self._categorical,
            "slots": self._slots,
            "columns": columns_to_state(self._columns),
        }

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._numeric, self._categorical, self._slots = state["numeric"], state["categorical"], state["slots"]
        self._columns = columns_from_state(state["columns"])


class Count(Step):
    """Each category as the share of training rows that have it; missing as the share that lack it.

    Takes the categorical columns, gives the same columns as numbers without gaps. Unseen becomes 0.
    """

    name: ClassVar[str] = "count"

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Count the levels and give their shares. The target is not used."""
        self._categorical = np.asarray(categorical(X.columns), dtype=np.intp)
        self._shares = []
        for i in self._categorical:
            size = X.columns[i].categories
            counts = np.bincount(levels(X.dense[:, i], size), minlength=size + 1)
            self._shares.append((counts / max(len(X), 1)).astype(np.float32))
        self._columns = _numbers(X.columns)
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """The shares learned."""
        dense = X.dense.copy()
        for i, shares in zip(self._categorical, self._shares, strict=True):
            dense[:, i] = shares[levels(X.dense[:, i], len(shares) - 1)]
        return X.with_dense(dense, self._columns)

    def state(self) -> State:
        """The share of each code."""
        return {
            "categorical": self._categorical,
            "shares": self._shares,
            "columns": columns_to_state(self._columns),
        }

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._categorical, self._shares = state["categorical"], state["shares"]
        self._columns = columns_from_state(state["columns"])


class Ordinal(Step):
    """Category codes as plain numbers. The codes run from the commonest to the rarest; gaps stay gaps."""

    name: ClassVar[str] = "ordinal"

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Nothing is learned but the columns."""
        self._columns = _numbers(X.columns)
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """The same values, called numbers."""
        return X.with_dense(X.dense, self._columns)

    def state(self) -> State:
        """The columns given."""
        return {"columns": columns_to_state(self._columns)}

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._columns = columns_from_state(state["columns"])


def _numbers(columns: Columns) -> Columns:
    """The columns, categories called numbers."""
    return tuple(replace(column, categories=0) if column.categories else column for column in columns)
