"""Auto-DeepLab's two levels as a search space: a cell, and a path through the strides 4, 8, 16 and 32.

Liu et al. 2019, "Auto-DeepLab: Hierarchical Neural Architecture Search for Semantic Image Segmentation" (CVPR).
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
from hortus.nets.cells import Gene
from hortus.nets.graph import Graph, Panel, Point, chain, spoken
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Plan, Shape, channels
from hortus.nets.segmentation import auto_deeplab
from hortus.spaces.base import Space
from hortus.spaces.questions import Questions, within

# The eight of the paper (dil_conv is an atrous convolution of rate 2); ``none`` is for the relaxation alone.
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
STRIDES = (4, 8, 16, 32)
# From one layer to the next: to the map of half the stride, of the same, of twice the stride.
MOVES = {"finer": -1, "same": 0, "coarser": 1}
Nodes = tuple[tuple[Gene, Gene], ...]


def levels_of(moves: Sequence[str]) -> tuple[int, ...]:
    """The level of each layer, from stride 4 on; a move past the end stays.

    >>> levels_of(["coarser", "coarser", "same", "finer"]), levels_of(["finer"])
    ((1, 2, 2, 1), (0,))
    """
    level, found = 0, []
    for move in moves:
        level = min(len(STRIDES) - 1, max(0, level + MOVES[move]))
        found.append(level)
    return tuple(found)


@dataclass(frozen=True)
class AutoDeepLab(NetworkCandidate):
    """A cell and its path.

    Attributes:
        nodes: the two edges of each block.
        moves: of each layer.
        width: F, channels of a block at stride 4.
        stem: channels of the first convolutions, at stride 2; doubled at stride 4.
        decoded: channels of pyramid and decoder.
        several: whether there was a choice of operations, so that they are among the params.
    """

    space: ClassVar[str] = "auto_deeplab"
    nodes: Nodes
    moves: tuple[str, ...]
    width: int = 20
    stem: int = 64
    decoded: int = 256
    several: bool = True

    @property
    def levels(self) -> tuple[int, ...]:
        """0 to 3 for the strides 4 to 32, of each layer."""
        return levels_of(self.moves)

    @property
    def params(self) -> Mapping[str, Any]:
        """Of each block the pair of states and the operations, and of each layer its move."""
        found: dict[str, Any] = {}
        for number, (first, second) in enumerate(self.nodes):
            if number:
                found[f"cell.{number}.inputs"] = f"{first.source},{second.source}"
            if self.several:
                found |= {f"cell.{number}.first": first.operation, f"cell.{number}.second": second.operation}
        return found | {f"path.{layer}": move for layer, move in enumerate(self.moves)}

    @property
    def canonical(self) -> str:
        """The cell and the strides: moves past the end are none."""
        return self.describe()

    @property
    def scale(self) -> tuple[int, ...]:
        """Channels of blocks, stem and decoder."""
        return self.width, self.stem, self.decoded

    def plan(self, shape: Shape, classes: int) -> Plan:
        """Its layers; the output is (classes, height, width)."""
        sizes = {"width": self.width, "stem": self.stem, "decoded": self.decoded}
        return auto_deeplab(shape, classes, self.nodes, self.levels, **sizes)

    def graph(self) -> Graph:
        """The cell, and the path of it."""
        points, edges = [Point("0", "cell before last", "map"), Point("1", "last cell", "map")], []
        for number, genes in enumerate(self.nodes, start=2):
            for place, gene in enumerate(genes):
                points.append(Point(f"{number}.{place}", spoken(gene.operation)))
                edges += [(str(gene.source), f"{number}.{place}"), (f"{number}.{place}", str(number))]
            points.append(Point(str(number), "+", "map"))
            edges.append((str(number), "out"))
        cell = Panel("Cell", (*points, Point("out", "concat", "map")), tuple(edges))
        steps = [f"stride {STRIDES[level]}" for level in self.levels]
        return Graph("Auto-DeepLab", (cell, chain("Path", ["images", "stem", *steps, "pyramid", "decoder", "classes"])))

    def describe(self) -> str:
        """The strides, then block by block ``state operation + state operation``."""
        path = "-".join(str(STRIDES[level]) for level in self.levels)
        blocks = (" + ".join(f"{gene.source} {spoken(gene.operation)}" for gene in genes) for genes in self.nodes)
        return f"{path}; {', '.join(blocks)}"

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """Another F, as in the paper, where stem and decoder are the same at every F.

        Each layer was decided on, so that the depth stays.
        """
        del depth
        return replace(self, width=channels(self.width, width))


class AutoDeepLabSpace(Space):
    """Cells and paths.

    Args:
        facts: of the images; the decisions are the same for all.
        operations: those that may stand on an edge; ``none`` is left out.
        layers: L of the path; 12 in the paper. None for 12, or 6 where facts are given.
        blocks: B of the cell; 5 in the paper. None for 5, or 3 where facts are given.
        width: F, channels of a block at stride 4; 20 to 48 in the paper's networks. None for 20, or 16 where facts are
            given.
        shared_width: F of the network that all candidates share while an architecture is searched; 8 in the paper.
            None for 8, or 4 where facts are given.
        stem: channels of the first convolutions, at stride 2; doubled at stride 4. 64 in the paper; None for 64, or 8
            where facts are given.
        decoded: channels of pyramid and decoder; 256 in the paper. None for 256, or 32 where facts are given.

    Raises:
        SettingError: there is no operation, or one is named twice.
    """

    name: ClassVar[str] = "auto_deeplab"
    provides: ClassVar[frozenset[str]] = frozenset(
        {"sample", "mutate", "encode", "scale", "dense", "dense_supernet", "relaxable"}
    )

    def __init__(
        self,
        facts: ImageFacts | None = None,
        *,
        operations: Sequence[str] = OPERATIONS,
        layers: int | None = None,
        blocks: int | None = None,
        width: int | None = None,
        shared_width: int | None = None,
        stem: int | None = None,
        decoded: int | None = None,
    ) -> None:
        self.facts = facts
        self.operations = tuple(operation for operation in operations if operation != "none")
        if not self.operations or len(set(self.operations)) < len(self.operations):
            raise SettingError(
                f"The operations of a cell are {list(operations)!r}.",
                mend="Name at least one beside 'none', and each once.",
                code="cell-operations",
            )
        # The paper's size, or one for a processor without an accelerator.
        paper = facts is None
        self.layers = within("The number of layers", layers or (12 if paper else 6), 1, 100)
        self.blocks = within("The number of blocks", blocks or (5 if paper else 3), 1, 20)
        self.width = within("The number of channels", width or (20 if paper else 16), 1, 4096)
        self.shared_width = within("The shared network's channels", shared_width or (8 if paper else 4), 1, 4096)
        self.stem = within("The stem's channels", stem or (64 if paper else 8), 1, 4096)
        self.decoded = within("The decoder's channels", decoded or (256 if paper else 32), 1, 4096)

    def __call__(self, trial: BaseTrial) -> AutoDeepLab:
        """Ask for each block's two inputs and operations, and for each layer's move."""
        asked = Questions(trial)
        nodes = []
        for number in range(self.blocks):
            first, second = asked.choose(f"cell.{number}.inputs", pairs(number)).split(",")
            nodes.append(
                (
                    Gene(int(first), asked.choose(f"cell.{number}.first", self.operations)),
                    Gene(int(second), asked.choose(f"cell.{number}.second", self.operations)),
                )
            )
        moves = tuple(asked.choose(f"path.{layer}", tuple(MOVES)) for layer in range(self.layers))
        return AutoDeepLab(tuple(nodes), moves, self.width, self.stem, self.decoded, len(self.operations) > 1)

    @property
    def size(self) -> int:
        """How many cells and paths there are, paths that differ in moves past the end counted once."""
        inputs = math.prod(len(pairs(number)) for number in range(self.blocks))
        paths = [1, 0, 0, 0]
        for _ in range(self.layers):
            paths = [sum(paths[max(0, level - 1) : level + 2]) for level in range(len(STRIDES))]
        return int(inputs * len(self.operations) ** (2 * self.blocks) * sum(paths))

    def to_json(self) -> dict[str, Any]:
        """Its name and settings."""
        return {
            "name": self.name,
            "operations": list(self.operations),
            "layers": self.layers,
            "blocks": self.blocks,
            "width": self.width,
            "shared_width": self.shared_width,
            "stem": self.stem,
            "decoded": self.decoded,
        }


def pairs(number: int) -> tuple[str, ...]:
    """The pairs of states that block ``number`` can take: the cell's two inputs and the blocks before it."""
    return tuple(f"{a},{b}" for a, b in itertools.combinations(range(number + 2), 2))


def params_of(space: AutoDeepLabSpace, path: Mapping[str, str], levels: Sequence[int]) -> dict[str, str]:
    """The params of a cell and a path, as the space would have asked for them.

    Args:
        space: of the candidate.
        path: an operation for each edge ``"source>block"``; all but two into each block are ``none``.
        levels: of each layer.

    Raises:
        SettingError: a block has not two edges.
    """
    params: dict[str, str] = {}
    for number in range(space.blocks):
        kept = [
            (source, operation)
            for source in range(number + 2)
            if (operation := path[f"{source}>{number + 2}"]) != "none"
        ]
        if len(kept) != 2:
            raise SettingError(
                f"Block {number} of the cell has {len(kept)} edges.", mend="Keep two.", code="auto-deeplab-edges"
            )
        if number:
            params[f"cell.{number}.inputs"] = ",".join(str(source) for source, _ in kept)
        if len(space.operations) > 1:
            params |= {f"cell.{number}.first": kept[0][1], f"cell.{number}.second": kept[1][1]}
    named = {step: name for name, step in MOVES.items()}
    for layer, (before, level) in enumerate(zip((0, *levels[:-1]), levels, strict=True)):
        params[f"path.{layer}"] = named[level - before]
    return params
