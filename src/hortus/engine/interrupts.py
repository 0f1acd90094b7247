"""An interrupt that comes before a search can keep the best: while libraries are imported and the data is read."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_asked = threading.Event()


def hold() -> None:
    """Remember an interrupt (SIGINT) until `let`; a second one counts at once.

    For a process that was begun to run a search and nothing else; call it in the main thread.
    """
    signal.signal(signal.SIGINT, _remember)


def let() -> None:
    """Take interrupts as they come again.

    Raises:
        KeyboardInterrupt: one came since `hold`.
    """
    if signal.getsignal(signal.SIGINT) is _remember:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if _asked.is_set():
        _asked.clear()
        raise KeyboardInterrupt


def _remember(number: int, frame: FrameType | None) -> None:
    _asked.set()
    signal.signal(number, signal.default_int_handler)
    del frame
