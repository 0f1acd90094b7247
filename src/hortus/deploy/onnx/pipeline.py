"""A fitted pipeline as a part of the graph, node by node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hortus.deploy.onnx.boosters import lightgbm, xgboost
from hortus.deploy.onnx.catboost import catboost
from hortus.deploy.onnx.graph import Graph, Refusal, Sheet
from hortus.deploy.onnx.linear import baseline, linear, svm
from hortus.deploy.onnx.neighbors import neighbors
from hortus.deploy.onnx.networks import mlp
from hortus.deploy.onnx.outputs import certain
from hortus.deploy.onnx.steps import CONVERT, step
from hortus.deploy.onnx.stored import Stored, opened
from hortus.deploy.onnx.trees import forest
from hortus.ensemble.predictor import Member
from hortus.features import STEPS
from hortus.spaces.nodes import ModelNode, Node, RowsNode, StackNode, StepNode, walk
from hortus.spaces.pipeline import FittedPipeline

WHY = "its form in ONNX is not known"

Convert = Callable[[Graph, Sheet, Stored], str]

LEARNERS: dict[str, Convert] = {
    "baseline": baseline,
    "linear": linear,
    "svm": svm,
    "tree": forest,
    "forest": forest,
    "extra_trees": forest,
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
    "mlp": mlp,
    "neighbors": neighbors,
}


def pipeline(graph: Graph, X: Sheet, fitted: FittedPipeline) -> str:
    """(n, K) probabilities or (n, 1) values, float64.

    Args:
        graph: to add to.
        X: the encoder's matrix.
        fitted: the pipeline.

    Raises:
        Refused: a node has no counterpart.
    """
    with opened(fitted) as nodes:
        root = fitted.pipeline.root
        return _learner(graph, _sheet(graph, X, root.input, "0/0", nodes), root, nodes["0"])


def _learner(graph: Graph, X: Sheet, node: ModelNode | StackNode, stored: Stored) -> str:
    if "outputs" in stored.state and stored.outputs.single:
        return certain(graph, X.name, stored.outputs)
    return LEARNERS[node.model](graph, X, stored)


def _sheet(graph: Graph, X: Sheet, node: Node, path: str, nodes: Mapping[str, Stored]) -> Sheet:
    """The matrix behind a node."""
    if isinstance(node, RowsNode):
        return X
    below = [_sheet(graph, X, part, f"{path}/{i}", nodes) for i, part in enumerate(node.inputs)]
    words = next((part.text for part in below if part.text is not None), None)
    merged = Sheet(graph.beside([part.name for part in below]), sum(part.width for part in below), words)
    if isinstance(node, StepNode):
        params = STEPS[node.step](**node.params).get_params()
        return replace(step(graph, node.step, merged, nodes[path].state, params), text=words)
    if isinstance(node, StackNode):
        return _beside(graph, merged, _learner(graph, merged, node, nodes[path]), nodes[path])
    return merged


def _beside(graph: Graph, X: Sheet, predicted: str, stored: Stored) -> Sheet:
    """``X`` and the predictions beside it; of two classes only the second's."""
    count = 1
    if "outputs" in stored.state:
        count = max(1, stored.outputs.classes)
    elif not stored.state["regression"]:
        count = len(stored.state["found"])
    if count == 2:
        predicted, count = graph.columns(predicted, [1]), 1
    return Sheet(graph.beside([X.name, graph.single(predicted)]), X.width + count, X.text)


def unknown(members: Sequence[Member]) -> list[Refusal]:
    """The steps and learners of an ensemble whose form in ONNX is not known."""
    found: dict[Refusal, None] = {}
    for member in members:
        for _, node in walk(member.folds[0].pipeline.root):
            if isinstance(node, StepNode) and node.step not in CONVERT:
                found[Refusal(f"step {node.step!r}", WHY)] = None
            if isinstance(node, StackNode | ModelNode) and node.model not in LEARNERS:
                found[Refusal(f"learner {node.model!r}", WHY)] = None
    return list(found)
