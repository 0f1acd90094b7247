"""A graph run: every node once, those that did not change not at all, and each told of as it goes."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hortus.engine.progress import ProgressEvent
from hortus.errors import HortusError
from hortus.run.graph.check import problems
from hortus.run.graph.graph import Graph, Node
from hortus.run.graph.kinds import Kind, kind_of, kinds
from hortus.run.graph.preview import preview
from hortus.run.graph.stored import read_json, write_json
from hortus.run.graph.values import Place, arguments, clear, do, recall, store

# States of a node: those that follow from what went before are last.
QUEUED, RUNNING, DONE, KEPT, FAILED, WAITING = "queued", "running", "done", "kept", "failed", "waiting"
SUMMARY = "summary.json"
# What a run's results may come to on disk before the oldest are dropped (bytes).
MOST_BYTES = 4 * 2**30
Tell = Callable[[dict[str, Any]], None]


def run_graph(
    graph: Graph,
    out: Path,
    *,
    sources: Mapping[str, Path] | None = None,
    only: Collection[str] = (),
    tell: Tell = lambda _event: None,
) -> dict[str, Any]:
    """Run a graph.

    Each node's result lies in ``out/results/<digest>``; the digest is of its settings and of what it takes from, so
    that a node that did not change, nor anything before it, is not run again. A node that fails keeps those after it
    waiting, and no others.

    Args:
        graph: what to run.
        out: where results are kept; the same folder again goes on from there.
        sources: where tables lie, by what the graph calls them; what is not there is a path.
        only: ids of the nodes that are wanted, with all before them; all where there are none.
        tell: told of every event: ``{"event": "started", "nodes"}``, ``{"event": "node", "node", "state", …}`` with
            ``digest`` and ``seconds`` once it is done, ``share`` while it runs, ``error`` {what, mend, code} where it
            failed; ``{"event": "finished", "failed", "seconds"}``.

    Returns:
        By id: ``state``, and ``summary`` (the preview) or ``error``.
    """
    return _Run(graph, Path(out), sources or {}, tell)(only)


def digests(graph: Graph, sources: Mapping[str, Path] | None = None) -> dict[str, str]:
    """By id: what a node's result is known by. One that cannot run, as it is or for what is before it, has none."""
    found: dict[str, str] = {}
    faulty = {one.node for one in problems(graph)}
    for node in graph.ordered():
        kind = kinds().get(node.kind)
        inputs = graph.inputs(node.id)
        if kind is None or node.id in faulty or any(one not in found for one in inputs):
            continue
        told = arguments(node, kind, graph)
        if kind.function == "load":
            try:
                path = (sources or {}).get(told["source"], Path(told["source"]))
                told["source"] = _digest(path, path.stat().st_mtime_ns, path.stat().st_size)
            except (OSError, ValueError):
                continue
        # What a model is called changes nothing of it, only what a comparison says.
        told.pop("title", None)
        called = [(one.id, one.title) for one in graph.nodes] if kind.function == "compare" else []
        said = [version("hortus"), node.kind, told, [found[one] for one in inputs], called]
        found[node.id] = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]
    return found


def summary(out: Path, digest: str) -> dict[str, Any] | None:
    """What is known of a result; None where there is none."""
    path = Path(out) / "results" / digest / SUMMARY
    return dict(read_json(path)) if path.exists() else None


