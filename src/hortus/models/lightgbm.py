"""LightGBM: gradient boosting of trees that grow leaf by leaf (Ke et al. 2017)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from optuna.trial import BaseTrial
from scipy import sparse

from hortus.data.columns import Columns
from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.rows_on_disk import RowsOnDisk
from hortus.data.store import load_state, save_state
from hortus.models.base import FitContext, Model, Params, Rows, Vector
from hortus.models.growth import Growth, patience
from hortus.models.lightgbm_row import OneRow
from hortus.models.on_disk import as_sequence
from hortus.models.outputs import Outputs

# Most rounds with validation rows to stop by; without them, rounds x learning rate is about UNGUIDED.
ROUNDS = 2000
UNGUIDED = 6.0
# Rows up to which random thresholds do better.
FEW = 4000
# Codes past this many values are cut like numbers (they are sorted by frequency).
MANY = 1000
# Rows that a stream's bins are found by: LightGBM's own number, or fewer where they are wide.
MOST_BINNED, LEAST_BINNED, BINNED_CELLS = 200_000, 10_000, 4_000_000


class LightGBM(Model):
    """Gradient boosted trees.

    Args:
        learning_rate: shrinkage of each round.
        num_leaves: of each tree.
        min_data_in_leaf: rows.
        feature_fraction: share of the columns each tree may use.
        bagging_fraction: share of the rows each tree sees.
        lambda_l1: L1 penalty on leaf values.
        lambda_l2: L2 penalty on leaf values.
        extra_trees: whether a split looks at one random threshold a column, as extremely randomized trees do.
        max_bin: thresholds a column may have.
        cat_smooth: how strongly rare categories are drawn to the mean.
    """

    name: ClassVar[str] = "lightgbm"
    modules: ClassVar[tuple[str, ...]] = ("lightgbm",)
    missing: ClassVar[bool] = True
    categories: ClassVar[bool] = True
    wide: ClassVar[bool] = True

    def __init__(
        self,
        *,
        learning_rate: float = 0.05,
        num_leaves: int = 31,
        min_data_in_leaf: int = 20,
        feature_fraction: float = 1.0,
        bagging_fraction: float = 1.0,
        lambda_l1: float = 0.0,
        lambda_l2: float = 0.0,
        extra_trees: bool = False,
        max_bin: int = 255,
        cat_smooth: float = 10.0,
    ) -> None:
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_data_in_leaf = min_data_in_leaf
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.lambda_l1 = lambda_l1
        self.lambda_l2 = lambda_l2
        self.extra_trees = extra_trees
        self.max_bin = max_bin
        self.cat_smooth = cat_smooth

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Ten questions; the number of leaves and rows a leaf are bounded by the rows there are."""
        leaves, data = _bounds(facts)
        return {
            "learning_rate": trial.suggest_float(f"{prefix}learning_rate", 0.01, 0.3, log=True),
            "num_leaves": trial.suggest_int(f"{prefix}num_leaves", 4, leaves, log=True),
            "min_data_in_leaf": trial.suggest_int(f"{prefix}min_data_in_leaf", 1, data, log=True),
            "feature_fraction": trial.suggest_float(f"{prefix}feature_fraction", 0.3, 1.0),
            "bagging_fraction": trial.suggest_float(f"{prefix}bagging_fraction", 0.4, 1.0),
            "lambda_l1": trial.suggest_float(f"{prefix}lambda_l1", 1e-6, 10.0, log=True),
            "lambda_l2": trial.suggest_float(f"{prefix}lambda_l2", 1e-6, 100.0, log=True),
            "extra_trees": trial.suggest_categorical(f"{prefix}extra_trees", (False, True)),
            "max_bin": trial.suggest_int(f"{prefix}max_bin", 31, 511, log=True),
            "cat_smooth": trial.suggest_float(f"{prefix}cat_smooth", 1.0, 200.0, log=True),
        }

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """The tuned defaults of Holzmüller et al. 2024 (LGBM-TD), with larger steps where rows or classes are many.

        On few rows, random thresholds keep it from what is chance (they won on 6 of 6 tables below `FEW` rows).
        """
        regression = facts.kind == "regression"
        dear = facts.train_rows * max(1, facts.classes if facts.kind == "multiclass" else 1) > 50_000
        return _setting(
            facts,
            learning_rate=0.1 if dear else 0.05 if regression else 0.04,
            num_leaves=64 if regression else 50,
            min_data_in_leaf=5 if regression else 40,
            bagging_fraction=0.7 if regression else 0.75,
            extra_trees=facts.train_rows <= FEW,
        )

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """Thresholds of the other kind; small trees; large trees with a small step; many columns left out."""
        few = facts.train_rows <= FEW
        settings: list[Params] = [
            {"learning_rate": 0.05 if few else 0.1, "num_leaves": 16 if few else 64, "min_data_in_leaf": 10}
            | {"extra_trees": not few},
            {"learning_rate": 0.06, "num_leaves": 16, "min_data_in_leaf": 20},
            {"learning_rate": 0.06, "num_leaves": 8, "min_data_in_leaf": 10, "bagging_fraction": 0.8, "lambda_l2": 3.0},
            {"learning_rate": 0.03, "num_leaves": 128, "min_data_in_leaf": 5, "feature_fraction": 0.7},
            {
                "learning_rate": 0.05,
                "num_leaves": 24,
                "min_data_in_leaf": 20,
                "feature_fraction": 0.4,
                "lambda_l1": 1.0,
            },
        ]
        return [_setting(facts, **setting) for setting in settings]

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Boost until the validation loss stops falling."""
        # Most of many columns are filled in too few rows for any leaf; looking at them takes seven times as long.
        return self._grow(train, train.X.columns, context, valid, feature_pre_filter=train.X.wide)

    def fit_stream(self, train: RowsOnDisk, context: FitContext, valid: Rows | None = None) -> Self:
        """Boost on rows whose binned cells alone are in memory."""
        # Columns have their bins to themselves: laid out by rows they would be there twice. The trees are the same.
        binned = min(MOST_BINNED, max(LEAST_BINNED, BINNED_CELLS // max(1, len(train.columns))))
        layout: Params = {"force_row_wise": False, "force_col_wise": True, "bin_construct_sample_cnt": binned}
        return self._grow(train, train.columns, context, valid, **layout)

    def stream_bytes(self, columns: int, classes: int) -> float:
        """Its bins, and for each output what its trees have said, and two derivatives."""
        return columns * (1 if self.max_bin <= 255 else 2) + 24 * (classes if classes > 2 else 1) + 40

    def _grow(
        self, train: Rows | RowsOnDisk, columns: Columns, context: FitContext, valid: Rows | None, **more: Any
    ) -> Self:
        import lightgbm as lgb

        self._threads = context.threads
        self._outputs = Outputs.learn(train.y, context)
        self._booster: Any = None
        self._row: OneRow | None = None
        self._work = float(len(train.y))
        if self._outputs.single:
            return self
        codes = [i for i, column in enumerate(columns) if 0 < column.categories <= MANY]
        settings = self._settings(context, len(train.y)) | more
        data = _dataset(lgb, train, self._outputs, codes, settings)
        known = self._outputs.known(valid)
        growth = Growth(context, most=ROUNDS, base=patience(len(train.y)))

        def watch(env: Any) -> None:
            found = env.evaluation_result_list
            if growth.stops(float(found[0][2]) if found else None):
                raise lgb.callback.EarlyStopException(growth.best_round, found or [])

        booster = lgb.train(
            settings,
            data,
            num_boost_round=ROUNDS if known is not None else max(20, round(UNGUIDED / self.learning_rate)),
            valid_sets=None if known is None else [_dataset(lgb, known, self._outputs, codes, settings, like=data)],
            callbacks=[watch],
            # Else it is read back from its text, as is done below: of many classes that takes seconds.
            keep_training_booster=True,
        )
        self._work = float(len(train.y)) * growth.rounds * (self._outputs.count if self._outputs.count > 2 else 1)
        # Read back from its text, a booster holds no training data and is the very one that a stored model gives.
        self._booster = lgb.Booster(model_str=booster.model_to_string(num_iteration=growth.kept))
        return self

    def predict(self, X: Matrix) -> Vector:
        """Probabilities or values."""
        if self._booster is None:
            return self._outputs.certain(len(X))
        if not len(X):
            return np.zeros((0, self._outputs.classes) if self._outputs.classes else 0)
        if len(X) == 1 and not X.wide:
            self._row = self._row or OneRow(self._booster)
            found = self._row.predict(X.dense)
        else:
            found = self._booster.predict(_cells(X), num_threads=1 if len(X) < 100 else self._threads)
        return found if self._outputs.regression else self._outputs.probabilities(found)

    @property
    def work(self) -> float:
        """Rows x trees."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write LightGBM's own text, and what is told beside it."""
        save_state(folder, {"params": self.get_params(), "outputs": self._outputs.to_json(), "work": self._work})
        if self._booster is not None:
            (folder / "booster.txt").write_text(self._booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        import lightgbm as lgb

        state = load_state(folder)
        model = cls(**state["params"])
        model._outputs, model._work = Outputs.from_json(state["outputs"]), state["work"]
        model._threads, model._booster, model._row = 1, None, None
        if not model._outputs.single:
            model._booster = lgb.Booster(model_str=(folder / "booster.txt").read_text(encoding="utf-8"))
        return model

    def _settings(self, context: FitContext, rows: int) -> dict[str, Any]:
        count = self._outputs.count
        task: dict[str, Any] = {"objective": "regression", "metric": "l2"}
        if count > 2:
            task = {"objective": "multiclass", "metric": "multi_logloss", "num_class": count}
        elif not self._outputs.regression:
            task = {"objective": "binary", "metric": "binary_logloss"}
        return {
            **task,
            **self.get_params(),
            # A leaf that holds half the rows can never be split off.
            "min_data_in_leaf": max(1, min(self.min_data_in_leaf, rows // 8)),
            # LightGBM's own 100 would leave a small table's categories unsplit.
            "min_data_per_group": int(min(100, max(5, rows // 100))),
            "bagging_freq": 1,
            "min_sum_hessian_in_leaf": 1e-7 if not self._outputs.regression else 1e-3,
            "feature_pre_filter": False,
            "seed": context.seed,
            "num_threads": context.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


def _bounds(facts: Facts) -> tuple[int, int]:
    """Most leaves, and most rows a leaf must have."""
    return int(min(512, max(16, facts.train_rows // 8))), int(min(200, max(4, facts.train_rows // 10)))


def _setting(facts: Facts, **chosen: Any) -> Params:
    leaves, data = _bounds(facts)
    chosen["num_leaves"] = min(chosen["num_leaves"], leaves)
    chosen["min_data_in_leaf"] = min(chosen["min_data_in_leaf"], data)
    plain = {
        "feature_fraction": 1.0,
        "bagging_fraction": 1.0,
        "lambda_l1": 1e-6,
        "lambda_l2": 1e-6,
        "extra_trees": False,
        "max_bin": 255,
        "cat_smooth": 10.0,
    }
    return plain | chosen


def _cells(X: Matrix) -> Any:
    """What trees may split on: the dense columns, and beside them those of a sparse matrix."""
    if not X.wide or X.text is None:
        return X.dense
    return sparse.csr_matrix(sparse.hstack([sparse.csr_matrix(X.dense), X.text], format="csr"))


def _dataset(
    lgb: Any, rows: Rows | RowsOnDisk, outputs: Outputs, codes: list[int], settings: Params, like: Any = None
) -> Any:
    return lgb.Dataset(
        _cells(rows.X) if isinstance(rows, Rows) else as_sequence(lgb, rows),
        label=outputs.targets(rows),
        weight=rows.weight,
        categorical_feature=codes,
        reference=like,
        params=settings,
        free_raw_data=True,
    )
