"""One slot's process: it runs trials one after the other, JSON lines in and out over a socket.

    to the worker   {"job": payload, "memory": bytes or null}    {"go_on": true}    {"answer": ..., "refused": ""}
    from it         {"ready": pid of its guard}    {"begun": true}    {"report": {...}}    {"question": {...}}
                    {"done": {...}}    {"pruned": {...}}    {"failed": {...}}

Beside every worker stands a guard: a bare fork made before anything was imported, which sleeps until the driver is
gone and then kills the whole group. A thread could not do that: it needs the interpreter's lock, which a trial's
native code may hold for minutes.
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
from typing import Any, Literal, NamedTuple, TypedDict

from hortus.engine.executors import limits
from hortus.errors import HortusError

# Called with the payload and what reports; and with what asks, where the payload says that the trial asks.
Entry = Callable[..., dict[str, Any]]
Ask = Callable[[str, str], Any]

DEFAULT_ENTRY = "hortus.evaluation.trial:run"

# Imported while a slot has nothing to do, the likeliest first; a job that comes waits for one of them at most.
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

# How the driver starts it: the driver's own import path, without "" or the script's folder in front.
BOOTSTRAP = (
    "import json, sys; order = json.loads(sys.argv[1]); sys.path[:] = order.pop('path'); "
    "from hortus.engine.executors.worker import main; main(order)"
)

TRACEBACK_LINES = 12
_OUT_OF_MEMORY = ("bad_alloc", "MemoryError", "Cannot allocate memory", "Unable to allocate", "out of memory")


class Order(TypedDict):
    """What a worker is told at its start.

    Keys:
        job: number of the socket's file descriptor.
        life: number of the descriptor that reaches its end when the driver is gone.
        driver: the driver's process id.
        entry: ``"module:function"`` that runs a trial.
        warm: modules to import while there is nothing to do.
    """

    job: int
    life: int
    driver: int
    entry: str
    warm: list[str]


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


def _guard(order: Order) -> int:
    """Fork the process that kills the group once the driver is gone; return its id."""
    pid = os.fork()  # noqa: TID251 -- a process with one thread and nothing but the standard library
    if pid:
        os.close(order["life"])
        return pid
    try:
        for descriptor in (0, 1, 2, order["job"]):
            os.close(descriptor)
        # The end of the pipe is the sign; but a process that the driver forked may still hold the other end.
        while not select.select([order["life"]], [], [], 1.0)[0] and _lives(order["driver"]):
            pass
    finally:
        _leave()
        os._exit(1)


def _lives(pid: int) -> bool:
    with contextlib.suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


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


def main(order: Order) -> None:
    """Run trials until the driver hangs up."""
    guard = _guard(order)
    line = _Line(order["job"])
    with contextlib.suppress(Exception):
        # Should it fail, the first trial says why.
        resolve(order["entry"])
    line.send(ready=guard)
    todo = list(order["warm"])
    while True:
        _warm(line, todo)
        _one_job(line, order["entry"], line.receive())
        gc.collect()
        limits.trim()
