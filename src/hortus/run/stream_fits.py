"""Which candidates of a search learn from all rows of a file, from how many, and their fits, each in a slot."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from optuna.trial import FixedTrial

from hortus.data.within_memory import Sampled
from hortus.engine.executors.base import Executor, Job
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.row import BASELINE, ranked
from hortus.evaluation.base import Evaluation
from hortus.evaluation.streaming import stream_bytes, streams
from hortus.evaluation.trial import Order
from hortus.run.finish import Ensemble, stored
from hortus.run.place import slot_memory
from hortus.run.prepare import Prepared
from hortus.run.settings import Settings
from hortus.run.streamed import Streamed
from hortus.seeds import derive
from hortus.spaces import SPACES
from hortus.spaces.pipeline import Pipeline
from hortus.spaces.pipelines import PipelineSpace

# Of the memory budget, what the rows of a fit may hold; the rest is for the driver, its workers and their libraries.
ROWS_SHARE = 0.25
# Of the time for all this, what the fit of one model should take at most; and how many times the sample's rows it must
# then be able to learn from.
FITS_SHARE, LEAST_MORE = 0.6, 1.3
# Members that are fitted again, the heaviest first.
MOST_STREAMED = 4
# Of the disk's free room, what the rows may take.
DISK_SHARE = 0.5
# A fit that does not stop by itself is killed so long (seconds) after it should have.
OVERDUE = 5.0
# And has so many at least.
LEAST_SECONDS = 1.0
# Models that are the same by any number of threads.
ALIKE = frozenset({"lightgbm"})
NO_MODEL = "no model of this run learns from rows that are not in memory"


@dataclass(frozen=True)
class Phase:
    """What streaming is given.

    Attributes:
        journal: the run's.
        prepared: its data.
        settings: of it.
        folder: the run's.
        ensemble: what was chosen by the sample.
        executor: where fits run; nothing else runs there.
        seconds: that all may take; None for as long as it needs.
    """

    journal: Journal
    prepared: Prepared
    settings: Settings
    folder: Path
    ensemble: Ensemble
    executor: Executor
    seconds: float | None

    @property
    def space(self) -> Any:
        """The space that was searched."""
        facts = self.prepared.data.facts(self.settings.budget.time)
        return SPACES[self.settings.space_name](facts, **self.settings.space_options)

    def candidate(self, row: TrialRow) -> Pipeline | None:
        """A trial's candidate; None for the baseline, and for what is no pipeline."""
        if row.number == BASELINE:
            return None
        found = self.space(FixedTrial(dict(row.params)))
        return found if isinstance(found, Pipeline) else None


class Declined(Exception):  # noqa: N818 - no error: the sample's model is kept
    """Why the sample's model is kept, in words."""


def chosen(phase: Phase) -> list[TrialRow]:
    """The trials to fit again: members that stream, or else the best of those that do.

    Raises:
        Declined: there is none.
    """

    def fits(row: TrialRow) -> bool:
        candidate = phase.candidate(row)
        return candidate is not None and streams(candidate)

    found = [row for row in phase.ensemble.rows if fits(row)][:MOST_STREAMED]
    if found:
        return found
    for row in ranked(phase.journal.trials()):
        # The models of the best alone are still there.
        if fits(row) and (phase.folder / stored(row, "models").path).exists():
            return [row]
    raise Declined(NO_MODEL)


def room(phase: Phase, rows: Sequence[TrialRow], sampled: Sampled) -> int:
    """How many rows may be learned from, by the memory budget and the disk.

    Args:
        phase: what there is.
        rows: the trials that will learn from them.
        sampled: the file.

    Raises:
        Declined: the disk is full.
    """
    data = phase.prepared.data
    width = data.X.dense.shape[1]
    costs = [stream_bytes(found, width, data.classes) for row in rows if (found := phase.candidate(row)) is not None]
    within = sampled.rows
    if phase.settings.memory is not None:
        within = int(ROWS_SHARE * phase.settings.memory / max(costs))
    # The target, a weight and a mark go with the cells; a pipeline's steps may write them once more.
    free = int(DISK_SHARE * shutil.disk_usage(phase.folder).free / (2 * (4 * width + 17)))
    if not free:
        raise Declined("the disk has no room for the rows")
    return min(within, free)


