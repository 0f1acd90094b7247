"""Nearest neighbours: all distances, the k least, and their average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.graph import Graph, Sheet
from hortus.deploy.onnx.linear import squared_distances
from hortus.deploy.onnx.outputs import probabilities
from hortus.deploy.onnx.stored import Stored

SAME = 1e-7


def neighbors(graph: Graph, X: Sheet, model: Stored) -> str:
    """The (weighted) average of the nearest rows. Among rows equally far, ONNX takes the first."""
    state, outputs = model.state, model.outputs
    params, rows = state["params"], state["rows"].astype(np.float64)
    count = min(int(params["n_neighbors"]), len(rows))
    x = graph.double(X.name)
    if params["p"] == 1:
        distances = _city_block(graph, x, rows)
    else:
        distances = graph.op("Sqrt", squared_distances(graph, x, rows))
    distance, index = graph.fresh(), graph.fresh()
    graph.node("TopK", (distances, graph.integers([count])), (distance, index), axis=1, largest=0)
    weight = graph.op("Gather", graph.doubles(state["weight"]), index, axis=0)
    if params["weights"] == "distance":
        weight = graph.op("Mul", weight, _closeness(graph, distance))
    weight = graph.op("Div", weight, graph.total(weight))
    if outputs.regression:
        return graph.total(graph.op("Mul", weight, graph.op("Gather", graph.doubles(state["y"]), index, axis=0)))
    classes = np.asarray(state["y"], dtype=np.intp)
    prior = np.bincount(classes, weights=state["weight"], minlength=outputs.count) / state["weight"].sum()
    marks = graph.op("Gather", graph.doubles(np.eye(outputs.count)[classes]), index, axis=0)
    shares = graph.op("Mul", graph.op("Unsqueeze", weight, graph.integers([2])), marks)
    shares = graph.op("ReduceSum", shares, graph.integers([1]), keepdims=0)
    shares = graph.op("Add", shares, graph.doubles(prior / count))
    if outputs.count == 2:
        shares = graph.columns(graph.op("Div", shares, graph.total(shares)), [1])
    return probabilities(graph, shares, outputs)


def _closeness(graph: Graph, distance: str) -> str:
    """1 / distance; copies of a row speak alone for it."""
    copies = graph.double(graph.op("LessOrEqual", distance, graph.doubles(SAME)))
    any_copy = graph.op("Greater", graph.total(copies), graph.doubles(0.0))
    inverse = graph.op("Div", graph.doubles(1.0), graph.op("Max", distance, graph.doubles(SAME)))
    return graph.op("Where", any_copy, copies, inverse)


def _city_block(graph: Graph, x: str, rows: NDArray[np.float64]) -> str:
    """(n, m) sums of absolute differences, a column at a time: all at once would take n x m x p numbers."""
    total = ""
    for j in range(rows.shape[1]):
        off = graph.op("Abs", graph.op("Sub", graph.columns(x, [j]), graph.doubles(rows[None, :, j])))
        total = graph.op("Add", total, off) if total else off
    return total
