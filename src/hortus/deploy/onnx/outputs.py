"""A learner's own outputs as probabilities of all classes, as `hortus.models.outputs.Outputs` makes them."""

from __future__ import annotations

import numpy as np

from hortus.deploy.onnx.graph import Graph
from hortus.models.outputs import Outputs


def probabilities(graph: Graph, found: str, outputs: Outputs) -> str:
    """(n, K) from (n, k) non-negative scores, or from (n, 1) chances of the second of two classes; all float64."""
    if outputs.count == 2:
        found = _second_alone(graph, found)
    found = graph.op("Div", found, graph.total(found))
    if outputs.count == outputs.classes:
        return found
    wide = np.zeros((outputs.count, outputs.classes))
    wide[np.arange(outputs.count), outputs.present] = 1.0
    return graph.op("MatMul", found, graph.doubles(wide))


def _second_alone(graph: Graph, chance: str) -> str:
    return graph.beside([graph.op("Sub", graph.doubles(1.0), chance), chance])


def certain(graph: Graph, like: str, outputs: Outputs) -> str:
    """(n, K): all on the one class that was met in training."""
    row = np.zeros(outputs.classes)
    row[outputs.present[0]] = 1.0
    return graph.repeated(row, like)


def logistic(graph: Graph, raw: str, outputs: Outputs) -> str:
    """(n, K) from (n, 1) log odds of the second of two classes, or (n, k) logits."""
    if outputs.count == 2:
        half = graph.op("Mul", raw, graph.doubles(0.5))
        chance = graph.op("Add", graph.op("Tanh", half), graph.doubles(1.0))
        return probabilities(graph, graph.op("Mul", chance, graph.doubles(0.5)), outputs)
    return probabilities(graph, graph.op("Softmax", raw, axis=1), outputs)
