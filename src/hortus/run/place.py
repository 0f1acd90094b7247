"""Where trials run and who hears of them: what runs of tables and of images share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from hortus.engine.executors import EXECUTORS
from hortus.engine.executors.base import Executor
from hortus.engine.executors.limits import tree_memory
from hortus.engine.progress import Listener, ProgressEvent


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_executor(
    name: str, slots: int | None, *, cluster: str | None = None, gpus: float = 0.0, **more: Any
) -> Executor:
    """The executor called ``name``.

    Args:
        name: a row of ``hortus.engine.executors.EXECUTORS``.
        slots: trials at once; None for one a core, -1 too, -2 for one fewer, and so on.
        cluster: ``"ray://HOST:PORT"``, where trials run in the place of here; on it, None and -1 are all its cores.
        gpus: that each trial holds on a cluster that has some.
        more: its own arguments.

    Raises:
        SettingError: there is no such executor.
        RunError: the cluster cannot be used.
    """
    if cluster is not None or name == "ray":
        many = slots if slots is not None and slots > 0 else None
        return EXECUTORS["ray"](slots=many, threads=1, cluster=cluster, gpus=gpus, **more)
    count = slots or cores()
    count = max(1, cores() + 1 + count) if count < 0 else count
    # One thread a trial, whatever the slots: sums in another order are other sums.
    return EXECUTORS[name](slots=count, threads=1, **more)


def slot_memory(budget: int | None, executor: Executor, *, alone: bool = False) -> int | None:
    """What one slot may hold of a budget (bytes) that the driver and all slots of a machine share, or one ``alone``."""
    if budget is None:
        return None
    return max(budget - tree_memory(os.getpid()), budget // 4) // (1 if alone else executor.on_one_machine)


def emitter(listeners: Sequence[Listener]) -> Listener:
    """One listener that tells all of them."""

    def emit(event: ProgressEvent) -> None:
        for listener in listeners:
            listener(event)

    return emit
