"""Train: begin a run, watch it, stop it, go on with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from hortus.explain.metric_words import is_loss, words
from hortus.studio.events import stream, told
from hortus.studio.replies import Trouble
from hortus.studio.runs import Run
from hortus.studio.state import Here, Id, Studio

router = APIRouter(prefix="/api/train", tags=["train"])


class RunLine(BaseModel):
    """A run in the list."""

    id: str
    name: str
    kind: Literal["table", "image"]
    state: Literal["running", "finished", "stopped", "interrupted", "failed"]
    table: str | None
    target: str | None
    created: float
    metric: str | None
    metric_name: str | None
    loss: bool
    best: float | None
    score: float | None
    low: float | None
    high: float | None
    elapsed: float
    time: float | None
    trials: int
    phase: str
    trouble: Trouble | None


@router.get("/runs")
def runs(studio: Here) -> list[RunLine]:
    """Every run, the newest first."""
    return [line(studio, run) for run in studio.runs.all()]


@router.get("/runs/{run}")
def one(studio: Here, run: Id) -> RunLine:
    """One run."""
    return line(studio, studio.runs.get(run))


@router.post("/runs/{run}/stop")
def stop(studio: Here, run: Id) -> RunLine:
    """Ask a run to end now; the best so far is kept."""
    studio.runs.stop(run)
    return line(studio, studio.runs.get(run))


class More(BaseModel):
    """How much longer."""

    seconds: float | None = None


@router.post("/runs/{run}/resume")
def resume(studio: Here, run: Id, more: More) -> RunLine:
    """Go on with a run."""
    return line(studio, studio.runs.resume(run, seconds=more.seconds))


@router.get("/runs/{run}/events", response_class=StreamingResponse)
async def events(
    studio: Here, run: Id, last_event_id: Annotated[str | None, Header(max_length=30)] = None
) -> StreamingResponse:
    """What a run says, as server-sent events; with ``Last-Event-ID`` from there on."""
    found = studio.runs.get(run)

    async def lines() -> AsyncIterator[bytes]:
        async for block in stream(found.folder, last_event_id, lambda: studio.runs.state(found)):
            yield block

    return StreamingResponse(lines(), media_type="text/event-stream")


def line(studio: Studio, run: Run) -> RunLine:
    """A run as the list shows it."""
    said = told(run.folder)
    state = studio.runs.state(run, said)
    begun, finished = said.begun, said.finished
    metric = begun.get("metric")
    trouble = studio.runs.trouble(run) if state in ("failed", "interrupted") else None
    return RunLine(
        id=run.id,
        name=run.name,
        kind=run.kind,
        state=state,
        table=run.note.get("table"),
        target=begun.get("target") or run.note.get("target"),
        created=float(run.note.get("created") or 0.0),
        metric=metric,
        metric_name=words(metric).name if metric else None,
        loss=bool(metric) and is_loss(str(metric)),
        best=said.best,
        score=_number(finished.get("score")),
        low=_number(finished.get("low")),
        high=_number(finished.get("high")),
        elapsed=said.elapsed,
        time=_number(begun.get("time")),
        trials=said.trials,
        phase=said.phase,
        trouble=None if trouble is None else Trouble(what=trouble[0], mend=trouble[1], code=trouble[2]),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
