"""What of a network is drawn: small graphs, each with a title; its cells and the level above them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A node of the drawing.

    Attributes:
        name: unique in its panel.
        label: what is written in it.
        kind: ``"map"`` for what comes in, goes out or is summed up, ``"operation"`` for what is done.
    """

    name: str
    label: str
    kind: str = "operation"


@dataclass(frozen=True)
class Panel:
    """One directed graph without a cycle.

    Attributes:
        title: above it.
        points: in reading order.
        edges: pairs of names, from and to.
    """

    title: str
    points: tuple[Point, ...]
    edges: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Graph:
    """All that is drawn of one network, panel under panel."""

    title: str
    panels: tuple[Panel, ...]


def chain(title: str, labels: list[str]) -> Panel:
    """A panel of steps one after the other, the first and the last of them maps.

    >>> chain("Network", ["images", "stem", "classes"]).edges
    (('0', '1'), ('1', '2'))
    """
    last = len(labels) - 1
    points = tuple(Point(str(i), label, "map" if i in (0, last) else "operation") for i, label in enumerate(labels))
    return Panel(title, points, tuple((str(i), str(i + 1)) for i in range(last)))


def spoken(operation: str) -> str:
    """The operation's name for people.

    >>> spoken("sep_conv_3x3"), spoken("nor_conv_1x1"), spoken("skip_connect")
    ('separable 3x3', 'conv 1x1', 'skip')
    """
    name, _, size = operation.rpartition("_")
    words = {
        "sep_conv": "separable",
        "dil_conv": "dilated",
        "nor_conv": "conv",
        "avg_pool": "average",
        "max_pool": "maximum",
    }
    if name in words:
        return f"{words[name]} {size.replace('x', 'x')}"
    return {"skip_connect": "skip"}.get(operation, operation.replace("_", " "))
