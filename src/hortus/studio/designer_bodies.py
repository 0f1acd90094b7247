"""What the Designer's page and server say to each other."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from hortus.run.graph.ports import Port
from hortus.run.graph.settings import Type
from hortus.studio.home import ID
from hortus.studio.replies import Trouble

Name = Annotated[str, Field(min_length=1, max_length=200)]


class ChoiceBody(BaseModel):
    """One of a few values."""

    value: Any
    label: str


class SettingBody(BaseModel):
    """One field of a node's form."""

    name: str
    label: str
    type: Type
    default: Any
    help: str
    low: float | None
    high: float | None
    soft: bool
    log: bool
    choices: list[ChoiceBody]
    required: bool
    advanced: bool
    typical: Any
    only: tuple[str, list[Any]] | None


class KindBody(BaseModel):
    """A kind of node."""

    name: str
    title: str
    about: str
    group: str
    glyph: str
    accepts: list[Port]
    many: bool
    gives: Port
    settings: list[SettingBody]
    search: str


class TemplateBody(BaseModel):
    """A graph to begin with."""

    name: str
    title: str
    about: str


class Palette(BaseModel):
    """What there is to build with."""

    kinds: list[KindBody]
    templates: list[TemplateBody]


class RandomnessBody(BaseModel):
    """Where a node's randomness comes from, if not from the graph's seed."""

    seed: int
    path: str = ""


class NodeBody(BaseModel):
    """One node."""

    id: Name
    kind: Name
    settings: dict[str, Any] = {}
    title: Annotated[str, Field(max_length=200)] = ""
    x: float = 0.0
    y: float = 0.0
    randomness: RandomnessBody | None = None


class EdgeBody(BaseModel):
    """From one node to another."""

    source: str
    target: str


class GraphBody(BaseModel):
    """A graph."""

    format: int = 1
    title: Annotated[str, Field(max_length=200)] = ""
    seed: int = 0
    nodes: Annotated[list[NodeBody], Field(max_length=500)]
    edges: Annotated[list[EdgeBody], Field(max_length=5000)]


class ProblemBody(BaseModel):
    """What keeps a node from running."""

    node: str
    what: str
    mend: str
    code: str


class NodeState(BaseModel):
    """How far a node is."""

    state: Literal["queued", "running", "done", "failed", "waiting", "interrupted"]
    digest: str | None = None
    seconds: float | None = None
    share: float | None = None
    doing: str | None = None
    error: Trouble | None = None
    brief: str | None = None


class DesignBody(BaseModel):
    """A graph as it is now, and how far it is."""

    id: str
    name: str
    graph: GraphBody
    revision: int
    undo: str | None = Field(description="What would be undone; null where there is nothing.")
    redo: bool
    running: bool
    offset: int
    problems: list[ProblemBody]
    states: dict[str, NodeState]


class DesignLine(BaseModel):
    """A graph in the list."""

    id: str
    name: str
    nodes: int
    changed: float
    running: bool


class RevisionLine(BaseModel):
    """An edit in the list of versions."""

    number: int
    label: str
    at: float
    nodes: int
    current: bool


class TableBody(BaseModel):
    """A table that a graph can begin with."""

    id: str
    name: str
    columns: list[str]
    target: str | None
    ignore: list[str]
    keep: list[str]


class Begin(BaseModel):
    """What a new graph is made from: a template, a run, or nothing."""

    template: Literal["", "first", "by-hand", "search"] = ""
    table: Annotated[str, Field(pattern=ID)] | None = None
    target: Annotated[str, Field(max_length=1000)] = ""
    run: Annotated[str, Field(pattern=ID)] | None = None
    which: Literal["best", "ensemble"] = "best"


class Edit(BaseModel):
    """A graph after an edit."""

    graph: GraphBody
    label: Annotated[str, Field(max_length=200)]
    after: int


class After(BaseModel):
    """The edit that something is done on."""

    after: int


class Restore(BaseModel):
    """An edit to go back to."""

    revision: int
    after: int


class Title(BaseModel):
    """A graph's new name."""

    name: Name


class Only(BaseModel):
    """The nodes that are wanted; all where there are none."""

    only: list[str] = []


class Wanted(BaseModel):
    """An edge that somebody wants to draw."""

    source: str
    target: str


class Refusal(BaseModel):
    """Why it cannot be; "" where it can."""

    why: str
