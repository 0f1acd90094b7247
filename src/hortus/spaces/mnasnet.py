"""MnasNet's factorized hierarchical space: each block decides for itself, the layers in a block are alike.

Tan et al. 2019, "MnasNet: Platform-Aware Neural Architecture Search for Mobile" (CVPR), section 4.1. The blocks and
what their choices are multiplied with or added to are MobileNetV2's (Sandler et al. 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.nets.graph import Graph, chain
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import IMAGES, Draft, Plan, Shape, channels
from hortus.spaces.base import Space
from hortus.spaces.questions import Questions, within

# MobileNetV2's blocks: channels, layers, stride of the first layer.
BLOCKS = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
STEM, LAST = 32, 1280
OPERATIONS = ("conv", "separable", "mbconv3", "mbconv6")
KERNELS = (3, 5)
SQUEEZES = (0.0, 0.25)
SKIPS = ("none", "pool", "identity")
FILTERS = (0.75, 1.0, 1.25)
LAYERS = (-1, 0, 1)


@dataclass(frozen=True)
class Block:
    """What one block decides.

    Attributes:
        operation: of each of its layers.
        kernel: side of their windows.
        squeeze: share of channels that squeeze and excitation goes through; 0 for none.
        skip: what goes past a layer: nothing, the averaged input, or the input itself where it has the same shape.
        filters: times MobileNetV2's channels.
        layers: beside MobileNetV2's number, which is at least 1.
    """

    operation: str
    kernel: int
    squeeze: float
    skip: str
    filters: float
    layers: int


@dataclass(frozen=True)
class MobileNetwork(NetworkCandidate):
    """A network of blocks.

    Attributes:
        blocks: from the first to the last.
        answers: that it was asked for by.
        width: what all channels are multiplied by.
        depth: what all numbers of layers are multiplied by.
    """

    space: ClassVar[str] = "mnasnet"
    blocks: tuple[Block, ...]
    answers: Mapping[str, Any] = field(compare=False)
    width: float = 1.0
    depth: float = 1.0

    @property
    def params(self) -> Mapping[str, Any]:
        """The answers."""
        return self.answers

    @property
    def scale(self) -> tuple[float, ...]:
        """The factors of channels and layers."""
        return self.width, self.depth

    def layers(self, number: int) -> int:
        """How many layers block ``number`` has."""
        return max(1, round(self.depth * max(1, BLOCKS[number][1] + self.blocks[number].layers)))

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers; images below 64 pixels are not halved by the stem."""
        draft = Draft(shape)
        large = min(shape[1:]) >= 64
        width = channels(STEM, self.width)
        source = draft.add("stem", "conv_bn_relu", IMAGES, width=width, stride=2 if large else 1)
        for number, block in enumerate(self.blocks):
            base, _, stride = BLOCKS[number]
            width = channels(base, self.width * block.filters, of=4)
            for layer in range(self.layers(number)):
                source = _layer(draft, f"block{number}/layer{layer}", source, block, width, 1 if layer else stride)
        last = draft.add("last", "conv_bn_relu", source, width=channels(LAST, min(1.0, self.width)), kernel=1)
        return draft.head(last, classes, activate=False)

    def graph(self) -> Graph:
        """The blocks in a row."""
        labels = [f"{_label(block)} x{self.layers(number)}" for number, block in enumerate(self.blocks)]
        return Graph("MnasNet blocks", (chain("Network", ["images", "stem", *labels, "conv 1x1", "classes"]),))

    def describe(self) -> str:
        """Block by block, with its number of layers."""
        return " > ".join(
            f"{_label(block)} x{self.layers(number)} w{block.filters:g} {block.skip}"
            for number, block in enumerate(self.blocks)
        )

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """Other channels and numbers of layers."""
        return replace(self, width=self.width * width, depth=self.depth * depth)


class MnasSpace(Space):
    """Networks of blocks that each decide for themselves.

    Args:
        facts: of the images; small ones have narrow networks.
        width: what MobileNetV2's channels are multiplied by; None for a quarter below 16 pixels, half below 64, and
            as they are from there on.
        blocks: how many of the seven, from the first; None for 5 below 64 pixels and all from there on.

    Raises:
        SettingError: there are not that many blocks.
    """

    name: ClassVar[str] = "mnasnet"
    provides: ClassVar[frozenset[str]] = frozenset({"sample", "mutate", "encode", "network", "scale", "canonical"})

    def __init__(
        self, facts: ImageFacts | None = None, *, width: float | None = None, blocks: int | None = None
    ) -> None:
        side = min(facts.height, facts.width) if facts is not None else 224
        self.facts = facts
        self.width = width or (0.25 if side < 16 else 0.5 if side < 64 else 1.0)
        self.blocks = within("The number of blocks", blocks or (5 if side < 64 else 7), 1, len(BLOCKS))

    def __call__(self, trial: BaseTrial) -> MobileNetwork:
        """Ask each block its six questions."""
        asked = Questions(trial)
        blocks = [
            Block(
                asked.choose(f"block{number}.operation", OPERATIONS),
                asked.choose(f"block{number}.kernel", KERNELS),
                asked.choose(f"block{number}.squeeze", SQUEEZES),
                asked.choose(f"block{number}.skip", SKIPS),
                asked.choose(f"block{number}.filters", FILTERS),
                asked.choose(f"block{number}.layers", LAYERS),
            )
            for number in range(self.blocks)
        ]
        return MobileNetwork(tuple(blocks), asked.answers, self.width)

    @property
    def size(self) -> int:
        """How many params there are: 432 a block."""
        each = len(OPERATIONS) * len(KERNELS) * len(SQUEEZES) * len(SKIPS) * len(FILTERS) * len(LAYERS)
        return int(each**self.blocks)

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {"name": self.name, "width": self.width, "blocks": self.blocks}


def _layer(draft: Draft, name: str, source: str, block: Block, width: int, stride: int) -> str:
    settings: dict[str, Any] = {"kernel": block.kernel, "squeeze": block.squeeze}
    operation = {"conv": "excited_conv", "separable": "separable"}.get(block.operation, "mbconv")
    if operation == "mbconv":
        settings["expansion"] = int(block.operation.removeprefix("mbconv"))
    found = draft.add(name, operation, source, width=width, stride=stride, **settings)
    if block.skip == "pool":
        past = draft.add(f"{name}/skip", "pooled_skip", source, width=width, stride=stride)
        return draft.total(f"{name}/add", [found, past])
    if block.skip == "identity" and draft.shape(source) == draft.shape(found):
        return draft.total(f"{name}/add", [found, source])
    return found


def _label(block: Block) -> str:
    squeeze = " SE" if block.squeeze else ""
    return f"{block.operation} {block.kernel}x{block.kernel}{squeeze}"
