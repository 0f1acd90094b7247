"""What a server has done since it started: requests, how long they took, which columns were out of range."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from hortus.deploy.serve.replies import CountersReply

# Answers whose times are kept for the quantiles.
KEPT = 1000
# Columns that are named; a request can be odd in all of them.
MOST_COLUMNS = 50
OUTSIDE = ("below-range", "above-range", "category-unseen", "null-unseen")
UNLIKE = ("image-stretched", "image-enlarged", "image-brightness")


class Counters:
    """Counts that only grow, and the times of the last answers; used from one thread."""

    def __init__(self) -> None:
        self.since = time.time()
        self.requests = self.rows = self.refused = 0
        self.outside: Counter[str] = Counter()
        self._times: deque[float] = deque(maxlen=KEPT)

    def answered(self, seconds: float, predictions: Iterable[Mapping[str, Any]]) -> None:
        """Note one request that was answered, and what was odd about its rows."""
        self.requests += 1
        self._times.append(seconds)
        for one in predictions:
            self.rows += 1
            self.outside.update(
                remark["column"] for remark in one["warnings"] if remark["code"] in OUTSIDE and remark["column"]
            )
            self.outside.update(remark["code"] for remark in one["warnings"] if remark["code"] in UNLIKE)

    def turned_away(self) -> None:
        """Note one request that was refused."""
        self.requests += 1
        self.refused += 1

    def reply(self) -> CountersReply:
        """All of it."""
        times = sorted(self._times)
        return CountersReply(
            since=self.since,
            requests=self.requests,
            rows=self.rows,
            refused=self.refused,
            median_ms=_quantile(times, 0.5),
            slow_ms=_quantile(times, 0.95),
            last_ms=[1000 * seconds for seconds in list(self._times)[-60:]],
            outside=dict(self.outside.most_common(MOST_COLUMNS)),
        )


def _quantile(times: list[float], level: float) -> float | None:
    return 1000 * times[min(len(times) - 1, math.ceil(level * len(times)) - 1)] if times else None
