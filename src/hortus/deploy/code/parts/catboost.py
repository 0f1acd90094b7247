"""CatBoost."""

from __future__ import annotations

from typing import Any

import catboost as cb
import numpy as np
from numpy.typing import NDArray

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import categorical, levels, numeric, values
from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows


class CatBoost(Learner):
    """Boosted symmetric trees, with ordered statistics of categories.

    Args:
        rounds: of boosting; early stopping on the rows held back found that many.
        seed: of the samples.
        params: CatBoost's own.
    """

    def __init__(self, rounds: int, seed: int, **params: Any) -> None:
        self.rounds = rounds
        self.seed = seed
        self.params = params

    def learn(self, train: Rows, valid: Rows | None) -> None:  # noqa: ARG002
        """Boost."""
        two = len(np.unique(train.y)) == 2
        settings = {
            **self.params,
            "loss_function": "RMSE" if KIND == "regression" else "Logloss" if two else "MultiClass",
            "iterations": self.rounds,
            "boosting_type": "Plain",
            "bootstrap_type": "Bernoulli",
            "random_seed": self.seed,
            "thread_count": 1,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }
        if not categorical(train.X):
            settings = {k: v for k, v in settings.items() if k not in ("one_hot_max_size", "max_ctr_complexity")}
        self.booster = cb.CatBoost(settings)
        self.booster.fit(cb.Pool(self._data(train), label=train.y, weight=train.weight), verbose=False)

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Probabilities or values."""
        kind = "RawFormulaVal" if KIND == "regression" else "Probability"
        return np.asarray(self.booster.predict(cb.Pool(self._data(rows)), prediction_type=kind, thread_count=1))

    def _data(self, rows: Rows) -> Any:
        numbers, codes = numeric(rows.X), categorical(rows.X)
        # Missing is a category of its own, past the last.
        words = [np.array([b"%d" % code for code in levels(rows.X[name])], dtype=object) for name in codes]
        return cb.FeaturesData(
            num_feature_data=np.ascontiguousarray(values(rows.X[numbers])) if numbers else None,
            cat_feature_data=np.column_stack(words) if words else None,
        )
