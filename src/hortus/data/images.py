"""Images on disk as every trial sees them: one array, written once, memory-mapped by the workers, read-only."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.image_facts import ImageFacts
from hortus.data.metrics import Metric, make_metric
from hortus.data.split import Folds
from hortus.data.task import Task
from hortus.errors import ArtifactError

FILE = "images.json"
_FORMAT = 1
# Images at a time, where all of them are walked through.
_BLOCK = 4096


@dataclass(frozen=True)
class ImageData:
    """What all trials of a run share.

    Attributes:
        pixels: (n, c, h, w) uint8 or float32.
        y: (n,) class codes as int64.
        folds: which images validate.
        task: the classes and the metric.
    """

    pixels: NDArray[Any]
    y: NDArray[np.int64]
    folds: Folds
    task: Task

    def __len__(self) -> int:
        return len(self.y)

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.task.classes)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.pixels.shape[1:]
        return int(channels), int(height), int(width)

    def metric(self) -> Metric:
        """The metric on class codes."""
        return make_metric(self.task.metric, self.task.kind, tuple(range(self.classes)))

    def train_rows(self, fold: int) -> NDArray[np.intp]:
        """Indices of the images that fold number ``fold`` trains on, ascending."""
        return self.folds.train_rows(fold)

    def valid_rows(self, fold: int) -> NDArray[np.intp]:
        """Indices of the images that fold number ``fold`` validates, ascending."""
        return self.folds.valid_rows(fold)

    def facts(self, seconds: float | None) -> ImageFacts:
        """What a search space may know of the images; ``seconds`` is the time budget."""
        channels, height, width = self.shape
        return ImageFacts(channels, height, width, self.classes, len(self), seconds)

    @cached_property
    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel; the deviation of a constant channel is 1."""
        count, total, squares = 0, np.zeros(self.shape[0]), np.zeros(self.shape[0])
        for at in range(0, len(self), _BLOCK):
            block = self.pixels[at : at + _BLOCK].astype(np.float64)
            count += block.shape[0] * block.shape[2] * block.shape[3]
            total += block.sum(axis=(0, 2, 3))
            squares += (block**2).sum(axis=(0, 2, 3))
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
        deviation[deviation <= 1e-6 * np.maximum(1.0, np.abs(mean))] = 1.0
        return tuple(map(float, mean)), tuple(map(float, deviation))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything above, hexadecimal; equal for equal data on every machine."""
        found = hashlib.sha256(json.dumps(self._described(), sort_keys=True).encode())
        for name, array in self._arrays().items():
            found.update(f"{name} {array.dtype.str} {array.shape}".encode())
            for at in range(0, len(array), _BLOCK):
                found.update(np.ascontiguousarray(array[at : at + _BLOCK]).data)
        return found.hexdigest()

    def _described(self) -> dict[str, Any]:
        return {"format": _FORMAT, "task": self.task.to_json(), "folds": self.folds.count}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"pixels": self.pixels, "y": self.y, "folds": self.folds.assignment}

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``, which is made where it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self._arrays().items():
            np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        described = self._described() | {"digest": self.digest, "moments": self.moments}
        (folder / FILE).write_text(json.dumps(described), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ImageData:
        """What ``save`` wrote, memory-mapped; the same object when the same folder is asked for again.

        Raises:
            ArtifactError: the folder holds no images, or they are damaged.
        """
        place = Path(folder).resolve()
        try:
            stamp = (place / FILE).stat().st_mtime_ns
        except OSError as error:
            raise ArtifactError(
                f"There are no images in {str(folder)!r}.",
                mend="The run's folder is incomplete: start the run again.",
                code="dataset-missing",
            ) from error
        return _load(place, stamp)


@lru_cache(maxsize=4)
def _load(folder: Path, _stamp: int) -> ImageData:
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise ArtifactError(
                f"The images in {str(folder)!r} have format {found['format']}, and this Hortus reads {_FORMAT}.",
                mend="Use the version of Hortus that wrote them.",
                code="dataset-format",
            )
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ("pixels", "y")}
        assignment = np.load(folder / "folds.npy", allow_pickle=False)
        data = ImageData(
            pixels=np.asarray(arrays["pixels"]),
            y=np.asarray(arrays["y"]),
            folds=Folds(assignment, found["folds"]),
            task=Task.from_json(found["task"]),
        )
        mean, deviation = found["moments"]
        # What was computed once need not be computed again by every worker.
        data.__dict__["moments"] = (tuple(mean), tuple(deviation))
        data.__dict__["digest"] = found["digest"]
    except ArtifactError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"The images in {str(folder)!r} are damaged: {error}",
            mend="Start the run again, in a new folder.",
            code="dataset-damaged",
        ) from error
    return data
