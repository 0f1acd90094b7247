"""How operations form a cell, and cells a network.

The cell of NAS-Bench-201 (Dong and Yang 2020) has operations on its edges and sums in its nodes; so has that of DARTS
(Liu et al. 2019), which takes two cells and returns its nodes side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hortus.nets.plan import Draft, Plan, Shape

STAGES = 3


def nb201_cell(draft: Draft, name: str, source: str, edges: Mapping[tuple[int, int], str], nodes: int = 4) -> str:
    """A cell whose nodes are the sums of what their edges bring, and return its last node.

    Args:
        draft: the network so far.
        name: the cell's place.
        source: its input, node 0.
        edges: (from, to) -> operation. ``none`` is left out, but where nothing else leads to a node.
        nodes: the input among them.
    """
    values = [source]
    for target in range(1, nodes):
        into = {origin: edges[origin, target] for origin in range(target) if (origin, target) in edges}
        present = {origin: operation for origin, operation in into.items() if operation != "none"} or {0: "none"}
        terms = [
            draft.add(f"{name}/{origin}>{target}:{operation}", operation, values[origin])
            for origin, operation in present.items()
        ]
        values.append(draft.total(f"{name}/{target}", terms))
    return values[-1]


def nb201(shape: Shape, classes: int, edges: Mapping[tuple[int, int], str], *, repeats: int, width: int) -> Plan:
    """The benchmark's macro skeleton: stem, then three stages of cells with a residual block of stride 2 between.

    Args:
        shape: of one image.
        classes: logits.
        edges: of the cell, as `nb201_cell` takes them.
        repeats: N, cells a stage; 5 in the benchmark.
        width: C, channels of the first stage; 16 in the benchmark. Each later stage has twice as many.
    """
    draft = Draft(shape)
    source = draft.stem(width)
    for stage in range(STAGES):
        if stage:
            source = draft.add(f"reduction{stage}", "residual", source, width=width << stage, stride=2)
        for cell in range(repeats):
            source = nb201_cell(draft, f"stage{stage}/cell{cell}", source, edges)
    return draft.head(source, classes)


@dataclass(frozen=True)
class Gene:
    """One edge of a DARTS cell: which state it takes, and what it does to it."""

    source: int
    operation: str


def darts_cell(
    draft: Draft, name: str, inputs: tuple[str, str], nodes: Sequence[Sequence[Gene]], *, width: int, stride: int = 1
) -> str:
    """A cell with two inputs and one output, its nodes side by side; and return the output.

    Args:
        draft: the network so far.
        name: the cell's place.
        inputs: the outputs of the two cells before, the earlier first.
        nodes: the edges of each node; state 0 and 1 are the inputs, state 2 the first node.
        width: channels of each node.
        stride: 2 for a reduction cell: edges from its inputs halve the map.
    """
    size = draft.shape(inputs[1])[1:]
    states = []
    for place, source in enumerate(inputs):
        # The cell before the last may have had a larger map.
        larger = draft.shape(source)[1:] != size
        operation = "factorized_reduce" if larger else "nor_conv_1x1"
        states.append(draft.add(f"{name}/in{place}", operation, source, width=width, stride=2 if larger else 1))
    for number, genes in enumerate(nodes, start=2):
        terms = [
            draft.add(
                f"{name}/{gene.source}>{number}:{gene.operation}",
                gene.operation,
                states[gene.source],
                stride=stride if gene.source < 2 else 1,
            )
            for gene in genes
        ]
        states.append(draft.total(f"{name}/{number}", terms))
    return draft.joined(f"{name}/out", states[2:])


def darts(
    shape: Shape,
    classes: int,
    normal: Sequence[Sequence[Gene]],
    reduction: Sequence[Sequence[Gene]],
    *,
    cells: int,
    width: int,
) -> Plan:
    """DARTS's network: a stem of 3 C channels and ``cells`` cells; those at a third and two thirds reduce.

    Args:
        shape: of one image.
        classes: logits.
        normal: the nodes of the normal cell.
        reduction: the nodes of the reduction cell.
        cells: of both kinds.
        width: C, channels of a node in the first cells; doubled by each reduction.
    """
    draft = Draft(shape)
    before = last = draft.stem(3 * width)
    for number in range(cells):
        reduces = number in reductions(cells)
        width *= 2 if reduces else 1
        nodes = reduction if reduces else normal
        found = darts_cell(draft, f"cell{number}", (before, last), nodes, width=width, stride=2 if reduces else 1)
        before, last = last, found
    return draft.head(last, classes, activate=False)


def reductions(cells: int) -> frozenset[int]:
    """Which of the cells reduce.

    >>> sorted(reductions(8)), sorted(reductions(1))
    ([2, 5], [])
    """
    return frozenset({cells // 3, 2 * cells // 3}) if cells >= STAGES else frozenset()
