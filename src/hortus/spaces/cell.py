"""The cell of NAS-Bench-201 as a search space: its decisions, and which of its cells are isomorphic.

Dong and Yang 2020, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search" (ICLR): four nodes,
an edge from every node to every later one, and one of five operations on each of the six edges. A node is the sum of
what its edges bring; node 0 is the cell's input and node 3 its output. There are 5^6 = 15,625 cells.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.errors import SettingError, nearest
from hortus.nets.cells import STAGES, nb201
from hortus.nets.graph import Graph, Panel, Point, chain, spoken
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Plan, Shape, channels
from hortus.spaces.base import Space
from hortus.spaces.questions import within

# In the benchmark's own order, which its tables number them by.
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NODES = 4
# In the order of the architecture string: by the node that an edge leads to, then by the one it comes from.
EDGES = tuple((source, target) for target in range(1, NODES) for source in range(target))
# The name of each edge's decision.
NAMES = tuple(f"{source}>{target}" for source, target in EDGES)


@dataclass(frozen=True)
class Cell(NetworkCandidate):
    """One cell, and the network it is stacked to.

    Attributes:
        operations: the name of the operation on each edge, in the order of ``EDGES``.
        repeats: N, cells in each of the three stages; 5 in the benchmark.
        width: C, channels of the first stage; 16 in the benchmark.
    """

    space: ClassVar[str] = "cell"
    operations: tuple[str, ...]
    repeats: int = 5
    width: int = 16

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Cell:
        """The cell that a trial's params make; names of other decisions are looked past.

        Raises:
            SettingError: an edge is missing, or its operation is unknown.

        >>> Cell.from_params(dict.fromkeys(NAMES, "skip_connect")).describe()
        '|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|'
        """
        missing = [name for name in NAMES if name not in params]
        if missing:
            raise SettingError(
                f"The params of a cell lack {', '.join(missing)}.",
                mend=f"Name an operation for each of {', '.join(NAMES)}.",
                code="cell-edge-missing",
            )
        return cls(tuple(_known(params[name]) for name in NAMES))

    @classmethod
    def from_string(cls, text: str) -> Cell:
        """The cell of an architecture string, the inverse of `describe`.

        Raises:
            SettingError: it is no such string, or an operation is unknown.

        >>> text = "|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
        >>> Cell.from_string(text).describe() == text
        True
        """
        groups = [[part.rpartition("~") for part in group.strip("|").split("|")] for group in text.split("+")]
        edges = tuple(
            (int(source) if source.isdigit() else -1, target)
            for target, group in enumerate(groups, start=1)
            for _, _, source in group
        )
        if edges != EDGES:
            raise SettingError(
                f"{text!r} is not the architecture string of a cell.",
                mend="Write it as |op~0|+|op~0|op~1|+|op~0|op~1|op~2|.",
                code="cell-string",
            )
        return cls(tuple(_known(operation) for group in groups for operation, _, _ in group))

    @property
    def params(self) -> dict[str, str]:
        """The decisions that make this cell."""
        return dict(zip(NAMES, self.operations, strict=True))

    @property
    def index(self) -> int:
        """Its place in `cells`, from 0."""
        place = 0
        for operation in self.operations:
            place = place * len(OPERATIONS) + OPERATIONS.index(operation)
        return place

    @property
    def canonical(self) -> str:
        """The benchmark's own name of the cell's isomorphism class, of which there are 6,466.

        A node is the sum of its edges: ``#`` for ``none`` and for any operation on a ``#``, the source's own sum for
        ``skip_connect``, and otherwise the operation on the source's sum. It is a string written exactly so, and
        the order in which it sorts a nested sum decides a few classes; with sums flattened and their zeros left out,
        4,930 classes would remain.

        >>> Cell(("none",) * 6).canonical
        '#+#+#'
        """
        nodes = ["0"]
        for target in range(1, NODES):
            terms = []
            for (source, end), operation in zip(EDGES, self.operations, strict=True):
                if end != target:
                    continue
                if operation == "none" or nodes[source] == "#":
                    terms.append("#")
                else:
                    skip = operation == "skip_connect"
                    terms.append(nodes[source] if skip else f"({nodes[source]})@{operation}")
            nodes.append("+".join(sorted(terms)))
        return nodes[-1]

    @property
    def scale(self) -> tuple[int, ...]:
        """Cells a stage, and channels."""
        return self.repeats, self.width

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers: the benchmark's macro skeleton."""
        edges = dict(zip(EDGES, self.operations, strict=True))
        return nb201(shape, classes, edges, repeats=self.repeats, width=self.width)

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """Other channels, and another number of cells in each stage."""
        return replace(self, width=channels(self.width, width), repeats=max(1, round(self.repeats * depth)))

    def graph(self) -> Graph:
        """The cell without the edges that bring nothing, and the network of such cells."""
        points = [Point(str(node), ("input", "1", "2", "output")[node], "map") for node in range(NODES)]
        edges = []
        for (source, target), operation in zip(EDGES, self.operations, strict=True):
            if operation != "none":
                name = f"{source}>{target}"
                points.append(Point(name, spoken(operation)))
                edges += [(str(source), name), (name, str(target))]
        stage = f"cell x{self.repeats}" if self.repeats > 1 else "cell"
        steps = ["images", "stem", *[stage, "residual /2"] * (STAGES - 1), stage, "classes"]
        return Graph(self.describe(), (Panel("Cell", tuple(points), tuple(edges)), chain("Network", steps)))

    def describe(self) -> str:
        """The architecture string, as the benchmark writes it."""
        groups = []
        for target in range(1, NODES):
            parts = [
                f"{operation}~{source}"
                for (source, end), operation in zip(EDGES, self.operations, strict=True)
                if end == target
            ]
            groups.append(f"|{'|'.join(parts)}|")
        return "+".join(groups)


