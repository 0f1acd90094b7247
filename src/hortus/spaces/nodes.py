"""The nodes that pipelines are made of, and their form as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Params = Mapping[str, Any]


@dataclass(frozen=True)
class RowsNode:
    """The encoded rows as they come."""

    @property
    def inputs(self) -> tuple[Node, ...]:
        """None."""
        return ()


@dataclass(frozen=True)
class StepNode:
    """A feature step over its inputs; several inputs are put side by side first.

    Attributes:
        step: a name in ``hortus.features.STEPS``.
        params: the arguments of its constructor.
        inputs: what it transforms.
    """

    step: str
    params: Params
    inputs: tuple[Node, ...]

    def __hash__(self) -> int:
        return hash(_text(self))


@dataclass(frozen=True)
class UnionNode:
    """The columns of its inputs, side by side."""

    inputs: tuple[Node, ...]


@dataclass(frozen=True)
class StackNode:
    """The columns of its input, and beside them what a model predicts from it.

    Training rows get predictions of models that have not seen them.

    Attributes:
        model: a name in ``hortus.models.MODELS``.
        params: the arguments of its constructor.
        input: what it is fitted on.
    """

    model: str
    params: Params
    input: Node

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The one input."""
        return (self.input,)

    def __hash__(self) -> int:
        return hash(_text(self))


@dataclass(frozen=True)
class ModelNode:
    """A model over its input: the root of a pipeline.

    Attributes:
        model: a name in ``hortus.models.MODELS``.
        params: the arguments of its constructor.
        input: what it is fitted on.
    """

    model: str
    params: Params
    input: Node

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The one input."""
        return (self.input,)

    def __hash__(self) -> int:
        return hash(_text(self))


Node = RowsNode | StepNode | UnionNode | StackNode
AnyNode = Node | ModelNode


def _text(node: AnyNode) -> str:
    return json.dumps(to_json(node), sort_keys=True)


def walk(node: AnyNode, path: str = "0") -> Iterator[tuple[str, AnyNode]]:
    """Each node with its path, a parent before its inputs."""
    yield path, node
    for i, below in enumerate(node.inputs):
        yield from walk(below, f"{path}/{i}")


def describe(node: AnyNode) -> str:
    """One line for a person.

    >>> describe(ModelNode("svm", {}, StepNode("scale", {}, (StepNode("pca", {}, (RowsNode(),)),))))
    'svm(scale(pca(rows)))'
    >>> describe(UnionNode((RowsNode(), StackNode("linear", {}, RowsNode()))))
    'union(rows, stack linear(rows))'
    """
    if isinstance(node, RowsNode):
        return "rows"
    if isinstance(node, UnionNode):
        name = "union"
    elif isinstance(node, StepNode):
        name = node.step
    else:
        name = f"stack {node.model}" if isinstance(node, StackNode) else node.model
    return f"{name}({', '.join(describe(below) for below in node.inputs)})"


def to_json(node: AnyNode) -> dict[str, Any]:
    """The node and all below it as plain JSON values."""
    found: dict[str, Any] = {"kind": type(node).__name__.removesuffix("Node").lower()}
    if isinstance(node, StepNode):
        found |= {"step": node.step, "params": dict(node.params)}
    elif isinstance(node, StackNode | ModelNode):
        found |= {"model": node.model, "params": dict(node.params)}
    if node.inputs:
        found["inputs"] = [to_json(below) for below in node.inputs]
    return found


def from_json(found: Mapping[str, Any]) -> AnyNode:
    """The inverse of `to_json`.

    Raises:
        ValueError: it is not what `to_json` gives.
    """
    try:
        if found["kind"] == "model":
            return ModelNode(str(found["model"]), dict(found["params"]), _only(found))
        return _node(found)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a pipeline's node: {found!r}") from error


def _node(found: Mapping[str, Any]) -> Node:
    kind = found["kind"]
    if kind == "rows":
        return RowsNode()
    inputs = tuple(_node(below) for below in found["inputs"])
    if kind == "union":
        return UnionNode(inputs)
    if kind == "step":
        return StepNode(str(found["step"]), dict(found["params"]), inputs)
    if kind == "stack":
        return StackNode(str(found["model"]), dict(found["params"]), _only(found))
    raise ValueError(f"there is no kind of node called {kind!r}")


def _only(found: Mapping[str, Any]) -> Node:
    (below,) = found["inputs"]
    return _node(below)
