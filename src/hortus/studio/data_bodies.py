"""What the Data screen sends and is sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Kind = Literal["numeric", "boolean", "categorical", "date", "text"]


class TableLine(BaseModel):
    """A table in the list."""

    id: str
    name: str
    kind: Literal["table", "image"]
    rows: int
    columns: int
    created: float
    target: str | None


class SampleLine(BaseModel):
    """A sample that can be taken."""

    name: str
    title: str
    question: str
    kind: Literal["table", "image"]
    rows: int


class QuestionView(BaseModel):
    """What predicting a column would be; ``kind`` is "" where it cannot be predicted, and ``told`` says why."""

    kind: Literal["", "binary", "multiclass", "regression"]
    told: str


class ColumnView(BaseModel):
    """A column at a glance."""

    name: str
    kind: Kind
    guessed: Kind
    role: Literal["feature", "ignored"]
    reason: str
    missing: float
    distinct: int
    counts: list[int]
    low: str
    high: str
    top: list[str]
    question: QuestionView


class ClassView(BaseModel):
    """A class of images."""

    name: str
    count: int
    first: list[int]


class TableView(TableLine):
    """A table, looked at."""

    columns_told: list[ColumnView]
    sampled: int
    notes: list[str]
    group: str | None
    order: str | None
    classes: list[ClassView]


class TableRows(BaseModel):
    """Some rows of a table, as text; null where a cell is missing."""

    first: int
    total: int
    cells: list[list[str | None]]


class FindingView(BaseModel):
    """Something that was noticed, and what can be done about it."""

    code: str
    what: str
    columns: list[str]
    evidence: str
    severity: Literal["serious", "warning", "info"]
    did: str
    fix: str
    choice: Literal["fix", "ignore"] | None
    outcome: str


class Findings(BaseModel):
    """What was noticed about a table whose target is chosen."""

    target: str
    kind: Literal["binary", "multiclass", "regression"]
    rows: int
    findings: list[FindingView]
    notes: list[str]


class Target(BaseModel):
    """The column to predict; null for none."""

    target: Annotated[str, Field(max_length=1000)] | None


class ColumnChange(BaseModel):
    """How a column is read, and whether it is used; null for as it was guessed."""

    name: Annotated[str, Field(max_length=1000)]
    kind: Literal["numeric", "boolean", "categorical", "date", "text"] | None = None
    role: Literal["feature", "ignored"] | None = None


class Said(BaseModel):
    """What is said to a finding; ``choice`` null takes it back."""

    code: Annotated[str, Field(max_length=100)]
    columns: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=10_000)] = []
    what: Annotated[str, Field(max_length=5000)] = ""
    choice: Literal["fix", "ignore"] | None
