"""Networks of cells of cells as a search space: any number of nodes, of cell types, and a network level above them.

The idea is that of Liu et al. 2018, "Hierarchical Representations for Efficient Architecture Search" (ICLR): a motif is
a small graph whose operations are the motifs of the level below it, down to the primitive ones. Here how many types
there are, how many nodes each has and how many cells the network has are decisions themselves.

    network  := one cell after another, each of some type, some of which halve the map or take an earlier cell as well
    type t   := nodes; each applies a primitive operation, or a cell of a type below t, to the sum of one or two
                earlier nodes; the nodes that no other takes are summed up
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.nets.graph import Graph, Panel, Point, spoken
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Draft, Plan, Shape, channels
from hortus.spaces.base import Space
from hortus.spaces.questions import Questions, within

PRIMITIVES = (
    "nor_conv_1x1",
    "nor_conv_3x3",
    "sep_conv_3x3",
    "dil_conv_3x3",
    "avg_pool_3x3",
    "max_pool_3x3",
    "skip_connect",
)
NONE = -1
# Channels double where the map is halved, up to this many times the first ones.
WIDEST = 8


@dataclass(frozen=True)
class CellNode:
    """One node of a type.

    Attributes:
        inputs: what it takes the sum of; 0 is the cell's input, 1 the first node.
        operation: a primitive operation, or the number of a type below.
    """

    inputs: tuple[int, ...]
    operation: str | int


@dataclass(frozen=True)
class Position:
    """One cell of the network.

    Attributes:
        type: of the cell.
        halves: whether the map is halved before it.
        skip: an earlier position whose output it takes as well, 0 the stem, 1 the first cell; ``NONE`` for none.
    """

    type: int
    halves: bool
    skip: int


@dataclass(frozen=True)
class Hierarchy(NetworkCandidate):
    """A network of cells of cells.

    Attributes:
        types: the nodes of each cell type, from the lowest.
        positions: the cells of the network, from the first.
        answers: that it was asked for by.
        width: channels of the first cells.
        repeats: how often each cell stands in a row.
    """

    space: ClassVar[str] = "hierarchical"
    types: tuple[tuple[CellNode, ...], ...]
    positions: tuple[Position, ...]
    answers: Mapping[str, Any] = field(compare=False)
    width: int = 16
    repeats: int = 1

    @property
    def params(self) -> Mapping[str, Any]:
        """The answers."""
        return self.answers

    @property
    def scale(self) -> tuple[int, ...]:
        """Channels, and cells in a row."""
        return self.width, self.repeats

    @property
    def canonical(self) -> str:
        """The network level with each type written out; types that are not used, and their numbers, do not count."""
        return " > ".join(
            f"{'/' if position.halves else ''}{position.skip}:{self._written(position.type)}"
            for position in self.positions
        )

    def _written(self, number: int) -> str:
        nodes = [
            f"{'+'.join(map(str, node.inputs))} "
            + (node.operation if isinstance(node.operation, str) else self._written(node.operation))
            for node in self.types[number]
        ]
        return f"({', '.join(nodes)})"

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers, every cell unfolded."""
        draft = Draft(shape)
        width = self.width
        values = [draft.stem(width)]
        for number, position in enumerate(self.positions, start=1):
            name, source = f"cell{number}", values[-1]
            if position.halves and draft.halves(source):
                width = min(2 * width, WIDEST * self.width)
                source = draft.add(f"{name}/reduction", "residual", source, width=width, stride=2)
            if position.skip != NONE:
                earlier = draft.matched(f"{name}/match", values[position.skip], draft.shape(source)[1:])
                earlier = draft.add(f"{name}/skip", "nor_conv_1x1", earlier, width=width)
                source = draft.total(f"{name}/add", [source, earlier])
            for repeat in range(self.repeats):
                source = self._cell(draft, f"{name}/{repeat}", source, position.type)
            values.append(source)
        return draft.head(values[-1], classes)

    def _cell(self, draft: Draft, name: str, source: str, number: int) -> str:
        values = [source]
        for place, node in enumerate(self.types[number], start=1):
            total = draft.total(f"{name}/sum{place}", [values[i] for i in node.inputs])
            if isinstance(node.operation, int):
                values.append(self._cell(draft, f"{name}/node{place}", total, node.operation))
            else:
                values.append(draft.add(f"{name}/node{place}:{node.operation}", node.operation, total))
        return draft.total(f"{name}/out", [values[i] for i in _ends(self.types[number])])

    def graph(self) -> Graph:
        """The network level, and each type that is used."""
        points = [Point("images", "images", "map"), Point("0", "stem")]
        edges = [("images", "0")]
        for number, position in enumerate(self.positions, start=1):
            repeated = f" x{self.repeats}" if self.repeats > 1 else ""
            halved = " /2" if position.halves else ""
            points.append(Point(str(number), f"type {position.type}{repeated}{halved}"))
            sources = {number - 1} | ({position.skip} - {NONE})
            edges += [(str(source), str(number)) for source in sorted(sources)]
        last = (str(len(self.positions)), "out")
        network = Panel("Network", (*points, Point("out", "classes", "map")), (*edges, last))
        cells = [_panel(number, self.types[number]) for number in sorted(self._used)]
        return Graph("Cells of cells", (network, *reversed(cells)))

    @property
    def _used(self) -> set[int]:
        found = {position.type for position in self.positions}
        for number in range(len(self.types) - 1, -1, -1):
            if number in found:
                found |= {node.operation for node in self.types[number] if isinstance(node.operation, int)}
        return found

    def describe(self) -> str:
        """The canonical form, its operations in words."""
        found = self.canonical
        for primitive in PRIMITIVES:
            found = found.replace(primitive, spoken(primitive))
        return found

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """Other channels, and each cell more or fewer times in a row."""
        return replace(self, width=channels(self.width, width), repeats=max(1, round(self.repeats * depth)))


