"""What a search space of networks may know of the images: sizes and counts, never a pixel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ImageFacts:
    """Fixed for a whole run, so that a parameter's distribution never changes within it.

    Attributes:
        channels: 1 for grey, 3 for colour.
        height: pixels.
        width: pixels.
        classes: number of classes.
        rows: images in the training set.
        seconds: seconds the user gave; None when only trials count.

    >>> ImageFacts(3, 32, 32, 10, 5000).shape
    (3, 32, 32)
    """

    channels: int
    height: int
    width: int
    classes: int
    rows: int
    seconds: float | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one image."""
        return self.channels, self.height, self.width

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> ImageFacts:
        """The inverse of ``to_json``."""
        return cls(**found)
