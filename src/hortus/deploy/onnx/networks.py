"""The network of `hortus.models.mlp`, in single precision as it was trained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.graph import Graph, Sheet
from hortus.deploy.onnx.outputs import probabilities
from hortus.deploy.onnx.steps import bent
from hortus.deploy.onnx.stored import Stored
from hortus.libraries import require

Weights = dict[str, NDArray[np.float32]]


def mlp(graph: Graph, X: Sheet, model: Stored) -> str:
    """Inputs, embeddings, layers, head."""
    state, outputs = model.state, model.outputs
    weights: Weights = require("safetensors.numpy", "nets").load_file(model.folder / "network.safetensors")
    x = graph.op("Mul", _embedded(graph, X, state["inputs"], weights), graph.floats(weights["scale"]))
    layer = 0
    while f"affines.{layer}.weight" in weights:
        found = _affine(graph, x, weights, f"affines.{layer}")
        found = _activated(graph, found, weights[f"activations.{layer}.alpha"], regression=outputs.regression)
        if layer and state["params"].get("residual"):
            found = graph.op("Mul", graph.op("Add", x, found), graph.floats(math.sqrt(0.5)))
        x = found
        layer += 1
    raw = graph.double(_affine(graph, x, weights, "head"))
    if outputs.regression:
        middle, spread = state["unit"].tolist()
        scaled = graph.op("Add", graph.op("Mul", raw, graph.doubles(spread)), graph.doubles(middle))
        return graph.bounded(scaled, *state["range"].tolist())
    shares = graph.op("Softmax", raw, axis=1)
    return probabilities(graph, graph.columns(shares, [1]) if outputs.count == 2 else shares, outputs)


def _embedded(graph: Graph, X: Sheet, inputs: dict[str, Any], weights: Weights) -> str:
    """(n, width) numbers (each with its waves), indicators, and looked-up categories."""
    parts = []
    if len(inputs["numbers"]):
        numbers = _numbers(graph, X, inputs)
        parts.append(_periodic(graph, numbers, weights) if "periodic.frequency" in weights else numbers)
    if len(inputs["gaps"]):
        parts.append(graph.single(graph.op("IsNaN", graph.columns(X.name, inputs["gaps"]))))
    for i, count in zip(inputs["short"].tolist(), inputs["short_levels"].tolist(), strict=True):
        parts.append(graph.single(graph.op("Equal", graph.columns(X.name, [i]), graph.floats(np.arange(count)))))
    for table, (i, count) in enumerate(zip(inputs["long"].tolist(), inputs["long_levels"].tolist(), strict=True)):
        level = graph.levels(graph.column(X.name, i), count)
        parts.append(graph.op("Gather", graph.floats(weights[f"tables.{table}"]), level, axis=0))
    if not parts:
        return graph.repeated(np.zeros(0, dtype=np.float32), X.name)
    return graph.beside(parts)


def _numbers(graph: Graph, X: Sheet, inputs: dict[str, Any]) -> str:
    values = graph.double(graph.columns(X.name, inputs["numbers"]))
    z = graph.op("Mul", graph.op("Sub", values, graph.doubles(inputs["center"])), graph.doubles(inputs["factor"]))
    z = bent(graph, z)
    return graph.single(graph.op("Where", graph.op("IsNaN", z), graph.doubles(0.0), z))


def _periodic(graph: Graph, numbers: str, weights: Weights) -> str:
    """(n, 4 x numbers): each number, then its three mixtures of waves."""
    frequency, mix = weights["periodic.frequency"], weights["periodic.mix"]
    count, _, mixtures = mix.shape
    apart = graph.op("Unsqueeze", numbers, graph.integers([2]))
    angle = graph.op("Add", graph.op("Mul", apart, graph.floats(frequency)), graph.floats(weights["periodic.phase"]))
    waves = graph.op("Cos", graph.op("Mul", angle, graph.floats(2 * math.pi)))
    mixed = graph.op("MatMul", graph.op("Transpose", waves, perm=[1, 0, 2]), graph.floats(mix))
    mixed = graph.op("Add", mixed, graph.floats(weights["periodic.shift"]))
    joined = graph.op("Concat", apart, graph.op("Transpose", mixed, perm=[1, 0, 2]), axis=2)
    return graph.op("Reshape", joined, graph.integers([-1, count * (mixtures + 1)]))


def _affine(graph: Graph, x: str, weights: Weights, name: str) -> str:
    weight = weights[f"{name}.weight"]
    product = graph.op("MatMul", x, graph.floats(weight))
    scaled = graph.op("Mul", product, graph.floats(1.0 / math.sqrt(max(1, len(weight)))))
    return graph.op("Add", scaled, graph.floats(weights[f"{name}.bias"]))


def _activated(graph: Graph, x: str, alpha: NDArray[np.float32], *, regression: bool) -> str:
    bent_x = graph.op("Mish" if regression else "Selu", x)
    return graph.op("Add", x, graph.op("Mul", graph.op("Sub", bent_x, x), graph.floats(alpha)))
