"""JSON that any client can read: no NaN, and nothing but ASCII, since a name or a cell may hold half a character."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response


class Answer(Response):
    """A response of JSON values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Written without spaces.

        Raises:
            ValueError: a float is not finite.
        """
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
