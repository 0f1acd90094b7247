"""A decision tree, and forests of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import values
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows


class Trees(Learner):
    """The average of scikit-learn's trees.

    A leaf's shares of the classes count the whole tree's shares as ``smoothing`` rows more, so that none is zero;
    they are kept in half precision, values in single.
    """

    smoothing = 0.1

    def __init__(self, seed: int, **params: Any) -> None:
        self.seed = seed
        self.params = params

    def grow(self, rows: int) -> Any:
        """scikit-learn's estimator for so many rows."""
        raise NotImplementedError

    def learn(self, train: Rows, valid: Rows | None) -> None:  # noqa: ARG002
        """Grow the trees."""
        self.grown = self.grow(len(train.y)).fit(values(train.X), train.y, sample_weight=train.weight)
        trees = [one.tree_ for one in getattr(self.grown, "estimators_", [self.grown])]
        self.leaves = [self._leaves(tree) for tree in trees]

    def _leaves(self, tree: Any) -> NDArray[np.float64]:
        """(nodes, K) shares or (nodes, 1) values, of which only those of leaves are used."""
        found = tree.value[:, 0, :]
        if KIND == "regression":
            return np.asarray(found.astype(np.float32).astype(np.float64))
        weight = tree.weighted_n_node_samples[:, None]
        shares = (weight * found + self.smoothing * found[0]) / (weight + self.smoothing)
        shares /= shares.sum(axis=1, keepdims=True)
        if shares.shape[1] == 2:
            second = shares[:, 1:].astype(np.float16).astype(np.float64)
            return np.hstack([1.0 - second, second])
        return np.asarray(shares.astype(np.float16).astype(np.float64))

    def ask(self, rows: Rows) -> NDArray[Any]:
        """The average of the trees."""
        places = self.grown.apply(values(rows.X)).reshape(len(rows.X), -1)
        total = self.leaves[0][places[:, 0]]
        for i, leaves in enumerate(self.leaves[1:], start=1):
            total = total + leaves[places[:, i]]
        mean: NDArray[np.float64] = total / len(self.leaves)
        return mean[:, 0] if KIND == "regression" else mean


class Tree(Trees):
    """One shallow tree."""

    smoothing = 2.0

    def grow(self, rows: int) -> Any:  # noqa: ARG002
        """One tree."""
        kind = DecisionTreeRegressor if KIND == "regression" else DecisionTreeClassifier
        return kind(**self.params, random_state=self.seed)


class Forest(Trees):
    """Trees on samples of the rows, each split on a sample of the columns."""

    def grow(self, rows: int) -> Any:
        """A random forest."""
        kind = RandomForestRegressor if KIND == "regression" else RandomForestClassifier
        return kind(**self.settings(rows), bootstrap=True)

    def settings(self, rows: int) -> dict[str, Any]:
        """The leaves are bounded where a tree could have very many."""
        bound = 15_000 if rows > 30_000 else None
        criterion = {"criterion": "squared_error"} if KIND == "regression" else {}
        return {**self.params, **criterion, "max_leaf_nodes": bound, "random_state": self.seed, "n_jobs": 1}


class ExtraTrees(Forest):
    """Extremely randomized trees: all rows in every tree, one random threshold a column looked at."""

    def grow(self, rows: int) -> Any:
        """Extremely randomized trees."""
        kind = ExtraTreesRegressor if KIND == "regression" else ExtraTreesClassifier
        return kind(**self.settings(rows), bootstrap=False)
