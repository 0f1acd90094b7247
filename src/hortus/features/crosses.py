"""New categories from pairs of categories."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import MatrixColumn, categorical
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import Params, State, Step
from hortus.features.layout import columns_from_state, columns_to_state, distinct, joined, levels
from hortus.features.relevance import information, sample, target_bins

PARENTS = 10
ROWS = 10_000
# Most codes of one cross; rarer pairs share the last code with unseen ones.
CODES = 4_096


class Crosses(Step):
    """Append columns whose categories are pairs of two columns' categories.

    Takes the categorical columns; gives all columns and at most ``n_new`` more, without gaps (missing is a level to
    be paired). Kept are the pairs that say most of the target beyond the better of their parents. Pairs seen once in
    training, and unseen ones, share the last code.

    Args:
        n_new: most columns appended.
    """

    name: ClassVar[str] = "crosses"

    def __init__(self, n_new: int = 4) -> None:
        self.n_new = n_new

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """1 to 12 new columns."""
        return {"n_new": trial.suggest_int(f"{prefix}n_new", 1, 12, log=True)}

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Choose the pairs, number their levels and append them."""
        rows = sample(len(X), ROWS, seed)
        chosen = _choose(X.rows(rows), target_bins(y[rows], kind), self.n_new)
        self._left = np.asarray([left for left, _ in chosen], dtype=np.intp)
        self._right = np.asarray([right for _, right in chosen], dtype=np.intp)
        self._sizes = np.asarray([[X.columns[i].categories for i in pair] for pair in chosen], dtype=np.intp)
        self._keys: list[NDArray[np.int64]] = []
        self._codes: list[NDArray[np.float32]] = []
        new: list[MatrixColumn] = []
        names = distinct(
            [f"{X.columns[left].name} x {X.columns[right].name}" for left, right in chosen],
            [column.name for column in X.columns],
        )
        for j, (left, right) in enumerate(chosen):
            keys, counts = np.unique(self._pairs(X, j), return_counts=True)
            common = np.argsort(-counts, kind="stable")[: min(np.count_nonzero(counts > 1), CODES - 1)]
            codes = np.full(len(keys), len(common), dtype=np.float32)
            codes[common] = np.arange(len(common))
            kept = codes < len(common)
            self._keys.append(keys[kept])
            # One more, for what is not among the keys.
            self._codes.append(np.append(codes[kept], np.float32(len(common))))
            new.append(MatrixColumn(names[j], joined(X.columns[left], X.columns[right]), categories=len(common) + 1))
        self._columns = (*X.columns, *new)
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """Append the chosen pairs' codes."""
        width = len(X.columns)
        dense = np.empty((len(X), len(self._columns)), dtype=np.float32)
        dense[:, :width] = X.dense
        for j, (keys, codes) in enumerate(zip(self._keys, self._codes, strict=True)):
            pairs = self._pairs(X, j)
            place = np.searchsorted(keys, pairs)
            known = place < len(keys)
            known[known] = keys[place[known]] == pairs[known]
            dense[:, width + j] = codes[np.where(known, place, len(keys))]
        return X.with_dense(dense, self._columns)

    def _pairs(self, X: Matrix, j: int) -> NDArray[np.int64]:
        left, right = self._sizes[j].tolist()
        first = levels(X.dense[:, self._left[j]], left).astype(np.int64)
        pairs: NDArray[np.int64] = first * (right + 1) + levels(X.dense[:, self._right[j]], right)
        return pairs

    def state(self) -> State:
        """The pairs and their levels' codes."""
        return {
            "left": self._left,
            "right": self._right,
            "sizes": self._sizes,
            "keys": self._keys,
            "codes": self._codes,
            "columns": columns_to_state(self._columns),
        }

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._left, self._right, self._sizes = state["left"], state["right"], state["sizes"]
        self._keys, self._codes = state["keys"], state["codes"]
        self._columns = columns_from_state(state["columns"])


def _choose(X: Matrix, target: NDArray[np.intp], most: int) -> list[tuple[int, int]]:
    cells = {i: levels(X.dense[:, i], X.columns[i].categories) for i in categorical(X.columns)}
    alone = {i: information(cell, target) for i, cell in cells.items()}
    parents = sorted(sorted(alone, key=lambda i: -alone[i])[:PARENTS])
    found = []
    for left, right in combinations(parents, 2):
        pair = cells[left] * (X.columns[right].categories + 1) + cells[right]
        gain = information(pair, target) - max(alone[left], alone[right], 0.0)
        if gain > 0:
            found.append((gain, left, right))
    found.sort(key=lambda one: -one[0])
    return [(left, right) for _, left, right in found[:most]]
