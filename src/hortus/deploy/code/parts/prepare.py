"""The table as learners see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from hortus.features.layout import distinct


@dataclass(frozen=True)
class Rows:
    """Rows with their targets and weights, and beside them the weights of words where there is text."""

    X: pd.DataFrame
    y: NDArray[Any]
    weight: NDArray[np.float64] | None = None
    words: sparse.csr_array | None = None

    def take(self, index: NDArray[np.intp]) -> Rows:
        """The rows at ``index``."""
        return Rows(
            self.X.iloc[index].reset_index(drop=True),
            self.y[index],
            None if self.weight is None else self.weight[index],
            None if self.words is None else self.words[index],
        )

    def of(self, X: pd.DataFrame) -> Rows:
        """The same rows with other columns."""
        return replace(self, X=X)


class Preparation:
    """From the table's columns to numbers and categories."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns

    def fit_transform(self, table: pd.DataFrame) -> Rows:
        """Learn from the training rows and prepare them."""
        return self._rows(table, "fit_transform")

    def transform(self, table: pd.DataFrame) -> Rows:
        """Prepare other rows.

        Raises:
            KeyError: the table lacks columns.
        """
        return self._rows(table, "transform")

    def _rows(self, table: pd.DataFrame, how: str) -> Rows:
        lacking = [name for name in self.columns if name not in table]
        if lacking:
            raise KeyError(f"the table lacks the columns {lacking}")
        table = table.reset_index(drop=True)
        names: list[str] = []
        found: list[Any] = []
        for name, column in self.columns.items():
            for end, part in getattr(column, how)(table[name]).items():
                names.append(name + end)
                found.append(part)
        texts = [(name, column) for name, column in self.columns.items() if hasattr(column, "weigh")]
        words = [column.weigh(table[name]) for name, column in texts]
        X = pd.DataFrame(dict(zip(distinct(names), found, strict=True)), index=table.index)
        return Rows(X, np.zeros(len(X)), None, sparse.csr_array(sparse.hstack(words, format="csr")) if words else None)
