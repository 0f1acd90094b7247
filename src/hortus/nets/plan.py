"""A network before it is built: its layers in order, each with its inputs and the shape of its output.

A plan is plain data. It is drawn up without torch, so that it can be checked, counted by hand, compared and sent
anywhere; `hortus.nets.build` makes a module of it. A layer's name is its place (``"stage1/cell0/0>2:sep_conv_3x3"``):
networks that have a layer in the same place with the same operation have it under the same name, which is what
weights are shared and inherited by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# (channels, height, width).
Shape = tuple[int, int, int]

IMAGES = "images"
# A map is halved only while its shorter side is at least this, so none ever vanishes.
HALVED_FROM = 4
# Larger images are brought below this by the stem, as every network for photographs does.
LARGE = 64


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        name: its place in the network; unique, without a dot.
        operation: its name in ``hortus.nets.operations.OPERATIONS``.
        inputs: the names of the layers it takes, in order.
        shape: of its output, for one image.
        channels: of each input.
        stride: 1, or 2 where it halves the map.
        settings: what else its operation is told.
    """

    name: str
    operation: str
    inputs: tuple[str, ...]
    shape: Shape
    channels: tuple[int, ...]
    stride: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A whole network.

    Attributes:
        shape: of one image.
        layers: in an order in which each comes after its inputs.
        output: the name of the layer whose output is the network's.
    """

    shape: Shape
    layers: tuple[Layer, ...]
    output: str

    def __getitem__(self, name: str) -> Layer:
        """The layer called ``name``."""
        return next(layer for layer in self.layers if layer.name == name)

    @property
    def live(self) -> tuple[Layer, ...]:
        """The layers that the output depends on; a cell may have others, which need not be run."""
        needed = {self.output}
        for layer in reversed(self.layers):
            if layer.name in needed:
                needed.update(layer.inputs)
        return tuple(layer for layer in self.layers if layer.name in needed)


class Draft:
    """A plan in the making.

    Args:
        shape: (channels, height, width) of one image.

    >>> draft = Draft((3, 32, 32))
    >>> halved = draft.add("stem", "conv_bn", IMAGES, width=16, stride=2)
    >>> draft.shape(halved)
    (16, 16, 16)
    """

    def __init__(self, shape: Shape) -> None:
        self._image = shape
        self._layers: list[Layer] = []
        self._shapes: dict[str, Shape] = {IMAGES: shape}

    def shape(self, name: str) -> Shape:
        """Of the output of the layer called ``name``."""
        return self._shapes[name]

    def halves(self, name: str) -> bool:
        """Whether the map of the layer called ``name`` is large enough to be halved."""
        return min(self._shapes[name][1:]) >= HALVED_FROM

    def add(
        self,
        name: str,
        operation: str,
        inputs: str | Sequence[str],
        *,
        width: int | None = None,
        stride: int = 1,
        size: tuple[int, int] | None = None,
        **settings: Any,
    ) -> str:
        """Put a layer after ``inputs`` and return its name.

        Args:
            name: its place.
            operation: by name.
            inputs: one name or several; several are of one size.
            width: channels of the output; None for those of the first input.
            stride: 2 to halve the map. A map too small for it is left as it is.
            size: (height, width) of the output of operations that bring a map to a given size.
            settings: what else the operation is told.
        """
        sources = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        shapes = [self._shapes[source] for source in sources]
        deep, height, breadth = shapes[0]
        stride = stride if self.halves(sources[0]) else 1
        if size is not None:
            settings["size"] = size
        else:
            size = -(-height // stride), -(-breadth // stride)
        shape = (deep if width is None else width, *size)
        self._layers.append(Layer(name, operation, sources, shape, tuple(s[0] for s in shapes), stride, settings))
        self._shapes[name] = shape
        return name

    def total(self, name: str, inputs: Sequence[str]) -> str:
        """Add the inputs, all of one shape; a single one is returned as it is."""
        return inputs[0] if len(inputs) == 1 else self.add(name, "add", inputs)

    def joined(self, name: str, inputs: Sequence[str]) -> str:
        """Put the inputs' channels beside each other; a single one is returned as it is."""
        if len(inputs) == 1:
            return inputs[0]
        return self.add(name, "concat", inputs, width=sum(self._shapes[source][0] for source in inputs))

    def matched(self, name: str, source: str, size: tuple[int, int]) -> str:
        """``source`` averaged to a map of ``size``, itself where it has that size."""
        return source if self._shapes[source][1:] == size else self.add(name, "match", source, size=size)

    def alike(self, name: str, source: str, like: str) -> str:
        """``source`` brought to the height and width of ``like``, whatever those are; itself where it has them."""
        shape, other = self._shapes[source], self._shapes[like]
        if shape[1:] == other[1:]:
            return source
        made = (shape[0], *other[1:])
        self._layers.append(Layer(name, "alike", (source, like), made, (shape[0], other[0])))
        self._shapes[name] = made
        return name

    def dense(self, source: str, classes: int) -> Plan:
        """End with a class for each pixel, (classes, height, width) of logits, and return the plan."""
        output = self.alike("head/whole", self.add("head/classify", "classify", source, width=classes), IMAGES)
        return Plan(self._image, tuple(self._layers), output)

    def stem(self, width: int, operation: str = "conv_bn") -> str:
        """What most networks begin with: the images with ``width`` channels, at most 64 pixels on a side."""
        return self.add("stem/conv", operation, self.shrunk(width), width=width)

    def shrunk(self, width: int) -> str:
        """The images at most 64 pixels on a side: larger ones are halved by convolutions of half ``width`` channels."""
        source, count = IMAGES, 0
        while max(self.shape(source)[1:]) > LARGE and self.halves(source):
            source = self.add(f"stem/halve{count}", "conv_bn_relu", source, width=max(1, width // 2), stride=2)
            count += 1
        return source

    def head(self, source: str, classes: int, *, activate: bool = True) -> Plan:
        """End with (normalization, ReLU,) global average and a linear layer, and return the plan."""
        if activate:
            source = self.add("head/activation", "bn_relu", source)
        output = self.add("head/linear", "head", source, width=classes, size=(1, 1))
        return Plan(self._image, tuple(self._layers), output)


def channels(width: int, factor: float, *, of: int = 1) -> int:
    """``factor`` times ``width`` channels, a multiple of ``of`` and at least that.

    >>> channels(16, 0.25), channels(24, 0.75, of=8)
    (4, 16)
    """
    return max(1, int(width * factor / of + 0.5)) * of
