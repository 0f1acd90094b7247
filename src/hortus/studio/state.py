"""What every screen of the studio is handed: its folder, its tables, its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from hortus.studio.home import ID, Home
from hortus.studio.runs import Runs
from hortus.studio.tables import Tables


@dataclass(frozen=True)
class Studio:
    """One studio.

    Attributes:
        home: its folder.
        tables: that were brought in.
        runs: begun here, opened from elsewhere, or begun elsewhere in this folder.
    """

    home: Home
    tables: Tables
    runs: Runs


def current(request: Request) -> Studio:
    """The studio that a request came to."""
    found: Studio = request.app.state.studio
    return found


# In an endpoint: ``def board(studio: Here, run: Id) -> Board``.
Here = Annotated[Studio, Depends(current)]
Id = Annotated[str, Path(pattern=ID)]
