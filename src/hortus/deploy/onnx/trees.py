"""scikit-learn's trees and forests, from the flat arrays that they are stored in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.forest import AT_MOST, Tree, grow
from hortus.deploy.onnx.graph import Graph, Sheet
from hortus.deploy.onnx.outputs import probabilities
from hortus.deploy.onnx.stored import Stored


def forest(graph: Graph, X: Sheet, model: Stored) -> str:
    """The average of the trees' leaves."""
    flat, outputs = model.state["trees"], model.outputs
    rows = graph.double(X.name)
    values = flat["values"].astype(np.float64)
    count = len(flat["sizes"])
    if values.shape[1] == 1:
        total = grow(graph, rows, _trees(flat, values[:, 0], 0), 1)
        mean = graph.op("Div", total, graph.doubles(count))
        return mean if outputs.regression else probabilities(graph, mean, outputs)
    # A leaf of the operator has one number: here that of its row in a table, one output a tree.
    numbers = np.arange(len(values), dtype=np.float64)
    where = graph.integer(grow(graph, rows, _trees(flat, numbers, 1), count))
    # Stored as short as the model stores them.
    shares = graph.op("Gather", graph.constant(flat["values"]), where, axis=0)
    mean = graph.op("ReduceMean", graph.double(shares), graph.integers([1]), keepdims=0)
    return probabilities(graph, mean, outputs)


def _trees(flat: dict[str, Any], leaves: NDArray[np.float64], step: int) -> list[Tree]:
    """Each tree, its leaves' values taken from ``leaves``, its target ``step`` after the one before's."""
    inner = np.asarray(flat["inner"])
    trees: list[Tree] = []
    end = node = leaf = 0
    for number, size in enumerate(np.asarray(flat["sizes"]).tolist()):
        begin, end = end, end + size
        own = inner[begin:end]
        splits = np.flatnonzero(own)
        questions = len(splits)
        values = leaves[leaf : leaf + size - questions]
        leaf += size - questions
        if not questions:
            trees.append(Tree.leaf(float(values[0]), number * step))
            continue
        part = slice(node, node + questions)
        node += questions
        place = np.where(own, np.cumsum(own) - 1, ~(np.cumsum(~own) - 1))
        trees.append(
            Tree(
                feature=flat["feature"][part].astype(np.int64),
                mode=np.full(questions, AT_MOST, dtype=np.uint8),
                threshold=flat["threshold"][part].astype(np.float64),
                missing=flat["missing_left"][part].astype(bool),
                yes=place[splits + flat["left"][part]],
                no=place[splits + flat["right"][part]],
                leaves=values,
                target=number * step,
            )
        )
    return trees
