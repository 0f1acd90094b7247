"""Trees of any library as one ``TreeEnsemble`` operator (ai.onnx.ml 5), thresholds and leaves in double precision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hortus.deploy.onnx.graph import ML, Graph

# The operator's numbers for what a node asks of its column.
AT_MOST, BELOW, ABOVE, EQUAL, MEMBER = 0, 1, 3, 4, 6
SUM = 1


@dataclass(frozen=True)
class Tree:
    """One tree: inner nodes 0 … m - 1, the root first, and leaves 0 … l - 1.

    Attributes:
        feature: (m,) the column asked.
        mode: (m,) what is asked: `AT_MOST`, `BELOW`, `ABOVE`, `EQUAL` or `MEMBER`.
        threshold: (m,) compared with.
        missing: (m,) whether NaN goes where "yes" goes.
        yes, no: (m,) children: an inner node's number, or ``~leaf``.
        leaves: (l,) values.
        target: the output that its leaves are added to.
        members: for each node that asks for membership, in order, the values.
    """

    feature: NDArray[np.int64]
    mode: NDArray[np.uint8]
    threshold: NDArray[np.float64]
    missing: NDArray[np.bool_]
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    leaves: NDArray[np.float64]
    target: int = 0
    members: list[NDArray[np.float64]] = field(default_factory=list)

    @classmethod
    def leaf(cls, value: float, target: int = 0) -> Tree:
        """A tree that says the same of every row; the operator wants a question all the same."""
        one = np.zeros(1, dtype=np.int64)
        return cls(one, one.astype(np.uint8), np.zeros(1), one == 1, ~one, ~one, np.asarray([value]), target)


def grow(graph: Graph, rows: str, trees: Iterable[Tree], targets: int) -> str:
    """(n, targets) float64, the sum of the trees' leaves.

    Args:
        graph: to add to.
        rows: (n, p) float64.
        trees: each adds to its own target.
        targets: how many.
    """
    grown = list(trees)
    inner = np.cumsum([0, *(len(tree.feature) for tree in grown)])
    leaf = np.cumsum([0, *(len(tree.leaves) for tree in grown)])
    shifts = list(zip(grown, inner[:-1].tolist(), leaf[:-1].tolist(), strict=True))
    yes = np.concatenate([_child(tree.yes, node, end) for tree, node, end in shifts])
    no = np.concatenate([_child(tree.no, node, end) for tree, node, end in shifts])
    membership = [value for tree in grown for members in tree.members for value in (*members.tolist(), float("nan"))]
    attributes = {} if not membership else {"membership_values": graph.tensor(np.asarray(membership))}
    name = graph.fresh()
    graph.node(
        "TreeEnsemble",
        (rows,),
        (name,),
        domain=ML,
        n_targets=targets,
        aggregate_function=SUM,
        post_transform=0,
        tree_roots=inner[:-1].tolist(),
        nodes_featureids=_joined([tree.feature for tree in grown]),
        nodes_splits=graph.tensor(np.concatenate([tree.threshold for tree in grown])),
        nodes_modes=graph.tensor(np.concatenate([tree.mode for tree in grown])),
        nodes_missing_value_tracks_true=_joined([tree.missing for tree in grown]),
        nodes_truenodeids=np.where(yes < 0, ~yes, yes).tolist(),
        nodes_trueleafs=(yes < 0).astype(int).tolist(),
        nodes_falsenodeids=np.where(no < 0, ~no, no).tolist(),
        nodes_falseleafs=(no < 0).astype(int).tolist(),
        leaf_targetids=np.repeat([tree.target for tree in grown], np.diff(leaf)).tolist(),
        leaf_weights=graph.tensor(np.concatenate([tree.leaves for tree in grown])),
        **attributes,
    )
    return name


def _child(children: NDArray[np.int64], node: int, leaf: int) -> NDArray[np.int64]:
    """Children counted over all trees."""
    return np.where(children < 0, ~(~children + leaf), children + node)


def _joined(parts: list[NDArray[np.int64]] | list[NDArray[np.bool_]]) -> list[int]:
    found: list[int] = np.concatenate(parts).astype(np.int64).tolist()
    return found


def intervals(column: int, points: ArrayLike, first: int, target: int) -> Tree:
    """A tree whose leaf is ``first`` + the number of the sorted ``points`` that are not above a number."""
    edges = np.asarray(points, dtype=np.float64)
    middle: list[int] = []
    yes: list[int] = []
    no: list[int] = []

    def split(low: int, high: int) -> int:
        """The node that tells apart ``low`` … ``high`` points not above."""
        if low == high:
            return ~low
        at = (low + high) // 2
        node = len(middle)
        middle.append(at)
        yes.append(0)
        no.append(0)
        yes[node], no[node] = split(low, at), split(at + 1, high)
        return node

    split(0, len(edges))
    count = len(middle)
    return Tree(
        feature=np.full(count, column, dtype=np.int64),
        mode=np.full(count, BELOW, dtype=np.uint8),
        threshold=edges[middle],
        missing=np.ones(count, dtype=bool),
        yes=np.asarray(yes, dtype=np.int64),
        no=np.asarray(no, dtype=np.int64),
        leaves=first + np.arange(len(edges) + 1, dtype=np.float64),
        target=target,
    )
