"""New numbers from pairs of numbers: sums, differences, products and ratios that say more than either alone."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import FloatArray, Params, State, Step
from hortus.features.layout import columns_from_state, columns_to_state, distinct, joined
from hortus.features.numbers import LARGEST
from hortus.features.relevance import best, bins, information, sample, target_bins

# Columns whose pairs are tried, those that say most of the target; rows they are judged on.
PARENTS = 10
ROWS = 3_000

SIGNS = ("+", "-", "*", "/", "\\")  # the last is the ratio the other way round


class Arithmetic(Step):
    """Append arithmetic pairs of numeric columns.

    Takes the numeric columns that are no text components; gives all columns and at most ``n_new`` more. A pair is
    kept for what it says of the target beyond the better of its parents (mutual information on a sample of the
    training rows). Gaps stay gaps; a ratio to zero is 0.

    Args:
        n_new: most columns appended.
    """

    name: ClassVar[str] = "arithmetic"

    def __init__(self, n_new: int = 10) -> None:
        self.n_new = n_new

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """3 to 30 new columns."""
        return {"n_new": trial.suggest_int(f"{prefix}n_new", 3, 30, log=True)}

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Choose the pairs and append them."""
        rows = sample(len(X), ROWS, seed)
        dense, target = X.dense[rows], target_bins(y[rows], kind)
        chosen = _choose(dense, X, target, self.n_new)
        self._left = np.asarray([left for left, _, _ in chosen], dtype=np.intp)
        self._right = np.asarray([right for _, right, _ in chosen], dtype=np.intp)
        self._signs = [sign for _, _, sign in chosen]
        names = distinct(
            [_title(X.columns[left].name, sign, X.columns[right].name) for left, right, sign in chosen],
            [column.name for column in X.columns],
        )
        new = (
            MatrixColumn(name, joined(X.columns[left], X.columns[right]))
            for name, (left, right, _) in zip(names, chosen, strict=True)
        )
        self._columns = (*X.columns, *new)
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """Append the chosen pairs."""
        width = len(X.columns)
        dense = np.empty((len(X), len(self._columns)), dtype=np.float32)
        dense[:, :width] = X.dense
        for j, (left, right, sign) in enumerate(zip(self._left, self._right, self._signs, strict=True)):
            dense[:, width + j] = _compute(X.dense[:, left], X.dense[:, right], sign)
        return X.with_dense(dense, self._columns)

    def state(self) -> State:
        """The pairs chosen."""
        return {
            "left": self._left,
            "right": self._right,
            "signs": self._signs,
            "columns": columns_to_state(self._columns),
        }

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._left, self._right, self._signs = state["left"], state["right"], state["signs"]
        self._columns = columns_from_state(state["columns"])


def _compute(left: FloatArray, right: FloatArray, sign: str) -> FloatArray:
    a, b = left.astype(np.float64), right.astype(np.float64)
    if sign == "\\":
        a, b = b, a
    if sign == "+":
        result = a + b
    elif sign == "-":
        result = a - b
    elif sign == "*":
        result = a * b
    else:
        result = np.divide(a, b, out=np.where(np.isnan(a), np.nan, 0.0), where=b != 0)
    return np.clip(result, -LARGEST, LARGEST).astype(np.float32)


def _title(left: str, sign: str, right: str) -> str:
    return f"{right} / {left}" if sign == "\\" else f"{left} {sign} {right}"


def _choose(dense: FloatArray, X: Matrix, target: NDArray[np.intp], most: int) -> list[tuple[int, int, str]]:
    able = [i for i, column in enumerate(X.columns) if not column.categories and not column.text]
    alone = {i: information(bins(dense[:, i]), target) for i in able}
    parents = sorted(sorted(able, key=lambda i: -alone[i])[:PARENTS])
    found = []
    for left, right in combinations(parents, 2):
        for sign in SIGNS:
            cells = bins(_compute(dense[:, left], dense[:, right], sign))
            gain = information(cells, target) - max(alone[left], alone[right], 0.0)
            found.append((gain, (left, right, sign), cells))
    return best(found, most)
