"""DARTS's cells as a search space: a normal and a reduction cell, four nodes each, two edges a node.

Liu, Simonyan and Yang 2019, "DARTS: Differentiable Architecture Search" (ICLR). The space is that of what DARTS
derives: each node keeps two of its edges, from different states, and no edge is ``none``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.errors import SettingError
from hortus.nets.cells import Gene, darts, reductions
from hortus.nets.graph import Graph, Panel, Point, chain, spoken
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Plan, Shape, channels
from hortus.spaces.base import Space
from hortus.spaces.questions import Questions, within

# The eight of the paper; ``none`` is for the relaxation alone.
OPERATIONS = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
NODES = 4
KINDS = ("normal", "reduction")
Nodes = tuple[tuple[Gene, Gene], ...]


@dataclass(frozen=True)
class DartsCells(NetworkCandidate):
    """The two cells and how they are stacked.

    Attributes:
        normal: the two edges of each node.
        reduction: likewise, of the cell that halves the map.
        cells: in the network.
        width: C, channels of a node in the first cells.
    """

    space: ClassVar[str] = "darts"
    normal: Nodes
    reduction: Nodes
    cells: int = 8
    width: int = 16

    @property
    def params(self) -> Mapping[str, Any]:
        """Of each node, the pair of states that it takes and the operation on each."""
        found: dict[str, Any] = {}
        for kind, nodes in zip(KINDS, (self.normal, self.reduction), strict=True):
            for number, (first, second) in enumerate(nodes):
                if number:
                    found[f"{kind}.{number}.inputs"] = f"{first.source},{second.source}"
                found |= {f"{kind}.{number}.first": first.operation, f"{kind}.{number}.second": second.operation}
        return found

    @property
    def scale(self) -> tuple[int, ...]:
        """Cells and channels."""
        return self.cells, self.width

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers."""
        return darts(shape, classes, self.normal, self.reduction, cells=self.cells, width=self.width)

    def graph(self) -> Graph:
        """Both cells, and the network of them."""
        reduce = reductions(self.cells)
        steps = ["reduction" if number in reduce else "normal" for number in range(self.cells)]
        runs = [(kind, len(list(run))) for kind, run in itertools.groupby(steps)]
        network = ["images", "stem", *(f"{kind} x{n}" if n > 1 else kind for kind, n in runs), "classes"]
        panels = [
            _panel(f"{kind} cell", nodes) for kind, nodes in zip(KINDS, (self.normal, self.reduction), strict=True)
        ]
        return Graph("DARTS cells", (*panels, chain("Network", network)))

    def describe(self) -> str:
        """Node by node, ``state operation + state operation``."""
        return "; ".join(
            f"{kind}: "
            + ", ".join(" + ".join(f"{gene.source} {spoken(gene.operation)}" for gene in genes) for genes in nodes)
            for kind, nodes in zip(KINDS, (self.normal, self.reduction), strict=True)
        )

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """Other channels, and another number of cells."""
        return replace(self, width=channels(self.width, width), cells=max(1, round(self.cells * depth)))


class DartsSpace(Space):
    """Pairs of DARTS cells.

    Args:
        facts: of the images; the decisions are the same for all.
        operations: those that may stand on an edge; ``none`` is left out.
        cells: in the network; 8 in the paper's search, 20 in its final network. None for 8, or 5 where facts are given.
        width: C, channels of a node in the first cells; 16 and 36. None for 16, or 8 where facts are given.

    Raises:
        SettingError: there is no operation, or one is named twice.
    """

    name: ClassVar[str] = "darts"
    provides: ClassVar[frozenset[str]] = frozenset(
        {"sample", "mutate", "encode", "network", "scale", "canonical", "supernet", "relaxable"}
    )

    def __init__(
        self,
        facts: ImageFacts | None = None,
        *,
        operations: Sequence[str] = OPERATIONS,
        cells: int | None = None,
        width: int | None = None,
    ) -> None:
        self.facts = facts
        self.operations = tuple(operation for operation in operations if operation != "none")
        if not self.operations or len(set(self.operations)) < len(self.operations):
            raise SettingError(
                f"The operations of a cell are {list(operations)!r}.",
                mend="Name at least one beside 'none', and each once.",
                code="cell-operations",
            )
        self.cells = within("The number of cells", cells or (8 if facts is None else 5), 1, 100)
        self.width = within("The number of channels", width or (16 if facts is None else 8), 1, 4096)

    def __call__(self, trial: BaseTrial) -> DartsCells:
        """Ask for each node's two inputs and operations, in both cells."""
        asked = Questions(trial)
        normal, reduction = (self._nodes(asked, kind) for kind in KINDS)
        return DartsCells(normal, reduction, self.cells, self.width)

    def _nodes(self, asked: Questions, kind: str) -> Nodes:
        found = []
        for number in range(NODES):
            pair = asked.choose(f"{kind}.{number}.inputs", _pairs(number))
            first, second = (int(state) for state in pair.split(","))
            found.append(
                (
                    Gene(first, asked.choose(f"{kind}.{number}.first", self.operations)),
                    Gene(second, asked.choose(f"{kind}.{number}.second", self.operations)),
                )
            )
        return tuple(found)

    @property
    def size(self) -> int:
        """How many params there are."""
        inputs = math.prod(len(_pairs(number)) for number in range(NODES))
        return int((inputs * len(self.operations) ** (2 * NODES)) ** 2)

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {"name": self.name, "operations": list(self.operations), "cells": self.cells, "width": self.width}


def _pairs(number: int) -> tuple[str, ...]:
    """The pairs of states that node ``number`` can take: the cell's two inputs and the nodes before it."""
    return tuple(f"{a},{b}" for a, b in itertools.combinations(range(number + 2), 2))


def _panel(title: str, nodes: Nodes) -> Panel:
    points = [Point("0", "cell before last", "map"), Point("1", "last cell", "map")]
    edges = []
    for number, genes in enumerate(nodes, start=2):
        for place, gene in enumerate(genes):
            name = f"{number}.{place}"
            points.append(Point(name, spoken(gene.operation)))
            edges += [(str(gene.source), name), (name, str(number))]
        points.append(Point(str(number), "+", "map"))
        edges.append((str(number), "out"))
    return Panel(title, (*points, Point("out", "concat", "map")), tuple(edges))
