"""A candidate that is a network: rebuilt from its params, built for any size of image, counted, scaled and drawn."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hortus.nets.graph import Graph
from hortus.nets.plan import Plan, Shape

if TYPE_CHECKING:
    from torch import nn

    from hortus.nets.limits import Cost


class NetworkCandidate(ABC):
    """Base of the candidates of all network spaces.

    Class attributes:
        space: the name of its space.
    """

    space: ClassVar[str]

    @property
    @abstractmethod
    def params(self) -> Mapping[str, Any]:
        """The decisions that make it, as they were asked: JSON values by name."""

    @abstractmethod
    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers for images of ``shape`` = (channels, height, width)."""

    @abstractmethod
    def graph(self) -> Graph:
        """What is drawn of it."""

    @abstractmethod
    def describe(self) -> str:
        """One line for a person; equal candidates have equal descriptions."""

    @abstractmethod
    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """The same decisions with ``width`` times the channels and ``depth`` times the cells or layers.

        A part of them makes a cheap stand-in, a multiple the final network. What has a depth of its own, because
        each layer was decided on, keeps it.
        """

    @property
    def canonical(self) -> str:
        """The same for all candidates that are the same network."""
        return json.dumps(dict(self.params), sort_keys=True)

    @property
    def scale(self) -> tuple[float, ...]:
        """What was not decided on and `scaled` changes: channels, cells."""
        return ()

    def key(self) -> str:
        """32 hexadecimal digits: a file name, and the same wherever the network is the same."""
        return hashlib.sha256(f"{self.space}\n{self.canonical}\n{self.scale}".encode()).hexdigest()[:32]

    def build(self, input_shape: Shape, classes: int, *, seed: int | None = None) -> nn.Module:
        """The untrained network, from (n, channels, height, width) to (n, classes) logits.

        Args:
            input_shape: (channels, height, width).
            classes: how many logits.
            seed: of the weights; None to draw from PyTorch's own generator, as its modules do.
        """
        from hortus.nets.build import build

        return build(self.plan(input_shape, classes), seed=seed)

    def cost(self, input_shape: Shape, classes: int) -> Cost:
        """What its network would cost; nothing of it is allocated."""
        from hortus.nets.limits import cost

        return cost(self.plan(input_shape, classes))

    def draw(self, path: Path | str) -> None:
        """Draw it as an SVG."""
        from hortus.nets.drawing import svg

        Path(path).write_text(svg(self.graph()), encoding="utf-8")