def _known(operation: Any) -> str:
    if operation not in OPERATIONS:
        raise SettingError(
            f"There is no operation called {operation!r}.",
            mend=nearest(str(operation), OPERATIONS),
            code="unknown-operation",
        )
    return str(operation)


def cells() -> Iterator[Cell]:
    """All 15,625 cells, the last edge changing fastest."""
    return map(Cell, itertools.product(OPERATIONS, repeat=len(EDGES)))


class CellSpace(Space):
    """The cells of NAS-Bench-201, or those of a subset of its operations.

    Args:
        facts: of the images; the decisions are the same for all.
        operations: those that may stand on an edge, in the order in which they are asked.
        repeats: N, cells in each of the network's three stages. None for the benchmark's 5, or where facts are given
            1: a cell is found small and stacked larger.
        width: C, channels of the first stage.

    Raises:
        SettingError: an operation is unknown or named twice, or there is none.
    """

    name: ClassVar[str] = "cell"
    provides: ClassVar[frozenset[str]] = frozenset(
        {"sample", "mutate", "encode", "canonical", "network", "scale", "supernet", "relaxable"}
    )

    def __init__(
        self,
        facts: ImageFacts | None = None,
        *,
        operations: Sequence[str] = OPERATIONS,
        repeats: int | None = None,
        width: int = 16,
    ) -> None:
        self.facts = facts
        self.repeats = within("The number of cells a stage", repeats or (5 if facts is None else 1), 1, 50)
        self.width = within("The number of channels", width, 1, 4096)
        self.operations = tuple(_known(operation) for operation in operations)
        if not self.operations or len(set(self.operations)) < len(self.operations):
            raise SettingError(
                f"The operations of a cell are {list(operations)!r}.",
                mend="Name at least one, and each once.",
                code="cell-operations",
            )

    def __call__(self, trial: BaseTrial) -> Cell:
        """Ask for the operation on each edge."""
        operations = tuple(trial.suggest_categorical(name, self.operations) for name in NAMES)
        return Cell(operations, self.repeats, self.width)

    @property
    def size(self) -> int:
        """How many params there are, isomorphic cells counted each."""
        return int(len(self.operations) ** len(EDGES))

    def canonical(self, params: Mapping[str, Any]) -> str:
        """The same for all params whose cells are isomorphic.

        >>> space = CellSpace()
        >>> apart = dict.fromkeys(NAMES, "none") | {"0>3": "skip_connect"}
        >>> space.canonical(apart) == space.canonical(apart | {"0>1": "nor_conv_1x1"})
        True
        """
        return Cell.from_params(params).canonical

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {
            "name": self.name,
            "operations": list(self.operations),
            "repeats": self.repeats,
            "width": self.width,
        }
