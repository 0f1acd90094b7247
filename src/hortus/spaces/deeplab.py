"""DeepLabV3+-like networks as a small space: how wide, how deep, how coarse. Its default is a fixed network.

Chen et al. 2018, "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation" (ECCV).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.nets.graph import Graph, chain
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Plan, Shape, channels
from hortus.nets.segmentation import deeplab
from hortus.spaces.base import Space
from hortus.spaces.questions import Questions

WIDTHS, BLOCKS, STRIDES, DECODED = (8, 12, 16, 24), (1, 2, 3), (8, 16), (16, 32, 48)


@dataclass(frozen=True)
class DeepLab(NetworkCandidate):
    """One network.

    Attributes:
        width: channels at stride 4.
        blocks: residual blocks at each stride.
        stride: of the last map.
        decoded: channels of pyramid and decoder.
        factor: by which all channels are multiplied.
    """

    space: ClassVar[str] = "deeplab"
    width: int = 16
    blocks: int = 1
    stride: int = 16
    decoded: int = 32
    factor: float = 1.0

    @property
    def params(self) -> Mapping[str, Any]:
        """The four decisions."""
        return {"width": self.width, "blocks": self.blocks, "stride": self.stride, "decoded": self.decoded}

    @property
    def scale(self) -> tuple[float, ...]:
        """The factor of its channels."""
        return (self.factor,)

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers; the output is (classes, height, width)."""
        width, decoded = channels(self.width, self.factor), channels(self.decoded, self.factor)
        return deeplab(shape, classes, width=width, blocks=self.blocks, stride=self.stride, decoded=decoded)

    def graph(self) -> Graph:
        """The chain of its stages."""
        strides = [f"stride {at} x{self.blocks}" for at in (4, 8, 16) if at <= self.stride]
        return Graph("DeepLab", (chain("Network", ["images", "stem", *strides, "pyramid", "decoder", "classes"]),))

    def describe(self) -> str:
        """Its decisions."""
        return f"{self.width} wide, {self.blocks} blocks to stride {self.stride}, decoder {self.decoded}"

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """Other channels, and other blocks at each stride."""
        return replace(self, factor=self.factor * width, blocks=max(1, round(self.blocks * depth)))


class DeepLabSpace(Space):
    """DeepLabV3+-like networks of several sizes.

    Args:
        facts: of the images; the decisions are the same for all.
        widths, blocks, strides, decoded: what may be chosen; one of each makes a fixed network.
    """

    name: ClassVar[str] = "deeplab"
    provides: ClassVar[frozenset[str]] = frozenset({"sample", "mutate", "encode", "scale", "dense"})

    def __init__(
        self,
        facts: ImageFacts | None = None,
        *,
        widths: Sequence[int] = WIDTHS,
        blocks: Sequence[int] = BLOCKS,
        strides: Sequence[int] = STRIDES,
        decoded: Sequence[int] = DECODED,
    ) -> None:
        self.facts = facts
        self.widths, self.blocks, self.strides, self.decoded = map(tuple, (widths, blocks, strides, decoded))

    def __call__(self, trial: BaseTrial) -> DeepLab:
        """Ask for the four decisions."""
        asked = Questions(trial)
        return DeepLab(
            asked.choose("width", self.widths),
            asked.choose("blocks", self.blocks),
            asked.choose("stride", self.strides),
            asked.choose("decoded", self.decoded),
        )

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        settings = {name: list(getattr(self, name)) for name in ("widths", "blocks", "strides", "decoded")}
        return {"name": self.name, **settings}
