"""What is wrong with a graph, said before anything runs, and why an edge cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from hortus.run.graph.graph import Edge, Graph, Node
from hortus.run.graph.kinds import Kind, kinds
from hortus.run.graph.ports import FROM, WORDS, either
from hortus.run.graph.settings import applies

# Why what gives a model cannot be blended all the same.
BLENDED = {
    "search": "A search blends by itself. Blend takes single models.",
    "blend": "A blend is several models already. Connect its models to this one instead.",
}


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a node from running.

    Attributes:
        node: its id.
        what: what is wrong.
        mend: what to do.
        code: a stable name for programs.
    """

    node: str
    what: str
    mend: str
    code: str


def refusal(graph: Graph, source: str, target: str) -> str:
    """Why there can be no edge from one node to another, in plain words; "" where there can.

    Args:
        graph: without the edge.
        source: the id of the node that gives.
        target: the id of the node that takes.
    """
    if source == target:
        return "A step cannot take from itself."
    giving, taking = kinds().get(graph.node(source).kind), kinds().get(graph.node(target).kind)
    if giving is None or taking is None:
        return "One of the two is a step that this Hortus does not know."
    if Edge(source, target) in graph.edges:
        return "The two are connected already."
    why = _ports(giving, taking)
    if why:
        return why
    if target in graph.above(source):
        return f"{giving.title} comes after {taking.title} already, so this would be a circle."
    if not taking.many and graph.inputs(target):
        there = graph.node(graph.inputs(target)[0])
        return f"{taking.title} takes one connection and has one, from {_title(there)}. Remove that first."
    splits = _splits(graph, source) | _splits(graph, target)
    if len(splits) > 1:
        return "The two draw on different splits: rows that judge in one would be learned from in the other."
    if taking.name == "blend" and giving.name in BLENDED:
        return BLENDED[giving.name]
    return ""


def _ports(giving: Kind, taking: Kind) -> str:
    if not taking.accepts:
        return f"{taking.title} is where a graph begins, so nothing goes into it."
    if giving.gives in taking.accepts:
        return ""
    if taking.function == "search" and giving.gives == "features":
        return "A search prepares the columns by itself. Connect it to Split."
    wanted = either([WORDS[port] for port in taking.accepts])
    where = either([FROM[port] for port in taking.accepts])
    return f"{taking.title} takes {wanted}, and {giving.title} gives {WORDS[giving.gives]}. Connect it from {where}."


def problems(graph: Graph) -> tuple[Problem, ...]:
    """All that keeps nodes from running, in the order of the list."""
    found: list[Problem] = []
    runnable = {node.id for node in graph.ordered()}
    for node in graph.nodes:
        kind = kinds().get(node.kind)
        if kind is None:
            what = f"This Hortus knows no step called {node.kind!r}."
            found.append(Problem(node.id, what, "Remove it, or install what brings it.", "unknown-node"))
            continue
        found += _inputs(graph, node, kind)
        found += _settings(node, kind)
        if node.id not in runnable and node.id in graph.above(node.id):
            what = f"{_title(node)} waits for itself: the connections go in a circle."
            found.append(Problem(node.id, what, "Remove one of them.", "graph-circle"))
        if len(_splits(graph, node.id)) > 1:
            what = f"{_title(node)} draws on different splits: rows that judge in one are learned from in the other."
            found.append(Problem(node.id, what, "Take all from one split.", "graph-splits"))
    return tuple(found)


def _inputs(graph: Graph, node: Node, kind: Kind) -> list[Problem]:
    sources = graph.inputs(node.id)
    if kind.accepts and not sources:
        where = either([FROM[port] for port in kind.accepts])
        what = f"{_title(node)} has nothing to work on."
        return [Problem(node.id, what, f"Connect it from {where}.", "graph-no-input")]
    found = []
    if len(sources) > 1 and not kind.many:
        found.append(
            Problem(node.id, f"{_title(node)} has {len(sources)} connections.", "Leave one.", "graph-too-many-inputs")
        )
    for source in sources:
        giving = kinds().get(graph.node(source).kind)
        why = "" if giving is None else _ports(giving, kind)
        if why:
            found.append(Problem(node.id, why, "Remove the connection.", "graph-wrong-edge"))
        if kind.name == "blend" and giving is not None and giving.name in BLENDED:
            found.append(Problem(node.id, BLENDED[giving.name], "Remove the connection.", "graph-wrong-edge"))
    return found


def _settings(node: Node, kind: Kind) -> list[Problem]:
    found = []
    for name in node.settings:
        if kind.setting(name) is None:
            what = f"{_title(node)} has no setting {name!r}."
            found.append(Problem(node.id, what, "Remove it.", "unknown-setting"))
    for setting in kind.settings:
        if not applies(setting, node.settings, kind.defaults):
            continue
        fault = setting.fault(node.settings.get(setting.name, setting.default))
        if fault:
            found.append(Problem(node.id, f"{_title(node)}: {fault}", setting.help, "graph-setting"))
    method = node.settings.get("method", "stratified")
    if kind.name == "split" and str(method).endswith(("time", "group")) and not node.settings.get("column"):
        found.append(Problem(node.id, "Split: By which column is not set.", "Choose it.", "graph-setting"))
    return found


def _splits(graph: Graph, name: str) -> set[str]:
    return {one for one in {name, *graph.above(name)} if graph.node(one).kind == "split"}


def _title(node: Node) -> str:
    kind = kinds().get(node.kind)
    return node.title or (kind.title if kind else node.kind)
