"""A space with every decision left open: its supernet, and what a path of that is in the space's own words.

A supernet's decisions are its edges, and a path names an operation for each, ``none`` for those that are not there.
In NAS-Bench-201's cell those are the params themselves. A DARTS cell keeps two edges of each node, and its params
say which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hortus.data.image_facts import ImageFacts
from hortus.errors import SettingError
from hortus.nets.cells import STAGES, Gene, darts, nb201, reductions
from hortus.spaces.base import Space
from hortus.spaces.cell import EDGES, NAMES, CellSpace
from hortus.spaces.darts_cell import KINDS, NODES, DartsSpace

if TYPE_CHECKING:
    from hortus.nets.supernet import Supernet

NONE = "none"


def relax(space: Space, facts: ImageFacts, *, partial: int = 1, seed: int = 0) -> Supernet:
    """The supernet of ``space`` for such images, as wide and as deep as its candidates, with weights drawn anew.

    Args:
        space: one that has a supernet.
        facts: of the images.
        partial: k of PC-DARTS; 1 for whole edges.
        seed: of the weights.

    Raises:
        SettingError: the space has no supernet, or its width is no multiple of ``partial``, or its cells are too few
            for both kinds to be among them.
    """
    from hortus.nets.choice import CHOICE
    from hortus.nets.supernet import Supernet

    if isinstance(space, CellSpace):
        plan = nb201(facts.shape, facts.classes, dict.fromkeys(EDGES, CHOICE), repeats=space.repeats, width=space.width)
        operations = space.operations
    elif isinstance(space, DartsSpace):
        if space.cells < STAGES:
            raise SettingError(
                f"Among {space.cells} DARTS cells there is none that reduces, and so nothing to learn of it.",
                mend=f"Let the space have at least {STAGES} cells.",
                code="darts-cells",
            )
        genes = [[Gene(source, CHOICE) for source in range(2 + number)] for number in range(NODES)]
        plan = darts(facts.shape, facts.classes, genes, genes, cells=space.cells, width=space.width)
        operations = (NONE, *space.operations)
    else:
        raise _without(space)
    reduces = {f"cell{number}" for number in reductions(space.cells)} if isinstance(space, DartsSpace) else set()
    decisions = {}
    for layer in plan.layers:
        if layer.operation == CHOICE:
            place, _, edge = layer.name.removesuffix(f":{CHOICE}").rpartition("/")
            kind = f"{KINDS[place in reduces]} " if isinstance(space, DartsSpace) else ""
            decisions[layer.name] = kind + edge
    return Supernet(plan, decisions, operations, partial=partial, seed=seed)


def edges_kept(space: Space) -> int | None:
    """How many of the edges into a node a candidate keeps; None for all of them."""
    return 2 if isinstance(space, DartsSpace) else None


def node(edge: str) -> str:
    """Where an edge leads, with the cell's kind where there are two.

    >>> node("0>2"), node("reduction 1>4")
    ('2', 'reduction 4')
    """
    kind, _, ends = edge.rpartition(" ")
    return f"{kind} {ends.rpartition('>')[2]}".strip()


def path_of(space: Space, params: Mapping[str, Any]) -> dict[str, str]:
    """The path of the supernet that a candidate is: an operation for each edge.

    Raises:
        SettingError: the space has no supernet.
    """
    if isinstance(space, CellSpace):
        return {name: str(params[name]) for name in NAMES}
    if not isinstance(space, DartsSpace):
        raise _without(space)
    path = {}
    for kind in KINDS:
        for number in range(NODES):
            stem = f"{kind}.{number}"
            first, second = str(params.get(f"{stem}.inputs", "0,1")).split(",")
            kept = {first: params[f"{stem}.first"], second: params[f"{stem}.second"]}
            for source in range(2 + number):
                path[f"{kind} {source}>{2 + number}"] = str(kept.get(str(source), NONE))
    return path


def params_of(space: Space, path: Mapping[str, str]) -> dict[str, str]:
    """The params of a path, the inverse of `path_of`.

    Args:
        space: one that has a supernet.
        path: an operation for each edge; of a DARTS cell, all but two into each node are ``none``.

    Raises:
        SettingError: the space has no supernet, or a node of a DARTS cell has not two edges.
    """
    if isinstance(space, CellSpace):
        return {name: path[name] for name in NAMES}
    if not isinstance(space, DartsSpace):
        raise _without(space)
    params = {}
    for kind in KINDS:
        for number in range(NODES):
            into = {source: path[f"{kind} {source}>{2 + number}"] for source in range(2 + number)}
            kept = [(source, operation) for source, operation in into.items() if operation != NONE]
            if len(kept) != 2:
                raise SettingError(
                    f"Node {number} of the {kind} cell has {len(kept)} edges.",
                    mend="Keep two edges into each node.",
                    code="darts-edges",
                )
            stem = f"{kind}.{number}"
            if number:
                params[f"{stem}.inputs"] = ",".join(str(source) for source, _ in kept)
            params |= {f"{stem}.first": kept[0][1], f"{stem}.second": kept[1][1]}
    return params


def by_node(names: Sequence[str]) -> dict[str, list[int]]:
    """The rows of the edges into each node."""
    found: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        found.setdefault(node(name), []).append(row)
    return found


def _without(space: Space) -> SettingError:
    return SettingError(
        f"The space {space.name!r} has no supernet: its candidates are not paths through one network.",
        mend="Use the space 'cell' or 'darts', or a strategy and an evaluator that need no shared weights.",
        code="space-without-supernet",
    )
