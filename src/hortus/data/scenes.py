"""Scenes and their masks on disk as every trial sees them: arrays, written once, memory-mapped, read-only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.image_facts import ImageFacts
from hortus.data.mask_classes import MaskClasses
from hortus.data.pixels import channel_moments, described, digest_of, write_arrays, written_at
from hortus.data.split import Folds

FILE = "scenes.json"
METRIC = "mean_iou"
_FORMAT = 1
# Scenes at a time, where all of them are walked through.
_BLOCK = 256


@dataclass(frozen=True)
class SceneData:
    """What all trials of a run share.

    Attributes:
        pixels: (n, c, h, w) uint8 or float32.
        masks: (n, h, w) uint8: class codes, and `hortus.data.mask_classes.VOID` where a pixel counts for nothing.
        folds: which scenes validate.
        classes: what the codes mean.
    """

    pixels: NDArray[Any]
    masks: NDArray[np.uint8]
    folds: Folds
    classes: MaskClasses

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.pixels.shape[1:]
        return int(channels), int(height), int(width)

    def train_rows(self) -> NDArray[np.intp]:
        """Indices of the scenes that are learned from, ascending."""
        return self.folds.train_rows(0)

    def valid_rows(self) -> NDArray[np.intp]:
        """Indices of the scenes that judge, ascending."""
        return self.folds.valid_rows(0)

    def facts(self, seconds: float | None) -> ImageFacts:
        """What a search space may know of the scenes; ``seconds`` is the time budget."""
        channels, height, width = self.shape
        return ImageFacts(channels, height, width, len(self.classes), len(self), seconds)

    @cached_property
    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel; the deviation of a constant channel is 1."""
        return channel_moments(self.pixels, at_once=_BLOCK)

    @cached_property
    def frequencies(self) -> tuple[float, ...]:
        """Of each class, its share of the pixels that count, on the scenes that are learned from."""
        counts = np.zeros(256, dtype=np.int64)
        for row in self.train_rows():
            counts += np.bincount(self.masks[row].ravel(), minlength=256)
        counted = counts[: len(self.classes)]
        return tuple((counted / max(1, counted.sum())).tolist())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything above, hexadecimal; equal for equal data on every machine."""
        return digest_of(self._described(), self._arrays(), at_once=_BLOCK)

    def _described(self) -> dict[str, Any]:
        return {"format": _FORMAT, "classes": self.classes.to_json()}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"pixels": self.pixels, "masks": self.masks, "folds": self.folds.assignment}

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``, which is made where it is not there."""
        told = self._described() | {
            "digest": self.digest,
            "moments": self.moments,
            "frequencies": self.frequencies,
        }
        write_arrays(folder, self._arrays(), FILE, told)

    @classmethod
    def load(cls, folder: Path) -> SceneData:
        """What ``save`` wrote, memory-mapped; the same object when the same folder is asked for again.

        Raises:
            ArtifactError: the folder holds no scenes, or they are damaged.
        """
        place = Path(folder).resolve()
        return _load(place, written_at(Path(folder), FILE, what="scenes"))


@lru_cache(maxsize=4)
def _load(folder: Path, _stamp: int) -> SceneData:
    with described(folder, FILE, version=_FORMAT, what="scenes") as found:
        pixels, masks = (np.load(folder / f"{n}.npy", mmap_mode="r", allow_pickle=False) for n in ("pixels", "masks"))
        assignment = np.load(folder / "folds.npy", allow_pickle=False)
        classes = MaskClasses.from_json(found["classes"])
        if masks.shape != (len(pixels), *pixels.shape[2:]) or len(assignment) != len(pixels):
            raise ValueError(f"pixels {pixels.shape} do not fit masks {masks.shape}")
        data = SceneData(np.asarray(pixels), np.asarray(masks), Folds(assignment, 1), classes)
        mean, deviation = found["moments"]
        # What was computed once need not be computed again by every worker.
        data.__dict__["moments"] = (tuple(mean), tuple(deviation))
        data.__dict__["frequencies"] = tuple(found["frequencies"])
        data.__dict__["digest"] = found["digest"]
    return data


def judged(scenes: int, *, share: float = 0.2) -> int:
    """How many of so many scenes judge: a fifth, at least one.

    >>> judged(367), judged(4)
    (73, 1)
    """
    return max(1, min(scenes - 1, round(share * scenes)))
