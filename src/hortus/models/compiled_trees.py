"""Trees that are kept as flat arrays, asked by scikit-learn's compiled code."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.models.flat_trees import State

# Up to so many numbers are copied, a row once for each tree, so that all trees answer in one call.
COPIED = 1_000_000


class CompiledTrees:
    """Trees that answer together.

    scikit-learn's own forest starts a pool for every call (10 ms and more), so that its trees are asked here; and for
    few rows a call of each tree costs more than its answer, so that those are asked of one tree that holds all.

    Args:
        state: as `hortus.models.flat_trees.flatten` made it, and `check` found sound.
    """

    def __init__(self, state: State) -> None:
        self.state = state

    def __len__(self) -> int:
        return len(self.state["sizes"])

    def mean(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, outputs), the average of the trees for (n, d) rows."""
        if len(self) * rows.size <= COPIED:
            total = self._at_once(rows)
        else:
            total = self._each[0].predict(rows)
            for tree in self._each[1:]:
                total += tree.predict(rows)
        total /= len(self)
        return total.reshape(len(rows), self.state["outputs"])

    def _at_once(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        copied = np.empty((len(self), len(rows), rows.shape[1] + 1), dtype=np.float32)
        copied[:, :, :-1] = rows
        copied[:, :, -1] = np.arange(len(self))[:, None]
        answers = self._joined.predict(copied.reshape(-1, copied.shape[2]))
        total: NDArray[np.float64] = answers.reshape(len(self), len(rows), self.state["outputs"]).sum(axis=0)
        return total

    @cached_property
    def _each(self) -> list[Any]:
        return rebuild(self.state)

    @cached_property
    def _joined(self) -> Any:
        return join(self.state)


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


def join(state: State) -> Any:
    """All trees as one scikit-learn ``Tree``, which asks for the number of a tree in one column more and goes there.

    A row that stands in it once for each tree is answered by all of them in one compiled call.

    Args:
        state: as `flatten` made it, and `check` found sound.
    """
    sizes, features = state["sizes"], int(state["features"])
    guide = np.zeros(len(sizes) - 1, dtype=_dtype())
    roots = len(guide) + np.cumsum(sizes) - sizes
    guide["feature"] = features
    guide["n_node_samples"] = guide["weighted_n_node_samples"] = 1
    waiting, made = [(0, len(sizes), -1, "")], 0
    while waiting:
        low, high, parent, side = waiting.pop()
        place = int(roots[low]) if high - low == 1 else made
        if parent >= 0:
            guide[side][parent] = place
        if high - low > 1:
            middle = (low + high) // 2
            guide["threshold"][place] = middle - 0.5
            waiting += [(low, middle, place, "left_child"), (middle, high, place, "right_child")]
            made += 1
    nodes, inner = _nodes(state), state["inner"]
    moved = np.repeat(roots, sizes)[inner]
    for field in ("left_child", "right_child"):
        column = nodes[field]
        column[inner] += moved
    values = _values(state)
    none = np.zeros((len(guide), *values.shape[1:]))
    return _compiled(np.concatenate([guide, nodes]), np.concatenate([none, values]), features + 1)


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
    inner, outputs = state["inner"], state["outputs"]
    leaves = state["values"].astype(np.float64)
    if leaves.shape[1] == 1 and outputs == 2:
        leaves = np.hstack([1.0 - leaves, leaves])
    values = np.zeros((len(inner), 1, outputs))
    values[~inner, 0, :] = leaves
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
