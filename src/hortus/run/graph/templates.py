"""Graphs to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hortus.errors import SettingError, nearest
from hortus.run.graph.graph import Edge, Graph, Node
from hortus.run.graph.layout import laid_out

Row = tuple[str, str, dict[str, Any], Sequence[str]]


@dataclass(frozen=True)
class Template:
    """A graph without its table.

    Attributes:
        name: for programs.
        title: in front of a person.
        about: what it is good for.
        rows: of each node its id, kind, settings and inputs.
    """

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]


TEMPLATES = (
    Template(
        "first",
        "A first model",
        "Load, split, learn, judge, deploy: the shortest way to a model at work.",
        (
            ("load", "load", {}, ()),
            ("split", "split", {}, ("load",)),
            ("model", "lightgbm", {}, ("split",)),
            ("evaluate", "evaluate", {}, ("model",)),
            ("deploy", "deploy", {}, ("model",)),
        ),
    ),
    Template(
        "by-hand",
        "Prepared by hand",
        "Gaps filled, categories as columns, one scale, a linear model beside a forest.",
        (
            ("load", "load", {}, ()),
            ("split", "split", {}, ("load",)),
            ("fill", "impute", {}, ("split",)),
            ("encode", "onehot", {}, ("fill",)),
            ("scale", "scale", {}, ("encode",)),
            ("linear", "linear", {}, ("scale",)),
            ("forest", "forest", {}, ("encode",)),
            ("judge-linear", "evaluate", {}, ("linear",)),
            ("judge-forest", "evaluate", {}, ("forest",)),
            ("compare", "compare", {}, ("judge-linear", "judge-forest")),
        ),
    ),
    Template(
        "search",
        "A search and its rival",
        "An automatic search beside a simple model, compared on the same rows, the search deployed.",
        (
            ("load", "load", {}, ()),
            ("split", "split", {}, ("load",)),
            ("search", "search", {"time": 60.0}, ("split",)),
            ("linear", "linear", {}, ("split",)),
            ("judge-search", "evaluate", {}, ("search",)),
            ("judge-linear", "evaluate", {}, ("linear",)),
            ("compare", "compare", {}, ("judge-search", "judge-linear")),
            ("deploy", "deploy", {}, ("search",)),
        ),
    ),
)


def from_template(name: str, *, source: str = "", target: str = "") -> Graph:
    """A template's graph, on a table if one is given.

    Args:
        name: of the template.
        source: where the table lies.
        target: what to predict.

    Raises:
        SettingError: there is no such template.
    """
    found = next((one for one in TEMPLATES if one.name == name), None)
    if found is None:
        names = [one.name for one in TEMPLATES]
        raise SettingError(f"There is no template {name!r}.", mend=nearest(name, names), code="unknown-template")
    table = {key: value for key, value in (("source", source), ("target", target)) if value}
    nodes = tuple(Node(id_, kind, table if kind == "load" else settings) for id_, kind, settings, _ in found.rows)
    edges = tuple(Edge(source_, id_) for id_, _, _, inputs in found.rows for source_ in inputs)
    return laid_out(Graph(nodes, edges, found.title))
