"""LightGBM."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import is_category, values
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows


class LightGBM(Learner):
    """Boosted trees that grow leaf by leaf.

    Args:
        rounds: of boosting; early stopping on the rows held back found that many.
        seed: of the samples.
        params: LightGBM's own.
    """

    def __init__(self, rounds: int, seed: int, **params: Any) -> None:
        self.rounds = rounds
        self.seed = seed
        self.params = params

    def learn(self, train: Rows, valid: Rows | None) -> None:  # noqa: ARG002
        """Boost."""
        rows, classes = len(train.y), len(np.unique(train.y))
        objective: dict[str, Any] = {"objective": "regression", "min_sum_hessian_in_leaf": 1e-3}
        if KIND != "regression":
            objective = {"objective": "binary", "min_sum_hessian_in_leaf": 1e-7}
            if classes > 2:
                objective |= {"objective": "multiclass", "num_class": classes}
        settings = {
            **objective,
            **self.params,
            "min_data_in_leaf": max(1, min(self.params["min_data_in_leaf"], rows // 8)),
            "min_data_per_group": int(min(100, max(5, rows // 100))),
            "bagging_freq": 1,
            "feature_pre_filter": False,
            "seed": self.seed,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        X = train.X
        # Long columns of categories are cut like numbers: their codes run from the commonest to the rarest.
        codes = [i for i, name in enumerate(X) if is_category(X[name]) and len(X[name].cat.categories) <= 1000]
        data = lgb.Dataset(values(X), label=train.y, weight=train.weight, categorical_feature=codes, params=settings)
        self.booster = lgb.Booster(settings, data)
        # A round on a sample of rows that no split improves leaves nothing behind and does not count.
        for _ in range(2000):
            if self.booster.current_iteration() == self.rounds:
                break
            self.booster.update()

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Probabilities or values."""
        return np.asarray(self.booster.predict(values(rows.X), num_threads=1))
