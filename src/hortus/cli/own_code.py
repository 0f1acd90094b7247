"""A function of the user's own that a command is given by its name."""

from __future__ import annotations

import sys
from pathlib import Path


def find_in_this_folder() -> None:
    """Have modules of the working folder found, after all others: a ``random.py`` there shadows no library."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
