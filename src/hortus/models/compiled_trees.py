"""Trees that are kept as flat arrays, asked by scikit-learn's compiled code: the fastest way for many rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.models.flat_trees import State, leaves
from hortus.models.tree_walk import TreeWalk

# Rows x trees that are walked together; beyond, compiled code is as fast.
WALKED = 20_000
# Nodes up to which the trees are held as scikit-learn lays them out, in four times the room of the arrays. Larger ones
# are made for each call, which spares a gigabyte where rows are many.
HELD = 200_000
# What is kept of a split, and scikit-learn's name for it; of the children, how far after their parent they stand.
SPLIT = {
    "left": "left_child",
    "right": "right_child",
    "feature": "feature",
    "threshold": "threshold",
    "missing_left": "missing_go_to_left",
}


class CompiledTrees:
    """Trees that answer one after the other, since scikit-learn's own forest starts a pool for every call (10 ms and
    more); few rows are walked down all of them together.

    Args:
        state: as `hortus.models.flat_trees.flatten` made it, and `check` found sound.
    """

    def __init__(self, state: State) -> None:
        self.state = state

    def __len__(self) -> int:
        return len(self.state["sizes"])

    def mean(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, outputs), the average of the trees for (n, d) rows."""
        if len(rows) * len(self) <= WALKED:
            return self._walk.means([rows])[0]
        total = np.zeros((len(rows), self.state["outputs"]))
        for tree in self._held if len(self.state["inner"]) <= HELD else rebuilt(self.state):
            total += tree.predict(rows).reshape(total.shape)
        total /= len(self)
        return total

    @cached_property
    def _walk(self) -> TreeWalk:
        return TreeWalk([self.state])

    @cached_property
    def _held(self) -> list[Any]:
        return list(rebuilt(self.state))


def rebuilt(state: State) -> Iterator[Any]:
    """scikit-learn ``Tree`` objects that decide as the ones flattened, one after the other.

    Args:
        state: as `flatten` made it, and `check` found sound.
    """
    inner = state["inner"]
    ends = np.cumsum(state["sizes"])
    # Of each node, how many inner ones and how many leaves stand before it.
    inners = np.concatenate([[0], np.cumsum(inner)])
    for begin, end in zip(ends - state["sizes"], ends, strict=True):
        first, last = inners[begin], inners[end]
        own = {name: state[name][first:last] for name in SPLIT}
        values = leaves({**state, "values": state["values"][begin - first : end - last]})
        yield _compiled(_nodes(inner[begin:end], own), values, inner[begin:end], state)


def _dtype() -> Any:
    from sklearn.tree._tree import NODE_DTYPE

    return NODE_DTYPE


def _nodes(inner: NDArray[np.bool_], splits: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """A tree's nodes as scikit-learn lays them out."""
    nodes = np.zeros(len(inner), dtype=_dtype())
    nodes["left_child"] = nodes["right_child"] = -1
    nodes["feature"] = nodes["threshold"] = -2
    for name, field in SPLIT.items():
        column = nodes[field]
        column[inner] = splits[name]
    for child in ("left_child", "right_child"):
        nodes[child][inner] += np.flatnonzero(inner)
    nodes["n_node_samples"] = nodes["weighted_n_node_samples"] = 1
    return nodes


def _compiled(nodes: NDArray[Any], values: NDArray[np.float64], inner: NDArray[np.bool_], state: State) -> Any:
    from sklearn.tree._tree import Tree

    tree = Tree(state["features"], np.array([state["outputs"]], dtype=np.intp), 1)
    placed = np.zeros((len(nodes), 1, state["outputs"]))
    placed[~inner, 0, :] = values
    # Its own __setstate__ takes arrays only; nothing in it runs code.
    tree.__setstate__({"max_depth": 0, "node_count": len(nodes), "nodes": nodes, "values": placed})
    return tree
