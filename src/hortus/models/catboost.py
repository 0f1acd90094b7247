"""CatBoost: boosting of symmetric trees, with ordered statistics of categories (Prokhorenkova et al. 2018)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial
from scipy.special import expit, softmax

from hortus.data.columns import categorical, numeric
from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.libraries import installed, require
from hortus.models.base import FitContext, Model, Params, Rows, Vector
from hortus.models.catboost_tables import UnlistedError
from hortus.models.growth import Growth, patience
from hortus.models.outputs import Outputs
from hortus.models.symmetric_trees import SymmetricTrees

# Most rounds with validation rows to stop by; without them, rounds x learning rate is about UNGUIDED.
ROUNDS = 1500
# Rows x classes x rounds of many classes: more of them, fewer rounds.
EFFORT = 120_000_000
UNGUIDED = 30.0
# Up to so many rows, filling the library's container costs more than all trees as arrays do.
FEW = 32


class CatBoost(Model):
    """Gradient boosted symmetric trees.

    Args:
        learning_rate: shrinkage of each round.
        depth: of each tree; it has 2^depth leaves.
        l2_leaf_reg: L2 penalty on leaf values.
        random_strength: noise on the scores of splits.
        subsample: share of the rows each tree sees.
        one_hot_max_size: categories up to which a column is split by value; above, by statistics of the target.
        leaf_estimation_iterations: Newton steps for leaf values.
        max_ctr_complexity: columns whose categories may be combined.
        border_count: thresholds a column may have.
    """

    name: ClassVar[str] = "catboost"
    modules: ClassVar[tuple[str, ...]] = ("catboost",)
    extra: ClassVar[str] = "boost"
    missing: ClassVar[bool] = True
    categories: ClassVar[bool] = True

    def __init__(
        self,
        *,
        learning_rate: float = 0.08,
        depth: int = 6,
        l2_leaf_reg: float = 3.0,
        random_strength: float = 1.0,
        subsample: float = 0.9,
        one_hot_max_size: int = 15,
        leaf_estimation_iterations: int = 1,
        max_ctr_complexity: int = 2,
        border_count: int = 254,
    ) -> None:
        self.learning_rate = learning_rate
        self.depth = depth
        self.l2_leaf_reg = l2_leaf_reg
        self.random_strength = random_strength
        self.subsample = subsample
        self.one_hot_max_size = one_hot_max_size
        self.leaf_estimation_iterations = leaf_estimation_iterations
        self.max_ctr_complexity = max_ctr_complexity
        self.border_count = border_count

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Seven questions, and two more where there are categories."""
        params: Params = {
            "learning_rate": trial.suggest_float(f"{prefix}learning_rate", 0.02, 0.3, log=True),
            "depth": trial.suggest_int(f"{prefix}depth", 3, 9),
            "l2_leaf_reg": trial.suggest_float(f"{prefix}l2_leaf_reg", 1e-5, 30.0, log=True),
            "random_strength": trial.suggest_float(f"{prefix}random_strength", 0.0, 2.0),
            "subsample": trial.suggest_float(f"{prefix}subsample", 0.5, 1.0),
            "leaf_estimation_iterations": trial.suggest_int(f"{prefix}leaf_estimation_iterations", 1, 20, log=True),
            "border_count": trial.suggest_int(f"{prefix}border_count", 32, 254, log=True),
        }
        if facts.categorical:
            params["one_hot_max_size"] = trial.suggest_int(f"{prefix}one_hot_max_size", 2, 64, log=True)
            params["max_ctr_complexity"] = trial.suggest_int(f"{prefix}max_ctr_complexity", 1, 3)
        return params

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """Near the tuned defaults of Holzmüller et al. 2024 (CB-TD), cheaper the more there is."""
        regression = facts.kind == "regression"
        cost = facts.train_rows * max(1, facts.classes if facts.kind == "multiclass" else 1)
        small = cost <= 20_000 and not regression and facts.width <= 50
        pairs = 2 if cost <= 8_000 and facts.categorical <= 15 else 1
        params: Params = {
            "learning_rate": 0.08 if cost <= 8_000 else 0.12 if cost <= 100_000 else 0.25,
            "depth": 7 if small and not facts.categorical else 6,
            "l2_leaf_reg": 1e-5 if small else 1.0,
            "random_strength": 0.0 if regression else 0.8,
            "subsample": 0.9,
            "leaf_estimation_iterations": 1,
            "border_count": 254 if cost <= 20_000 else 128,
        }
        return params | {"one_hot_max_size": 15, "max_ctr_complexity": pairs} if facts.categorical else params

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """CatBoost's own regularization; shallow trees."""
        plain = cls.default(facts)
        return [
            plain | {"depth": 8 if facts.train_rows <= 20_000 else 7, "l2_leaf_reg": 3.0, "random_strength": 1.0},
            plain | {"depth": 4, "l2_leaf_reg": 5.0, "random_strength": 1.0, "subsample": 0.8},
        ]

    @classmethod
    def fits(cls, facts: Facts) -> bool:
        """Whether the library is there."""
        return super().fits(facts) and installed("catboost")

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Boost until the validation loss stops falling.

        Raises:
            MissingExtraError: the library is not installed.
        """
        cb = require("catboost", self.extra)
        self._threads = context.threads
        self._outputs = Outputs.learn(train.y, context)
        self._hold(None)
        self._work = float(len(train.y))
        if self._outputs.single:
            return self
        self._codes, self._numbers = categorical(train.X.columns), numeric(train.X.columns)
        self._levels = [train.X.columns[i].categories for i in self._codes]
        # CatBoost refuses columns that hold one value only when all of them do.
        if _flat(train.X):
            self._codes, self._numbers, self._levels = [], [], []
        known = self._outputs.known(valid)
        growth = Growth(context, most=ROUNDS, base=patience(len(train.y)))
        booster = cb.CatBoost(self._settings(context, len(train.y), guided=known is not None))
        booster.fit(
            self._pool(cb, train.X, train),
            eval_set=None if known is None else self._pool(cb, known.X, known),
            use_best_model=known is not None,
            callbacks=[_Watch(growth)],
            verbose=False,
        )
        self._hold(booster)
        self._work = float(len(train.y)) * growth.rounds * (self._outputs.count if self._outputs.count > 2 else 1)
        return self

    def predict(self, X: Matrix) -> Vector:
        """Probabilities or values."""
        if self._booster is None:
            return self._outputs.certain(len(X))
        if not len(X):
            return np.zeros((0, self._outputs.classes) if self._outputs.classes else 0)
        if len(X) <= FEW and (trees := self._listed()) is not None:
            raw = trees.raw(X.dense[:, self._numbers], self._positions(X))
            return raw[:, 0] if self._outputs.regression else self._outputs.probabilities(_chances(raw))
        pool = self._pool(require("catboost", self.extra), X)
        kind = "RawFormulaVal" if self._outputs.regression else "Probability"
        found = self._booster.predict(pool, prediction_type=kind, thread_count=1 if len(X) < 100 else self._threads)
        return np.asarray(found, dtype=np.float64) if self._outputs.regression else self._outputs.probabilities(found)

    def _hold(self, booster: Any) -> None:
        """Take what was learned, or nothing, with none of its trees listed yet."""
        self._booster = booster
        self._trees: SymmetricTrees | None = None
        self._asked = self._tried = False

    def _listed(self) -> SymmetricTrees | None:
        """The trees as arrays; None the first time, for listing them takes a hundred times as long as one answer."""
        if self._asked and not self._tried and (self._numbers or self._codes):
            self._tried = True  # at once: who asks meanwhile, in another thread, is answered by the library
            with suppress(UnlistedError):
                self._trees = SymmetricTrees(self._booster, numbers=len(self._numbers), levels=self._levels)
        self._asked = True
        return self._trees

    @property
    def work(self) -> float:
        """Rows x trees."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write CatBoost's own file, and what is told beside it."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        if self._booster is not None:
            state |= {"codes": self._codes, "numbers": self._numbers, "levels": self._levels}
            self._booster.save_model(str(folder / "booster.cbm"), format="cbm")
        save_state(folder, state)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            MissingExtraError: the library is not installed.
        """
        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._threads = 1
        model._hold(None)
        if "codes" in state:
            model._codes, model._numbers, model._levels = state["codes"], state["numbers"], state["levels"]
            booster = require("catboost", cls.extra).CatBoost()
            booster.load_model(str(folder / "booster.cbm"), format="cbm")
            model._hold(booster)
        return model

    def _pool(self, cb: Any, X: Matrix, rows: Rows | None = None) -> Any:
        """CatBoost's own container, filled without a detour through pandas: numbers as float32, codes as bytes."""
        numbers = np.ascontiguousarray(X.dense[:, self._numbers]) if self._numbers else None
        codes = None
        if self._codes:
            codes = np.empty((len(X), len(self._codes)), dtype=object)
            for j, (column, count) in enumerate(zip(self._positions(X).T, self._levels, strict=True)):
                if len(X) <= count:
                    codes[:, j] = [b"%d" % code for code in column.tolist()]
                else:
                    codes[:, j] = np.array([b"%d" % code for code in range(count + 1)], dtype=object)[column]
        if numbers is None and codes is None:
            numbers = np.arange(len(X), dtype=np.float32)[:, None] % 2
        data = cb.FeaturesData(num_feature_data=numbers, cat_feature_data=codes)
        if rows is None:
            return cb.Pool(data)
        return cb.Pool(data, label=self._outputs.targets(rows), weight=rows.weight)

    def _positions(self, X: Matrix) -> NDArray[np.int64]:
        """(n, columns of categories) codes; missing is a category of its own, past the last."""
        codes = X.dense[:, self._codes]
        return np.where(np.isnan(codes), np.array(self._levels), codes).astype(np.int64)

    def _settings(self, context: FitContext, rows: int, *, guided: bool) -> Params:
        params = self.get_params()
        if not self._codes:
            params = {k: v for k, v in params.items() if k not in ("one_hot_max_size", "max_ctr_complexity")}
        count = self._outputs.count
        loss = "RMSE" if self._outputs.regression else "Logloss" if count == 2 else "MultiClass"
        most = ROUNDS if count <= 2 else max(100, min(ROUNDS, EFFORT // (rows * count)))
        return {
            **params,
            "loss_function": loss,
            "iterations": most if guided else max(20, min(most, round(UNGUIDED / self.learning_rate))),
            "boosting_type": "Plain",
            "bootstrap_type": "Bernoulli",
            "random_seed": context.seed,
            "thread_count": context.threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }


def _chances(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of (n, 1) sums of leaves, (n,) chances of the second of two classes; of (n, k), those of each class."""
    return expit(raw[:, 0]) if raw.shape[1] == 1 else softmax(raw, axis=1)


def _flat(X: Matrix) -> bool:
    dense = X.dense
    same = (dense == dense[:1]) | (np.isnan(dense) & np.isnan(dense[:1]))
    return bool(same.all())


class _Watch:
    """CatBoost's callback: told after each tree, says whether to go on."""

    def __init__(self, growth: Growth) -> None:
        self._growth = growth

    def after_iteration(self, info: Any) -> bool:
        """Whether to grow another tree."""
        losses = next(iter(info.metrics["validation"].values())) if "validation" in info.metrics else [None]
        return not self._growth.stops(losses[-1])
