"""One pass over a file of which a sample was searched: all of its rows, encoded as the sample was, onto the disk."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.chunks import Chunk
from hortus.data.rows import Rows
from hortus.data.rows_on_disk import RowsWriter
from hortus.data.sample import most_rows
from hortus.data.target_codes import code_target
from hortus.data.within_memory import Sampled
from hortus.evaluation.streaming import JUDGED, LEARNED, WATCHED
from hortus.run.prepare import Prepared
from hortus.seeds import stream

# Of all rows, those that judge: this share, and at most so many. Half as many more tell a growing learner when to stop.
JUDGED_SHARE, MOST_JUDGED = 0.05, 20_000
WATCHED_SHARE = 0.5
# Of the rows that are not in the sample, at most this share judges.
OTHERS_SHARE = 0.25


@dataclass(frozen=True)
class Passed:
    """What a pass has written.

    Attributes:
        learned: rows to learn from.
        watched: rows to stop by.
        judged: rows to judge by.
        left_out: rows without a target, of a class that the sample does not have, or without a usable weight.
        frame: (m, p) some of those that judge, as `Schema.apply` reads them; the index holds their positions.
    """

    learned: int
    watched: int
    judged: int
    left_out: int
    frame: pd.DataFrame


@dataclass(frozen=True)
class Division:
    """Which rows of a file are for what: the same rows each time for the same seed.

    Attributes:
        sampled: the file and its sample.
        most: rows to learn from at most.
        seed: of the run.
    """

    sampled: Sampled
    most: int
    seed: int

    @property
    def judged(self) -> int:
        """How many rows judge."""
        others = self.sampled.rows - len(self.sampled.kept)
        return int(min(MOST_JUDGED, JUDGED_SHARE * self.sampled.rows, OTHERS_SHARE * others))

    @property
    def watched(self) -> int:
        """How many rows tell when to stop."""
        return int(WATCHED_SHARE * self.judged)

    @property
    def learned(self) -> int:
        """How many rows are learned from, if all have a target."""
        return min(self.most, self._left)

    @property
    def _left(self) -> int:
        return self.sampled.rows - self.judged - self.watched

    def aside(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of the rows outside the sample judge, in a random order, and which tell when to stop.

        Both are counted among those rows alone.
        """
        others = self.sampled.rows - len(self.sampled.kept)
        drawn = stream(self.seed, "streaming", "aside").choice(others, self.judged + self.watched, replace=False)
        return drawn[: self.judged], drawn[self.judged :]

    def thinned(self, rows: NDArray[np.intp], before: int, start: int) -> NDArray[np.intp]:
        """Those of some rows that are learned from, where not all are: an equal share from everywhere in the file.

        Args:
            rows: positions in a chunk that are not kept aside.
            before: how many such there were before the chunk.
            start: of the chunk.
        """
        if self.most >= self._left:
            return rows
        quota = (before + len(rows)) * self.most // self._left - before * self.most // self._left
        drawn = stream(self.seed, "streaming", "thinned", start).choice(len(rows), quota, replace=False)
        return rows[np.sort(drawn)]


def pass_over(
    division: Division, prepared: Prepared, place: Path, *, weight: str | None, deadline: float | None
) -> Passed | None:
    """Read all rows once and write them encoded; None where there was no time to reach the end.

    Args:
        division: which rows are for what.
        prepared: the run's schema, encoder and task.
        place: where the rows go, into a folder for each purpose.
        weight: the column of the sample weights.
        deadline: on ``time.monotonic()``.

    Raises:
        InputError: the file is no table any more, or holds what the schema cannot read.
        RunError: the disk is full.
    """
    sampled, columns = division.sampled, prepared.data.X.columns
    judged, watched = division.aside()
    purposes = {JUDGED: np.sort(judged), WATCHED: np.sort(watched)}
    shown = np.sort(judged[: most_rows(len(prepared.schema.names))])
    counts = dict.fromkeys((LEARNED, WATCHED, JUDGED), 0)
    frames: list[pd.DataFrame] = []
    start = others = free = left_out = 0
    kind = prepared.task.kind == "regression"
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(
                RowsWriter(place / name, columns, regression=kind, weighted=prepared.data.weight is not None)
            )
            for name in counts
        }
        for chunk in sampled.chunks():
            if deadline is not None and time.monotonic() > deadline:
                return None
            n = len(chunk.frame)
            inside = np.zeros(n, dtype=bool)
            first, last = np.searchsorted(sampled.kept, (start, start + n))
            inside[sampled.kept[first:last] - start] = True
            # Where each row stands among those outside the sample; rows of the sample stand nowhere.
            rank = np.where(inside, -1, others + np.cumsum(~inside) - 1)
            rows = {name: np.flatnonzero(np.isin(rank, wanted)) for name, wanted in purposes.items()}
            learnable = np.setdiff1d(np.arange(n), np.concatenate(list(rows.values())))
            rows[LEARNED] = division.thinned(learnable, free, start)
            coded = _Coded(chunk, prepared, weight)
            for name, chosen in rows.items():
                usable = chosen[coded.known[chosen]]
                left_out += len(chosen) - len(usable)
                if name == JUDGED:
                    seen = np.flatnonzero(np.isin(rank[usable], shown))
                    positions = pd.Index(counts[JUDGED] + seen, name="row")
                    frames.append(coded.canonical.iloc[usable[seen]].set_axis(positions, axis=0))
                writers[name].add(coded.rows(usable), inside[usable])
                counts[name] += len(usable)
            start, others, free = start + n, others + int(n - inside.sum()), free + len(learnable)
    return Passed(counts[LEARNED], counts[WATCHED], counts[JUDGED], left_out, pd.concat(frames))


class _Coded:
    """A chunk's rows as the run reads them, and which of them have a target and a weight."""

    def __init__(self, chunk: Chunk, prepared: Prepared, weight: str | None) -> None:
        self._y, self.known = code_target(chunk.frame[prepared.task.target], prepared.task)
        self._weight = None
        if weight is not None:
            found = pd.to_numeric(chunk.frame[weight], errors="coerce").to_numpy(dtype=np.float64)
            fit = np.isfinite(found) & (found >= 0)
            self._weight, self.known = np.where(fit, found, 0.0), self.known & fit
        self.canonical, _ = prepared.schema.apply(chunk.frame)
        self._X = prepared.encoder.transform(self.canonical)

    def rows(self, index: NDArray[np.intp]) -> Rows:
        """The rows at ``index``, encoded."""
        weight = None if self._weight is None else self._weight[index]
        return Rows(self._X.rows(index), self._y[index], weight)
