"""The ensemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hortus.deploy.code.parts.chain import Chain
from hortus.deploy.code.parts.constants import CLASSES, KIND, ORDERED, TARGET
from hortus.deploy.code.parts.prepare import Preparation, Rows
from hortus.seeds import derive, stream


@dataclass(frozen=True)
class Member:
    """One candidate of the ensemble.

    Attributes:
        chain: makes it for a fold, given a seed.
        seed: of its trial.
        folds: that it is fitted on; their average is its prediction.
        share: of the training rows that it sees.
    """

    chain: Callable[[int, int], Chain]
    seed: int
    folds: int
    share: float = 1.0


class Model:
    """Prepares a table, fits every member on every fold's training rows, and combines what they predict.

    Args:
        columns: of the table, by name.
        members: the ensemble.
        combine: one array of predictions from the members'.
    """

    def __init__(
        self,
        columns: dict[str, Any],
        members: list[Member],
        combine: Callable[[list[NDArray[np.float64]]], NDArray[np.float64]],
    ) -> None:
        self.preparation = Preparation(columns)
        self.members = members
        self.combine = combine

    def fit(self, table: pd.DataFrame, fold: NDArray[np.intp], weight: NDArray[np.float64] | None = None) -> Self:
        """Train.

        Args:
            table: the rows, with the target's column; those without a target are left out.
            fold: (n,) for each row that has a target, the fold it is held back in; -1 for none.
            weight: (n,) how much each of these rows counts.
        """
        table, y = with_target(table)
        if len(fold) != len(y):
            raise ValueError(f"{len(fold)} rows have a fold, and {len(y)} rows of the table a target")
        rows = self.preparation.fit_transform(table)
        rows = Rows(rows.X, y, weight, rows.words)
        shape = (len(y), len(CLASSES)) if CLASSES else len(y)
        held_out = [np.full(shape, np.nan) for _ in self.members]
        self.fitted: list[list[Chain]] = []
        # Sums taken in one thread are the same on every machine.
        with threadpool_limits(1):
            for member, predicted in zip(self.members, held_out, strict=True):
                chains = []
                for k in range(member.folds):
                    train = np.flatnonzero(fold < k if ORDERED else fold != k)
                    seed = derive(member.seed, "fold", k)
                    if member.share < 1.0:
                        some = max(2, round(member.share * len(train)))
                        train = np.sort(stream(member.seed, "rows", k).choice(train, size=some, replace=False))
                    valid = rows.take(np.flatnonzero(fold == k))
                    chain = member.chain(k, seed).fit(rows.take(train), valid)
                    predicted[fold == k] = chain.predict(valid)
                    chains.append(chain)
                self.fitted.append(chains)
        judged = np.flatnonzero(~np.isnan(np.sum(held_out, axis=0).reshape(len(y), -1)).any(axis=1))
        self.y_out_of_fold = y[judged]
        self.out_of_fold = self.combine([predicted[judged] for predicted in held_out])
        return self

    def predict(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """(n, K) probabilities in the order of ``CLASSES``, or (n,) values."""
        rows = self.preparation.transform(table)
        if not len(rows.X):
            return np.zeros((0, len(CLASSES)) if CLASSES else 0)
        with threadpool_limits(1):
            return self.combine([average([chain.predict(rows) for chain in chains]) for chains in self.fitted])


def average(predictions: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of arrays."""
    total = predictions[0]
    for prediction in predictions[1:]:
        total = total + prediction
    return total / len(predictions)


def with_target(table: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[Any]]:
    """The rows that have a target, and it: (n,) codes of classes or values."""
    cells = table[TARGET]
    known = cells.notna().to_numpy() & np.array([not isinstance(cell, str) or bool(cell.strip()) for cell in cells])
    table = table[known].reset_index(drop=True)
    cells = table[TARGET]
    if KIND == "regression":
        return table, pd.to_numeric(cells).to_numpy(dtype=np.float64)
    code = {label: k for k, label in enumerate(CLASSES)}
    return table, np.array([code[cell] if cell in code else code[str(cell).strip()] for cell in cells], dtype=np.int64)
