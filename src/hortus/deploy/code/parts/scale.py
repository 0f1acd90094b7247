"""Numbers brought to one scale."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from hortus.deploy.code.parts.frames import numeric, replaced
from hortus.features.relevance import sample
from hortus.features.scale import (
    SAMPLE,
)
from hortus.features.scale import (
    _grid as rank_grid,
)
from hortus.features.scale import (
    _ranks as ranks_of,
)
from hortus.features.scale import (
    _robust as robust_scale,
)
from hortus.features.scale import (
    _standard as standard_scale,
)


class Scale(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers on one scale; categories and gaps stay as they are, and a constant becomes 0.

    - standard: mean 0, variance 1; columns of zeros and ones are left alone
    - robust: by the quartiles, then bent into (-3, 3)
    - quantile: ranks among the training rows, as a normal distribution's
    """

    def __init__(self, seed: int, method: str = "standard") -> None:
        self.seed = seed
        self.method = method

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Learn the scales."""
        learn: Any = {"standard": standard_scale, "robust": robust_scale, "quantile": rank_grid}[self.method]
        rows = sample(len(X), SAMPLE if self.method == "quantile" else len(X), self.seed)
        self.scales = {}
        for name in numeric(X):
            known = X[name].to_numpy()[rows]
            self.scales[name] = learn(known[~np.isnan(known)])
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns scaled."""
        scaled = {}
        for name, scale in self.scales.items():
            if self.method == "quantile":
                scaled[name] = ranks_of(X[name].to_numpy(), scale)
                continue
            center, factor = scale
            column = (X[name].to_numpy().astype(np.float64) - center) * factor
            if self.method == "robust":
                column /= np.sqrt(1 + (column / 3) ** 2)
            scaled[name] = column.astype(np.float32)
        return replaced(X, scaled)


class CommonScale(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Each number's mean becomes 0, and all are divided by one number: the root of their mean variance."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Learn means and scale."""
        self.names = numeric(X)
        dense = X[self.names].to_numpy(dtype=np.float64)
        known = ~np.isnan(dense)
        counts = np.maximum(known.sum(axis=0), 1)
        self.centers = np.where(known, dense, 0.0).sum(axis=0) / counts
        centered = np.where(known, dense - self.centers, 0.0)
        variance = float(((centered**2).sum(axis=0) / counts).mean()) if self.names else 0.0
        self.factor = variance**-0.5 if variance > 0 else 0.0
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns scaled."""
        dense = (X[self.names].to_numpy() - self.centers) * self.factor
        return replaced(X, {name: dense[:, i].astype(np.float32) for i, name in enumerate(self.names)})
