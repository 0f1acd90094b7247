"""A learner's own outputs as the contract wants them, whatever classes its training rows happened to hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.facts import Kind
from hortus.data.rows import Rows
from hortus.data.rows_on_disk import RowsOnDisk
from hortus.models.base import FitContext, Vector


@dataclass(frozen=True)
class Outputs:
    """Which classes a learner met in training; it works with their positions 0 … k - 1.

    Attributes:
        kind: the task.
        classes: number of classes K that are asked for; 0 for a regression.
        present: (k,) codes met in training, rising; empty for a regression.
    """

    kind: Kind
    classes: int
    present: NDArray[np.int64]

    @classmethod
    def learn(cls, y: NDArray[Any], context: FitContext) -> Outputs:
        """See which classes ``y`` holds."""
        present = np.zeros(0, dtype=np.int64) if context.kind == "regression" else np.unique(y).astype(np.int64)
        return cls(context.kind, context.classes, present)

    @property
    def regression(self) -> bool:
        """Whether values are predicted, not probabilities."""
        return self.kind == "regression"

    @property
    def count(self) -> int:
        """Classes met in training, k; 1 for a regression."""
        return max(1, len(self.present))

    @property
    def single(self) -> bool:
        """Whether there was one class only, so that there is nothing to learn."""
        return not self.regression and len(self.present) == 1

    def targets(self, rows: Rows | RowsOnDisk) -> NDArray[Any]:
        """(n,) positions of classes, for rows of classes met; values for a regression."""
        return rows.y if self.regression else np.searchsorted(self.present, rows.y)

    def known(self, valid: Rows | None) -> Rows | None:
        """The rows of classes met in training, or None where no row is left."""
        if valid is None or not len(valid.y):
            return None
        keep = np.ones(len(valid.y), dtype=bool) if self.regression else np.isin(valid.y, self.present)
        if valid.weight is not None and not valid.weight[keep].sum() > 0:
            return None
        if keep.all():
            return valid
        index = np.flatnonzero(keep)
        if not len(index):
            return None
        return Rows(valid.X.rows(index), valid.y[index], None if valid.weight is None else valid.weight[index])

    def probabilities(self, found: NDArray[Any]) -> Vector:
        """(n, K) from (n, k) non-negative scores, or from (n,) chances of the second of two classes."""
        # For one row, stacking and the ways to `ones` and `sum` would take longer than all the rest here.
        if found.ndim == 1 and self.count == 2:
            second, found = found, np.empty((len(found), 2))
            found[:, 0], found[:, 1] = 1.0 - second, second
        else:
            found = np.ones((len(found), 1)) if found.ndim == 1 else found.astype(np.float64)
        found /= np.add.reduce(found, axis=1, keepdims=True)
        if self.count == self.classes:
            return found
        wide = np.zeros((len(found), self.classes))
        wide[:, self.present] = found
        return wide

    def certain(self, rows: int) -> Vector:
        """(rows, K) for `single`: all on the one class."""
        return self.probabilities(np.ones((rows, 1)))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"kind": self.kind, "classes": self.classes, "present": self.present.tolist()}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Outputs:
        """The inverse of ``to_json``."""
        return cls(found["kind"], found["classes"], np.asarray(found["present"], dtype=np.int64))
