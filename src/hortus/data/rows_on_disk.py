"""Encoded rows with their targets in plain files, mapped and read some at a time: for tables larger than memory."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from hortus.data.columns import Columns, MatrixColumn
from hortus.data.disk import disk_error
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows
from hortus.errors import ArtifactError

FILE = "rows.json"
# Rows of a part: with some hundred columns, tens of megabytes.
PART = 50_000


@dataclass(frozen=True)
class RowsOnDisk:
    """Rows that lie in a folder, dense columns alone.

    Attributes:
        folder: where.
        columns: what each of the p dense columns holds.
        count: of the rows, n.
        regression: whether the targets are values, not class codes.
        weighted: whether the rows have weights.
    """

    folder: Path
    columns: Columns
    count: int
    regression: bool
    weighted: bool

    def __len__(self) -> int:
        return self.count

    @cached_property
    def dense(self) -> NDArray[np.float32]:
        """(n, p) mapped into memory: the system reads what is asked for and forgets it again."""
        return self._map("dense", np.float32, (self.count, len(self.columns)))

    @cached_property
    def y(self) -> NDArray[Any]:
        """(n,) class codes as int64 or values as float64, in memory."""
        return np.array(self._map("y", np.float64 if self.regression else np.int64, (self.count,)))

    @cached_property
    def weight(self) -> NDArray[np.float64] | None:
        """(n,) sample weights in memory, or None."""
        return np.array(self._map("weight", np.float64, (self.count,))) if self.weighted else None

    @cached_property
    def sampled(self) -> NDArray[np.bool_]:
        """(n,) whether a row was in the sample that the search learned from."""
        return np.array(self._map("sampled", np.bool_, (self.count,)))

    def parts(self, size: int = PART) -> Iterator[Rows]:
        """All rows in their order, ``size`` at a time."""
        for start in range(0, self.count, size):
            yield self.part(start, start + size)

    def part(self, start: int, stop: int) -> Rows:
        """The rows from ``start`` to before ``stop``, copied into memory."""
        weight = None if self.weight is None else self.weight[start:stop]
        return Rows(Matrix(np.array(self.dense[start:stop]), self.columns), self.y[start:stop], weight)

    def whole(self) -> Rows:
        """All rows at once, in memory."""
        return self.part(0, self.count)

    def through(self, change: Callable[[Matrix], Matrix], folder: Path, *, unsampled: bool = False) -> RowsOnDisk:
        """The rows as ``change`` makes them, part by part, in another folder.

        Args:
            change: dense columns in, dense columns out, row by row.
            folder: for the new rows; made here.
            unsampled: leave out the rows of the sample.
        """
        writer: RowsWriter | None = None
        with ExitStack() as stack:
            for start in range(0, self.count, PART):
                rows = self.part(start, start + PART)
                chosen = np.flatnonzero(~self.sampled[start : start + PART]) if unsampled else np.arange(len(rows.y))
                X = change(rows.X.rows(chosen))
                if writer is None:
                    made = RowsWriter(folder, X.columns, regression=self.regression, weighted=self.weighted)
                    writer = stack.enter_context(made)
                weight = None if rows.weight is None else rows.weight[chosen]
                writer.add(Rows(X, rows.y[chosen], weight), self.sampled[start : start + PART][chosen])
        return RowsOnDisk.open(folder)

    @classmethod
    def open(cls, folder: Path) -> RowsOnDisk:
        """What a `RowsWriter` wrote.

        Raises:
            ArtifactError: nothing was written to its end there.
        """
        try:
            found = json.loads((folder / FILE).read_text(encoding="utf-8"))
            columns = tuple(MatrixColumn(**column) for column in found.pop("columns"))
            return cls(folder, columns, **found)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ArtifactError(
                f"There are no whole rows in {str(folder)!r}: {error}.",
                mend="Go on with the run (hortus resume), which writes them anew.",
                code="rows-missing",
            ) from error

    def _map(self, name: str, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
        if not all(shape):
            # Nothing cannot be mapped.
            return np.zeros(shape, dtype=dtype)
        return np.asarray(np.memmap(self.folder / f"{name}.bin", dtype=dtype, mode="r", shape=shape))


class RowsWriter:
    """Writes rows part by part; they can be opened once all were written.

    Args:
        folder: made here.
        columns: what each dense column holds.
        regression: whether the targets are values.
        weighted: whether the rows have weights.
    """

    def __init__(self, folder: Path, columns: Columns, *, regression: bool, weighted: bool) -> None:
        self._folder, self._columns, self._count = folder, columns, 0
        self._regression, self._weighted = regression, weighted
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        names = ("dense", "y", "sampled", *(("weight",) if self._weighted else ()))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                self._files[name] = self._stack.enter_context((self._folder / f"{name}.bin").open("wb"))
        except OSError as error:
            self._stack.close()
            raise disk_error(self._folder, error) from error
        return self

    def add(self, rows: Rows, sampled: NDArray[np.bool_]) -> None:
        """Write some rows.

        Args:
            rows: of the columns said.
            sampled: (n,) whether each was in the sample that the search learned from.

        Raises:
            RunError: the disk is full.
        """
        arrays: dict[str, NDArray[Any]] = {
            "dense": rows.X.dense.astype(np.float32, copy=False),
            "y": rows.y.astype(np.float64 if self._regression else np.int64, copy=False),
            "sampled": sampled,
        }
        if self._weighted:
            arrays["weight"] = np.ones(len(rows.y)) if rows.weight is None else rows.weight
        try:
            for name, array in arrays.items():
                np.ascontiguousarray(array).tofile(self._files[name])
        except OSError as error:
            raise disk_error(self._folder, error) from error
        self._count += len(rows.y)

    def __exit__(self, kind: object, *_: object) -> None:
        # A full disk may be noticed only as the last bytes are written.
        with contextlib.suppress(OSError) if kind is not None else contextlib.nullcontext():
            try:
                self._stack.close()
                if kind is None:
                    described = {
                        "columns": [asdict(column) for column in self._columns],
                        "count": self._count,
                        "regression": self._regression,
                        "weighted": self._weighted,
                    }
                    (self._folder / FILE).write_text(json.dumps(described), encoding="utf-8")
            except OSError as error:
                raise disk_error(self._folder, error) from error
