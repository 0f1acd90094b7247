"""What a run has said so far, read from its append-only file of events; and the same as a stream for a browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "events.jsonl"
# Seconds between looks at the file, and after which a silent stream says that it lives.
PAUSE, SILENCE = 0.25, 15.0
# Bytes of the file that are read at a time.
BLOCK = 2**20


@dataclass(frozen=True)
class Told:
    """What the events of a run add up to.

    Attributes:
        begun: the last ``run_started``: rows, columns, kind, target, metric, time, trials; {} before it.
        best: the best score so far; None before the first.
        finished: the last ``run_finished``; {} where the run goes on, or was interrupted after it.
        phase: the last phase's name.
        elapsed: seconds of the last sitting.
        trials: that have ended.
        size: bytes of the file that were read.
    """

    begun: dict[str, Any] = field(default_factory=dict)
    best: float | None = None
    finished: dict[str, Any] = field(default_factory=dict)
    phase: str = ""
    elapsed: float = 0.0
    trials: int = 0
    size: int = 0


def told(folder: Path) -> Told:
    """What a run has said.

    Args:
        folder: the run's.
    """
    begun: dict[str, Any] = {}
    finished: dict[str, Any] = {}
    best: float | None = None
    phase, elapsed, trials, size = "", 0.0, 0, 0
    for event, size in read(folder, 0):  # noqa: B007 -- the last one counts
        kind, data, elapsed = event.get("kind"), event.get("data") or {}, float(event.get("elapsed") or 0.0)
        if kind == "run_started":
            begun, finished = data, {}
        elif kind == "phase":
            phase = str(data.get("name", ""))
            finished = {} if phase == "reading" else finished
        elif kind == "trial_finished":
            trials += 1
        elif kind == "best" and isinstance(data.get("score"), (int, float)):
            best = data["score"] if best is None else max(best, data["score"])
        elif kind == "run_finished":
            finished = data
    return Told(begun, best, finished, phase, elapsed, trials, size)


def read(folder: Path, offset: int) -> list[tuple[dict[str, Any], int]]:
    """The whole lines from ``offset`` on, each with where it ends; a line that is half written is left for later."""
    try:
        with (folder / FILE).open("rb") as opened:
            opened.seek(offset)
            block = opened.read()
    except OSError:
        return []
    found: list[tuple[dict[str, Any], int]] = []
    for line in block.split(b"\n")[:-1]:
        offset += len(line) + 1
        try:
            event = json.loads(line)
        except ValueError:
            # After a power cut; the next sitting went on behind it.
            continue
        if isinstance(event, dict):
            found.append((event, offset))
    return found


async def stream(folder: Path, last: str | None, state: Callable[[], str]) -> AsyncIterator[bytes]:
    """Server-sent events: one for each line, whose id is where it ends, so that a reader can go on from there.

    Besides there is an event ``state`` whenever the run's changes. The stream ends with a run that is over.

    Args:
        folder: the run's.
        last: the id that the reader saw last, as ``Last-Event-ID`` has it.
        state: says the run's state, from any thread.
    """
    offset = int(last) if last is not None and last.isdigit() else 0
    before, silent = "", 0.0
    while True:
        # The state first: whatever was written before the end is read after it.
        now = await asyncio.to_thread(state)
        lines = await asyncio.to_thread(read, folder, offset)
        for event, offset in lines:
            text = json.dumps(event, ensure_ascii=False)
            yield f"id: {offset}\ndata: {text}\n\n".encode()
        if now != before:
            yield f"event: state\ndata: {json.dumps(now)}\n\n".encode()
        elif silent >= SILENCE:
            yield b": alive\n\n"
        silent = 0.0 if lines or now != before or silent >= SILENCE else silent + PAUSE
        before = now
        if now != "running":
            return
        await asyncio.sleep(PAUSE)
