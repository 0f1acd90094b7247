"""The whole predictor as a graph: encoder, members, their combination, calibration, and the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hortus.deploy.onnx.encoder import Input, encode
from hortus.deploy.onnx.graph import Graph, Refusal, Refused
from hortus.deploy.onnx.pipeline import pipeline
from hortus.deploy.onnx.quantiles import interpolated
from hortus.ensemble.calibration import LEAST
from hortus.ensemble.predictor import Member, Predictor
from hortus.ensemble.stacking import Stacking
from hortus.ensemble.threshold import Threshold


def whole(graph: Graph, predictor: Predictor, inputs: list[Input]) -> tuple[list[Any], list[Refusal]]:
    """Add the predictor to the graph.

    Returns:
        The graph's outputs; and what has no counterpart, in which case there are none.
    """
    refused: dict[Refusal, None] = {}
    predictions: list[str] = []
    try:
        X = encode(graph, inputs, predictor.encoder.state())
    except Refused as refusal:
        return [], [refusal.refusal]
    for member in predictor.members:
        try:
            predictions.append(_mean(graph, member, [pipeline(graph, X, fitted) for fitted in member.folds]))
        except Refused as refusal:
            named = f"{refusal.refusal.name} of member {member.number} ({member.name})"
            refused[Refusal(named, refusal.refusal.reason)] = None
    if refused:
        return [], list(refused)
    if predictor.stacking is None:
        found = _blended(graph, predictions, [member.weight for member in predictor.members])
    else:
        found = _stacked(graph, predictions, predictor.stacking)
    if predictor.calibration is not None:
        told = predictor.calibration.to_json()
        kind = next((key for key in CALIBRATE if key in told), None)
        if kind is None:
            return [], [Refusal("calibration", "its form in ONNX is not known")]
        found = CALIBRATE[kind](graph, found, told, len(predictor.task.classes))
    return _outputs(graph, found, predictor), []


def _mean(graph: Graph, member: Member, folds: Sequence[str]) -> str:
    total = folds[0]
    for fold in folds[1:]:
        total = graph.op("Add", total, fold)
    return graph.op("Div", total, graph.doubles(len(member.folds)))


def _blended(graph: Graph, predictions: Sequence[str], weights: Sequence[float]) -> str:
    parts = [graph.op("Mul", p, graph.doubles(w)) for p, w in zip(predictions, weights, strict=True)]
    return parts[0] if len(parts) == 1 else graph.op("Sum", *parts)


def _stacked(graph: Graph, predictions: Sequence[str], stacking: Stacking) -> str:
    if len(stacking.bias) == 1:
        return graph.op("Add", _blended(graph, predictions, stacking.weights), graph.doubles(stacking.bias[0]))
    logs = [graph.op("Log", graph.op("Max", p, graph.doubles(LEAST))) for p in predictions]
    total = _blended(graph, logs, stacking.weights)
    return graph.op("Softmax", graph.op("Add", total, graph.doubles([stacking.bias])), axis=1)


def _warmed(graph: Graph, found: str, told: dict[str, Any], classes: int) -> str:
    """Probabilities to a power, as `hortus.ensemble.calibration.Temperature` takes them."""
    power = graph.doubles(told["power"])
    if classes > 2:
        logs = graph.op("Log", graph.op("Max", found, graph.doubles(LEAST)))
        return graph.op("Softmax", graph.op("Mul", logs, power), axis=1)
    p = graph.bounded(graph.columns(found, [1]), float(np.finfo(np.float64).tiny), 1.0)
    rest = graph.op("Sub", graph.doubles(1.0), graph.op("Min", p, graph.doubles(1 - 2**-53)))
    odds = graph.op("Sub", graph.op("Log", rest), graph.op("Log", p))
    odds = graph.op("Exp", graph.bounded(graph.op("Mul", odds, power), -700.0, 700.0))
    below = graph.op("Add", odds, graph.doubles(1.0))
    return graph.beside([graph.op("Div", odds, below), graph.op("Div", graph.doubles(1.0), below)])


def _drawn(graph: Graph, found: str, told: dict[str, Any], classes: int) -> str:
    """A curve a class, from (0, 0) to (1, 1); of two classes one curve, of the second."""
    curves = [(np.array([0.0, *before, 1.0]), np.array([0.0, *after, 1.0])) for before, after in told["curves"]]
    if classes == 2:
        second = interpolated(graph, graph.columns(found, [1]), curves)
        return graph.beside([graph.op("Sub", graph.doubles(1.0), second), second])
    each = interpolated(graph, found, curves)
    return graph.op("Div", each, graph.total(each))


# By what a calibration tells of itself.
CALIBRATE: dict[str, Callable[[Graph, str, dict[str, Any], int], str]] = {"power": _warmed, "curves": _drawn}


def _outputs(graph: Graph, found: str, predictor: Predictor) -> list[Any]:
    make, types, task = graph.onnx.helper.make_tensor_value_info, graph.types, predictor.task
    if task.kind == "regression":
        graph.node("Squeeze", (found, graph.integers([1])), ("value",))
        return [make("value", types.DOUBLE, ["rows"])]
    graph.node("Gather", (graph.constant(task.labels), _decided(graph, found, predictor.threshold)), ("label",), axis=0)
    graph.node("Identity", (found,), ("probabilities",))
    kind = {"O": types.STRING, "i": types.INT64, "f": types.DOUBLE, "b": types.BOOL}[task.labels.dtype.kind]
    return [make("label", kind, ["rows"]), make("probabilities", types.DOUBLE, ["rows", len(task.classes)])]


def _decided(graph: Graph, found: str, threshold: Threshold | None) -> str:
    """(n,) class codes: the likeliest, or by the threshold."""
    if threshold is None:
        return graph.op("ArgMax", found, axis=1, keepdims=0)
    if threshold.value is not None:
        return graph.integer(graph.op("Greater", graph.column(found, 1), graph.doubles(threshold.value)))
    return graph.op("ArgMin", graph.op("MatMul", found, graph.doubles(np.array(threshold.costs))), axis=1, keepdims=0)
