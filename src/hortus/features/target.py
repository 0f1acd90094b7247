"""Categories as the target's mean among the rows that have them, each training row left out of its own mean."""

# ruff: noqa: ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import Params, State, Step
from hortus.features.layout import columns_from_state, columns_to_state, distinct, levels
from hortus.seeds import stream

FOLDS = 5


class TargetMean(Step):
    """Target encoding with cross-fitting (Micci-Barreca 2001; Pargent et al. 2022).

    Takes the categorical columns of more than ``min_categories`` codes; gives, after the columns it leaves as they
    are, one number for each of them (regression, binary) or K (multiclass, one per class). Missing is a level of
    its own; an unseen level becomes the overall mean. Training rows get values from the other four fifths of the
    rows, so their own target never reaches them.

    With ``smooth=None`` a level of n rows, mean m and variance s² has lambda m + (1 - lambda) M, where M and S² are
    the mean and variance over all rows and lambda = n S² / (n S² + s²), as scikit-learn's ``smooth="auto"``; with a
    number, lambda = n / (n + smooth).

    Args:
        min_categories: columns with as many codes or fewer are left as codes.
        smooth: rows' worth of trust in the overall mean; None to estimate it for each level.
    """

    name: ClassVar[str] = "target"

    def __init__(self, min_categories: int = 5, *, smooth: float | None = None) -> None:
        self.min_categories = min_categories
        self.smooth = smooth

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """From encoding every column to only the long ones."""
        return {"min_categories": trial.suggest_int(f"{prefix}min_categories", 2, 64, log=True)}

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Learn the means; the rows get those of the folds they are not in."""
        targets = _targets(y, kind, classes)
        folds = _folds(y, kind, seed)
        chosen = [i for i, column in enumerate(X.columns) if column.categories > self.min_categories]
        self._chosen = np.asarray(chosen, dtype=np.intp)
        self._kept = np.setdiff1d(np.arange(len(X.columns)), self._chosen)
        self._means: list[NDArray[np.float32]] = []
        parts = [X.dense[:, self._kept]]
        made: list[MatrixColumn] = []
        for i in chosen:
            column = X.columns[i]
            level = levels(X.dense[:, i], column.categories)
            means, cross = _encode(level, column.categories + 1, targets, folds, self.smooth)
            self._means.append(means)
            parts.append(cross)
            ends = range(targets.shape[1]) if targets.shape[1] > 1 else [""]
            made += [MatrixColumn(f"{column.name} target mean {end}".strip(), column.source) for end in ends]
        kept = [X.columns[i] for i in self._kept]
        names = distinct([column.name for column in made], [column.name for column in kept])
        new = (replace(column, name=name) for column, name in zip(made, names, strict=True))
        self._columns = (*kept, *new)
        return X.with_dense(np.hstack(parts), self._columns)

    def transform(self, X: Matrix) -> Matrix:
        """The means learned from all training rows."""
        parts = [X.dense[:, self._kept]]
        for i, means in zip(self._chosen, self._means, strict=True):
            parts.append(means[levels(X.dense[:, i], len(means) - 1)])
        return X.with_dense(np.hstack(parts), self._columns)

    def state(self) -> State:
        """The mean of each level."""
        return {
            "chosen": self._chosen,
            "kept": self._kept,
            "means": self._means,
            "columns": columns_to_state(self._columns),
        }

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._chosen, self._kept, self._means = state["chosen"], state["kept"], state["means"]
        self._columns = columns_from_state(state["columns"])


def _targets(y: NDArray[Any], kind: Kind, classes: int) -> NDArray[np.float64]:
    """(n, t) numbers whose means are wanted: the target, or one 0/1 column per class (binary: of class 1)."""
    if kind == "regression":
        return np.asarray(y, dtype=np.float64)[:, None]
    wanted = np.asarray([1]) if classes == 2 else np.arange(classes)
    return np.asarray(y[:, None] == wanted, dtype=np.float64)


def _folds(y: NDArray[Any], kind: Kind, seed: int) -> NDArray[np.intp]:
    """Each row's fold; every class is spread over the folds evenly."""
    order = stream(seed, "target", "folds").permutation(len(y))
    if kind != "regression":
        order = order[np.argsort(y[order], kind="stable")]
    folds = np.empty(len(y), dtype=np.intp)
    folds[order] = np.arange(len(y)) % FOLDS
    return folds


def _encode(
    level: NDArray[np.intp], size: int, targets: NDArray[np.float64], folds: NDArray[np.intp], smooth: float | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(size, t) means over all rows, and (n, t) each row's mean from the other folds."""
    means = np.empty((size, targets.shape[1]), dtype=np.float32)
    cross = np.empty(targets.shape, dtype=np.float32)
    cell = folds * size + level
    counts = np.bincount(cell, minlength=FOLDS * size).reshape(FOLDS, size)
    for t in range(targets.shape[1]):
        middle = targets[:, t].mean()
        # Sums of squares are taken about the mean: about zero, a large mean would swallow the variance.
        target = targets[:, t] - middle
        sums = np.bincount(cell, target, minlength=FOLDS * size).reshape(FOLDS, size)
        squares = np.bincount(cell, target * target, minlength=FOLDS * size).reshape(FOLDS, size)
        total, total_sums, total_squares = counts.sum(axis=0), sums.sum(axis=0), squares.sum(axis=0)
        means[:, t] = middle + _shrink(total, total_sums, total_squares, smooth)
        others = np.stack(
            [_shrink(total - counts[f], total_sums - sums[f], total_squares - squares[f], smooth) for f in range(FOLDS)]
        )
        cross[:, t] = middle + others.ravel()[cell]
    return means, cross


def _shrink(
    counts: NDArray[Any], sums: NDArray[np.float64], squares: NDArray[np.float64], smooth: float | None
) -> NDArray[np.float64]:
    """Means of levels drawn towards the overall mean; the overall mean where a level has no rows."""
    rows = max(int(counts.sum()), 1)
    overall = sums.sum() / rows
    n = np.maximum(counts, 1)
    mean = sums / n
    if smooth is None:
        spread = max(squares.sum() / rows - overall * overall, 0.0)
        within = np.maximum(squares / n - mean * mean, 0.0)
        below = spread * counts + within
        weight = np.divide(spread * counts, below, out=np.zeros_like(below), where=below > 0)
    else:
        weight = np.divide(counts, counts + smooth, out=np.zeros(len(counts)), where=counts > 0)
    return np.asarray(overall + weight * (mean - overall))
