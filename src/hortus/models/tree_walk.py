"""All trees of several forests, walked together: for few rows, level by level, a step of all of them is a few arrays.

A forest is far larger than the processor's caches, so that a step down a tree waits for memory, and a row that is taken
down one tree after the other waits for each step of each. Here all trees take their first step at once, then their
second, and the waits fall together. So that a step is one look into memory, a node's parts stand beside each other, and
its two children do: the next node is the right child, or that plus one where the cell is at most the threshold. At a
leaf, nothing is at most NaN, and the child is itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hortus.models.flat_trees import State, leaves

# Steps between two looks at which trees have come to a leaf.
STEPS = 8
THRESHOLD, CELL, CHILD, LEAF = range(4)


class TreeWalk:
    """Forests that answer together.

    Args:
        states: as `hortus.models.flat_trees.flatten` made them, and `check` found sound.
    """

    def __init__(self, states: Sequence[State]) -> None:
        self.trees = np.array([len(state["sizes"]) for state in states])
        self._widths = np.array([2 * int(state["features"]) for state in states])
        self._leaves = [leaves(state) for state in states]
        nodes = [_nodes(state) for state in states]
        begins = np.cumsum([0, *map(len, nodes)])
        for part, begin in zip(nodes, begins, strict=False):
            part[:, CHILD] += begin
        self._nodes = np.concatenate(nodes)
        # The first of a forest's nodes are its roots.
        self._roots = np.concatenate([begin + np.arange(n) for begin, n in zip(begins, self.trees, strict=False)])

    def means(self, rows: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float64]]:
        """For each forest (n, outputs), the average of its trees.

        Args:
            rows: for each forest (n, d), the same rows as it takes them.
        """
        n = len(rows[0])
        found = self._walk(np.concatenate([_sided(part).reshape(-1) for part in rows]), n)
        parts = np.split(found.reshape(len(self._roots), n), np.cumsum(self.trees)[:-1])
        return [values[leaf].sum(axis=0) / len(leaf) for values, leaf in zip(self._leaves, parts, strict=True)]

    def _walk(self, cells: NDArray[np.float32], n: int) -> NDArray[np.int32]:
        """(trees x n,) the leaf that each row comes to, a tree's rows beside each other."""
        at = np.repeat(self._roots, n)
        width = np.repeat(self._widths, self.trees)[:, None]
        before = np.repeat(n * (np.cumsum(self._widths) - self._widths), self.trees)[:, None]
        row = (before + width * np.arange(n)).reshape(-1)
        found, place = np.empty(len(at), dtype=np.int32), np.arange(len(at))
        while len(at):
            for _ in range(STEPS):
                last, node = at, self._nodes.take(at, axis=0)
                at = node[:, CHILD] + (cells.take(row + node[:, CELL]) <= node[:, THRESHOLD].view(np.float32))
            there = at == last
            found[place[there]] = node[there, LEAF]
            at, row, place = at[~there], row[~there], place[~there]
        return found


def _sided(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2 d) the cells twice: a missing one as NaN, which goes right, and as -inf, which goes left."""
    return np.concatenate([X, np.where(np.isnan(X), np.float32(-np.inf), X)], axis=1)


def _nodes(state: State) -> NDArray[np.int32]:
    """(nodes, 4) all trees, level by level: the threshold's bits, the cell that it is held against, child and leaf."""
    sizes, inner = state["sizes"], state["inner"]
    begins = np.cumsum(sizes) - sizes
    place = np.flatnonzero(inner)
    children = np.stack([place + state["right"], place + state["left"]], axis=1)
    number = np.cumsum(inner) - 1  # a node's among the inner ones
    levels = [begins]
    while len(levels[-1]):
        levels.append(children[number[levels[-1][inner[levels[-1]]]]].reshape(-1))
    order = np.concatenate(levels)
    moved = np.empty(len(order), dtype=np.int32)
    moved[order] = np.arange(len(order))
    split = inner[order]
    which = number[order[split]]
    nodes = np.zeros((len(order), 4), dtype=np.int32)
    nodes[:, THRESHOLD] = np.float32(np.nan).view(np.int32)
    nodes[split, THRESHOLD] = state["threshold"][which].view(np.int32)
    nodes[split, CELL] = state["feature"][which] + state["features"] * (state["missing_left"][which] > 0)
    nodes[:, CHILD] = np.arange(len(order))
    nodes[split, CHILD] = moved[children[which, 0]]
    nodes[~split, LEAF] = (np.cumsum(~inner) - 1)[order[~split]]
    return nodes
