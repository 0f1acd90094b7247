"""What every check is handed: the table, its target, and a sample of its rows for whatever is scored."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.one_column import ColumnScores, ranks, score_columns
from hortus.data.checks.row_hashes import row_hashes
from hortus.data.schema import Schema
from hortus.data.split import Folds
from hortus.data.task import Task
from hortus.seeds import stream

if TYPE_CHECKING:
    import pandas as pd

# Rows that scores are taken on, and cells for tables that are wide.
SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 4_000_000
SAMPLE_LEAST = 500


@dataclass(frozen=True, eq=False)
class Subject:
    """A table as the checks see it.

    Attributes:
        frame: (n, p) the canonical frame of the features, as `Schema.apply` makes it.
        y: (n,) class codes or values.
        task: what is predicted.
        schema: all columns, those left out too.
        folds: which rows judge; None where that is not decided.
        groups: (n,) what keeps rows together; None where nothing does.
        seed: of the run.
        deadline: on `time.monotonic`'s clock; None for as long as it takes.
    """

    frame: pd.DataFrame
    y: NDArray[Any]
    task: Task
    schema: Schema
    folds: Folds | None = None
    groups: Any = None
    seed: int = 0
    deadline: float | None = None
    _codes: dict[str, NDArray[np.intp]] = field(default_factory=dict, init=False, repr=False)

    def time_for(self, seconds: float) -> bool:
        """Whether so much is left of the time for the gate."""
        return self.deadline is None or time.monotonic() + seconds < self.deadline

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each feature, by name."""
        return {column.name: column.kind for column in self.schema.features}

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """(m,) positions of the sampled rows, ascending."""
        # What is told of a row is a number for each class, column by column.
        classes = 1 if self.task.kind == "regression" else int(self.y.max()) + 1
        count, width = len(self.y), max(self.frame.shape[1], classes, 1)
        size = min(count, SAMPLE_ROWS, max(SAMPLE_CELLS // width, SAMPLE_LEAST))
        if size == count:
            return np.arange(count)
        return np.sort(stream(self.seed, "gate").choice(count, size, replace=False))

    def column(self, name: str) -> NDArray[Any]:
        """(n,) cells: float64, datetime64[us], or words as objects."""
        found: NDArray[Any] = self.frame[name].to_numpy()
        return found

    def codes(self, name: str) -> NDArray[np.intp]:
        """(n,) each cell's place among the column's distinct values, by first appearance; -1 for missing."""
        if name not in self._codes:
            import pandas as pd

            self._codes[name] = pd.factorize(self.column(name))[0]
        return self._codes[name]

    @cached_property
    def alone(self) -> ColumnScores:
        """What each column alone says of the target, on the sampled rows."""
        columns = {name: self.column(name)[self.rows] for name in self.frame.columns}
        return score_columns(columns, self.y[self.rows], self.task.kind, seed=self.seed, deadline=self.deadline)

    @property
    def alone_complete(self) -> bool:
        """Whether no column went without its score for want of time."""
        return "alone" not in self.__dict__ or self.alone.complete

    @cached_property
    def row_groups(self) -> NDArray[np.intp]:
        """(n,) equal numbers for rows whose features are all equal."""
        import pandas as pd

        found: NDArray[np.intp] = pd.factorize(row_hashes(self.frame))[0]
        return found

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """(n, t) the target as numbers: its ranks, or one 0/1 column a class (of two classes, the second alone)."""
        if self.task.kind == "regression":
            return ranks(self.y)[:, None]
        classes = np.array([1]) if self.task.kind == "binary" else np.arange(int(self.y.max()) + 1)
        return np.asarray(self.y[:, None] == classes, dtype=np.float64)
