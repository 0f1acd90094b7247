"""When a command began: the time that a person gives it counts from there, and not from the end of its imports."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import typer

# In /proc/self/stat, after the name in brackets: when the process was started, in ticks since the machine was.
STARTED = 19


@dataclass(frozen=True)
class Begun:
    """What `hortus.cli.main` tells the commands.

    Attributes:
        at: when the process was started, by ``time.monotonic``.
    """

    at: float

    @classmethod
    def now(cls) -> Begun:
        """Of this process; where the system does not say when it was started, of this call."""
        return cls(time.monotonic() - _age())


def seconds_used(context: typer.Context) -> float:
    """Seconds since the process of this command was started; 0.0 for a command that another program calls."""
    begun = context.find_object(Begun)
    return 0.0 if begun is None else time.monotonic() - begun.at


def _age() -> float:
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        started = int(fields[STARTED]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
