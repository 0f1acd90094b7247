"""Networks: the architectures that a search of images looked at, what they cost, and how cheap scores rank them."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from hortus.explain import metric_words
from hortus.run.networks import draw, draw_svg, fronts, network_graph
from hortus.studio.opened import ImageRun

router = APIRouter(prefix="/api/networks", tags=["networks"])

Number = Annotated[int, Path(ge=0, le=10_000_000)]


class Network(BaseModel):
    """A network that was tried."""

    trial: int
    name: str
    state: str
    score: float | None
    low: float | None
    high: float | None
    tied: bool
    chosen: bool
    latency: float | None = Field(description="Seconds an image.")
    params: float | None
    macs: float | None = Field(description="Multiply-adds an image.")
    epochs: float | None
    fit_seconds: float | None
    reason: str


class Agreement(BaseModel):
    """How alike a cheap score and full training rank the networks."""

    cheap: str
    count: int
    spearman: float | None
    spearman_low: float | None
    spearman_high: float | None
    kendall: float | None


class NetworkBoard(BaseModel):
    """All networks of a run."""

    name: str
    metric: str
    loss: bool
    space: str
    strategy: str
    classes: list[str]
    shape: list[int]
    score: float
    low: float
    high: float
    networks: list[Network]
    fronts: dict[str, list[int]]
    agreement: list[Agreement]


@router.get("/{run}")
def board(found: ImageRun) -> NetworkBoard:
    """What was tried, the best first."""
    known, result = found.run, found.result
    rows = result.leaderboard().to_dict(orient="records")
    metric, told = result.model.task.metric, result.estimate
    return NetworkBoard(
        name=known.name,
        metric=metric_words.words(metric).name,
        loss=metric_words.is_loss(metric),
        space=result.settings.space,
        strategy=result.settings.strategy,
        classes=[str(one) for one in result.model.task.classes],
        shape=list(result.model.shape),
        score=metric_words.shown(metric, told.score),
        low=metric_words.shown(metric, told.low),
        high=metric_words.shown(metric, told.high),
        networks=[
            Network(
                trial=int(row["trial"]),
                name=str(row["network"]),
                state=str(row["state"]),
                score=_score(metric, row["score"]),
                low=_score(metric, row["low"]),
                high=_score(metric, row["high"]),
                tied=bool(row["tied"]),
                chosen=float(row["weight"]) > 0,
                latency=_known(row["latency"]),
                params=_known(row["params"]),
                macs=_known(row["macs"]),
                epochs=_known(row["epochs"]),
                fit_seconds=_known(row["fit_seconds"]),
                reason=str(row["reason"] or ""),
            )
            for row in rows
        ],
        fronts=fronts(result),
        agreement=[
            Agreement(
                cheap=str(row["cheap"]),
                count=int(row["count"]),
                spearman=_known(row["spearman"]),
                spearman_low=_known(row["spearman_low"]),
                spearman_high=_known(row["spearman_high"]),
                kendall=_known(row["kendall"]),
            )
            for row in result.agreement().to_dict(orient="records")
        ],
    )


class Point(BaseModel):
    """A node of a drawing; a bend of an edge has no label."""

    x: float
    y: float
    width: float
    label: str
    kind: str


class Panel(BaseModel):
    """A graph with places."""

    title: str
    width: float
    height: float
    points: dict[str, Point]
    paths: list[list[str]]


class Drawing(BaseModel):
    """A network's graphs, one below the other."""

    title: str
    panels: list[Panel]


@router.get("/{run}/{trial}/drawing")
def drawing(found: ImageRun, trial: Number) -> Drawing:
    """A network, laid out, to be drawn by the page."""
    graph = network_graph(found.result, trial)
    return Drawing(
        title=graph.title,
        panels=[
            Panel(
                title=one.title,
                width=one.width,
                height=one.height,
                points={name: Point(**vars(point)) for name, point in one.points.items()},
                paths=[list(path) for path in one.paths],
            )
            for one in draw(graph)
        ],
    )


@router.get("/{run}/{trial}/drawing.svg", response_class=Response)
def drawing_file(found: ImageRun, trial: Number) -> Response:
    """The same as a file, to keep."""
    headers = {"content-disposition": f'attachment; filename="network-{trial}.svg"'}
    return Response(draw_svg(found.result, trial), media_type="image/svg+xml", headers=headers)


def _known(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None


def _score(metric: str, value: Any) -> float | None:
    known = _known(value)
    return None if known is None else metric_words.shown(metric, known)
