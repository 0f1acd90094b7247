"""One slot's process: it runs trials one after the other, JSON lines in and out over a socket.

    to the worker   {"job": payload, "memory": bytes or null}    {"go_on": true}    {"answer": ..., "refused": ""}
    from it         {"ready": its pid}    {"begun": true}    {"report": {...}}    {"question": {...}}
                    {"done": {...}}    {"pruned": {...}}    {"failed": {...}}

It is forked from the nursery (`hortus.engine.executors.nursery`), which has imported what trials need.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import traceback
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from hortus.engine.executors import limits
from hortus.errors import HortusError

# Called with the payload and what reports; and with what asks, where the payload says that the trial asks.
Entry = Callable[..., dict[str, Any]]
Ask = Callable[[str, str], Any]

DEFAULT_ENTRY = "hortus.evaluation.trial:run"

# What the pipelines of tables need.
WARM = (
    "hortus.spaces.pipelines",
    "hortus.evaluation.full",
    "lightgbm",
    "sklearn.linear_model",
    "sklearn.ensemble",
    "sklearn.preprocessing",
    "sklearn.decomposition",
    "sklearn.neighbors",
)

TRACEBACK_LINES = 12
_OUT_OF_MEMORY = ("bad_alloc", "MemoryError", "Cannot allocate memory", "Unable to allocate", "out of memory")


def resolve(entry: str) -> Entry:
    """Import the function that ``entry``, a ``"module:function"``, names."""
    module, _, name = entry.partition(":")
    found: Entry = getattr(importlib.import_module(module), name)
    return found


class Outcome(NamedTuple):
    """How a trial ended: the kind and the data of its event."""

    kind: Literal["done", "pruned", "failed"]
    data: dict[str, Any]


def run_entry(
    entry: str | Entry, payload: dict[str, Any], report: Callable[[int, float], bool], ask: Ask | None = None
) -> Outcome:
    """Run one trial and turn whatever it raises into an outcome."""
    try:
        run = resolve(entry) if isinstance(entry, str) else entry
        return Outcome("done", run(payload, report, ask) if payload.get("asks") else run(payload, report))
    except (Exception, SystemExit) as error:  # whatever a library raises costs this trial alone
        if _is_pruned(error):
            return Outcome("pruned", {"detail": str(error)})
        return Outcome("failed", describe(error))


def describe(error: BaseException) -> dict[str, Any]:
    """What a ``failed`` event says of an exception: reason, detail, code and the traceback's last lines."""
    detail = f"{type(error).__name__}: {error}"
    lines = "".join(traceback.format_exception(error)).splitlines()
    return {
        "reason": "memory" if isinstance(error, MemoryError) or names_memory(detail) else "error",
        "detail": detail,
        "code": error.code if isinstance(error, HortusError) else "",
        "traceback": "\n".join(lines[-TRACEBACK_LINES:]),
    }


def names_memory(text: str) -> bool:
    """Whether a library's last words say that memory ran out."""
    return any(words in text for words in _OUT_OF_MEMORY)


def _is_pruned(error: BaseException) -> bool:
    return any(f"{kind.__module__}.{kind.__name__}" == "optuna.exceptions.TrialPruned" for kind in type(error).__mro__)


class _Line:
    """JSON lines over the driver's socket; its end is this process's end."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)
        self._read = self._socket.makefile("rb")

    def send(self, **message: Any) -> None:
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            _leave()

    def receive(self) -> dict[str, Any]:
        try:
            line = self._read.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            _leave()
        message: dict[str, Any] = json.loads(line)
        return message

    def waiting(self) -> bool:
        return bool(select.select([self._socket], [], [], 0)[0])


def _leave() -> None:
    """End this process and whatever the trial started."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _one_job(line: _Line, entry: str, message: dict[str, Any]) -> None:
    line.send(begun=True)
    payload = message["job"]
    waits = bool(payload.get("reports"))

    def report(step: int, value: float) -> bool:
        line.send(report={"step": int(step), "value": float(value)})
        return bool(line.receive()["go_on"]) if waits else True

    def ask(name: str, distribution: str) -> Any:
        line.send(question={"name": name, "distribution": distribution})
        found = line.receive()
        if found["refused"]:
            raise ValueError(found["refused"])
        return found["answer"]

    limits.limit_data(message["memory"])
    outcome = run_entry(entry, payload, report, ask)
    limits.limit_data(None)
    try:
        line.send(**{outcome.kind: outcome.data})
    except (TypeError, ValueError) as error:
        line.send(failed=describe(error))


def _warm(line: _Line, todo: list[str]) -> None:
    """Import what trials will need, until a job comes."""
    while todo and not line.waiting():
        with contextlib.suppress(Exception):
            importlib.import_module(todo.pop(0))
        if not todo:
            gc.collect()
            gc.freeze()


def work(job: int, entry: str, warm: list[str]) -> None:
    """Run trials until the driver hangs up.

    Args:
        job: number of the socket's descriptor.
        entry: ``"module:function"`` that runs a trial.
        warm: modules to import while there is nothing to do.
    """
    line = _Line(job)
    with contextlib.suppress(Exception):
        # Should it fail, the first trial says why.
        resolve(entry)
    line.send(ready=os.getpid())
    while True:
        _warm(line, warm)
        _one_job(line, entry, line.receive())
        gc.collect()
        limits.trim()
