"""Graphs as SVG: layers from left to right, few crossings, light and dark by the reader's own setting.

The layout is Sugiyama's: each point goes as many layers to the right as the longest path to it has edges, an edge
that passes layers gets a place in each of them, and the order within the layers is settled by averages of neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise

from hortus.nets.graph import Graph, Panel

HEIGHT = 26.0
GAP = 14.0
BETWEEN = 44.0
# Where all stand in a row no edges have to be told apart.
BETWEEN_CHAINED = 20.0
MARGIN = 16.0
# Advance of an average letter at the size it is written in.
LETTER = 6.9
SWEEPS = 8

# Every rule is of the drawing's own class: where a page holds it, the page's text stays as it was.
STYLE = """
.network { --paper: #ffffff; --ink: #1f2328; --line: #8c959f; --map: #ddf4e4; --operation: #e3ecf9; }
.network { background: var(--paper); }
@media (prefers-color-scheme: dark) {
  .network { --paper: #15191e; --ink: #e6edf3; --line: #768390; --map: #1d3d2a; --operation: #1e314d; }
}
.network text { fill: var(--ink); font: 12px system-ui, sans-serif; text-anchor: middle; dominant-baseline: central; }
.network .title { font-weight: 600; font-size: 14px; text-anchor: start; }
.network .panel { text-anchor: start; }
.network rect { stroke: var(--line); stroke-width: 1; }
.network .map { fill: var(--map); }
.network .operation { fill: var(--operation); }
.network path { fill: none; stroke: var(--line); stroke-width: 1.4; }
.network marker path { fill: var(--line); stroke: none; }
"""


@dataclass(frozen=True)
class Placed:
    """Where a point of a panel stands; ``label`` is "" for the bends of an edge."""

    x: float
    y: float
    width: float
    label: str
    kind: str


@dataclass(frozen=True)
class Layout:
    """A panel with places.

    Attributes:
        points: by name.
        paths: of each edge, the names it goes through.
        width: of all of it.
        height: of all of it.
    """

    points: dict[str, Placed]
    paths: tuple[tuple[str, ...], ...]
    width: float
    height: float


def svg(graph: Graph) -> str:
    """The whole drawing, as the text of an SVG file."""
    top, widest = MARGIN + 8.0, LETTER * len(graph.title) * 1.2
    parts = [f'<text class="title" x="{MARGIN:.1f}" y="{top:.1f}">{escape(graph.title)}</text>']
    top += 26.0
    for panel in graph.panels:
        found = layout(panel)
        parts.append(f'<text class="panel" x="{MARGIN:.1f}" y="{top:.1f}">{escape(panel.title)}</text>')
        top += 16.0
        parts.append(f'<g transform="translate({MARGIN:.1f} {top:.1f})">\n{_panel(found)}\n</g>')
        top += found.height + 26.0
        widest = max(widest, found.width, LETTER * len(panel.title))
    width, height = widest + 2 * MARGIN, top
    arrow = (
        '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z"/></marker>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="network" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">\n<title>{escape(graph.title)}</title>\n<style>{STYLE}</style>\n'
        f"<defs>{arrow}</defs>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def layout(panel: Panel) -> Layout:
    """Give every point of a panel its place."""
    labels = {point.name: point for point in panel.points}
    columns, paths = _columns(panel)
    widths = [max((_width(labels[n].label) if n in labels else 0.0) for n in column) for column in columns]
    tallest = max(len(column) for column in columns) * (HEIGHT + GAP) - GAP
    between = BETWEEN if max(map(len, columns)) > 1 else BETWEEN_CHAINED
    points, x = {}, 0.0
    for column, width in zip(columns, widths, strict=True):
        y = (tallest - len(column) * (HEIGHT + GAP) + GAP) / 2
        for name in column:
            point = labels.get(name)
            label, kind = (point.label, point.kind) if point else ("", "bend")
            points[name] = Placed(x + width / 2, y + HEIGHT / 2, width if point else 0.0, label, kind)
            y += HEIGHT + GAP
        x += width + between
    return Layout(points, paths, x - between, tallest)


def _width(label: str) -> float:
    return max(HEIGHT, LETTER * len(label) + 14.0)


def _columns(panel: Panel) -> tuple[list[list[str]], tuple[tuple[str, ...], ...]]:
    """The points of each layer in order, bends among them, and the names that each edge goes through."""
    names = [point.name for point in panel.points]
    rank = dict.fromkeys(names, 0)
    # As many rounds as there are points reach the end of the longest path.
    for _ in names:
        for source, target in panel.edges:
            rank[target] = max(rank[target], rank[source] + 1)
    columns: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
    for name in names:
        columns[rank[name]].append(name)
    paths = []
    for number, (source, target) in enumerate(panel.edges):
        bends = [f"\0{number}.{layer}" for layer in range(rank[source] + 1, rank[target])]
        for layer, bend in enumerate(bends, start=rank[source] + 1):
            columns[layer].append(bend)
        paths.append((source, *bends, target))
    links = [pair for path in paths for pair in pairwise(path)]
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        near: dict[str, list[str]] = {}
        for source, target in links:
            near.setdefault(target if forward else source, []).append(source if forward else target)
        order = range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)
        for layer in order:
            beside = columns[layer - 1 if forward else layer + 1]
            place = {name: i - len(beside) / 2 for i, name in enumerate(beside)}
            columns[layer].sort(key=lambda name: _mean([place[n] for n in near.get(name, [])]))
    return columns, tuple(paths)


def _mean(places: list[float]) -> float:
    return sum(places) / len(places) if places else 0.0


def _panel(found: Layout) -> str:
    parts = []
    for path in found.paths:
        stops = [found.points[name] for name in path]
        x, y = stops[0].x + stops[0].width / 2, stops[0].y
        line = f"M{x:.1f} {y:.1f}"
        for stop in stops[1:]:
            left = stop.x - stop.width / 2
            middle = (x + left) / 2
            line += f" C{middle:.1f} {y:.1f} {middle:.1f} {stop.y:.1f} {left:.1f} {stop.y:.1f}"
            x, y = stop.x + stop.width / 2, stop.y
        parts.append(f'<path d="{line}" marker-end="url(#arrow)"/>')
    for point in found.points.values():
        if point.kind == "bend":
            continue
        radius = HEIGHT / 2 if point.kind == "map" else 5.0
        parts.append(
            f'<rect class="{escape(point.kind)}" x="{point.x - point.width / 2:.1f}" y="{point.y - HEIGHT / 2:.1f}" '
            f'width="{point.width:.1f}" height="{HEIGHT:.1f}" rx="{radius:.1f}"/>'
            f'<text x="{point.x:.1f}" y="{point.y:.1f}">{escape(point.label)}</text>'
        )
    return "\n".join(parts)
