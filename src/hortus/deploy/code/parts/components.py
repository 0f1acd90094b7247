"""Numbers as their principal components."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from hortus.deploy.code.parts.frames import beside, numeric
from hortus.features.extract import _axes as main_axes
from hortus.features.layout import distinct


class Components(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Principal components of the numbers, each first brought to mean 0 and variance 1; a gap counts as the mean.

    They come after the other columns, or with ``replace`` in the place of those they are made of.
    """

    def __init__(self, seed: int, components: int = 10, *, replace: bool = False) -> None:
        self.seed = seed
        self.components = components
        self.replace = replace

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Learn the components."""
        self.names = numeric(X)
        dense = X[self.names].to_numpy(dtype=np.float32).astype(np.float64)
        known = ~np.isnan(dense)
        counts = np.maximum(known.sum(axis=0), 1)
        self.centers = np.where(known, dense, 0.0).sum(axis=0) / counts
        dense -= self.centers
        dense[~known] = 0.0
        spread = np.sqrt((dense * dense).sum(axis=0) / counts)
        self.factors = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
        dense *= self.factors
        self.axes = main_axes(dense, min(self.components, *dense.shape), self.seed)
        dropped = self.names if self.replace and self.axes.shape[1] else []
        self.kept = [name for name in X.columns if name not in dropped]
        self.new = distinct([f"component {i}" for i in range(self.axes.shape[1])], self.kept)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The components, and what is kept."""
        dense = (X[self.names].to_numpy(dtype=np.float32) - self.centers) * self.factors
        dense[np.isnan(dense)] = 0.0
        found = (dense @ self.axes).astype(np.float32)
        return beside(X[self.kept], {name: found[:, i] for i, name in enumerate(self.new)})
