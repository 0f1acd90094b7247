"""What was decided about a table on the Data screen, as settings and steps of a graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hortus.run.graph import Graph
from hortus.run.graph.graph import Edge, Node
from hortus.run.graph.layout import laid_out
from hortus.studio.mends import Plan


def decided(graph: Graph, told: Plan, target: str) -> Graph:
    """The graph with what was decided about its table: columns left out or kept, and what splits the rows."""
    table: dict[str, Any] = {"ignore": [name for name in told.ignore if name != target], "keep": list(told.keep)}
    table |= {"metric": told.metric} if told.metric else {}
    side = told.group or told.order
    divided = {"method": "group" if told.group else "time", "column": side} if side and side != target else {}
    more: dict[str, dict[str, Any]] = {
        "load": {name: value for name, value in table.items() if value},
        "split": divided,
    }
    nodes = tuple(replace(one, settings={**one.settings, **more.get(one.kind, {})}) for one in graph.nodes)
    text = [name for name in told.text if name != target]
    loads = [one.id for one in nodes if one.kind == "load"]
    if not text or len(loads) != 1:
        return replace(graph, nodes=nodes)
    # A step of its own between the table and all that took it.
    step = Node("as-text", "text", {"columns": text})
    edges = (replace(edge, source=step.id) if edge.source == loads[0] else edge for edge in graph.edges)
    return laid_out(replace(graph, nodes=(*nodes, step), edges=(Edge(loads[0], step.id), *edges)))
