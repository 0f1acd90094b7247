"""Whole networks as a search space: a chain of layers, and skip connections between any pair of them.

Zoph and Le 2017, "Neural Architecture Search with Reinforcement Learning" (ICLR), and Baker et al. 2017, "Designing
Neural Network Architectures using Reinforcement Learning" (ICLR). A layer takes the layer before it and, beside it,
whichever earlier ones its skip connections name; maps of other sizes are averaged to the size of the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.nets.graph import Graph, Panel, Point
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Draft, Plan, Shape, channels
from hortus.spaces.base import Space
from hortus.spaces.questions import Questions, within

KERNELED = ("conv", "separable")
OPERATIONS = (*KERNELED, "max", "average")
KERNELS = (3, 5, 7)
WIDTHS = (16, 32, 48, 64)
STRIDES = (1, 2)
STEM = 16


@dataclass(frozen=True)
class ChainLayer:
    """One layer.

    Attributes:
        operation: one of ``OPERATIONS``.
        kernel: side of its window.
        width: channels of its output.
        stride: 2 halves the map, where it is large enough.
        skips: earlier layers that it takes beside the one before it; 0 is the stem, 1 the first layer.
    """

    operation: str
    kernel: int
    width: int
    stride: int
    skips: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chain(NetworkCandidate):
    """A network of layers one after the other.

    Attributes:
        layers: from the first to the last.
        answers: that it was asked for by.
        factor: what all widths are multiplied by.
    """

    space: ClassVar[str] = "entire"
    layers: tuple[ChainLayer, ...]
    answers: Mapping[str, Any] = field(compare=False)
    factor: float = 1.0

    @property
    def params(self) -> Mapping[str, Any]:
        """The answers."""
        return self.answers

    @property
    def scale(self) -> tuple[float, ...]:
        """The factor of the widths."""
        return (self.factor,)

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers."""
        draft = Draft(shape)
        values = [draft.stem(channels(STEM, self.factor), "conv_bn_relu")]
        for number, layer in enumerate(self.layers, start=1):
            size = draft.shape(values[-1])[1:]
            skipped = [draft.matched(f"layer{number}/from{j}", values[j], size) for j in layer.skips]
            source = draft.joined(f"layer{number}/join", [values[-1], *skipped])
            width = channels(layer.width, self.factor)
            operation, settings = _operation(layer)
            values.append(draft.add(f"layer{number}", operation, source, width=width, stride=layer.stride, **settings))
        return draft.head(values[-1], classes)

    def graph(self) -> Graph:
        """Every layer and every skip connection."""
        points = [Point("images", "images", "map"), Point("0", "stem")]
        edges = [("images", "0")]
        for number, layer in enumerate(self.layers, start=1):
            points.append(Point(str(number), _label(layer)))
            edges += [(str(source), str(number)) for source in (*layer.skips, number - 1)]
        panel = Panel("Network", (*points, Point("out", "classes", "map")), (*edges, (str(len(self.layers)), "out")))
        return Graph("Chain of layers", (panel,))

    def describe(self) -> str:
        """Layer by layer, with the skip connections that end there."""
        found = []
        for layer in self.layers:
            skips = f" (+{','.join(map(str, layer.skips))})" if layer.skips else ""
            found.append(f"{_label(layer)}{skips}")
        return " > ".join(found)

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:  # noqa: ARG002 - each layer was decided on
        """Other widths; each layer was decided on, so that their number stays."""
        return replace(self, factor=self.factor * width)


class EntireSpace(Space):
    """Chains of layers with skip connections between any pair.

    Args:
        facts: of the images; small ones have a shorter longest chain.
        depth: layers of the longest chain; None for 8 on images below 16 pixels and 12 above.

    Raises:
        SettingError: the depth is below 1 or above 50.
    """

    name: ClassVar[str] = "entire"
    provides: ClassVar[frozenset[str]] = frozenset(
        {"sample", "mutate", "encode", "numbers", "network", "scale", "canonical"}
    )

    def __init__(self, facts: ImageFacts | None = None, *, depth: int | None = None) -> None:
        small = facts is not None and min(facts.height, facts.width) < 16
        self.facts = facts
        self.depth = within("The depth of the longest chain", depth or (8 if small else 12), 1, 50)

    def __call__(self, trial: BaseTrial) -> Chain:
        """Ask for the depth, each layer's decisions, and each skip connection."""
        asked = Questions(trial)
        layers = []
        for number in range(1, asked.whole("depth", 1, self.depth) + 1):
            place = f"layer{number}"
            operation = asked.choose(f"{place}.operation", OPERATIONS)
            kernel = asked.choose(f"{place}.kernel", KERNELS) if operation in KERNELED else KERNELS[0]
            width, stride = asked.choose(f"{place}.width", WIDTHS), asked.choose(f"{place}.stride", STRIDES)
            skips = [j for j in range(number - 1) if asked.choose(f"skip.{j}>{number}", (False, True))]
            layers.append(ChainLayer(operation, kernel, width, stride, tuple(skips)))
        return Chain(tuple(layers), asked.answers)

    @property
    def size(self) -> int:
        """How many params there are."""
        each = (len(KERNELED) * len(KERNELS) + len(OPERATIONS) - len(KERNELED)) * len(WIDTHS) * len(STRIDES)
        return int(sum(each**depth * 2 ** (depth * (depth - 1) // 2) for depth in range(1, self.depth + 1)))

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {"name": self.name, "depth": self.depth}


def _operation(layer: ChainLayer) -> tuple[str, dict[str, Any]]:
    if layer.operation == "conv":
        return "conv_bn_relu", {"kernel": layer.kernel}
    if layer.operation == "separable":
        return "separable", {"kernel": layer.kernel, "relu": True}
    return ("max_pool_3x3" if layer.operation == "max" else "avg_pool_3x3"), {}


def _label(layer: ChainLayer) -> str:
    halved = " /2" if layer.stride == 2 else ""
    return f"{layer.operation} {layer.kernel}x{layer.kernel} {layer.width}{halved}"
