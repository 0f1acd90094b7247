"""A trained network of scenes as one object: scenes in, masks out, each at the size of its scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.layout import with_channels
from hortus.data.mask_classes import MaskClasses
from hortus.data.notes import Note
from hortus.data.overlap import confusion
from hortus.data.read_images import read_pictures
from hortus.data.read_scenes import read_masks, scene_sizes
from hortus.errors import InputError, SettingError, nearest
from hortus.nets.dense_crf import CrfSettings
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from torch import Tensor, nn

WAYS = ("resized", "sliding")
# Windows of `sliding` overlap by this share of their side.
OVERLAP = 0.5


@dataclass(frozen=True)
class SceneModel:
    """A network and all that stands between scenes as they come and what it sees.

    Attributes:
        classes: what the codes mean.
        network: trained, in evaluation mode.
        shape: channels, height, width of what it was trained on.
        whole: whether it was trained on whole bytes (0 to 255).
        mean: of each channel.
        deviation: standard deviation of each channel.
        candidate: what the network was built from.
        facts: what the run found out about it, as plain JSON values.
        notes: how the libraries here differ from those that made it.
    """

    classes: MaskClasses
    network: nn.Module
    shape: tuple[int, int, int]
    whole: bool
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    candidate: Candidate
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list, compare=False)

    def codes(
        self, scenes: Any, *, way: str = "resized", refine: bool | CrfSettings = False
    ) -> list[NDArray[np.uint8]]:
        """The code of each pixel, 0 to K - 1, scene by scene at its own size; see `probabilities`."""
        if way == "resized" and not refine:
            return [self.likeliest(pixels)[0] for pixels in self.scenes(scenes)]
        return [found.argmax(axis=0).astype(np.uint8) for found in self.probabilities(scenes, way=way, refine=refine)]

    def likeliest(self, pixels: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The code of each pixel of one scene, and its probability; seen at the size trained on.

        The answer is enlarged class by class: all classes of a large picture at once would fill the memory.

        Args:
            pixels: (c, h, w) with the channels trained on.

        Returns:
            (h, w) codes 0 to K - 1, and (h, w) probabilities, not finite where the network's answer is no number.
        """
        import torch

        own = (int(pixels.shape[1]), int(pixels.shape[2]))
        seen = self._at_own_size(torch.from_numpy(np.array(pixels))[None])
        best = _enlarged(seen[:, :1], own)[0, 0]
        codes = torch.zeros(own, dtype=torch.uint8)
        for code in range(1, len(self.classes)):
            one = _enlarged(seen[:, code : code + 1], own)[0, 0]
            codes[one > best] = code
            best = torch.maximum(best, one)
        return codes.numpy(), best.numpy()

    def predict(self, scenes: Any, **how: Any) -> NDArray[np.int64] | list[NDArray[np.int64]]:
        """The value of each pixel, as the masks had it: (n, h, w), or a list where scenes differ in size.

        Args:
            scenes: as `probabilities` takes them.
            how: likewise.
        """
        found = [self.classes.decoded(codes) for codes in self.codes(scenes, **how)]
        return np.stack(found) if len({mask.shape for mask in found}) == 1 else found

    def predict_proba(self, scenes: Any, **how: Any) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        """The probability of each class at each pixel: (n, K, h, w), or a list where scenes differ in size.

        Args:
            scenes: as `probabilities` takes them.
            how: likewise.
        """
        found = self.probabilities(scenes, **how)
        return np.stack(found) if len({one.shape for one in found}) == 1 else found

    def probabilities(
        self, scenes: Any, *, way: str = "resized", refine: bool | CrfSettings = False
    ) -> list[NDArray[np.float32]]:
        """(K, h, w) of each scene, at its own size.

        Args:
            scenes: arrays, tensors, a list of either or of paths, or one path.
            way: what is done with scenes of another size than those trained on: ``"resized"`` sees them at that size
                and enlarges the answer; ``"sliding"`` sees windows of that size, which overlap by half, and averages.
            refine: whether a fully connected CRF follows (`hortus.nets.dense_crf`), or its settings.

        Raises:
            InputError: a scene cannot be used: all of them are needed, so that nothing is left out here.
            SettingError: there is no such way.
        """
        import torch

        if way not in WAYS:
            raise SettingError(f"There is no way called {way!r}.", mend=nearest(way, WAYS), code="unknown-way")
        found = []
        for pixels in self.scenes(scenes):
            one = torch.from_numpy(np.array(pixels))[None]
            proba = self._windows(one) if way == "sliding" else self._resized(one)
            result = proba[0].numpy()
            if refine:
                result = self._refined(result, pixels, refine if isinstance(refine, CrfSettings) else CrfSettings())
            found.append(result)
        return found

    def score(self, scenes: Any, masks: Any, **how: Any) -> NDArray[np.int64]:
        """(n, K, K) pixels of each scene by true and predicted class.

        Args:
            scenes: as `probabilities` takes them.
            masks: one for each, as in training.
            how: as `probabilities` takes it.

        Raises:
            TargetError: the masks do not match the scenes, or hold unknown values.
        """
        found = self.codes(scenes, **how)
        truth = read_masks(masks, self.classes, [(codes.shape[0], codes.shape[1]) for codes in found])
        return np.stack([confusion(t, c, len(self.classes)) for t, c in zip(truth, found, strict=True)])

    def scenes(self, scenes: Any) -> list[NDArray[Any]]:
        """(c, h, w) of each scene at its own size, with the channels trained on.

        Raises:
            InputError: one cannot be used.
        """
        channels = self.shape[0]
        if isinstance(scenes, (str, Path)):
            scenes = [scenes]
        if isinstance(scenes, (list, tuple)):
            sizes = scene_sizes(scenes)
            found = [
                read_pictures([one], size=size if size != (0, 0) else None, channels=channels, strict=True).pixels[0]
                for one, size in zip(scenes, sizes, strict=True)
            ]
        else:
            found = list(with_channels(read_pictures(scenes, strict=True).pixels, channels))
        for pixels in found:
            if self.whole and pixels.dtype != np.uint8 and pixels.max() <= 1.0 < max(self.mean):
                raise InputError(
                    f"A scene goes from {pixels.min():.3g} to {pixels.max():.3g}; the network was trained on 0 to 255.",
                    mend="Multiply them by 255.",
                    code="images-range",
                )
        return found

    @property
    def describe(self) -> str:
        """The candidate in one line."""
        return str(self.candidate.describe())

    def draw(self, path: Path) -> None:
        """Draw the network as a graph, in SVG."""
        from hortus.nets.network import NetworkCandidate

        if not isinstance(self.candidate, NetworkCandidate):
            raise SettingError(
                f"A {type(self.candidate).__name__} cannot be drawn.",
                mend="print(model.describe) says what it is made of.",
                code="cannot-draw",
            )
        self.candidate.draw(Path(path))

    @cached_property
    def _normalize(self) -> Any:
        from hortus.nets.training import Normalizer, device

        return Normalizer(self.mean, self.deviation, place=device())

    def _seen(self, pixels: Tensor) -> Tensor:
        from hortus.nets.scene_training import scene_probabilities

        return scene_probabilities(self.network, self._normalize, pixels)

    def _resized(self, pixels: Tensor) -> Tensor:
        return _enlarged(self._at_own_size(pixels), (int(pixels.shape[2]), int(pixels.shape[3])))

    def _at_own_size(self, pixels: Tensor) -> Tensor:
        """What is seen of pixels that are brought to the size trained on, at that size."""
        from torch.nn import functional

        size = self.shape[1:]
        if tuple(pixels.shape[2:]) == size:
            return self._seen(pixels)
        return self._seen(
            functional.interpolate(pixels.float(), size, mode="bilinear", antialias=True, align_corners=False)
        )

    def _windows(self, pixels: Tensor) -> Tensor:
        import torch

        height, width = (min(a, b) for a, b in zip(self.shape[1:], pixels.shape[2:], strict=True))
        total = torch.zeros((1, len(self.classes), *pixels.shape[2:]))
        seen = torch.zeros(tuple(pixels.shape[2:]))
        for top in _starts(int(pixels.shape[2]), height):
            for left in _starts(int(pixels.shape[3]), width):
                place = slice(top, top + height), slice(left, left + width)
                total[:, :, *place] += self._seen(pixels[:, :, *place])
                seen[place] += 1
        return total / seen

    def _refined(self, proba: NDArray[np.float32], pixels: NDArray[Any], settings: CrfSettings) -> NDArray[np.float32]:
        from hortus.nets.dense_crf import refine

        colours = pixels if self.whole else (pixels - pixels.min()) / max(float(np.ptp(pixels)), 1e-9) * 255.0
        return refine(proba, np.asarray(colours, dtype=np.float32), settings)


def _enlarged(seen: Tensor, size: tuple[int, int]) -> Tensor:
    from torch.nn import functional

    if tuple(seen.shape[2:]) == size:
        return seen
    return functional.interpolate(seen, size, mode="bilinear", align_corners=False)


def _starts(side: int, window: int) -> Sequence[int]:
    """Where windows begin that cover a side, overlapping by `OVERLAP` or more.

    >>> _starts(10, 4), _starts(4, 4)
    ([0, 2, 4, 6], [0])
    """
    if side <= window:
        return [0]
    count = -(-(side - window) // max(1, int(window * (1 - OVERLAP)))) + 1
    return [round(number * (side - window) / (count - 1)) for number in range(count)]
