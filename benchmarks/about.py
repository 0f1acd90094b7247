"""What a benchmark was measured with: it stands beside every figure that is committed."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import version


def about(*libraries: str, used: str = "") -> dict[str, str]:
    """The date, the machine, Python's version and those of some libraries.

    Args:
        libraries: names of installed distributions.
        used: what of the machine was used where that is not all of it, such as ``one thread``.
    """
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": ", ".join([platform.machine(), f"{os.cpu_count()} cores", *([used] if used else [])]),
        "python": platform.python_version(),
        **{name: version(name) for name in libraries},
    }
