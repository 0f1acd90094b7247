"""Drawings: valid XML whatever the labels, boxes apart, edges from left to right and around the boxes."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from optuna.trial import FixedTrial

from hortus.nets.drawing import HEIGHT, layout, svg
from hortus.nets.graph import Graph, Panel, Point, chain
from hortus.spaces.cell import Cell
from hortus.spaces.darts_cell import DartsSpace

CELL = Cell(("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "none", "avg_pool_3x3", "nor_conv_3x3"))
LONG = Panel(
    "Skips",
    tuple(Point(name, name) for name in "abcde"),
    (("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "e"), ("a", "d"), ("b", "e")),
)


def darts():
    params = {}
    for kind in ("normal", "reduction"):
        for node, pair in enumerate(("0,1", "0,2", "1,2", "2,4")):
            params |= {f"{kind}.{node}.inputs": pair, f"{kind}.{node}.first": "sep_conv_3x3"}
            params |= {f"{kind}.{node}.second": "skip_connect"}
    return DartsSpace()(FixedTrial(params))


PANELS = [LONG, *CELL.graph().panels, *darts().graph().panels]


def elements(text, tag):
    return ElementTree.fromstring(text).iter(f"{{http://www.w3.org/2000/svg}}{tag}")  # noqa: S314


@pytest.mark.parametrize("candidate", [CELL, darts()], ids=["cell", "darts"])
def test_a_drawing_is_valid_and_has_every_label(candidate):
    text = svg(candidate.graph())
    written = {"".join(element.itertext()) for element in elements(text, "text")}
    for panel in candidate.graph().panels:
        assert panel.title in written
        assert {point.label for point in panel.points} <= written
    assert sum(element.get("marker-end") is not None for element in elements(text, "path")) == sum(
        len(panel.edges) for panel in candidate.graph().panels
    )


def test_what_people_write_is_escaped():
    nasty = '<script>alert("&")</script>'
    text = svg(Graph(nasty, (Panel(nasty, (Point("a", nasty), Point("b", "]]>")), (("a", "b"),)),)))
    assert "<script" not in text
    assert [element.text for element in elements(text, "title")] == [nasty]


def test_light_and_dark_are_the_reader_s_setting():
    text = svg(CELL.graph())
    assert "prefers-color-scheme: dark" in text
    assert "var(--ink)" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_boxes_are_apart_and_edges_go_to_the_right(panel):
    found = layout(panel)
    boxes = [place for place in found.points.values() if place.kind != "bend"]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2 or abs(one.y - other.y) >= HEIGHT
            assert apart, (one, other)
        assert one.width / 2 <= one.x <= found.width - one.width / 2 + 1e-6
        assert HEIGHT / 2 <= one.y <= found.height
    for path in found.paths:
        stops = [found.points[name] for name in path]
        assert all(before.x < after.x for before, after in pairwise(stops))


def test_an_edge_past_other_points_has_a_place_of_its_own_in_each_layer():
    found = layout(LONG)
    assert {(path[0], path[-1]): len(path) for path in found.paths} == {
        edge: "abcde".index(edge[1]) - "abcde".index(edge[0]) + 1 for edge in LONG.edges
    }
    for path in found.paths:
        for bend in path[1:-1]:
            place = found.points[bend]
            others = [p for name, p in found.points.items() if name != bend and abs(p.x - place.x) < 1e-6]
            assert all(abs(other.y - place.y) >= HEIGHT for other in others)


def test_drawings_repeat_exactly():
    assert svg(CELL.graph()) == svg(CELL.graph())
    assert chain("One", ["images", "classes"]).edges == (("0", "1"),)
