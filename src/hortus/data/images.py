"""Images on disk as every trial sees them: one array, written once, memory-mapped by the workers, read-only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.image_facts import ImageFacts
from hortus.data.metrics import Metric, make_metric
from hortus.data.pixels import channel_moments, described, digest_of, write_arrays, written_at
from hortus.data.split import Folds
from hortus.data.task import Task

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
        return channel_moments(self.pixels, at_once=_BLOCK)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything above, hexadecimal; equal for equal data on every machine."""
        return digest_of(self._described(), self._arrays(), at_once=_BLOCK)

    def _described(self) -> dict[str, Any]:
        return {"format": _FORMAT, "task": self.task.to_json(), "folds": self.folds.count}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"pixels": self.pixels, "y": self.y, "folds": self.folds.assignment}

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``, which is made where it is not there."""
        told = self._described() | {"digest": self.digest, "moments": self.moments}
        write_arrays(folder, self._arrays(), FILE, told)

    @classmethod
    def load(cls, folder: Path) -> ImageData:
        """What ``save`` wrote, memory-mapped; the same object when the same folder is asked for again.

        Raises:
            ArtifactError: the folder holds no images, or they are damaged.
        """
        place = Path(folder).resolve()
        return _load(place, written_at(Path(folder), FILE, what="images"))


@lru_cache(maxsize=4)
def _load(folder: Path, _stamp: int) -> ImageData:
    with described(folder, FILE, version=_FORMAT, what="images") as found:
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
    return data
