"""A graph as a record: nodes, edges, and its form as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hortus.errors import InputError

FORMAT = 1
# More would be a mistake, or an attack.
MOST_NODES = 500


@dataclass(frozen=True)
class Randomness:
    """Where a node's randomness comes from, for nodes that do again what a search did.

    Attributes:
        seed: of the whole pipeline.
        path: of the node in it; "" for the usual one.
    """

    seed: int
    path: str = ""


@dataclass(frozen=True)
class Node:
    """One node.

    Attributes:
        id: unique in the graph.
        kind: a name in `hortus.run.graph.kinds`.
        settings: what is not as it is by default.
        title: what a person called it; "" for the kind's title.
        x, y: its place on the canvas.
        randomness: None for the graph's seed.
    """

    id: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    x: float = 0.0
    y: float = 0.0
    randomness: Randomness | None = None


@dataclass(frozen=True)
class Edge:
    """From one node to another."""

    source: str
    target: str


@dataclass(frozen=True)
class Graph:
    """Nodes and edges.

    Attributes:
        nodes: in the order of a list.
        edges: in the order in which a node takes what they bring.
        title: what it is called.
        seed: of everything that draws at random.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    title: str = ""
    seed: int = 0

    def node(self, name: str) -> Node:
        """The node whose id is ``name``.

        Raises:
            KeyError: there is none.
        """
        for one in self.nodes:
            if one.id == name:
                return one
        raise KeyError(name)

    def inputs(self, name: str) -> tuple[str, ...]:
        """The ids of the nodes that a node takes from."""
        return tuple(edge.source for edge in self.edges if edge.target == name)

    def above(self, name: str) -> set[str]:
        """The ids of all nodes that a node takes from, near and far."""
        found: set[str] = set()
        waiting = list(self.inputs(name))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.inputs(one)
        return found

    def ordered(self) -> Iterator[Node]:
        """The nodes, each after those that it takes from; those on a circle are left out."""
        done: set[str] = set()
        waiting = list(self.nodes)
        while waiting:
            ready = [one for one in waiting if done.issuperset(self.inputs(one.id))]
            if not ready:
                return
            yield ready[0]
            done.add(ready[0].id)
            waiting.remove(ready[0])

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        nodes = []
        for node in self.nodes:
            told: dict[str, Any] = {"id": node.id, "kind": node.kind, "settings": dict(node.settings)}
            told |= {"title": node.title, "x": node.x, "y": node.y}
            if node.randomness is not None:
                told["randomness"] = {"seed": node.randomness.seed, "path": node.randomness.path}
            nodes.append(told)
        edges = [{"source": edge.source, "target": edge.target} for edge in self.edges]
        return {"format": FORMAT, "title": self.title, "seed": self.seed, "nodes": nodes, "edges": edges}

    @classmethod
    def from_json(cls, found: Any) -> Graph:
        """The inverse of `to_json`.

        Raises:
            InputError: it is no graph, or one of a newer Hortus.
        """
        try:
            if int(found["format"]) > FORMAT:
                raise InputError(
                    f"This graph has format {found['format']}; this Hortus reads up to {FORMAT}.",
                    mend="Install a newer Hortus: pip install -U hortus.",
                    code="graph-newer",
                )
            nodes = tuple(_node(one) for one in found["nodes"])
            edges = tuple(Edge(str(one["source"]), str(one["target"])) for one in found["edges"])
            made = cls(nodes, edges, str(found.get("title", "")), int(found.get("seed", 0)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise _no_graph(f"{type(error).__name__}: {error}") from error
        names = [node.id for node in nodes]
        if len(set(names)) < len(names) or len(names) > MOST_NODES:
            raise _no_graph("two nodes have one id, or there are too many")
        if any(edge.source not in names or edge.target not in names for edge in edges):
            raise _no_graph("an edge has an end where there is no node")
        return made


def _node(found: Mapping[str, Any]) -> Node:
    drawn = found.get("randomness")
    return Node(
        id=str(found["id"]),
        kind=str(found["kind"]),
        settings=dict(found.get("settings") or {}),
        title=str(found.get("title") or ""),
        x=float(found.get("x") or 0.0),
        y=float(found.get("y") or 0.0),
        randomness=None if drawn is None else Randomness(int(drawn["seed"]), str(drawn.get("path", ""))),
    )


def _no_graph(why: str) -> InputError:
    return InputError(
        f"This is no graph: {why}.", mend="Give a graph that the Designer or this version wrote.", code="graph-foreign"
    )
