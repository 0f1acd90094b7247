"""Leave columns out: those that hardly vary, or that say little of the target."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import Params, State, Step
from hortus.features.relevance import column_bins, information, sample, target_bins

# Cells that a selection looks at, and between which rows it takes for that.
CELLS = 20_000_000
LEAST_ROWS, MOST_ROWS = 1_000, 10_000
TREES = 40
TREE_ROWS = 4_000


class _Subset(Step):
    """A step that keeps some of the columns, in their order; never none of them."""

    _kept: NDArray[np.intp]

    def transform(self, X: Matrix) -> Matrix:
        """The columns kept."""
        if len(self._kept) == len(X.columns):
            return X
        return X.with_dense(X.dense[:, self._kept], tuple(X.columns[i] for i in self._kept))

    def state(self) -> State:
        """Positions of the columns kept."""
        return {"kept": self._kept}

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._kept = state["kept"]

    def _keep(self, worth: NDArray[np.float64], count: int) -> None:
        """Keep the ``count`` columns worth most; among equals the earlier."""
        count = min(max(count, 1), len(worth))
        self._kept = np.sort(np.argsort(-worth, kind="stable")[:count])


class Select(_Subset):
    """Keep the columns that say most of the target.

    Takes every column, gives a share of them as they are; columns that are constant in training go first.

    - ``information``: mutual information of each column alone with the target.
    - ``trees``: impurity that extremely randomized trees take away with it (Geurts et al. 2006), so that columns
      that matter only together are seen too.

    Args:
        share: of the columns kept, above 0 and at most 1.
        method: how a column is judged.
    """

    name: ClassVar[str] = "select"

    def __init__(self, share: float = 0.5, *, method: Literal["information", "trees"] = "trees") -> None:
        self.share = share
        self.method = method

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """A tenth of the columns to nearly all (of a wide table, a hundredth); both methods."""
        least = 0.01 if facts.width > 500 else 0.1
        return {
            "share": trial.suggest_float(f"{prefix}share", least, 0.95, log=facts.width > 500),
            "method": trial.suggest_categorical(f"{prefix}method", ("information", "trees")),
        }

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Judge the columns on a sample of the rows and keep the best."""
        width = max(len(X.columns), 1)
        most = MOST_ROWS if self.method == "information" else TREE_ROWS
        rows = sample(len(X), int(np.clip(CELLS / width, LEAST_ROWS, most)), seed)
        part, target = X.rows(rows), y[rows]
        worth = _trees(part, target, kind, seed) if self.method == "trees" else _information(part, target, kind)
        worth[_constant(X.dense)] = -np.inf
        varying = int(np.count_nonzero(np.isfinite(worth)))
        self._keep(worth, min(int(np.ceil(self.share * len(worth))), varying))
        return self.transform(X)


class Variance(_Subset):
    """Leave out columns where one value (or a gap) fills nearly every training row.

    Args:
        share: of the rows that one value may fill at most.
    """

    name: ClassVar[str] = "variance"

    def __init__(self, share: float = 0.995) -> None:
        self.share = share

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """From nine tenths to nearly all rows."""
        return {"share": trial.suggest_float(f"{prefix}share", 0.9, 0.999)}

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Count each column's commonest value. The target is not used."""
        rare = np.zeros(len(X.columns))
        for i in range(len(rare)):
            most = np.unique(X.dense[:, i], return_counts=True)[1].max(initial=0)
            rare[i] = 1 - most / max(len(X), 1)
        enough = (rare > 0) & (rare >= 1 - self.share)
        self._keep(np.where(enough, 1.0, rare), int(np.count_nonzero(enough)))
        return self.transform(X)


def _constant(dense: NDArray[np.float32]) -> NDArray[np.bool_]:
    first = dense[:1]
    same = (dense == first) | (np.isnan(dense) & np.isnan(first))
    return np.asarray(same.all(axis=0))


def _information(X: Matrix, y: NDArray[Any], kind: Kind) -> NDArray[np.float64]:
    target = target_bins(y, kind)
    said = [information(column_bins(X.dense[:, i], column), target) for i, column in enumerate(X.columns)]
    return np.asarray(said, dtype=np.float64)


def _trees(X: Matrix, y: NDArray[Any], kind: Kind, seed: int) -> NDArray[np.float64]:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    forest = ExtraTreesRegressor if kind == "regression" else ExtraTreesClassifier
    trees = forest(TREES, min_samples_leaf=3, max_features="sqrt", random_state=seed, n_jobs=1)
    return np.asarray(trees.fit(X.dense, y).feature_importances_, dtype=np.float64)