class HierarchicalSpace(Space):
    """Networks of cells of cells, all numbers variable.

    Args:
        facts: of the images; the decisions are the same for all.
        types: most cell types.
        nodes: most nodes of a type.
        cells: most cells of the network.
        width: channels of the first cells.

    Raises:
        SettingError: a number is below 1, or so high that a network would have tens of thousands of layers.
    """

    name: ClassVar[str] = "hierarchical"
    provides: ClassVar[frozenset[str]] = frozenset(
        {"sample", "mutate", "encode", "numbers", "network", "scale", "canonical"}
    )

    def __init__(
        self, facts: ImageFacts | None = None, *, types: int = 3, nodes: int = 4, cells: int = 5, width: int = 16
    ) -> None:
        self.facts = facts
        self.types = within("The number of cell types", types, 1, 4)
        self.nodes = within("The number of nodes of a cell", nodes, 1, 8)
        self.cells = within("The number of cells", cells, 1, 20)
        self.width = within("The number of channels", width, 1, 4096)

    def __call__(self, trial: BaseTrial) -> Hierarchy:
        """Ask for the types, then for the network of them."""
        asked = Questions(trial)
        types = tuple(self._type(asked, number) for number in range(asked.whole("types", 1, self.types)))
        positions = []
        for number in range(asked.whole("cells", 1, self.cells)):
            wanted = asked.whole(f"position{number}.type", 0, self.types - 1)
            halves = asked.choose(f"position{number}.halves", (False, True))
            skip = asked.choose(f"position{number}.skip", tuple(range(NONE, number)))
            # What a question allows never changes, so there may be fewer types than it allows.
            positions.append(Position(min(wanted, len(types) - 1), halves, skip))
        return Hierarchy(types, tuple(positions), asked.answers, self.width)

    def _type(self, asked: Questions, number: int) -> tuple[CellNode, ...]:
        nodes = []
        below = tuple(f"type{lower}" for lower in range(number))
        for place in range(asked.whole(f"type{number}.nodes", 1, self.nodes)):
            name = f"type{number}.node{place}"
            operation = asked.choose(f"{name}.operation", (*PRIMITIVES, *below))
            first = asked.choose(f"{name}.first", tuple(range(place + 1)))
            second = asked.choose(f"{name}.second", tuple(range(NONE, place + 1))) if place else NONE
            inputs = tuple(sorted({first, second} - {NONE}))
            nodes.append(CellNode(inputs, int(operation[4:]) if operation in below else operation))
        return tuple(nodes)

    def canonical(self, params: Mapping[str, Any]) -> str:
        """The same for all params that make the same network."""
        from optuna.trial import FixedTrial

        return self(FixedTrial(dict(params))).canonical

    @property
    def size(self) -> int:
        """How many params there are."""
        each = [
            sum(
                math.prod((len(PRIMITIVES) + number) * (place + 1) * (place + 2 if place else 1) for place in range(n))
                for n in range(1, self.nodes + 1)
            )
            for number in range(self.types)
        ]
        types = sum(math.prod(each[:count]) for count in range(1, self.types + 1))
        networks = sum(
            math.prod(self.types * 2 * (number + 1) for number in range(count)) for count in range(1, self.cells + 1)
        )
        return int(types * networks)

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {
            "name": self.name,
            "types": self.types,
            "nodes": self.nodes,
            "cells": self.cells,
            "width": self.width,
        }


def _ends(nodes: Sequence[CellNode]) -> list[int]:
    taken = {i for node in nodes for i in node.inputs}
    return [place for place in range(1, len(nodes) + 1) if place not in taken]


def _panel(number: int, nodes: Sequence[CellNode]) -> Panel:
    points, edges = [Point("0", "input", "map")], []
    for place, node in enumerate(nodes, start=1):
        label = spoken(node.operation) if isinstance(node.operation, str) else f"type {node.operation}"
        points.append(Point(str(place), label))
        edges += [(str(source), str(place)) for source in node.inputs]
    edges += [(str(place), "out") for place in _ends(nodes)]
    return Panel(f"Cell type {number}", (*points, Point("out", "output", "map")), tuple(edges))
