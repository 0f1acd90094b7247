"""Learners that are a formula: the baseline, linear models, and support vector machines."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.graph import Graph, Sheet
from hortus.deploy.onnx.outputs import logistic
from hortus.deploy.onnx.stored import Stored


def baseline(graph: Graph, X: Sheet, model: Stored) -> str:
    """The same for every row."""
    return graph.repeated(np.asarray(model.state["found"], dtype=np.float64), X.name)


def linear(graph: Graph, X: Sheet, model: Stored) -> str:
    """Ridge, held within half a range around the training targets, or logistic regression."""
    state = model.state
    raw = graph.op("MatMul", graph.double(X.name), graph.doubles(state["coef"]))
    if X.text is not None and len(state["words"]):
        raw = graph.op("Add", raw, graph.op("MatMul", graph.double(X.text), graph.doubles(state["words"])))
    raw = graph.op("Add", raw, graph.doubles(state["intercept"]))
    if model.outputs.regression:
        low, high = state["range"].tolist()
        return graph.bounded(raw, low - 0.5 * (high - low), high + 0.5 * (high - low))
    return logistic(graph, raw, model.outputs)


def svm(graph: Graph, X: Sheet, model: Stored) -> str:
    """Kernel sums, and their logistic regression."""
    machine, outputs = model.state["machine"], model.outputs
    vectors = machine["vectors"].astype(np.float64)
    distance = squared_distances(graph, graph.double(X.name), vectors)
    kernel = graph.op("Exp", graph.op("Mul", distance, graph.doubles(-float(machine["gamma"][0]))))
    raw = graph.op("MatMul", kernel, graph.doubles(machine["coef"]))
    raw = graph.op("Add", raw, graph.doubles(machine["intercept"]))
    if outputs.regression:
        return raw
    if outputs.count > 2:
        steep = graph.op("Mul", raw, graph.doubles(machine["steepness"]))
        raw = _margins(graph, steep, outputs.count)
    scores = graph.op("MatMul", raw, graph.doubles(machine["sigmoid"][:-1]))
    return logistic(graph, graph.op("Add", scores, graph.doubles(machine["sigmoid"][-1])), outputs)


def _margins(graph: Graph, steep: str, classes: int) -> str:
    """(n, classes) mean log odds of each class over its pairs, from the log odds of each pair."""
    pairs = list(combinations(range(classes), 2))
    first, second = np.zeros((len(pairs), classes)), np.zeros((len(pairs), classes))
    for row, (i, j) in enumerate(pairs):
        first[row, i] = second[row, j] = -1.0 / (classes - 1)
    against = graph.op("MatMul", _softplus(graph, graph.op("Neg", steep)), graph.doubles(first))
    return graph.op("Add", against, graph.op("MatMul", _softplus(graph, steep), graph.doubles(second)))


def _softplus(graph: Graph, z: str) -> str:
    """log(1 + exp(z)) without overflow, in float64."""
    tail = graph.op("Exp", graph.op("Neg", graph.op("Abs", z)))
    tail = graph.op("Log", graph.op("Add", graph.doubles(1.0), tail))
    return graph.op("Add", graph.op("Max", z, graph.doubles(0.0)), tail)


def squared_distances(graph: Graph, rows: str, points: NDArray[np.float64]) -> str:
    """(n, m) squared distances of (n, p) float64 ``rows`` from (m, p) ``points``."""
    norms = graph.total(graph.op("Mul", rows, rows))
    products = graph.op("MatMul", rows, graph.doubles(-2.0 * points.T))
    found = graph.op("Add", graph.op("Add", norms, graph.doubles((points**2).sum(axis=1))), products)
    return graph.op("Max", found, graph.doubles(0.0))
