"""One decision tree, and forests of them (Breiman 2001; extremely randomized: Geurts et al. 2006)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.models.base import FitContext, Model, Params, Rows, Together, Vector
from hortus.models.compiled_trees import WALKED, CompiledTrees
from hortus.models.flat_trees import check, flatten
from hortus.models.outputs import Outputs
from hortus.models.tree_walk import TreeWalk

# Trees grown between two looks at the clock.
BATCH = 4
# Rows x trees of a forest: more rows, fewer trees.
EFFORT = 2_000_000
# Rows x trees that are walked where few rows were asked for before, and all is laid out for that.
WALKED_AGAIN = 200_000
# A leaf more tells nothing that it is worth storing for.
MOST_LEAVES = 15_000


class Grown(Model):
    """Base of what is made of scikit-learn's trees."""

    missing: ClassVar[bool] = True
    categories: ClassVar[bool] = False
    # Rows of the overall class shares that each leaf counts in: one tree needs more of them than an average of many.
    smoothing: ClassVar[float] = 0.1

    @abstractmethod
    def _grow(self, train: Rows, context: FitContext) -> list[Any]:
        """scikit-learn estimators, each with its ``tree_``."""

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:  # noqa: ARG002
        """Grow the trees. They need no validation rows."""
        self._outputs = Outputs.learn(train.y, context)
        self._trees: CompiledTrees | None = None
        self._work = float(len(train.y))
        if self._outputs.single:
            return self
        grown = self._grow(train, context)
        flat = flatten(
            [estimator.tree_ for estimator in grown], regression=self._outputs.regression, smoothing=self.smoothing
        )
        self._trees = CompiledTrees(flat)
        self._work = float(len(train.y)) * len(flat["sizes"])
        return self

    def predict(self, X: Matrix) -> Vector:
        """The average of the trees."""
        if self._trees is None:
            return self._outputs.certain(len(X))
        return self._answer(self._trees.mean(X.dense))

    @classmethod
    def together(cls, models: Sequence[Self]) -> Together | None:
        """All trees of all forests walked together, for few rows."""
        return _Together(models) if all(model._trees is not None for model in models) else None

    def _answer(self, mean: NDArray[np.float64]) -> Vector:
        return mean.reshape(-1) if self._outputs.regression else self._outputs.probabilities(mean)

    @property
    def grown(self) -> int:
        """How many trees there are; none where all rows were of one class."""
        return 0 if self._trees is None else len(self._trees)

    @property
    def work(self) -> float:
        """Rows x trees."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write the trees as arrays."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        save_state(folder, state | {"trees": None if self._trees is None else self._trees.state})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._trees = None
        if state["trees"] is not None:
            check(state["trees"])
            model._trees = CompiledTrees(state["trees"])
        return model


class _Together:
    """Forests that answer together."""

    def __init__(self, models: Sequence[Grown]) -> None:
        self._models = models

    def __call__(self, inputs: Iterable[Matrix], rows: int) -> list[Vector]:
        most = WALKED_AGAIN if "_walk" in vars(self) else WALKED
        if rows * max(model.grown for model in self._models) > most:
            return [model.predict(X) for model, X in zip(self._models, inputs, strict=True)]
        means = self._walk.means([X.dense for X in inputs])
        return [model._answer(mean) for model, mean in zip(self._models, means, strict=True)]

    @cached_property
    def _walk(self) -> TreeWalk:
        return TreeWalk([model._trees.state for model in self._models if model._trees is not None])


class Tree(Grown):
    """One shallow tree: fitted in an instant, and read by eye.

    Args:
        max_depth: questions from root to leaf.
        min_samples_leaf: rows.
    """

    name: ClassVar[str] = "tree"
    categories: ClassVar[bool] = True
    smoothing: ClassVar[float] = 2.0

    def __init__(self, *, max_depth: int = 6, min_samples_leaf: int = 10) -> None:
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:  # noqa: ARG003
        """Depth and rows a leaf."""
        return {
            "max_depth": trial.suggest_int(f"{prefix}max_depth", 1, 15),
            "min_samples_leaf": trial.suggest_int(f"{prefix}min_samples_leaf", 1, 100, log=True),
        }

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """Six questions; leaves that hold enough rows to be believed."""
        return {"max_depth": 6, "min_samples_leaf": int(min(50, max(2, facts.train_rows // 100)))}

    def _grow(self, train: Rows, context: FitContext) -> list[Any]:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeRegressor if self._outputs.regression else DecisionTreeClassifier
        tree = kind(**self.get_params(), random_state=context.seed)
        return [tree.fit(train.X.dense, self._outputs.targets(train), sample_weight=train.weight)]


class Forest(Grown):
    """A random forest: trees on samples of the rows, each split on a sample of the columns.

    Args:
        n_estimators: number of trees.
        max_features: share of the columns a split looks at.
        min_samples_leaf: rows.
        criterion: ``"gini"`` or ``"entropy"``, for classifications.
    """

    name: ClassVar[str] = "forest"

    def __init__(
        self,
        *,
        n_estimators: int = 200,
        max_features: float = 0.5,
        min_samples_leaf: int = 1,
        criterion: str = "gini",
    ) -> None:
        self.n_estimators = n_estimators
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.criterion = criterion

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Columns a split looks at, rows a leaf, criterion. More trees never hurt: their number is given."""
        params: Params = {
            "n_estimators": trial.suggest_int(f"{prefix}n_estimators", 20, 400, log=True),
            "max_features": trial.suggest_float(f"{prefix}max_features", 0.05, 1.0, log=True),
            "min_samples_leaf": trial.suggest_int(f"{prefix}min_samples_leaf", 1, 64, log=True),
        }
        if facts.kind != "regression":
            params["criterion"] = trial.suggest_categorical(f"{prefix}criterion", ("gini", "entropy"))
        return params

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """About the square root of the columns for classes, more for numbers; fewer trees on many rows."""
        share = max(0.33, 1 / max(1, facts.width)) if facts.kind == "regression" else facts.width**-0.5
        params: Params = {
            "n_estimators": int(min(250, max(30, EFFORT // max(1, facts.train_rows)))),
            "max_features": float(min(1.0, max(0.05, share))),
            "min_samples_leaf": 1 if facts.train_rows < 50_000 else 3,
        }
        return params if facts.kind == "regression" else params | {"criterion": "gini"}

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """Larger leaves with more columns; the other criterion."""
        plain = cls.default(facts)
        wide = plain | {"max_features": min(1.0, 2.5 * plain["max_features"]), "min_samples_leaf": 5}
        return [wide if facts.kind == "regression" else wide | {"criterion": "entropy"}]

    def _grow(self, train: Rows, context: FitContext) -> list[Any]:
        rows = len(train.y)
        forest = self._forest(context, rows)
        # Without a deadline all grow at once; the trees are the same ones.
        most = max(1, round(self.n_estimators * context.rounds))
        step = most if context.deadline is None else max(1, min(BATCH, 200_000 // rows)) * context.threads
        y = self._outputs.targets(train)
        while forest.n_estimators < most:
            forest.n_estimators = min(most, forest.n_estimators + step)
            forest.fit(train.X.dense, y, sample_weight=train.weight)
            if context.out_of_time:
                break
        found: list[Any] = forest.estimators_
        return found

    def _forest(self, context: FitContext, rows: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestRegressor if self._outputs.regression else RandomForestClassifier
        return kind(bootstrap=True, **self._settings(context, rows))

    def _settings(self, context: FitContext, rows: int) -> dict[str, Any]:
        settings: dict[str, Any] = self.get_params() | {
            "n_estimators": 0,
            # A bound on leaves makes scikit-learn grow best first, which is slower: only where it binds.
            "max_leaf_nodes": MOST_LEAVES if rows > 2 * MOST_LEAVES else None,
            "warm_start": True,
            "random_state": context.seed,
            "n_jobs": context.threads,
        }
        if self._outputs.regression:
            settings["criterion"] = "squared_error"
        return settings


class ExtraTrees(Forest):
    """Extremely randomized trees: all rows in every tree, one random threshold a column looked at."""

    name: ClassVar[str] = "extra_trees"

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """As a forest's; with random thresholds, a number's trees may look at every column."""
        params = super().default(facts)
        return params | {"max_features": 1.0} if facts.kind == "regression" else params

    def _forest(self, context: FitContext, rows: int) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        kind = ExtraTreesRegressor if self._outputs.regression else ExtraTreesClassifier
        return kind(bootstrap=False, **self._settings(context, rows))
