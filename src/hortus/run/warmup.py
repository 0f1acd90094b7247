"""Imports, while trials run in their slots, what loading the model will need: at its end there is no time for it."""

from __future__ import annotations

import contextlib
import importlib
import threading

from hortus.engine.progress import ProgressEvent
from hortus.models import MODELS


class Warmup:
    """A listener that imports a model's libraries, in a thread, when the first trial of that model has ended well."""

    def __init__(self) -> None:
        self._met: set[str] = set()
        self._threads: list[threading.Thread] = []

    def __call__(self, event: ProgressEvent) -> None:
        """Take note of a trial."""
        if event.kind != "trial_finished" or event.data["state"] != "complete":
            return
        name = str(event.data["name"])
        if name in self._met or name not in MODELS:
            return
        self._met.add(name)
        thread = threading.Thread(target=_import, args=(MODELS[name].modules,), name="hortus-warmup", daemon=True)
        thread.start()
        self._threads.append(thread)

    def close(self) -> None:
        """Wait for what is under way: two threads must not import one library by halves."""
        for thread in self._threads:
            thread.join()


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        # Whatever is wrong with a library is told by the one who needs it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
