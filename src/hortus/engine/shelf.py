"""What is kept of the trials' models: those of the best, since an ensemble is chosen from few of many."""

from __future__ import annotations

import heapq
from pathlib import Path

from hortus.evaluation.base import Evaluation

# Comfortably more than an ensemble is chosen from.
ROOM = 60
# Where candidates begin from the models of others, many more may be asked for.
ANCESTORS = 2000


class Shelf:
    """Keeps the fitted models of the best `ROOM` trials on disk; a worse one's are deleted, its predictions stay.

    A trial's rank only ever falls as others come, so what is deleted would never have been chosen.

    Args:
        folder: the run's.
        room: how many trials' models are kept.
    """

    def __init__(self, folder: Path, *, room: int = ROOM) -> None:
        self._folder = folder
        self._room = room
        self._held: list[tuple[float, int, str, int]] = []

    def bytes_of_best(self, members: int) -> int:
        """Bytes of the models of the best ``members`` trials: about what an ensemble of so many has to load."""
        return sum(size for _, _, _, size in heapq.nlargest(members, self._held))

    def put(self, number: int, score: float, evaluation: Evaluation) -> None:
        """Take a trial's models in; the worst on a full shelf are deleted."""
        models = evaluation.left("models")
        if models is not None:
            # Of equal scores the later trial goes first, as on the leaderboard.
            heapq.heappush(self._held, (score, -number, models.path, models.size))
        while len(self._held) > self._room:
            _, _, path, _ = heapq.heappop(self._held)
            (self._folder / path).unlink(missing_ok=True)
