"""Gaps, filled."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from hortus.deploy.code.parts.frames import beside, is_category, levels, numeric, to_category
from hortus.features.layout import distinct


class Impute(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers: the median or mean, and a column that says where there was a gap. Categories: one of their own.

    A category column without gaps in training has none to learn from: its gaps become its commonest category.
    """

    def __init__(self, strategy: str = "median", *, indicators: bool = True) -> None:
        self.strategy = strategy
        self.indicators = indicators

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Learn what to fill in."""
        self.fill: dict[str, Any] = {}
        self.sizes: dict[str, int] = {}
        for name in X.columns:
            gaps = bool(X[name].isna().any())
            if is_category(X[name]):
                count = len(X[name].cat.categories)
                codes = X[name].dropna().cat.codes
                self.fill[name] = count if gaps else int(np.bincount(codes).argmax()) if len(codes) else 0
                self.sizes[name] = count + gaps
            else:
                known = X[name].to_numpy()
                known = known[~np.isnan(known)]
                middle = np.median(known) if self.strategy == "median" else np.mean(known, dtype=np.float64)
                self.fill[name] = np.float32(middle) if len(known) else np.float32(0)
        self.marked = [name for name in numeric(X) if self.indicators and X[name].isna().any()]
        self.marks = distinct([f"{name} is missing" for name in self.marked], X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns filled, and marks."""
        gaps = {new: X[name].isna().to_numpy(np.float32) for new, name in zip(self.marks, self.marked, strict=True)}
        filled = {name: X[name].fillna(self.fill[name]) for name in numeric(X)}
        for name, count in self.sizes.items():
            codes = np.where(X[name].isna(), self.fill[name], levels(X[name]))
            filled[name] = pd.Series(to_category(codes, count), index=X.index)
        return beside(pd.DataFrame({name: filled[name] for name in X.columns}, index=X.index), gaps)
