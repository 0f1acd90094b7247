"""What the Train screen sends and is sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from hortus.studio.home import ID
from hortus.studio.replies import Trouble

# Seconds that a run may be given here.
LEAST, MOST = 5.0, 86_400.0
Name = Annotated[str, Field(max_length=1000)]


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
    metric_meaning: str | None
    matter: str | None
    loss: bool
    best: float | None
    score: float | None
    low: float | None
    high: float | None
    elapsed: float
    time: float | None
    seconds: float | None
    use: Literal["random", "later", "groups"]
    column: str | None
    trials: int
    phase: str
    trouble: Trouble | None


class Answer(BaseModel):
    """A possible target, and what predicting it would be."""

    name: str
    kind: Literal["binary", "multiclass", "regression"]
    told: str


class MatterView(BaseModel):
    """What may matter most: a metric as a sentence."""

    metric: str
    label: str
    told: str


class Questions(BaseModel):
    """What is asked before a run, and what can be answered."""

    table: str
    name: str
    kind: Literal["binary", "multiclass", "regression", "image"] | None
    target: str | None
    targets: list[Answer]
    matters: list[MatterView]
    matter: str | None
    use: Literal["random", "later", "groups"]
    column: str | None
    times: list[str]
    groups: list[str]


class RunWanted(BaseModel):
    """The four answers; ``column`` is the one of time, or of groups."""

    table: Annotated[str, Field(pattern=ID)]
    target: Name | None = None
    metric: Annotated[str, Field(max_length=100)] | None = None
    seconds: Annotated[float, Field(ge=LEAST, le=MOST)] = 60.0
    use: Literal["random", "later", "groups"] = "random"
    column: Name | None = None


class BoardLine(BaseModel):
    """A candidate on the leaderboard."""

    trial: int
    model: str
    pipeline: str
    steps: str = Field(description="What is done to the columns before the model, in plain words.")
    score: float | None
    low: float | None
    high: float | None
    tied: bool
    weight: float
    state: str
    fit_seconds: float | None
    predict_ms: float | None
    reason: str


class Board(BaseModel):
    """The leaderboard, and what guessing scores."""

    lines: list[BoardLine]
    guess: float | None
    first: float | None
    chosen: bool


class More(BaseModel):
    """How much longer."""

    seconds: float | None = None
