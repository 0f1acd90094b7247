"""A node done: from its inputs and settings to its value, and the value on disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hortus.deploy.bundle import load_bundle
from hortus.engine.progress import Listener
from hortus.run.graph import deploying, features, learners, scores, searching, splits, tables
from hortus.run.graph.deploying import Deployment, write_trained
from hortus.run.graph.features import Features, model_params, same_split
from hortus.run.graph.graph import Graph, Node
from hortus.run.graph.kinds import Kind
from hortus.run.graph.learners import Trained
from hortus.run.graph.scores import Comparison, Scores
from hortus.run.graph.settings import applies
from hortus.run.graph.splits import Split
from hortus.run.graph.stored import read_json, write_json
from hortus.run.graph.tables import Table
from hortus.spaces.nodes import StackNode, StepNode, UnionNode

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "load": tables.load,
    "leave_out": tables.leave_out,
    "dates": tables.dates,
    "text": tables.text,
    "categories": tables.categories,
    "split": splits.split,
    "step": features.step,
    "side_by_side": features.side_by_side,
    "stack": features.stack,
    "model": learners.model,
    "blend": learners.blend,
    "search": searching.search,
    "evaluate": scores.evaluate,
    "compare": scores.compare,
    "deploy": deploying.deploy,
}
TITLED = ("model", "blend", "search")


@dataclass(frozen=True)
class Place:
    """Where a node does its work.

    Attributes:
        folder: its own, which stays.
        graph: that it is part of.
        sources: where tables lie, by what the graph calls them; what is not there is a path.
        heard: told of a search's events.
    """

    folder: Path
    graph: Graph
    sources: Mapping[str, Path]
    heard: Sequence[Listener] = ()


def arguments(node: Node, kind: Kind, graph: Graph) -> dict[str, Any]:
    """What a node's function is told besides its inputs: exactly what a script that does the same would tell it."""
    given = {
        name: value
        for name, value in node.settings.items()
        if (setting := kind.setting(name)) is not None
        and applies(setting, node.settings, kind.defaults)
        and value is not None
        and value != setting.default
    }
    if kind.function == "search" and "trials" in given and "time" not in node.settings:
        # Where candidates are counted, time need not be.
        given["time"] = None
    elif kind.function == "search":
        given.setdefault("time", node.settings.get("time", kind.defaults["time"]))
    found = {**kind.fixed, **given}
    if kind.function == "stack":
        found |= dict(found.pop("params", None) or {})
        found.setdefault("name", kind.defaults["name"])
    if kind.function in TITLED:
        found["title"] = node.title or kind.title
    if kind.random:
        drawn = node.randomness
        found["seed"] = graph.seed if drawn is None else drawn.seed
        if drawn is not None and drawn.path:
            found["path"] = drawn.path
    return found


def do(node: Node, kind: Kind, inputs: Sequence[Any], place: Place) -> Any:
    """Run a node."""
    told = arguments(node, kind, place.graph)
    if kind.function == "load":
        source = told.pop("source")
        return tables.load(str(place.sources.get(source, Path(source))), **told)
    if kind.function == "search":
        return searching.search(*inputs, folder=place.folder / "search", listeners=place.heard, **told)
    if kind.function == "deploy":
        return deploying.deploy(inputs[0], place.folder / "model.hortus", graph=place.graph.to_json())
    return FUNCTIONS[kind.function](*inputs, **told)


def store(value: Any, folder: Path) -> None:
    """Keep a value in a folder that is there; a table is read again and not kept."""
    if isinstance(value, (Split, Features)):
        place = folder / "value"
        place.mkdir()
        value.save(place)
    elif isinstance(value, Trained):
        np.save(folder / "predictions.npy", value.predictions, allow_pickle=False)
        told = {"seconds": value.seconds, "added": list(value.added), "facts": dict(value.facts)}
        write_json(folder / "trained.json", {**told, "search": value.search is not None})
        if value.search is None:
            write_trained(value, folder / "model.hortus")
    elif isinstance(value, Scores):
        write_json(folder / "scores.json", value.to_json())
    elif isinstance(value, Comparison):
        write_json(folder / "comparison.json", value.to_json())
    elif isinstance(value, Deployment):
        write_json(folder / "deployment.json", {**asdict(value), "path": value.path.name})


def recall(node: Node, kind: Kind, inputs: Sequence[Any], place: Place) -> Any:
    """The value that `store` kept; it is not run again."""
    folder = place.folder
    if kind.gives == "table":
        return do(node, kind, inputs, place)
    if kind.gives == "split":
        (table,) = inputs
        return Split.load(folder / "value", lambda: _table(table))
    if kind.gives == "features":
        below = same_split(inputs)
        if kind.function == "side_by_side" and len(below) == 1:
            return below[0]
        return Features.load(folder / "value", _node(node, kind, below, place.graph), below)
    if kind.gives == "model":
        return _trained(inputs[0], folder, node.title or kind.title)
    if kind.gives == "scores":
        return Scores.from_json(read_json(folder / "scores.json"), inputs[0])
    if kind.gives == "comparison":
        told = read_json(folder / "comparison.json")
        return Comparison(**{**told, "rows": tuple(scores.Compared(**row) for row in told["rows"])})
    told = read_json(folder / "deployment.json")
    return Deployment(**{**told, "path": folder / told["path"]})


def _table(table: Table) -> Table:
    return table


def _node(node: Node, kind: Kind, below: Sequence[Features], graph: Graph) -> StepNode | UnionNode | StackNode:
    nodes = tuple(one.node for one in below)
    if kind.function == "side_by_side":
        return UnionNode(nodes)
    told = arguments(node, kind, graph)
    name = told.pop("name")
    params = {key: value for key, value in told.items() if key not in ("seed", "path")}
    if kind.function == "stack":
        joined = nodes[0] if len(nodes) == 1 else UnionNode(nodes)
        return StackNode(name, model_params(below[0].split, name, params), joined)
    return StepNode(name, params, nodes)


def _trained(source: Any, folder: Path, name: str) -> Trained:
    split: Split = source if isinstance(source, Split) else source.split
    told = read_json(folder / "trained.json")
    search = folder / "search" if told["search"] else None
    return Trained(
        split,
        name,
        load_bundle((search or folder) / "model.hortus"),
        np.load(folder / "predictions.npy", allow_pickle=False),
        told["seconds"],
        tuple(told["added"]),
        search,
        told["facts"],
    )


def clear(folder: Path) -> None:
    """Empty a node's folder of all but a search that can be gone on with."""
    for path in folder.iterdir():
        if path.name != "search":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
