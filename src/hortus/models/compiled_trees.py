"""Trees that are kept as flat arrays, asked by scikit-learn's compiled code: the fastest way for many rows."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.models.flat_trees import State, leaves
from hortus.models.tree_walk import TreeWalk

# Rows x trees that are walked together; beyond, compiled code is as fast.
WALKED = 20_000


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
        total: NDArray[np.float64] = self._each[0].predict(rows)
        for tree in self._each[1:]:
            total += tree.predict(rows)
        total /= len(self)
        return total.reshape(len(rows), self.state["outputs"])

    @cached_property
    def _walk(self) -> TreeWalk:
        return TreeWalk([self.state])

    @cached_property
    def _each(self) -> list[Any]:
        return rebuild(self.state)


def rebuild(state: State) -> list[Any]:
    """scikit-learn ``Tree`` objects that decide as the ones flattened.

    Args:
        state: as `flatten` made it, and `check` found sound.
    """
    nodes, values = _nodes(state), _values(state)
    ends = np.cumsum(state["sizes"])
    return [
        _compiled(nodes[begin:end], values[begin:end], state["features"])
        for begin, end in zip(ends - state["sizes"], ends, strict=True)
    ]


def _dtype() -> Any:
    from sklearn.tree._tree import NODE_DTYPE

    return NODE_DTYPE


def _nodes(state: State) -> NDArray[Any]:
    """The nodes of all trees as scikit-learn lays them out; children are counted within their tree."""
    inner = state["inner"]
    nodes = np.zeros(len(inner), dtype=_dtype())
    nodes["left_child"] = nodes["right_child"] = -1
    nodes["feature"] = nodes["threshold"] = -2
    names = {"left_child": "left", "right_child": "right", "feature": "feature", "threshold": "threshold"}
    for field, name in (names | {"missing_go_to_left": "missing_left"}).items():
        column = nodes[field]
        column[inner] = state[name]
    nodes["n_node_samples"] = nodes["weighted_n_node_samples"] = 1
    return nodes


def _values(state: State) -> NDArray[np.float64]:
    """(nodes, 1, outputs), zeros but for the leaves."""
    values = np.zeros((len(state["inner"]), 1, state["outputs"]))
    values[~state["inner"], 0, :] = leaves(state)
    return values


def _compiled(nodes: NDArray[Any], values: NDArray[np.float64], features: int) -> Any:
    from sklearn.tree._tree import Tree

    tree = Tree(features, np.array([values.shape[2]], dtype=np.intp), 1)
    # Its own __setstate__ takes arrays only; nothing in it runs code.
    tree.__setstate__(
        {
            "max_depth": 0,
            "node_count": len(nodes),
            "nodes": np.ascontiguousarray(nodes),
            "values": np.ascontiguousarray(values),
        }
    )
    return tree