class _Run:
    """One run under way: what is done, and the values that are in memory."""

    def __init__(self, graph: Graph, out: Path, sources: Mapping[str, Path], tell: Tell) -> None:
        self.graph = graph
        self.out = out
        self.sources = sources
        self.tell = tell
        self.digests = digests(graph, sources)
        self.values: dict[str, Any] = {}
        self.told: dict[str, dict[str, Any]] = {}

    def __call__(self, only: Collection[str]) -> dict[str, Any]:
        begin = time.monotonic()
        wanted = set(only) | {one for name in only for one in self.graph.above(name)}
        nodes = [node for node in self.graph.ordered() if not wanted or node.id in wanted]
        left = [node for node in self.graph.nodes if node not in nodes and (not wanted or node.id in wanted)]
        faults = {one.node: one for one in reversed(problems(self.graph))}
        self.tell({"event": "started", "nodes": [node.id for node in nodes]})
        for node in nodes:
            self._say(node, QUEUED)
        for node in [*nodes, *left]:
            fault = faults.get(node.id)
            if fault is not None:
                self._say(node, FAILED, error={"what": fault.what, "mend": fault.mend, "code": fault.code})
            elif node in left or any(self.told[one]["state"] in (FAILED, WAITING) for one in self._needed(node)):
                self._say(node, WAITING)
            else:
                self._one(node)
        failed = [name for name, one in self.told.items() if one["state"] == FAILED]
        self._sweep()
        self.tell({"event": "finished", "failed": failed, "seconds": round(time.monotonic() - begin, 3)})
        return self.told

    def _needed(self, node: Node) -> tuple[str, ...]:
        return self.graph.inputs(node.id)

    def _one(self, node: Node) -> None:
        begin = time.monotonic()
        digest = self.digests.get(node.id, "")
        known = summary(self.out, digest) if digest else None
        if known is not None:
            (self._folder(node) / SUMMARY).touch()
            self._say(node, KEPT, digest=digest, seconds=known["seconds"], summary=known)
            return
        self._say(node, RUNNING)
        try:
            kind = kind_of(node.kind)
            inputs = [self._value(one) for one in self._needed(node)]
            folder = self._folder(node)
            folder.mkdir(parents=True, exist_ok=True)
            clear(folder)
            value = do(node, kind, inputs, self._place(node, kind, folder))
            store(value, folder)
            self.values[node.id] = value
            seconds = round(time.monotonic() - begin, 3)
            # Written last: a result without it is none.
            write_json(folder / SUMMARY, {**preview(value), "seconds": seconds})
            self._say(node, DONE, digest=digest, seconds=seconds, summary=read_json(folder / SUMMARY))
        except HortusError as error:
            self._say(node, FAILED, error={"what": error.what, "mend": error.mend, "code": error.code})
        except Exception as error:  # a library's own: the other branches go on
            what = f"{type(error).__name__}: {error}"
            mend = "Look at the settings of this step and at the rows that come in."
            self._say(node, FAILED, error={"what": what, "mend": mend, "code": "fault"})

    def _value(self, name: str) -> Any:
        """A node's value: as it was just made, or from disk."""
        if name not in self.values:
            node = self.graph.node(name)
            kind = kind_of(node.kind)
            inputs = [self._value(one) for one in self._needed(node)]
            self.values[name] = recall(node, kind, inputs, self._place(node, kind, self._folder(node)))
        return self.values[name]

    def _folder(self, node: Node) -> Path:
        return self.out / "results" / (self.digests.get(node.id) or f"unknown-{node.id}")

    def _place(self, node: Node, kind: Kind, folder: Path) -> Place:
        heard = [self._heard(node, kind)] if kind.function == "search" else []
        return Place(folder, self.graph, self.sources, heard)

    def _heard(self, node: Node, kind: Kind) -> Callable[[ProgressEvent], None]:
        """Of a search's events, those that a node shows."""
        told = arguments(node, kind, self.graph)
        ended = 0

        def hear(event: ProgressEvent) -> None:
            nonlocal ended
            if event.kind not in ("trial_finished", "best"):
                return
            ended += event.kind == "trial_finished"
            shares = [ended / told["trials"] if told.get("trials") else 0.0]
            shares.append(event.elapsed / told["time"] if told.get("time") else 0.0)
            doing = f"{ended} candidates tried"
            if event.kind == "best":
                doing = f"best so far {event.data['score']:.4g}"
            self._say(node, RUNNING, share=round(min(1.0, max(shares)), 4), doing=doing)

        return hear

    def _say(self, node: Node, state: str, **more: Any) -> None:
        self.told[node.id] = {"state": state, **more}
        self.tell(
            {"event": "node", "node": node.id, "state": state, **{k: v for k, v in more.items() if k != "summary"}}
        )

    def _sweep(self) -> None:
        """Drop the results that were not used for longest, once all come to more than `MOST_BYTES`."""
        mine = set(self.digests.values())
        folder = self.out / "results"
        if not folder.exists():
            return
        sizes = {one: sum(f.stat().st_size for f in one.rglob("*") if f.is_file()) for one in folder.iterdir()}
        total = sum(sizes.values())
        for one in sorted(sizes, key=_used):
            if total <= MOST_BYTES:
                return
            if one.name not in mine:
                shutil.rmtree(one)
                total -= sizes[one]


def _used(folder: Path) -> float:
    path = folder / SUMMARY
    return path.stat().st_mtime if path.exists() else 0.0


@lru_cache(maxsize=64)
def _digest(path: Path, _changed: int, _size: int) -> str:
    """Of a file's bytes; of one that is as it was, what was found before."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
