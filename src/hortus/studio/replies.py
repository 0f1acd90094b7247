"""What all screens answer with when something stands in the way."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Trouble(BaseModel):
    """What happened, and what to do."""

    code: str
    what: str
    mend: str


# For ``responses=`` of every router: what can go wrong with any request.
TROUBLES: dict[int | str, dict[str, Any]] = {
    404: {"model": Trouble, "description": "There is nothing of that name."},
    409: {"model": Trouble, "description": "It cannot be done now."},
    413: {"model": Trouble, "description": "More than is taken."},
    422: {"model": Trouble, "description": "What was sent cannot be used."},
}
