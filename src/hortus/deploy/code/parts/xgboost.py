"""XGBoost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import is_category, values
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows


class XGBoost(Learner):
    """Boosted trees that grow level by level.

    Args:
        rounds: of boosting; early stopping on the rows held back found that many.
        seed: of the samples.
        params: XGBoost's own.
    """

    def __init__(self, rounds: int, seed: int, **params: Any) -> None:
        self.rounds = rounds
        self.seed = seed
        self.params = params

    def learn(self, train: Rows, valid: Rows | None) -> None:  # noqa: ARG002
        """Boost."""
        classes = len(np.unique(train.y))
        objective: dict[str, Any] = {"objective": "reg:squarederror"}
        if KIND != "regression":
            objective = {"objective": "binary:logistic", "base_score": float(np.mean(train.y))}
            if classes > 2:
                objective = {"objective": "multi:softprob", "num_class": classes}
        params = dict(self.params)
        kinds = self._kinds(train.X)
        if "c" not in kinds:
            params.pop("max_cat_to_onehot", None)
        settings = {**objective, **params, "tree_method": "hist", "seed": self.seed, "nthread": 1}
        data = xgb.QuantileDMatrix(
            values(train.X),
            label=train.y,
            weight=train.weight,
            feature_types=kinds,
            enable_categorical=True,
            nthread=1,
        )
        self.booster = xgb.train(settings, data, num_boost_round=self.rounds, verbose_eval=False)

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Probabilities or values."""
        data = xgb.DMatrix(values(rows.X), feature_types=self._kinds(rows.X), enable_categorical=True, nthread=1)
        return np.asarray(self.booster.predict(data), dtype=np.float32 if KIND != "regression" else np.float64)

    def _kinds(self, X: pd.DataFrame) -> list[str]:
        # Long columns of categories are cut like numbers: their codes run from the commonest to the rarest.
        return ["c" if is_category(X[name]) and len(X[name].cat.categories) <= 1000 else "q" for name in X.columns]
