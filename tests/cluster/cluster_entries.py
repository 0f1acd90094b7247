"""Trials that slots of a cluster run; they find this file by PYTHONPATH."""

import ctypes
import os
import time
from pathlib import Path

from hortus.data.artifacts import write_artifact


def run(payload, report, ask=None):
    if ask is not None:
        return asks(payload, ask)
    return globals()[payload["what"]](payload, report)


def asks(payload, ask):
    """Asks twice; the second is refused."""
    found = ask("x", "{}")
    try:
        ask("y", "{}")
    except ValueError as error:
        return {"answer": found, "refused": str(error), "artifacts": []}


def quick(payload, report):
    """A trial of a few milliseconds that reads its data and leaves a file."""
    data = Path(payload["data"])
    number = payload["number"]
    time.sleep(payload.get("nap", 0.0))
    total = sum(len((data / name).read_bytes()) for name in ("a.bin", "b.bin"))
    stored = write_artifact(
        Path(payload["out"]), f"artifacts/{number:06d}.bin", lambda path: path.write_bytes(b"%d" % number * 100)
    )
    return {
        "score": number / 10,
        "bytes": total,
        "place": str(data),
        "left": payload.get("deadline"),
        "now": time.monotonic(),
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        "artifacts": [{"name": "predictions", "path": stored.path, "sha256": stored.sha256, "size": stored.size}],
    }


def rungs(payload, report):
    """Reports until it is told to stop."""
    for step in range(1, 6):
        if not report(step, step / 10):
            return {"stopped": step, "artifacts": []}
    return {"stopped": 0, "artifacts": []}


def needy(payload, report):
    needed = payload["needs"][0]
    return {"read": (Path(payload["out"]) / needed["path"]).read_text(), "artifacts": []}


def hang(payload, report):
    time.sleep(600)


def gulp(payload, report):
    return {"bytes": len(bytearray(payload["bytes"])), "artifacts": []}


def segfault(payload, report):
    ctypes.string_at(0)
