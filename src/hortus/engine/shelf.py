"""What is kept of the trials' models: the best of each family and of all, since an ensemble takes few of many."""

from __future__ import annotations

import heapq
from collections import defaultdict
from itertools import chain
from pathlib import Path

from hortus.evaluation.base import Evaluation

# Comfortably more than an ensemble is chosen from.
ROOM = 60
# Of each family, however weak: a search that has settled on one family leaves nothing else among the best, and an
# ensemble gains by a few that err elsewhere.
SEATS = 2
# Where candidates begin from the models of others, many more may be asked for.
ANCESTORS = 2000
# Score, negative number, path and bytes.
Held = tuple[float, int, str, int]


class Shelf:
    """Keeps the fitted models of the best trials on disk; a worse one's are deleted, its predictions stay.

    Kept are the best `SEATS` of each family, and ``room`` others. A trial's rank only ever falls as others come, so
    what is deleted would never have been chosen.

    Args:
        folder: the run's.
        room: how many trials' models are kept beside those with a seat.
    """

    def __init__(self, folder: Path, *, room: int = ROOM) -> None:
        self._folder = folder
        self._room = room
        self._seated: defaultdict[str, list[Held]] = defaultdict(list)
        self._others: list[Held] = []

    def bytes_of_best(self, members: int) -> int:
        """Bytes of the models of the best ``members`` trials: about what an ensemble of so many has to load."""
        held = chain(self._others, *self._seated.values())
        return sum(size for _, _, _, size in heapq.nlargest(members, held))

    def put(self, number: int, score: float, evaluation: Evaluation, *, family: str = "") -> None:
        """Take a trial's models in; the worst on a full shelf are deleted."""
        models = evaluation.left("models")
        if models is None:
            return
        seated = self._seated[family]
        # Of equal scores the later trial goes first, as on the leaderboard.
        heapq.heappush(seated, (score, -number, models.path, models.size))
        if len(seated) > SEATS:
            heapq.heappush(self._others, heapq.heappop(seated))
        if len(self._others) > self._room:
            _, _, path, _ = heapq.heappop(self._others)
            (self._folder / path).unlink(missing_ok=True)
