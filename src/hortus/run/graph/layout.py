"""Places for the nodes of a graph that nobody has drawn: from top to bottom, as the rows go."""

from __future__ import annotations

from dataclasses import replace

from hortus.run.graph.graph import Graph

# From one node to the next, in pixels.
ACROSS, DOWN = 250.0, 100.0


def laid_out(graph: Graph) -> Graph:
    """The graph with every node below those that it takes from, and none on another."""
    ordered = list(graph.ordered())
    depth: dict[str, int] = {}
    for node in ordered:
        depth[node.id] = 1 + max((depth[one] for one in graph.inputs(node.id)), default=-1)
    for node in reversed(ordered):
        inputs = graph.inputs(node.id)
        branches = inputs and sum(edge.source == inputs[0] for edge in graph.edges) > 1
        below = [depth[edge.target] for edge in graph.edges if edge.source == node.id and edge.target in depth]
        if inputs and not branches and below:
            # Near what takes from it, and a branch's first near where it branches: what is long runs down a lane of
            # its own, behind no other node.
            depth[node.id] = min(below) - 1
    lanes: dict[int, int] = {}
    places: dict[str, tuple[float, float]] = {}
    for node in ordered:
        row = depth[node.id]
        lane = lanes.get(row, 0)
        inputs = graph.inputs(node.id)
        if inputs and places[inputs[0]][0] / ACROSS > lane:
            # In line with what it takes from, where that is free.
            lane = int(places[inputs[0]][0] / ACROSS)
        lanes[row] = lane + 1
        places[node.id] = (ACROSS * lane, DOWN * row)
    nodes = tuple(
        replace(node, x=places[node.id][0], y=places[node.id][1]) if node.id in places else node for node in graph.nodes
    )
    return replace(graph, nodes=nodes)
