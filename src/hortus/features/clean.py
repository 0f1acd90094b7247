"""Fill what is missing."""

# ruff: noqa: ARG002, ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.features.base import Params, State, Step
from hortus.features.layout import columns_from_state, columns_to_state, distinct


class Impute(Step):
    """Fill missing cells, so that no NaN is left.

    Takes every column, gives the same ones. A number becomes the median or mean of the training rows (0 where they
    have none). A category becomes a code of its own where the training rows had missing ones to learn it from,
    else their commonest code.

    Args:
        strategy: what a missing number becomes.
        indicators: whether to append, for each number that was missing in training, a column that is 1 where it was.
    """

    name: ClassVar[str] = "impute"

    def __init__(self, strategy: Literal["median", "mean"] = "median", *, indicators: bool = True) -> None:
        self.strategy = strategy
        self.indicators = indicators

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Median or mean; with or without indicators."""
        return {
            "strategy": trial.suggest_categorical(f"{prefix}strategy", ("median", "mean")),
            "indicators": trial.suggest_categorical(f"{prefix}indicators", (True, False)),
        }

    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Learn the filling values and fill. The target is not used."""
        missing: NDArray[np.bool_] = np.asarray(np.isnan(X.dense).any(axis=0))
        self._fill = np.zeros(len(X.columns), dtype=np.float32)
        columns = list(X.columns)
        for i, column in enumerate(X.columns):
            known = X.dense[:, i]
            if missing[i]:
                known = known[~np.isnan(known)]
            if column.categories:
                if missing[i]:
                    self._fill[i] = column.categories
                    columns[i] = replace(column, categories=column.categories + 1)
                elif len(known):
                    self._fill[i] = np.bincount(known.astype(np.intp)).argmax()
            elif len(known):
                self._fill[i] = np.median(known) if self.strategy == "median" else np.mean(known, dtype=np.float64)
        marked = [i for i, column in enumerate(X.columns) if self.indicators and missing[i] and not column.categories]
        self._marked = np.asarray(marked, dtype=np.intp)
        names = distinct([f"{X.columns[i].name} is missing" for i in marked], [c.name for c in X.columns])
        columns += [MatrixColumn(name, X.columns[i].source) for name, i in zip(names, marked, strict=True)]
        self._columns = tuple(columns)
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """Fill with what was learned."""
        gaps = np.isnan(X.dense)
        dense = np.where(gaps, self._fill, X.dense) if gaps.any() else X.dense
        if len(self._marked):
            dense = np.hstack([dense, gaps[:, self._marked].astype(np.float32)])
        return X.with_dense(dense, self._columns)

    def state(self) -> State:
        """Filling values, marked columns and the columns given."""
        return {"fill": self._fill, "marked": self._marked, "columns": columns_to_state(self._columns)}

    def restore(self, state: State) -> None:
        """Take back what `state` gave."""
        self._fill, self._marked = state["fill"], state["marked"]
        self._columns = columns_from_state(state["columns"])
