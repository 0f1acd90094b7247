"""What the Understand screen sends and is sent, besides the verdict."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Driver(BaseModel):
    """A column that the model goes by, in a sentence."""

    column: str
    loss: float
    low: float | None
    high: float | None
    share: float
    sure: bool
    sentence: str


class WeakSpot(BaseModel):
    """Kinds of rows for which the model is worse."""

    words: str
    rows: int
    share: float
    score: float
    overall: float
    right: float | None


class Explanation(BaseModel):
    """How far the explanation is, and what it found."""

    state: Literal["none", "working", "ready", "failed"]
    step: str
    done: float
    what: str
    current: bool = Field(description="Whether report and card are of the threshold that the model decides by now.")
    drivers: list[Driver]
    weak: list[WeakSpot]
    weak_metric: str | None


class Effect(BaseModel):
    """How the prediction goes with one column."""

    column: str
    kind: Literal["number", "category", "date"]
    label: str | None = Field(description="The class whose probability it is; null for a regression.")
    grid: list[float | str | None]
    mean: list[float]
    curves: list[list[float]] = Field(description="Of single rows.")
    rows: list[int] = Field(description="How many rows of the table are at or nearest to each value.")
    sentence: str


class Input(BaseModel):
    """An input of the what-if strip."""

    name: str
    kind: Literal["numeric", "boolean", "categorical", "date", "text"]
    low: Any
    high: Any
    categories: list[str]
    whole: bool = Field(description="Whether the training table had whole numbers alone.")


class Strip(BaseModel):
    """What the what-if strip begins with."""

    inputs: list[Input]
    row: dict[str, Any]
    at: int
    of: int
    truth: str | float | None


class Asked(BaseModel):
    """A row to predict."""

    row: dict[str, Any]


class Foretold(BaseModel):
    """What the model says of it."""

    value: bool | int | float | str | None
    probabilities: dict[str, float] | None
    warnings: list[dict[str, str | None]]


class Decision(BaseModel):
    """From which probability on the second class is said; null for the likeliest class."""

    threshold: float | None = Field(ge=0, le=1)
    false_alarm: float = Field(default=1.0, gt=0, le=1e12)
    miss: float = Field(default=1.0, gt=0, le=1e12)
