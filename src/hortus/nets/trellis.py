"""All cells and all paths of Auto-DeepLab's space in one network, whose weights they share.

At each layer and stride stands one cell with every operation on every edge; it takes the map of the same stride, of
half or of twice of it from the layer before, each weighted by its transition (Liu et al. 2019, eq. 5):

    H(s, l) = sum over s' in {s / 2, s, 2 s} of beta(s' -> s) Cell(H(s', l - 1), H(s, l - 2); alpha).

Where the stride has no map two layers before, as on a single path, the nearest is fitted. Each stride has a pyramid,
and all of them the decoder that a found network has. Which operations run, under which weights, and which transitions,
is told with each call, so that the same network is relaxed, sampled or run along one candidate. Imports torch at its
top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from hortus.nets.atrous import AtrousPyramid, alike, atrous, classify, pointwise
from hortus.nets.build import initialize
from hortus.nets.choice import CHOICE, NONE, Choice, Route
from hortus.nets.operations import OPERATIONS
from hortus.nets.plan import Layer, Shape
from hortus.nets.segmentation import LOW_SHARE, rates_for

LEVELS = 4
# The kind of the map that the stem gives; all others are of a level's kind.
STEM = -1
# From a level to another, and the weight of what comes over; None for a weight of 1.
Moves = Mapping[tuple[int, int], Tensor | None]


class SharedCell(nn.Module):
    """The cell of one layer and level.

    Args:
        level: its own.
        last: kinds of map that the layer before may give it: levels, or `STEM`.
        before: likewise, the one before that.
        blocks: B.
        width: F.
        stem: channels of the stem's map.
        operations: that may stand on an edge.
    """

    def __init__(
        self,
        level: int,
        last: Sequence[int],
        before: Sequence[int],
        *,
        blocks: int,
        width: int,
        stem: int,
        operations: Sequence[str],
    ) -> None:
        super().__init__()
        own = width << level
        self.blocks = blocks
        # The stem's is a map of level 0 with channels of its own.
        channels = {kind: stem if kind == STEM else (width << kind) * blocks for kind in {*last, *before}}
        same, halve = OPERATIONS["nor_conv_1x1"], OPERATIONS["factorized_reduce"]
        self.last = nn.ModuleDict()
        for kind in last:
            halves = max(kind, 0) < level
            self.last[str(kind)] = (halve if halves else same)(channels[kind], own, 1 + halves, affine=False)
        self.before = nn.ModuleDict({str(kind): same(channels[kind], own, 1, affine=False) for kind in before})
        edge = Layer("edge", CHOICE, (), (own, 1, 1), (own,))
        self.edges = nn.ModuleDict({name: Choice(edge, operations) for name in edges(blocks)})

    def forward(
        self,
        last: tuple[int, Tensor],
        before: tuple[int, Tensor],
        size: tuple[int, int],
        routes: Mapping[str, Route],
    ) -> Tensor:
        """(n, B F 2^level, *size).

        Args:
            last: kind (level, or `STEM`) and map of the layer before.
            before: likewise, of the one before that.
            size: of the level's maps.
            routes: what runs on each edge.
        """
        states = [
            alike(self.before[str(before[0])](before[1]), *size),
            alike(self.last[str(last[0])](last[1]), *size),
        ]
        for block in range(self.blocks):
            total: Tensor | None = None
            for source, state in enumerate(states):
                name = f"{source}>{block + 2}"
                route = routes[name]
                if all(operation == NONE for operation, _ in route.terms):
                    continue
                term = self.edges[name](state, route)
                total = term if total is None else total + term
            states.append(torch.zeros_like(states[1]) if total is None else total)
        return torch.cat(states[2:], dim=1)


class Trellis(nn.Module):
    """The shared network: (n, c, h, w) of images in, (n, classes, h, w) of logits out.

    Args:
        shape: of one image.
        classes: logits for each pixel.
        layers: L.
        blocks: B.
        width: F.
        stem: channels of the first convolutions, at stride 2; doubled at stride 4.
        decoded: channels of pyramid and decoder.
        operations: that may stand on an edge of the cell, ``none`` among them.
        seed: of the weights.

    Attributes:
        names: of the cell's edges; row e of a weight matrix is of ``names[e]``.
        operations: column k is of ``operations[k]``.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        layers: int,
        blocks: int,
        width: int,
        stem: int,
        decoded: int,
        operations: Sequence[str],
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.layers, self.operations = layers, tuple(operations)
        self.names = edges(blocks)
        broad = width * blocks
        side = [-(-n // 4) for n in shape[1:]]
        with torch.device("meta"):
            self.stem = nn.Sequential(
                OPERATIONS["conv_bn_relu"](shape[0], stem, 2),
                OPERATIONS["conv_bn_relu"](stem, stem, 1),
                OPERATIONS["conv_bn"](stem, 2 * stem, 2),
            )
            self.cells = nn.ModuleList()
            for layer in range(layers):
                last, before = (range(min(LEVELS, layer + back)) if layer >= 2 - back else (STEM,) for back in (1, 0))
                cells = nn.ModuleList()
                for level in range(min(LEVELS, layer + 2)):
                    near = [kind for kind in last if abs(max(kind, 0) - level) <= 1]
                    sizes = {"blocks": blocks, "width": width, "stem": 2 * stem}
                    cells.append(SharedCell(level, near, before, **sizes, operations=operations))
                self.cells.append(cells)
            self.pyramids = nn.ModuleList(
                nn.Sequential(
                    OPERATIONS["bn_relu"](broad << level, broad << level),
                    AtrousPyramid(broad << level, decoded, rates=rates_for(_halved((side[0], side[1]), level))),
                )
                for level in range(min(LEVELS, layers + 1))
            )
            low = max(4, round(LOW_SHARE * decoded))
            self.low = pointwise(2 * stem, low)
            self.decoder = nn.Sequential(
                atrous(decoded + low, decoded), atrous(decoded, decoded), classify(decoded, classes)
            )
        self.to_empty(device="cpu")
        initialize(self, seed=seed)

    def forward(self, images: Tensor, routes: Mapping[str, Route], moves: Sequence[Moves]) -> Tensor:
        """(n, classes, h, w).

        Args:
            images: (n, c, h, w).
            routes: what runs on each edge of the cell, the same at all layers.
            moves: of each layer, the transitions that run.
        """
        stem = self.stem(images)
        sizes = [_halved((stem.shape[2], stem.shape[3]), level) for level in range(LEVELS)]
        before: dict[int, tuple[int, Tensor]] = {0: (STEM, stem)}
        last = before
        for cells, step in zip(self.cells, moves, strict=True):
            found: dict[int, Tensor] = {}
            for (source, level), weight in step.items():
                if source not in last:
                    continue
                made = cast(nn.ModuleList, cells)[level](last[source], _nearest(before, level), sizes[level], routes)
                made = made if weight is None else weight * made
                found[level] = made if level not in found else found[level] + made
            before, last = last, {level: (level, value) for level, value in found.items()}
        low = self.low(stem)
        wide: Tensor | None = None
        for level, (_, value) in last.items():
            part = alike(self.pyramids[level](value), *sizes[0])
            wide = part if wide is None else wide + part
        assert wide is not None, "no transition led anywhere"  # noqa: S101 -- a path always ends somewhere
        logits = self.decoder(torch.cat([wide, low], dim=1))
        return alike(logits, images.shape[2], images.shape[3])


@torch.no_grad()
def recalibrate(
    network: Trellis, routes: Mapping[str, Route], moves: Sequence[Moves], images: Tensor, *, batch: int = 16
) -> None:
    """Measure the normalizations of one candidate anew, and put the shared network into eval mode.

    Means and variances that all candidates share belong to none of them (Guo et al. 2020, section 3.4).
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        network.train()
        images = images if len(images) > 1 else images.repeat(2, 1, 1, 1)
        for chunk in images.tensor_split(-(-len(images) // batch)):
            network(chunk, routes, moves)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    network.eval()


def edges(blocks: int) -> tuple[str, ...]:
    """The names of a cell's edges, ``source>block``: states 0 and 1 are its inputs.

    >>> edges(2)
    ('0>2', '1>2', '0>3', '1>3', '2>3')
    """
    return tuple(f"{source}>{block + 2}" for block in range(blocks) for source in range(block + 2))


def transitions(layers: int) -> list[list[tuple[int, int]]]:
    """The legal transitions into each layer, from stride 4 on.

    >>> transitions(2)
    [[(0, 0), (0, 1)], [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]]
    """
    found = []
    for layer in range(layers):
        sources = range(min(LEVELS, layer + 1))
        found.append([(s, s + step) for s in sources for step in (-1, 0, 1) if 0 <= s + step < LEVELS])
    return found


def along(levels: Sequence[int]) -> list[dict[tuple[int, int], Tensor | None]]:
    """The transitions of one path."""
    return [{pair: None} for pair in zip((0, *levels[:-1]), levels, strict=True)]


def _nearest(maps: Mapping[int, tuple[int, Tensor]], level: int) -> tuple[int, Tensor]:
    return maps[min(maps, key=lambda known: (abs(known - level), known))]


def _halved(size: tuple[int, int], times: int) -> tuple[int, int]:
    for _ in range(times):
        size = -(-size[0] // 2), -(-size[1] // 2)
    return size
