"""One line in a notebook's cell that changes as a run goes on; it needs nothing but IPython."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from typing import Any

# A cell is sent a new line no oftener than this (seconds).
EVERY = 0.25
BAR = (
    '<progress style="width:12em;vertical-align:middle;accent-color:#3f8f68" max="1"{value}></progress>'
    '<span style="margin-left:1em;font:13px/1.6 ui-monospace,monospace">{text}</span>'
)


class NotebookLine:
    """A bar, and words beside it."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = 0.0

    def show(self, share: float | None, parts: Sequence[str]) -> None:
        """Show how much is done, and the parts of the line that are not empty.

        Args:
            share: 0 to 1; None where it is not known.
            parts: words, put into the page as text.
        """
        if self._handle is not None and time.monotonic() - self._shown < EVERY:
            return
        self._shown = time.monotonic()
        value = "" if share is None else f' value="{share:.3f}"'
        words = [part for part in parts if part]
        text = "&nbsp;&nbsp; ".join(html.escape(word) for word in words)
        self._display(BAR.format(value=value, text=text), "  ".join(words))

    def close(self) -> None:
        """Take the line away."""
        if self._handle is not None:
            self._display("", "")
            self._handle = None

    def _display(self, body: str, plain: str) -> None:
        from IPython.display import display

        said = {"text/html": body, "text/plain": plain}
        if self._handle is None:
            self._handle = display(said, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(said, raw=True)
