"""How well each column alone predicts the target, cross-validated, in a few milliseconds a column.

A column is cut into bins of equal size (a category is a bin of its own, and so is "missing"), and each row is predicted
by the mean target that the other folds' rows have in its bin. The bins do not know the target, so the score is honest.
A column of numbers that does well so is given to a small decision tree too, whose cuts lie where they are best.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.facts import Kind
from hortus.data.fast_metrics import roc_auc
from hortus.seeds import derive, stream

FOLDS = 5
# So many bins at most, and not more than the square root of the rows: what a bin says must not drown in noise.
BINS = 128
# Rows' worth of trust in the overall mean.
SMOOTH = 2.0
# A column of words with more distinct ones than this share of the rows recurs too rarely to be learned from.
DISTINCT_SHARE = 0.5
# Columns of numbers of at least this skill are given to a tree, with leaves of at least so many rows.
PROMISING = 0.7
PERFECT = 0.999
LEAF_ROWS = 5
LEAVES = 256
# Columns that are put together with others, for what the rest of a table can do.
TOGETHER = 40
MEASURES: dict[Kind, str] = {
    "binary": "cross-validated ROC AUC of this column alone",
    "multiclass": "cross-validated accuracy of this column alone",
    "regression": "cross-validated squared correlation with the target's ranks of this column alone",
}


@dataclass(frozen=True, eq=False)
class ColumnScores:
    """What each column alone is worth.

    Attributes:
        kind: the task.
        y: (m,) the target of the rows scored on: class codes, or ranks from 0 to 1.
        values: by column: ROC AUC, accuracy, or squared correlation with ranks (`MEASURES`).
        skills: by column: the same from 0, no better than chance, to 1, perfect.
        predictions: by column: (m, K) log-probabilities or (m,) mean ranks, out of fold; of those with any skill.
        complete: whether there was time for all columns.
    """

    kind: Kind
    y: NDArray[Any]
    values: dict[str, float]
    skills: dict[str, float]
    predictions: dict[str, NDArray[np.float32]]
    complete: bool

    def rest(self, without: Collection[str]) -> tuple[float, float]:
        """(value, skill) of the columns not in ``without`` together: naive Bayes, or a linear blend."""
        names = sorted((name for name in self.predictions if name not in without), key=lambda n: -self.skills[n])
        if not names:
            return _value(self.y, None, self.kind)
        parts = [self.predictions[name].astype(np.float64) for name in names[:TOGETHER]]
        if self.kind == "regression":
            blend = np.column_stack([np.ones(len(self.y)), *parts])
            return _value(self.y, blend @ np.linalg.lstsq(blend, self.y, rcond=None)[0], self.kind)
        prior = np.log(np.maximum(np.bincount(self.y, minlength=parts[0].shape[1]) / len(self.y), 1e-12))
        return _value(self.y, np.sum(parts, axis=0) - (len(parts) - 1) * prior, self.kind)


def score_columns(
    columns: Mapping[str, NDArray[Any]], y: NDArray[Any], kind: Kind, *, seed: int, deadline: float | None = None
) -> ColumnScores:
    """Score each column alone.

    Args:
        columns: by name, (m,) cells: float64, datetime64, or words as objects.
        y: (m,) class codes or values.
        kind: the task.
        seed: of the run.
        deadline: on `time.monotonic`'s clock; columns after it are not scored.
    """
    if kind == "regression":
        y = ranks(y)
    else:
        y = np.asarray(y, dtype=np.int64)
    folds = stream(seed, "gate", "folds").permutation(len(y)) % FOLDS
    values: dict[str, float] = {}
    skills: dict[str, float] = {}
    predictions: dict[str, NDArray[np.float32]] = {}
    for name, cells in columns.items():
        if deadline is not None and time.monotonic() > deadline:
            break
        codes, count = binned(cells)
        if cells.dtype == object and count > DISTINCT_SHARE * len(y):
            values[name], skills[name] = _value(y, None, kind)
            continue
        found = _out_of_fold(codes, count, y, folds, kind)
        values[name], skills[name] = _value(y, found, kind)
        if skills[name] > 0:
            predictions[name] = found.astype(np.float32)
        if cells.dtype != object and PROMISING <= skills[name] < PERFECT:
            grown = _value(y, _by_tree(cells, y, folds, kind, seed), kind)
            values[name], skills[name] = max((values[name], skills[name]), grown, key=lambda both: both[1])
    return ColumnScores(kind, y, values, skills, predictions, len(values) == len(columns))


def binned(cells: NDArray[Any]) -> tuple[NDArray[np.intp], int]:
    """(m,) the bin of each cell, and how many bins there are; a missing cell is in the last."""
    if cells.dtype == object:
        import pandas as pd

        codes, distinct = pd.factorize(cells)
        return np.where(codes < 0, len(distinct), codes), len(distinct) + 1
    if cells.dtype.kind == "M":
        missing = np.isnat(cells)
        cells = np.where(missing, np.nan, cells.astype(np.int64).astype(np.float64))
    missing = np.isnan(cells)
    ordered = np.sort(cells[~missing])
    bins = max(2, min(BINS, int(len(ordered) ** 0.5)))
    cuts = ordered[(np.arange(1, bins) * len(ordered)) // bins] if len(ordered) else ordered
    # A value that fills more than a bin gets one that ends right after it.
    heavy = cuts[1:][cuts[1:] == cuts[:-1]]
    edges = np.unique(np.concatenate([cuts, np.nextafter(heavy, np.inf)]))
    codes = np.searchsorted(edges, cells, side="right")
    codes[missing] = len(edges) + 1
    return codes, len(edges) + 2


def ranks(y: NDArray[Any]) -> NDArray[np.float64]:
    """(m,) the values' places from 0 to 1; equal values share theirs."""
    distinct, places, counts = np.unique(y, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return (middle / max(len(y) - 1, 1))[places] if len(distinct) else np.empty(0)


def _out_of_fold(
    codes: NDArray[np.intp], count: int, y: NDArray[Any], folds: NDArray[np.intp], kind: Kind
) -> NDArray[np.float64]:
    """(m, K) log-probabilities, or (m,) means, by the other folds' rows of the same bin."""
    cell = codes * FOLDS + folds
    if kind == "regression":
        sums = np.bincount(cell, weights=y, minlength=count * FOLDS).reshape(count, FOLDS)
        sizes = np.bincount(cell, minlength=count * FOLDS).reshape(count, FOLDS)
        others = sums.sum(axis=1, keepdims=True) - sums + SMOOTH * y.mean()
        means: NDArray[np.float64] = (others / (sizes.sum(axis=1, keepdims=True) - sizes + SMOOTH))[codes, folds]
        return means
    width = int(y.max()) + 1
    counts = np.bincount(cell * width + y, minlength=count * FOLDS * width).reshape(count, FOLDS, width)
    others = counts.sum(axis=1, keepdims=True) - counts + SMOOTH * np.bincount(y, minlength=width) / len(y)
    shares = others / others.sum(axis=2, keepdims=True)
    logs: NDArray[np.float64] = np.log(np.maximum(shares, 1e-12))[codes, folds]
    return logs


def _by_tree(
    cells: NDArray[Any], y: NDArray[Any], folds: NDArray[np.intp], kind: Kind, seed: int
) -> NDArray[np.float64]:
    """(m, K) log-probabilities, or (m,) means, by a tree grown on the other folds' rows."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    numbers = cells.astype(np.int64) if cells.dtype.kind == "M" else cells
    X = numbers.astype(np.float32)[:, None]
    made = DecisionTreeRegressor if kind == "regression" else DecisionTreeClassifier
    width = () if kind == "regression" else (int(y.max()) + 1,)
    found = np.zeros((len(y), *width))
    for fold in range(FOLDS):
        tree = made(min_samples_leaf=LEAF_ROWS, max_leaf_nodes=LEAVES, random_state=derive(seed, "gate", "tree"))
        tree.fit(X[folds != fold], y[folds != fold])
        if kind == "regression":
            found[folds == fold] = tree.predict(X[folds == fold])
        else:
            found[np.ix_(folds == fold, tree.classes_)] = tree.predict_proba(X[folds == fold])
    return found if kind == "regression" else np.log(np.maximum(found, 1e-12))


def _value(y: NDArray[Any], predicted: NDArray[np.float64] | None, kind: Kind) -> tuple[float, float]:
    """The score and the skill; those of no prediction at all for None."""
    if kind == "regression":
        if predicted is None or predicted.std() == 0 or y.std() == 0:
            return 0.0, 0.0
        value = max(0.0, float(np.corrcoef(y, predicted)[0, 1])) ** 2
        return value, value
    if kind == "binary":
        value = 0.5 if predicted is None else roc_auc(y, predicted[:, 1] - predicted[:, 0])
        return value, max(0.0, 2 * value - 1)
    most = float(np.bincount(y).max() / len(y))
    value = most if predicted is None else float((predicted.argmax(axis=1) == y).mean())
    return value, max(0.0, (value - most) / (1 - most)) if most < 1 else 0.0
