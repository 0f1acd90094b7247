"""The graphs that a studio keeps: every edit is a line of a file that only ever grows, so that nothing is lost."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hortus.errors import InputError, RunError
from hortus.run.graph import Graph, digests, summary
from hortus.studio.events import FILE, read
from hortus.studio.home import ID, Home, absent, read_note, write_note
from hortus.studio.process import Children, ask_to_stop
from hortus.studio.tables import Tables

NOTE, REVISIONS, RUN, OUT, LOG = "graph.json", "revisions.jsonl", "run.json", "out", "log.txt"


@dataclass(frozen=True)
class Revision:
    """One edit.

    Attributes:
        number: from 1.
        label: what was done.
        at: seconds since 1970.
        told: the graph as it was then, as JSON.
    """

    number: int
    label: str
    at: float
    told: Mapping[str, Any]

    @cached_property
    def graph(self) -> Graph:
        """The graph as it was then."""
        return Graph.from_json(self.told)


@dataclass(frozen=True)
class Design:
    """A graph with its history.

    Attributes:
        id: its name in addresses.
        folder: of all of it.
        name: what a person calls it.
        created: seconds since 1970.
        revisions: every edit there was, undone ones too.
        back: numbers of the edits that can be undone, the last one last; the one in force ends it.
        ahead: numbers of the edits that can be done again, the next one last.
    """

    id: str
    folder: Path
    name: str
    created: float
    revisions: tuple[Revision, ...]
    back: tuple[int, ...]
    ahead: tuple[int, ...]

    @property
    def now(self) -> Revision:
        """The edit in force."""
        return self.revisions[self.back[-1] - 1]

    @property
    def out(self) -> Path:
        """Where results are kept."""
        return self.folder / OUT


class Designs:
    """All graphs of a studio, and the processes that run them."""

    def __init__(self) -> None:
        self._children = Children()
        self._guard = threading.Lock()

    def all(self, home: Home) -> list[Design]:
        """Every graph, the newest first."""
        return [self.get(home, name) for name in home.ids("graphs")]

    def get(self, home: Home, name: str) -> Design:
        """The graph of an id.

        Raises:
            AbsentError: there is none.
        """
        folder = home.folder("graphs", name)
        note = read_note(folder / NOTE)
        revisions: list[Revision] = []
        back: list[int] = []
        ahead: list[int] = []
        for line in _lines(folder / REVISIONS):
            if "graph" in line:
                number = len(revisions) + 1
                revisions.append(Revision(number, line["label"], line["at"], line["graph"]))
                back.append(number)
                ahead.clear()
            elif line.get("move") == "undo" and len(back) > 1:
                ahead.append(back.pop())
            elif line.get("move") == "redo" and ahead:
                back.append(ahead.pop())
        if not back:
            raise absent("graphs", name)
        title = str(note.get("name") or "Graph")
        return Design(name, folder, title, float(note.get("created") or 0), tuple(revisions), tuple(back), tuple(ahead))

    def begin(self, home: Home, graph: Graph, *, name: str) -> Design:
        """Keep a new graph."""
        made, folder = home.new("graphs")
        write_note(folder / NOTE, {"name": name, "created": time.time()})
        return self.edit(home, made, graph, label="Begun", after=0)

    def rename(self, home: Home, name: str, title: str) -> Design:
        """Call a graph something else."""
        folder = home.folder("graphs", name)
        write_note(folder / NOTE, {**read_note(folder / NOTE), "name": title})
        return self.get(home, name)

    def edit(self, home: Home, name: str, graph: Graph, *, label: str, after: int) -> Design:
        """Append an edit.

        Args:
            home: the studio's.
            name: the graph's id.
            graph: as it is now.
            label: what was done.
            after: the number of the edit in force that it was made on.

        Raises:
            RunError: the graph was edited in another window meanwhile.
            InputError: a node's table is named by something else than an id.
        """
        for node in graph.nodes:
            source = node.settings.get("source", "")
            if node.kind == "load" and source != "" and not _is_id(source):
                raise InputError(
                    "A table is named by its id here.", mend="Choose one of the tables.", code="graph-table"
                )
        with self._guard:
            if after:
                self._require(self.get(home, name), after)
            self._append(home, name, {"graph": graph.to_json(), "label": label, "at": time.time()})
        return self.get(home, name)

    def move(self, home: Home, name: str, move: str, *, after: int) -> Design:
        """Undo or redo.

        Raises:
            RunError: the graph was edited in another window meanwhile.
        """
        with self._guard:
            self._require(self.get(home, name), after)
            self._append(home, name, {"move": move, "at": time.time()})
        return self.get(home, name)

    def run(self, design: Design, tables: Tables, only: list[str]) -> None:
        """Run the graph as it is now, in a process of its own.

        Raises:
            RunError: it is at work.
        """
        with self._guard:
            if self.running(design):
                raise RunError(f"{design.name} is at work.", mend="Wait for it, or stop it.", code="run-in-use")
            design.out.mkdir(exist_ok=True)
            events = design.out / FILE
            offset = events.stat().st_size if events.exists() else 0
            write_note(design.folder / "asked.json", design.now.graph.to_json())
            write_note(
                design.folder / "sources.json", {k: str(p) for k, p in sources(design.now.graph, tables).items()}
            )
            line = ["hortus.run.graph", str(design.folder / "asked.json"), "--out", str(design.out)]
            line += ["--sources", str(design.folder / "sources.json")]
            line += ["--only", *only] if only else []
            child = self._children.begin(line, log=design.folder / LOG, folder=design.folder)
            write_note(design.folder / RUN, {**child, "revision": design.now.number, "offset": offset})

    def stop(self, design: Design) -> None:
        """Ask a run to end; what is done is kept."""
        note = read_note(design.folder / RUN)
        if self._children.lives(note):
            ask_to_stop(note["pid"])

    def running(self, design: Design) -> bool:
        """Whether the graph is being run."""
        return self._children.lives(read_note(design.folder / RUN))

    def offset(self, design: Design) -> int:
        """Where the events of the last run begin in its file."""
        return int(read_note(design.folder / RUN).get("offset") or 0)

    def states(self, design: Design, tables: Tables) -> dict[str, dict[str, Any]]:
        """By node: ``state``, and what goes with it, as `hortus.run.graph.run_graph` tells it.

        A node whose result is there is done, whichever run made it. What the last run said of the others holds while
        it lasts, and afterwards if the graph is still as it was.
        """
        running = self.running(design)
        note = read_note(design.folder / RUN)
        found: dict[str, dict[str, Any]] = {}
        if running or note.get("revision") == design.now.number:
            for event, _ in read(design.out, self.offset(design)):
                if event.get("event") == "node":
                    found[event["node"]] = {key: value for key, value in event.items() if key not in ("event", "node")}
            if not running:
                for one in found.values():
                    if one["state"] in ("queued", "running"):
                        one["state"] = "interrupted"
        graph = design.now.graph
        for name, digest in digests(graph, sources(graph, tables)).items():
            known = summary(design.out, digest)
            if known is not None:
                found[name] = {"state": "done", "digest": digest, "seconds": known["seconds"], "summary": known}
            elif found.get(name, {}).get("state") in ("done", "kept"):
                # It was done with other settings.
                del found[name]
        return {name: one for name, one in found.items() if any(node.id == name for node in graph.nodes)}

    def _require(self, design: Design, after: int) -> None:
        if design.now.number != after:
            raise RunError(
                f"{design.name} was changed in another window meanwhile.",
                mend="Load the page again to go on with it.",
                code="graph-changed",
            )

    def _append(self, home: Home, name: str, line: Mapping[str, Any]) -> None:
        with (home.folder("graphs", name) / REVISIONS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


class Columns:
    """The columns of each table, read once: a table under an id never changes them."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}

    def of(self, tables: Tables, name: str) -> list[str]:
        """The columns of the table of an id, in order."""
        if name not in self._known:
            self._known[name] = [str(column) for column in tables.open(name).frame.columns]
        return self._known[name]


def sources(graph: Graph, tables: Tables) -> dict[str, Path]:
    """Where the tables of a graph lie, by their ids; one that was removed is left out."""
    known = {stored.id for stored in tables.all() if stored.kind == "table"}
    named = {
        str(node.settings["source"]) for node in graph.nodes if node.kind == "load" and node.settings.get("source")
    }
    return {name: tables.source(name) for name in named & known}


def _is_id(name: Any) -> bool:
    return isinstance(name, str) and re.fullmatch(ID, name) is not None


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            # Cut off by a power cut; what came before stands.
            continue
    return found
