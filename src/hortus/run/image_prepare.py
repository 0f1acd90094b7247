"""What must be there before a search of networks can begin: the supernet of an evaluator that shares weights.

Its training is one killable trial in a slot, charged to the budget, and stored: a run that goes on has it already.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from hortus.engine.executors.base import Executor, Job
from hortus.engine.journal import Journal
from hortus.engine.plan import Plan
from hortus.engine.study import new_study
from hortus.errors import RunError, SettingError
from hortus.evaluation import EVALUATORS
from hortus.evaluation.base import Evaluation
from hortus.evaluation.trial import Order
from hortus.run.image_settings import ImageSettings
from hortus.seeds import derive
from hortus.strategies import make_sampler

PREPARED = "supernet"
NUMBER = 2_000_000
OVERDUE = 10.0


def check_fit(plan: Plan) -> None:
    """Refuse an evaluator that asks of the space what it does not offer.

    Raises:
        SettingError: the space lacks something; it is named.
    """
    asked: frozenset[str] = getattr(EVALUATORS[plan.evaluator], "requires", frozenset())
    missing = sorted(asked - plan.space.provides)
    if missing:
        raise SettingError(
            f"The evaluator {plan.evaluator!r} needs a {' and a '.join(missing)}, which the space "
            f"{plan.space.name!r} has not.",
            mend="Take the space 'cell', or the evaluator 'train'.",
            code="evaluator-unfit",
        )


def prepare_evaluator(
    journal: Journal, plan: Plan, settings: ImageSettings, executor: Executor, *, seconds: float | None
) -> Plan:
    """The plan with what its evaluator needs; the same where it needs nothing.

    Args:
        journal: of the run.
        plan: of the search.
        settings: of the run.
        executor: where it is prepared; nothing else runs there.
        seconds: that it may take; None for its whole schedule.

    Raises:
        RunError: it could not be prepared; the reason is named.
    """
    preparation: str | None = getattr(EVALUATORS[plan.evaluator], "prepares", None)
    if preparation is None:
        return plan
    if journal.get(PREPARED) is None:
        journal.set(PREPARED, _run(preparation, plan, settings, executor, seconds))
    return replace(plan, evaluator_options={**plan.evaluator_options, "space": plan.space.to_json()})


def _run(
    preparation: str, plan: Plan, settings: ImageSettings, executor: Executor, seconds: float | None
) -> dict[str, Any]:
    study = new_study()
    study.sampler = make_sampler("random", seed=0)
    trial = study.ask()
    plan.space(trial)
    order = Order(
        number=NUMBER,
        space=plan.space.to_json(),
        # Any candidate will do: a preparation is of the whole space.
        params=trial.params,
        evaluator=preparation,
        options={"space": plan.space.to_json(), **settings.preparation_options},
        data=str(plan.data),
        out=str(plan.out),
        seed=derive(plan.seed, "prepare"),
        deadline=None if seconds is None else time.monotonic() + seconds,
        budget=settings.budget.time,
    )
    limit = None if seconds is None else seconds + OVERDUE
    executor.submit(Job(NUMBER, order.to_json(), seconds=limit, memory=plan.memory))
    while True:
        for event in executor.poll(0.5):
            if event.number != NUMBER or event.kind == "report":
                continue
            if event.kind != "done":
                raise RunError(
                    f"The {preparation} could not be trained: {event.data.get('detail', event.data.get('reason'))}",
                    mend="Give more time or memory, or take the evaluator 'train'.",
                    code="not-prepared",
                )
            artifact = Evaluation.from_json(event.data).artifacts[0]
            return {"path": artifact.path, "sha256": artifact.sha256, "size": artifact.size}
