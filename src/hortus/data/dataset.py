"""The encoded rows on disk, as every trial sees them: written once, memory-mapped by the workers, read-only."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hortus.data.columns import MatrixColumn
from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.data.metrics import Metric, make_metric
from hortus.data.rows import Rows
from hortus.data.split import Folds
from hortus.errors import ArtifactError

_FORMAT = 1


@dataclass(frozen=True)
class Dataset:
    """What all trials of a run share.

    Attributes:
        X: the encoded rows.
        y: (n,) class codes as int64, or target values as float64.
        folds: which rows validate in which fold.
        kind: the task.
        classes: number of classes K; 0 for a regression.
        metric_name: the metric's name; None when it is the user's own function, which only the driver can call.
        weight: (n,) float64 sample weights, or None.
        groups: (n,) int64; rows of one number belong together; None where rows are independent.
    """

    X: Matrix
    y: NDArray[Any]
    folds: Folds
    kind: Kind
    classes: int
    metric_name: str | None
    weight: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def metric(self) -> Metric:
        """The metric on class codes or values; the task's own where ``metric_name`` is None."""
        return make_metric(self.metric_name, self.kind, tuple(range(self.classes)))

    def train_rows(self, fold: int) -> NDArray[np.intp]:
        """Indices of the rows that fold number ``fold`` trains on, ascending."""
        return self.folds.train_rows(fold)

    def valid_rows(self, fold: int) -> NDArray[np.intp]:
        """Indices of the rows that fold number ``fold`` validates, ascending."""
        return self.folds.valid_rows(fold)

    def rows(self, index: NDArray[np.intp]) -> Rows:
        """The rows at ``index`` with their targets, copied into memory."""
        weight = None if self.weight is None else np.asarray(self.weight[index])
        return Rows(self.X.rows(index), np.asarray(self.y[index]), weight)

    def facts(self, seconds: float | None) -> Facts:
        """What a search space may know of the rows; ``seconds`` is the time budget."""
        return Facts(
            kind=self.kind,
            classes=self.classes,
            rows=len(self.y),
            train_rows=len(self.train_rows(0)),
            columns=self.X.columns,
            missing=self._any_missing,
            words=0 if self.X.text is None else int(self.X.text.shape[1]),
            seconds=seconds,
        )

    @cached_property
    def _any_missing(self) -> bool:
        # A block at a time: a mask of the whole table would double what is resident.
        block = max(1, 2**24 // max(1, self.X.dense.shape[1]))
        return any(bool(np.isnan(self.X.dense[i : i + block]).any()) for i in range(0, len(self.y), block))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything above, hexadecimal; equal for equal data on every machine."""
        found = hashlib.sha256(json.dumps(self._described(), sort_keys=True).encode())
        for name, array in self._arrays().items():
            found.update(f"{name} {array.dtype.str} {array.shape}".encode())
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

    def _described(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "kind": self.kind,
            "classes": self.classes,
            "metric": self.metric_name,
            "folds": self.folds.count,
            "ordered": self.folds.ordered,
            "columns": [asdict(column) for column in self.X.columns],
            "words": None if self.X.text is None else int(self.X.text.shape[1]),
            **({"wide": True} if self.X.wide else {}),
        }

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays = {"dense": self.X.dense, "y": self.y, "folds": self.folds.assignment}
        if self.weight is not None:
            arrays["weight"] = self.weight
        if self.groups is not None:
            arrays["groups"] = self.groups
        if self.X.text is not None:
            text = self.X.text
            arrays |= {"text_data": text.data, "text_indices": text.indices, "text_indptr": text.indptr}
        return arrays

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``, which is made where it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self._arrays().items():
            np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        described = self._described() | {"digest": self.digest, "arrays": list(self._arrays())}
        (folder / "dataset.json").write_text(json.dumps(described), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """What ``save`` wrote, memory-mapped; the same object when the same folder is asked for again.

        Raises:
            ArtifactError: the folder holds no data set, or one of another format.
        """
        place = Path(folder).resolve()
        try:
            stamp = (place / "dataset.json").stat().st_mtime_ns
        except OSError as error:
            raise ArtifactError(
                f"There is no data set in {str(folder)!r}.",
                mend="The run's folder is incomplete: start the run again.",
                code="dataset-missing",
            ) from error
        return _load(place, stamp)


def _map(path: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        # An array without elements cannot be mapped.
        found: NDArray[Any] = np.load(path, allow_pickle=False)
        return found


@lru_cache(maxsize=4)
def _load(folder: Path, _stamp: int) -> Dataset:
    try:
        found = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise ArtifactError(
                f"The data set in {str(folder)!r} has format {found['format']}, and this Hortus reads {_FORMAT}.",
                mend="Use the version of Hortus that wrote it.",
                code="dataset-format",
            )
        arrays = {name: _map(folder / f"{name}.npy") for name in found["arrays"]}
        columns = tuple(MatrixColumn(**column) for column in found["columns"])
        text = None
        if found["words"] is not None:
            parts = (arrays["text_data"], arrays["text_indices"], arrays["text_indptr"])
            text = sparse.csr_array(parts, shape=(len(arrays["y"]), found["words"]))
        return Dataset(
            X=Matrix(arrays["dense"], columns, text, bool(found.get("wide", False))),
            y=arrays["y"],
            folds=Folds(np.asarray(arrays["folds"]), found["folds"], found["ordered"]),
            kind=found["kind"],
            classes=found["classes"],
            metric_name=found["metric"],
            weight=arrays.get("weight"),
            groups=arrays.get("groups"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(
            f"The data set in {str(folder)!r} is damaged: {error}",
            mend="Start the run again, in a new folder.",
            code="dataset-damaged",
        ) from error
