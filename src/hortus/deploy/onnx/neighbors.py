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
    """The average of the nearest rows and the prior's share. Among rows equally far, ONNX takes the first."""
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
    nearest = graph.op("ReduceMin", distance, graph.integers([1]), keepdims=1)
    distance, nearest = (graph.op("Max", name, graph.doubles(SAME)) for name in (distance, nearest))
    ratio = graph.op("Div", nearest, distance)
    weight = graph.op("Mul", weight, graph.op("Pow", ratio, graph.doubles(state["power"])))
    weight = graph.op("Div", weight, graph.total(weight))
    share = float(state["share"])
    if outputs.regression:
        mean = graph.total(graph.op("Mul", weight, graph.op("Gather", graph.doubles(state["y"]), index, axis=0)))
        return _mixed(graph, mean, np.average(state["y"], weights=state["weight"]), share)
    classes = np.asarray(state["y"], dtype=np.intp)
    prior = np.bincount(classes, weights=state["weight"], minlength=outputs.count) / state["weight"].sum()
    marks = graph.op("Gather", graph.doubles(np.eye(outputs.count)[classes]), index, axis=0)
    shares = graph.op("Mul", graph.op("Unsqueeze", weight, graph.integers([2])), marks)
    shares = _mixed(graph, graph.op("ReduceSum", shares, graph.integers([1]), keepdims=0), prior, share)
    if outputs.count == 2:
        shares = graph.columns(graph.op("Div", shares, graph.total(shares)), [1])
    return probabilities(graph, shares, outputs)


def _mixed(graph: Graph, said: str, prior: NDArray[np.float64] | np.floating, share: float) -> str:
    """What the neighbours say, and the share of what all rows say."""
    return graph.op("Add", graph.op("Mul", said, graph.doubles(1 - share)), graph.doubles(share * prior))


def _city_block(graph: Graph, x: str, rows: NDArray[np.float64]) -> str:
    """(n, m) sums of absolute differences, a column at a time: all at once would take n x m x p numbers."""
    total = ""
    for j in range(rows.shape[1]):
        off = graph.op("Abs", graph.op("Sub", graph.columns(x, [j]), graph.doubles(rows[None, :, j])))
        total = graph.op("Add", total, off) if total else off
    return total
