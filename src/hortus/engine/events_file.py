"""A run's events as lines of JSON in a file, for other programs to follow while it grows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TextIO

from hortus.engine.progress import ProgressEvent


class EventsFile:
    """A listener that appends each event as one line ``{"kind", "elapsed", "data"}``.

    Numbers that JSON has no word for (nan, inf) become null. A line is whole or, after a power cut, the last.

    Args:
        path: of the file; its folder is made when the first event comes. Lines of earlier sittings stay.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    def __call__(self, event: ProgressEvent) -> None:
        """Append one event and flush it."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        line = {"kind": event.kind, "elapsed": round(event.elapsed, 4), "data": finite(event.data)}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file. Safe to call twice; another event would open it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


def finite(value: Any) -> Any:
    """``value`` with every nan and inf in it as None, which strict JSON readers need.

    >>> finite({"score": float("nan"), "folds": (1.0, float("inf"))})
    {'score': None, 'folds': [1.0, None]}
    """
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
