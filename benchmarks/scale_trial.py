"""A trial that only takes its time: what is measured around it is the engine's own."""

from __future__ import annotations

import time
from typing import Any


def run(payload: dict[str, Any], report: Any) -> dict[str, Any]:
    """Sleep for the seconds that the order's options name, and give back what an evaluation looks like."""
    del report
    seconds = float(payload["options"].get("nap", 0.0))
    time.sleep(seconds)
    score = payload["number"] % 7 / 7
    return {
        "fold_scores": [score],
        "score": score,
        "seconds": seconds,
        "predict_seconds": 0.0,
        "work": 1.0,
        "artifacts": [],
        "notes": {},
    }
