"""The networks that a run of images tried, as they can be drawn and held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from optuna.trial import FixedTrial

from hortus.data.images import ImageData
from hortus.engine.goal import COSTS
from hortus.engine.journal import TrialRow
from hortus.errors import RunError, SettingError
from hortus.nets.drawing import Placed, layout, svg
from hortus.nets.graph import Graph
from hortus.run.images.result import ImageResult
from hortus.spaces import SPACES


@dataclass(frozen=True)
class Drawn:
    """A panel of a network's drawing, with places.

    Attributes:
        title: above it.
        width, height: of all of it.
        points: what stands where, by name; a bend of an edge has no label.
        paths: of each edge, the names that it goes through.
    """

    title: str
    width: float
    height: float
    points: dict[str, Placed]
    paths: tuple[tuple[str, ...], ...]


def network_graph(result: ImageResult, trial: int) -> Graph:
    """The graph of a candidate, built again from its params.

    Raises:
        RunError: the run has no such trial.
        SettingError: candidates of its space cannot be drawn.
    """
    row = _row(result, trial)
    facts = ImageData.load(result.folder / "data").facts(result.settings.budget.time)
    space = SPACES[result.settings.space](facts, **result.settings.space_options)
    candidate: Any = space(FixedTrial(row.params))
    graph = getattr(candidate, "graph", None)
    if graph is None:
        raise SettingError(
            f"A {type(candidate).__name__} cannot be drawn.",
            mend="Its description on the leaderboard says what it is made of.",
            code="cannot-draw",
        )
    return cast("Graph", graph())


def draw(graph: Graph) -> tuple[Drawn, ...]:
    """The panels of a graph, laid out."""
    found = [(panel.title, layout(panel)) for panel in graph.panels]
    return tuple(Drawn(title, one.width, one.height, one.points, one.paths) for title, one in found)


def draw_svg(result: ImageResult, trial: int) -> str:
    """A candidate's drawing as a file; see `network_graph`."""
    return svg(network_graph(result, trial))


def fronts(result: ImageResult) -> dict[str, list[int]]:
    """By each cost that is known, the numbers of the trials on its Pareto front, the cheapest first."""
    board = result.leaderboard()
    return {
        cost: [int(number) for number in result.pareto(cost)["trial"]]
        for cost in COSTS
        if np.isfinite(board[cost].to_numpy(dtype=np.float64)).any()
    }


def _row(result: ImageResult, trial: int) -> TrialRow:
    for row in result.rows:
        if row.number == trial:
            return row
    raise RunError(f"The run has no trial {trial}.", mend="Look at its leaderboard.", code="trial-missing")


def write_svg(result: ImageResult, trial: int, path: Path) -> None:
    """Write a candidate's drawing; see `network_graph`."""
    path.write_text(draw_svg(result, trial), encoding="utf-8")
