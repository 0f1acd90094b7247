"""Columns left out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import is_category, levels, values
from hortus.features.relevance import bins, information, sample, target_bins
from hortus.features.select import CELLS, LEAST_ROWS, MOST_ROWS, TREE_ROWS, TREES
from hortus.features.select import _constant as constant


class Select(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The ``share`` of the columns that say most of the target; constant ones go first.

    A column is judged by the mutual information of it alone with the target, or by the impurity that extremely
    randomized trees take away with it.
    """

    def __init__(self, seed: int, share: float = 0.5, method: str = "trees") -> None:
        self.seed = seed
        self.share = share
        self.method = method

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Judge the columns."""
        width = X.shape[1]
        most = MOST_ROWS if self.method == "information" else TREE_ROWS
        rows = sample(len(X), int(np.clip(CELLS / max(width, 1), LEAST_ROWS, most)), self.seed)
        part, target = X.iloc[rows], y[rows]
        worth = self._by_trees(part, target) if self.method == "trees" else self._by_information(part, target)
        worth[constant(values(X))] = -np.inf
        varying = int(np.count_nonzero(np.isfinite(worth)))
        count = max(1, min(int(np.ceil(self.share * width)), varying))
        self.kept = [X.columns[i] for i in np.sort(np.argsort(-worth, kind="stable")[:count])]
        return self

    def _by_information(self, X: pd.DataFrame, y: NDArray[Any]) -> NDArray[np.float64]:
        target = target_bins(y, KIND)
        cells = [levels(X[name]) if is_category(X[name]) else bins(X[name].to_numpy()) for name in X.columns]
        return np.array([information(column, target) for column in cells], dtype=np.float64)

    def _by_trees(self, X: pd.DataFrame, y: NDArray[Any]) -> NDArray[np.float64]:
        forest = ExtraTreesRegressor if KIND == "regression" else ExtraTreesClassifier
        trees = forest(TREES, min_samples_leaf=3, max_features="sqrt", random_state=self.seed, n_jobs=1)
        return np.array(trees.fit(values(X), y).feature_importances_, dtype=np.float64)

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns kept."""
        return X[self.kept]


class Variance(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Leave out columns where one value, or a gap, fills more than ``share`` of the training rows."""

    def __init__(self, share: float = 0.995) -> None:
        self.share = share

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Count each column's commonest value."""
        dense = values(X)
        most = [np.unique(dense[:, i], return_counts=True)[1].max(initial=0) for i in range(dense.shape[1])]
        rare = 1 - np.array(most) / max(len(X), 1)
        enough = (rare > 0) & (rare >= 1 - self.share)
        count = max(1, np.count_nonzero(enough))
        self.kept = [X.columns[i] for i in np.sort(np.argsort(-np.where(enough, 1.0, rare), kind="stable")[:count])]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns kept."""
        return X[self.kept]
