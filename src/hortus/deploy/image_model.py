"""A trained network as one object: images in, classes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.notes import Note
from hortus.data.read_images import read_pictures
from hortus.data.task import Task
from hortus.errors import InputError, SettingError
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ImageModel:
    """A network and all that stands between images as they come and what it sees.

    Attributes:
        task: the classes and the metric.
        network: trained, in evaluation mode.
        shape: channels, height, width of what it was trained on.
        whole: whether it was trained on whole bytes (0 to 255).
        mean: of each channel.
        deviation: standard deviation of each channel.
        resolution: share of the height and width that it sees.
        candidate: what the network was built from.
        facts: what the run found out about it, as plain JSON values.
        notes: how the libraries here differ from those that made it.
    """

    task: Task
    network: nn.Module
    shape: tuple[int, int, int]
    whole: bool
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    resolution: float
    candidate: Candidate
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list, compare=False)

    def predict_proba(self, images: Any) -> NDArray[np.float64]:
        """(n, K) probabilities, in the order of ``task.classes``.

        Args:
            images: arrays, tensors, paths, a path or a folder of class folders; of another size they are resized.

        Raises:
            InputError: they cannot be used: all of them are needed, so that nothing is left out here.
        """
        return self.rate(self.pixels(images))

    def rate(self, pixels: Any) -> NDArray[np.float64]:
        """(n, K) probabilities of a (n, c, h, w) tensor as `pixels` gives it."""
        from hortus.nets.training import probabilities

        if not len(pixels):
            return np.zeros((0, len(self.task.classes)))
        found: NDArray[np.float64] = probabilities(
            self.network, self._normalize, pixels, resolution=self.resolution
        ).numpy()
        return found

    def predict(self, images: Any) -> NDArray[Any]:
        """(n,) labels as they came in training; see `predict_proba`."""
        return self.decide(self.predict_proba(images))

    def decide(self, probabilities: NDArray[np.float64]) -> NDArray[Any]:
        """(n,) labels of (n, K) probabilities: the likeliest."""
        return self.task.decode(probabilities.argmax(axis=1))

    def draw(self, path: Path) -> None:
        """Draw the network as a graph, in SVG.

        Raises:
            SettingError: candidates of its space cannot be drawn.
        """
        draw = getattr(self.candidate, "draw", None)
        if draw is None:
            raise SettingError(
                f"A {type(self.candidate).__name__} cannot be drawn.",
                mend="print(model.describe) says what it is made of.",
                code="cannot-draw",
            )
        draw(Path(path))

    @property
    def describe(self) -> str:
        """The candidate in one line."""
        return str(self.candidate.describe())

    def pixels(self, images: Any) -> Any:
        """(n, c, h, w) tensor of images, brought to the shape trained on.

        Raises:
            InputError: they cannot be used.
        """
        import torch

        if getattr(images, "shape", None) and images.shape[0] == 0:
            return torch.zeros((0, *self.shape))
        channels, height, width = self.shape
        pixels = read_pictures(images, size=(height, width), channels=channels, strict=True).pixels
        if self.whole and pixels.dtype != np.uint8 and pixels.max() <= 1.0 < max(self.mean):
            raise InputError(
                f"The images go from {pixels.min():.3g} to {pixels.max():.3g}; the network was trained on 0 to 255.",
                mend="Multiply them by 255.",
                code="images-range",
            )
        # Torch warns of arrays that nobody may write to, as maps of files are.
        return torch.from_numpy(pixels if pixels.flags.writeable else pixels.copy())

    @cached_property
    def _normalize(self) -> Any:
        from hortus.nets.training import Normalizer, device

        return Normalizer(self.mean, self.deviation, place=device())
