"""After a search by cheap scores, its best candidates are trained, since cheap scores only guess.

Some of the others are trained with them where there is time: how a cheap score ranks candidates cannot be seen from
its favourites alone.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from hortus.engine.executors.base import Executor, Job
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.loop import GRACE, LATE
from hortus.engine.plan import Plan
from hortus.engine.row import ranked
from hortus.evaluation.agreement import stratified
from hortus.evaluation.trial import Order
from hortus.run.images.settings import ImageSettings
from hortus.run.network_rows import CONFIRMED
from hortus.seeds import derive

# The candidates that are trained: so many of the best, and with those from all over the ranking so many in all.
BEST, ALL = 3, 8
# A training that would not end by itself is killed so long (seconds) after it should have.
OVERDUE = 5.0


def confirm(
    journal: Journal, plan: Plan, settings: ImageSettings, executor: Executor, *, seconds: float | None
) -> None:
    """Train the best candidates of the journal, and note what came of it; those that were trained before are not again.

    Args:
        journal: of the run.
        plan: of the search.
        settings: of the run.
        executor: where they are trained; nothing else runs there.
        seconds: for all of them; None for their whole schedules.
    """
    done: dict[str, Any] = dict(journal.get(CONFIRMED) or {})
    waiting = [row for row in chosen(journal.trials()) if str(row.number) not in done]
    end = None if seconds is None else time.monotonic() + seconds
    share = None if seconds is None else seconds * min(executor.capacity, len(waiting)) / max(1, len(waiting))
    under_way: set[int] = set()

    def made(row: TrialRow) -> Job | None:
        left = None if end is None else end - time.monotonic()
        # One is trained whatever the time: without it there is nothing to hand over.
        owed = not done and not under_way - {row.number}
        if left is not None and left <= 0 and not owed:
            return None
        under_way.add(row.number)
        seconds = None if share is None or left is None else max(LATE, min(share, left))
        return _job(row, plan, settings, seconds, overdue=GRACE if owed else OVERDUE)

    for event in executor.run_all([partial(made, row) for row in waiting]):
        under_way.remove(event.number)
        if event.kind == "done":
            done[str(event.number)] = event.data
            journal.set(CONFIRMED, done)


def chosen(rows: list[TrialRow]) -> list[TrialRow]:
    """The best of different candidates, and some from all over the ranking, the best first."""
    different: dict[str, TrialRow] = {}
    for row in ranked(rows):
        different.setdefault(row.describe, row)
    found = list(different.values())
    places = [*range(min(BEST, len(found))), *stratified([row.value or 0.0 for row in found], ALL).tolist()]
    return [found[place] for place in dict.fromkeys(places)][:ALL]


def _job(row: TrialRow, plan: Plan, settings: ImageSettings, seconds: float | None, *, overdue: float) -> Job:
    order = Order(
        number=row.number,
        space=plan.space.to_json(),
        params=row.params,
        evaluator="train",
        options=settings.training_options,
        data=str(plan.data),
        out=str(plan.out),
        seed=derive(plan.seed, "trial", row.number),
        deadline=None if seconds is None else time.monotonic() + seconds,
        budget=settings.budget.time,
    )
    return Job(row.number, order.to_json(), seconds=None if seconds is None else seconds + overdue, memory=plan.memory)