def seconds_a_row(phase: Phase, row: TrialRow) -> float:
    """What a trial's model took for each row that it learned from, in the search; 0 where that is not known."""
    found = row.evaluation
    if found is None or not found.notes.get("folds"):
        return 0.0
    return found.seconds / (int(found.notes["folds"]) * len(phase.prepared.data.train_rows(0)))


def in_time(phase: Phase, rows: Sequence[TrialRow], most: int) -> int:
    """How many rows there is time to learn from: a model that is cut short has learned less from more.

    Args:
        phase: what there is.
        rows: the trials that will learn from them, of which the first will whatever happens.
        most: that there is room for.

    Raises:
        Declined: they are hardly more than the sample's.
    """
    cost = seconds_a_row(phase, rows[0])
    if phase.seconds is None or not cost:
        return most
    found = min(most, int(FITS_SHARE * phase.seconds / cost))
    if found < LEAST_MORE * len(phase.prepared.data.train_rows(0)):
        raise Declined("there was no time to learn from many more rows; a longer --time gives more")
    return found


def while_there_is_time(phase: Phase, rows: Sequence[TrialRow], learned: int, seconds: float | None) -> list[TrialRow]:
    """Those of the trials, the first in any case, that can learn from so many rows within ``seconds``."""
    costs = [learned * seconds_a_row(phase, row) for row in rows]
    count = len(rows)
    while seconds is not None and count > 1 and sum(costs[:count]) > seconds:
        count -= 1
    return list(rows[:count])


def fitted(phase: Phase, rows: Sequence[TrialRow], place: Path, end: float | None) -> dict[int, Streamed]:
    """What each trial says of the rows kept aside, by number: the members that stay, then those that are fitted again.

    Args:
        phase: what there is.
        rows: the trials to fit again.
        place: where the rows lie.
        end: on ``time.monotonic()``; None for as long as it takes.

    Raises:
        Declined: a member of the ensemble could not be asked.
    """
    numbers = {row.number for row in rows}
    others = [row for row in phase.ensemble.rows if row.number not in numbers]
    found = {row.number: _run(phase, row, place, end, fit=False) for row in others}
    for left, row in zip(range(len(rows), 0, -1), rows, strict=True):
        now = time.monotonic()
        made = _run(phase, row, place, None if end is None else now + (end - now) / left, fit=True)
        if made.evaluation is None:
            # Without what it said before, nothing could be held against it.
            made = replace(_run(phase, row, place, end, fit=False), failed=made.failed)
        found[row.number] = made
    lost = [one.failed for one in found.values() if one.evaluation is None]
    if lost:
        raise Declined(f"a member could not be asked about the rows kept aside ({lost[0]})")
    return found


def _run(phase: Phase, row: TrialRow, place: Path, end: float | None, *, fit: bool) -> Streamed:
    """One trial's part, in a slot, until ``end`` on ``time.monotonic()``."""
    data, settings, folder = phase.prepared.data, phase.settings, phase.folder
    models = stored(row, "models")
    limit = None if end is None else max(end - time.monotonic(), LEAST_SECONDS)
    space = PipelineSpace(data.facts(settings.budget.time), models=("tree",)) if row.number == BASELINE else phase.space
    candidate = phase.candidate(row)
    alike = candidate is not None and candidate.root.model in ALIKE
    order = Order(
        number=row.number,
        space=space.to_json(),
        params=dict(row.params),
        evaluator="streaming",
        options={"rows": str(place), "models": asdict(models), "fit": fit},
        data=str(folder / "data"),
        out=str(folder),
        seed=derive(settings.seed, "streaming", row.number),
        # Nothing else runs now. Sums in another order are other sums: not where a run is to be repeated.
        threads=phase.executor.capacity if alike or not settings.budget.deterministic else 1,
        deadline=None if limit is None else time.monotonic() + limit,
        budget=settings.budget.time,
    )
    memory = slot_memory(settings.memory, phase.executor, alone=True)
    job = Job(row.number, order.to_json(), seconds=None if limit is None else limit + OVERDUE, memory=memory)
    event = phase.executor.run_alone(job)
    if event.kind != "done":
        return Streamed(row, None, f"{event.data.get('reason')}: {event.data.get('detail', '')}".rstrip(": ."))
    return Streamed(row, Evaluation.from_json(event.data))
