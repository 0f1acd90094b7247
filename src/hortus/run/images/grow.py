"""The best candidate made larger: a cell that was found small is stacked wider for the network that is handed over.

Whether that is worth it is measured: both sizes are trained for the same time, or the same epochs, on the training
images, and the better one on the images set aside is taken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from optuna.trial import FixedTrial

from hortus.engine.executors.base import Executor, Job
from hortus.engine.journal import Journal
from hortus.engine.plan import Plan
from hortus.evaluation.base import Evaluation
from hortus.evaluation.trial import Order
from hortus.run.images.rows import GROWN, trained
from hortus.run.images.settings import LEAST_EPOCHS, ImageSettings
from hortus.seeds import derive

# Twice the cells and half as many channels again: two to four times the multiply-adds.
SCALE = {"width": 1.5, "depth": 2.0}
COSTLIER = SCALE["width"] ** 2 * SCALE["depth"]
# For the same cost the larger one sees the images fewer times. With fewer epochs than this it was the worse one in
# benchmarks/stacking.py, and the time is better spent on the network as it was found.
ENOUGH_EPOCHS = 24
# Trainings after the search have numbers of their own, so that their files are not those of a trial.
FIRST = 1_000_000
OVERDUE = 5.0


@dataclass(frozen=True)
class Growth:
    """The best candidate at two sizes.

    Attributes:
        number: its trial's.
        scale: how much wider and deeper the network is that was taken; empty where it was not made larger.
        score: of the candidate as it was found; None where its training failed.
        larger: of the larger one; likewise.
    """

    number: int
    scale: dict[str, float]
    score: float | None
    larger: float | None

    @property
    def gain(self) -> float | None:
        """What the larger one scores more; None where one of them failed."""
        return None if self.score is None or self.larger is None else self.larger - self.score


def read_growth(journal: Journal) -> Growth | None:
    """What came of making the best candidate larger; None where that was not tried."""
    found = journal.get(GROWN)
    return None if found is None else Growth(found["number"], found["scale"], found["score"], found["larger"])


def scale_of(journal: Journal, number: int) -> dict[str, float]:
    """How much larger than it was found the candidate of a trial is handed over; empty for not at all."""
    found = read_growth(journal)
    return dict(found.scale) if found is not None and found.number == number else {}


def whole_epochs(found: Evaluation | None, seconds: float) -> float:
    """How often the network that was found would see the images, whole, in so many seconds, by its pace; 0 for none.

    >>> whole_epochs(Evaluation((0.9,), 0.9, 10.0, 0.0, 0.0, notes={"epochs": 20.0, "resolution": 0.5}), 90.0)
    45.0
    """
    epochs = found.notes.get("epochs", 0.0) if found else 0.0
    if found is None or not epochs:
        return 0.0
    return float(seconds * epochs * found.notes.get("resolution", 1.0) ** 2 / found.seconds)


def larger_epochs(found: Evaluation | None, seconds: float) -> float:
    """How often the larger network would see the images in so many seconds, by the pace of the one that was found.

    >>> notes = {"epochs": 20.0, "resolution": 0.5}
    >>> larger_epochs(Evaluation((0.9,), 0.9, 10.0, 0.0, 0.0, notes=notes), 90.0)
    10.0
    """
    return whole_epochs(found, seconds) / COSTLIER


def grow(journal: Journal, plan: Plan, settings: ImageSettings, executor: Executor, *, seconds: float | None) -> None:
    """Train the best candidate as it is and larger, and note which is better.

    Args:
        journal: of the run.
        plan: of the search.
        settings: of the run.
        executor: where they are trained; nothing else runs there.
        seconds: for both; None for their whole schedules.
    """
    rows = trained(journal)
    before = read_growth(journal)
    if not rows or (before is not None and before.number == rows[0].number and seconds is None):
        return
    best = rows[0]
    seen = best.evaluation.notes.get("epochs", 0.0) if best.evaluation else 0.0
    if seconds is not None and seen < LEAST_EPOCHS:
        # There was no time to train even the small one well.
        return
    if not hasattr(plan.space(FixedTrial(best.params)), "scaled"):
        return
    share = None if seconds is None else seconds / (1 if executor.capacity > 1 else 2)
    if share is not None and larger_epochs(best.evaluation, share) < ENOUGH_EPOCHS:
        return

    def made(place: int) -> Job:
        number = FIRST + 2 * best.number + place
        order = Order(
            number=number,
            space=plan.space.to_json(),
            params=best.params,
            evaluator="train",
            options=settings.final_options | {"scale": SCALE if place else {}},
            data=str(plan.data),
            out=str(plan.out),
            seed=derive(plan.seed, "grow", best.number),
            deadline=None if share is None else time.monotonic() + share,
            budget=settings.budget.time,
        )
        limit = None if share is None else share + OVERDUE
        return Job(number, order.to_json(), seconds=limit, memory=plan.memory)

    ended = executor.run_all([partial(made, place) for place in (0, 1)])
    found = {event.number % 2: Evaluation.from_json(event.data) for event in ended if event.kind == "done"}
    if not found:
        return
    scores: dict[int, Any] = {place: evaluation.score for place, evaluation in found.items()}
    taken = max(found, key=lambda place: (scores[place] or 0.0, -place))
    better = (scores[taken] or 0.0) >= (best.value or 0.0)
    journal.set(
        GROWN,
        {
            "number": best.number,
            "scale": SCALE if taken and better else {},
            "score": scores.get(0),
            "larger": scores.get(1),
            "evaluation": found[taken].to_json() if better else None,
        },
    )
