"""Categories as numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from hortus.deploy.code.parts.constants import CLASSES, KIND
from hortus.deploy.code.parts.frames import beside, categorical, levels, numbers, numeric, replaced
from hortus.features.layout import distinct
from hortus.features.target import _encode as target_means
from hortus.features.target import _folds as even_folds
from hortus.features.target import _targets as targets_of


class OneHot(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers as they are, then a 0/1 column for each category, the commonest first.

    Of two categories without gaps one column is enough. Past ``max_categories``, the rarest share a last column,
    which also takes what is unseen. A missing cell is all zero.
    """

    def __init__(self, max_categories: int = 40) -> None:
        self.max_categories = max_categories

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Learn the categories."""
        self.numbers = numeric(X)
        self.slots: dict[str, NDArray[np.intp]] = {}
        names = list(self.numbers)
        for name in categorical(X):
            counts = np.bincount(levels(X[name]), minlength=len(X[name].cat.categories) + 1)
            slots, labels = self._assign(counts[:-1], gaps=bool(counts[-1]))
            self.slots[name] = np.append(np.where(slots >= 0, slots + len(names), -1), -1)
            names += [f"{name} = {label}" for label in labels]
        self.names = distinct(names or ["nothing"])
        return self

    def _assign(self, counts: NDArray[np.intp], *, gaps: bool) -> tuple[NDArray[np.intp], list[str]]:
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        slots = np.full(len(counts), -1, dtype=np.intp)
        if len(order) > self.max_categories:
            kept = order[: max(self.max_categories - 1, 0)]
            slots[:] = len(kept)
            slots[kept] = np.arange(len(kept))
            return slots, [*map(str, kept), "other"]
        if len(order) == 2 and not gaps:
            order = order.max(keepdims=True)
        slots[order] = np.arange(len(order))
        return slots, [str(code) for code in order]

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The numbers and the 0/1 columns."""
        dense = np.zeros((len(X), len(self.names)), dtype=np.float32)
        for i, name in enumerate(self.numbers):
            dense[:, i] = X[name]
        for name, slots in self.slots.items():
            slot = slots[levels(X[name])]
            marked = np.flatnonzero(slot >= 0)
            dense[marked, slot[marked]] = 1.0
        return pd.DataFrame(dense, columns=self.names, index=X.index)


class TargetMean(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Categories as the target's mean among the rows that have them, drawn towards the overall mean.

    For the columns of more than ``min_categories`` categories; they come after all others. Training rows get means
    of the other four fifths of the rows, so that their own target never reaches them.
    """

    def __init__(self, seed: int, min_categories: int = 5, smooth: float | None = None) -> None:
        self.seed = seed
        self.min_categories = min_categories
        self.smooth = smooth

    def fit_transform(self, X: pd.DataFrame, y: NDArray[Any]) -> pd.DataFrame:
        """Learn the means; the rows get those of the folds they are not in."""
        targets = targets_of(y, KIND, len(CLASSES))
        folds = even_folds(y, KIND, self.seed)
        self.means: dict[str, NDArray[np.float32]] = {}
        found = {}
        for name in categorical(X):
            count = len(X[name].cat.categories)
            if count > self.min_categories:
                means, found[name] = target_means(levels(X[name]), count + 1, targets, folds, self.smooth)
                self.means[name] = means
        return self._with(X, found)

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The means of all training rows."""
        return self._with(X, {name: means[levels(X[name])] for name, means in self.means.items()})

    def _with(self, X: pd.DataFrame, found: dict[str, NDArray[np.float32]]) -> pd.DataFrame:
        kept = X.drop(columns=list(self.means))
        ends = [f" {k}" for k in range(len(CLASSES))] if len(CLASSES) > 2 else [""]
        names = distinct([f"{name} target mean{end}" for name in found for end in ends], kept.columns)
        parts = [part for columns in found.values() for part in columns.T]
        return beside(kept, dict(zip(names, parts, strict=True)))


class Count(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Categories as the share of training rows that have them."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Count."""
        self.shares = {}
        for name in categorical(X):
            counts = np.bincount(levels(X[name]), minlength=len(X[name].cat.categories) + 1)
            self.shares[name] = (counts / max(len(X), 1)).astype(np.float32)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The shares."""
        return replaced(X, {name: shares[levels(X[name])] for name, shares in self.shares.items()})


class Ordinal(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Categories as plain numbers, from the commonest to the rarest; gaps stay gaps."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Nothing is learned."""
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The codes."""
        return replaced(X, {name: numbers(X[name]) for name in categorical(X)})
