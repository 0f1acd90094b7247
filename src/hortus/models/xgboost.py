"""XGBoost: gradient boosting of trees with second-order steps (Chen and Guestrin 2016)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import Columns
from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.rows_on_disk import RowsOnDisk
from hortus.data.store import load_state, save_state
from hortus.libraries import installed, require
from hortus.models.base import FitContext, Model, Params, Rows, Vector
from hortus.models.growth import Growth, patience
from hortus.models.on_disk import as_parts
from hortus.models.outputs import Outputs

# Most rounds with validation rows to stop by; without them, rounds x learning rate is about UNGUIDED.
ROUNDS = 2000
UNGUIDED = 6.0
# Codes past this many values are cut like numbers (they are sorted by frequency).
MANY = 1000


class XGBoost(Model):
    """Gradient boosted trees, grown level by level on histograms.

    Args:
        learning_rate: shrinkage of each round.
        max_depth: of each tree.
        min_child_weight: least sum of second derivatives in a leaf.
        subsample: share of the rows each tree sees.
        colsample_bylevel: share of the columns each level looks at.
        reg_lambda: L2 penalty on leaf values.
        reg_alpha: L1 penalty on leaf values.
        max_cat_to_onehot: categories up to which each is split off alone; above, they are sorted into two groups.
    """

    name: ClassVar[str] = "xgboost"
    modules: ClassVar[tuple[str, ...]] = ("xgboost",)
    extra: ClassVar[str] = "boost"
    missing: ClassVar[bool] = True
    categories: ClassVar[bool] = True

    def __init__(
        self,
        *,
        learning_rate: float = 0.08,
        max_depth: int = 6,
        min_child_weight: float = 1.0,
        subsample: float = 1.0,
        colsample_bylevel: float = 1.0,
        reg_lambda: float = 1.0,
        reg_alpha: float = 0.0,
        max_cat_to_onehot: int = 4,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.colsample_bylevel = colsample_bylevel
        self.reg_lambda = reg_lambda
        self.reg_alpha = reg_alpha
        self.max_cat_to_onehot = max_cat_to_onehot

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Eight questions; how categories are split is asked where there are any."""
        params: Params = {
            "learning_rate": trial.suggest_float(f"{prefix}learning_rate", 0.01, 0.3, log=True),
            "max_depth": trial.suggest_int(f"{prefix}max_depth", 2, 11),
            "min_child_weight": trial.suggest_float(f"{prefix}min_child_weight", 1e-6, 100.0, log=True),
            "subsample": trial.suggest_float(f"{prefix}subsample", 0.4, 1.0),
            "colsample_bylevel": trial.suggest_float(f"{prefix}colsample_bylevel", 0.3, 1.0),
            "reg_lambda": trial.suggest_float(f"{prefix}reg_lambda", 1e-6, 100.0, log=True),
            "reg_alpha": trial.suggest_float(f"{prefix}reg_alpha", 1e-6, 10.0, log=True),
        }
        if facts.categorical:
            params["max_cat_to_onehot"] = trial.suggest_int(f"{prefix}max_cat_to_onehot", 1, 64, log=True)
        return params

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """The tuned defaults of Holzmüller et al. 2024 (XGB-TD), with larger steps where rows or classes are many."""
        dear = facts.train_rows * max(1, facts.classes if facts.kind == "multiclass" else 1) > 50_000
        if facts.kind == "regression":
            rate, depth, weight, share, columns = 0.05, 9, 2.0, 0.7, 1.0
            if facts.train_rows > 5_000:
                rate, depth = 0.1, 7
        else:
            rate, depth, weight, share, columns = 0.08, 6, 5e-6, 0.65, 0.9
        params: Params = {
            "learning_rate": max(rate, 0.1) if dear else rate,
            "max_depth": depth,
            "min_child_weight": weight,
            "subsample": share,
            "colsample_bylevel": columns,
            "reg_lambda": 1e-6,
            "reg_alpha": 1e-6,
        }
        return params | {"max_cat_to_onehot": 4} if facts.categorical else params

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """Shallow and smooth; deep with few columns a level."""
        plain = cls.default(facts)
        return [
            plain | {"learning_rate": 0.06, "max_depth": 3, "reg_lambda": 3.0, "subsample": 0.8},
            plain | {"max_depth": 10, "colsample_bylevel": 0.4, "min_child_weight": 1.0, "reg_lambda": 1.0},
        ]

    @classmethod
    def fits(cls, facts: Facts) -> bool:
        """Whether the library is there."""
        return super().fits(facts) and installed("xgboost")

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Boost until the validation loss stops falling.

        Raises:
            MissingExtraError: the library is not installed.
        """
        return self._grow(train, train.X.columns, context, valid)

    def fit_stream(self, train: RowsOnDisk, context: FitContext, valid: Rows | None = None) -> Self:
        """Boost on rows whose binned cells alone are in memory.

        Raises:
            MissingExtraError: the library is not installed.
        """
        return self._grow(train, train.columns, context, valid)

    def stream_bytes(self, columns: int, classes: int) -> float:
        """Its bins by rows and by columns, and for each output what its trees have said, and two derivatives."""
        return columns * 2 + 24 * (classes if classes > 2 else 1) + 48

    def _grow(self, train: Rows | RowsOnDisk, columns: Columns, context: FitContext, valid: Rows | None) -> Self:
        xgb = require("xgboost", self.extra)
        self._threads = context.threads
        self._outputs = Outputs.learn(train.y, context)
        self._booster: Any = None
        self._work = float(len(train.y))
        if self._outputs.single:
            return self
        self._kinds = _kinds(columns)
        known = self._outputs.known(valid)
        growth = Growth(context, most=ROUNDS, base=patience(len(train.y)))
        data = self._matrix(xgb, train, context)
        with xgb.config_context(verbosity=0):
            booster = xgb.train(
                self._settings(context, self._outputs.targets(train)),
                data,
                num_boost_round=ROUNDS if known is not None else max(20, round(UNGUIDED / self.learning_rate)),
                evals=[] if known is None else [(self._matrix(xgb, known, context, like=data), "valid")],
                callbacks=[_watch(xgb, growth)],
                verbose_eval=False,
            )
        self._work = float(len(train.y)) * growth.rounds * (self._outputs.count if self._outputs.count > 2 else 1)
        self._booster, self._used = _read(xgb, booster[: growth.kept].save_raw("json")), 0
        self._use(1)
        return self

    def predict(self, X: Matrix) -> Vector:
        """Probabilities or values."""
        if self._booster is None:
            return self._outputs.certain(len(X))
        if not len(X):
            return np.zeros((0, self._outputs.classes) if self._outputs.classes else 0)
        self._use(1 if len(X) < 100 else self._threads)
        # From where the cells lie: to copy one row into a matrix of XGBoost's own costs more than to answer it.
        found = self._booster.inplace_predict(X.dense, validate_features=False)
        return found.astype(np.float64) if self._outputs.regression else self._outputs.probabilities(found)

    @property
    def work(self) -> float:
        """Rows x trees."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write XGBoost's own JSON (its binary form crashes the reader when damaged), and what is told beside it."""
        state = {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work}
        if self._booster is not None:
            state["kinds"] = self._kinds
            (folder / "booster.json").write_bytes(self._booster.save_raw("json"))
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
        model._threads, model._booster = 1, None
        if "kinds" in state:
            model._kinds = state["kinds"]
            model._booster = _read(require("xgboost", cls.extra), bytearray((folder / "booster.json").read_bytes()))
            model._used = 0
            model._use(1)
        return model

    def _use(self, threads: int) -> None:
        """Predict with so many threads. The booster configures itself after each change, and two callers that find it
        unready at once make it fail: so it is changed only where there is something to change, and made ready here.
        """
        if threads != self._used:
            self._booster.set_param({"nthread": threads})
            self._booster.save_config()
            self._used = threads

    def _matrix(self, xgb: Any, rows: Rows | RowsOnDisk, context: FitContext, like: Any = None) -> Any:
        if isinstance(rows, RowsOnDisk):
            parts = as_parts(xgb, rows, self._outputs, self._kinds)
            return xgb.QuantileDMatrix(parts, enable_categorical=True, nthread=context.threads)
        return xgb.QuantileDMatrix(
            rows.X.dense,
            label=self._outputs.targets(rows),
            weight=rows.weight,
            feature_types=self._kinds,
            enable_categorical=True,
            nthread=context.threads,
            ref=like,
        )

    def _settings(self, context: FitContext, y: NDArray[Any]) -> Params:
        count = self._outputs.count
        task: Params = {"objective": "reg:squarederror", "eval_metric": "rmse"}
        if count > 2:
            task = {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": count}
        elif not self._outputs.regression:
            task = {"objective": "binary:logistic", "eval_metric": "logloss", "base_score": float(np.mean(y))}
        params = self.get_params()
        if not any(kind == "c" for kind in self._kinds):
            del params["max_cat_to_onehot"]
        return {**task, **params, "tree_method": "hist", "seed": context.seed, "nthread": context.threads}


def _kinds(columns: Columns) -> list[str]:
    return ["c" if 0 < column.categories <= MANY else "q" for column in columns]


def _read(xgb: Any, raw: bytearray) -> Any:
    booster = xgb.Booster()
    booster.load_model(raw)
    return booster


def _watch(xgb: Any, growth: Growth) -> Any:
    class Watch(xgb.callback.TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            losses = next(iter(evals_log["valid"].values())) if evals_log else [None]
            return growth.stops(losses[-1])

    return Watch()
