"""Places for the nodes of a graph that nobody has drawn: from left to right, as the rows go."""

from __future__ import annotations

from dataclasses import replace

from hortus.run.graph.graph import Graph

# From one node to the next, in pixels.
ACROSS, DOWN = 250.0, 120.0


def laid_out(graph: Graph) -> Graph:
    """The graph with every node right of those that it takes from, and none on another."""
    depth: dict[str, int] = {}
    lanes: dict[int, int] = {}
    places: dict[str, tuple[float, float]] = {}
    for node in graph.ordered():
        inputs = graph.inputs(node.id)
        column = 1 + max((depth[one] for one in inputs), default=-1)
        lane = lanes.get(column, 0)
        if inputs and places[inputs[0]][1] / DOWN > lane:
            # In line with what it takes from, where that is free.
            lane = int(places[inputs[0]][1] / DOWN)
        depth[node.id], lanes[column] = column, lane + 1
        places[node.id] = (ACROSS * column, DOWN * lane)
    nodes = tuple(
        replace(node, x=places[node.id][0], y=places[node.id][1]) if node.id in places else node for node in graph.nodes
    )
    return replace(graph, nodes=nodes)
