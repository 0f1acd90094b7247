"""Executors, by name: where trials run."""

from __future__ import annotations

from collections.abc import Callable

from hortus.engine.executors.base import Executor
from hortus.registry import Registry

# Each is called as ``EXECUTORS[name](slots, threads, memory=bytes or None)``.
EXECUTORS: Registry[Callable[..., Executor]] = Registry(
    "executor",
    {
        "local": "hortus.engine.executors.local:LocalExecutor",
        "inline": "hortus.engine.executors.inline:InlineExecutor",
        "ray": "hortus.engine.executors.ray:RayExecutor",
        "threads": "hortus.engine.executors.threads:ThreadExecutor",
    },
    group="hortus.executors",
)
