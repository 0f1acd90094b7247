"""What is heavy in threads of its own, so that it never stops the server from answering others.

To hand work to a thread and to be woken again takes a tenth of what one row does. So what is short, and comes while
nothing else is asked for, is done at once; as soon as requests meet, all go to the threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import anyio.lowlevel
import anyio.to_thread

from hortus.deploy.serve.body import refused

# Requests that wait for a thread; further ones are told to come again.
MOST_WAITING = 64

Found = TypeVar("Found")


class Waiting:
    """Requests before a model, some at work and some in line.

    Args:
        threads: at work at once; one a core if not said.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._limiter = anyio.CapacityLimiter(threads or max(1, os.cpu_count() or 1))
        self._asked = 0

    @property
    def full(self) -> bool:
        """Whether a further request would be sent away."""
        return self._asked >= MOST_WAITING

    async def turn(self, work: Callable[[], Found], *, short: bool = False) -> Found:
        """What ``work`` gives, when its turn has come.

        Args:
            work: what is asked for.
            short: whether others may be kept waiting while it is done.

        Raises:
            RefusedError: 503 too many are waiting.
        """
        if self.full:
            raise refused(503, "busy", f"{self._asked} requests are waiting.", "Send it again in a second.")
        self._asked += 1
        try:
            # Requests that came together are all counted before the first is begun.
            await anyio.lowlevel.checkpoint()
            if short and self._asked == 1:
                return work()
            return await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._asked -= 1
