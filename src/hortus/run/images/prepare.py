"""What must be there before a search of networks can begin: the supernet of an evaluator that shares weights, and that
of a strategy that learns an architecture by gradient descent.

Each is one killable trial in a slot, charged to the budget, and stored: a run that goes on has it already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hortus.data.notes import Note
from hortus.engine.executors.base import Executor, Job
from hortus.engine.journal import Journal
from hortus.engine.loop import GRACE
from hortus.engine.plan import Plan
from hortus.engine.study import new_study
from hortus.errors import RunError
from hortus.evaluation import EVALUATORS
from hortus.evaluation.base import Evaluation
from hortus.evaluation.trial import Order
from hortus.run.images.settings import ImageSettings
from hortus.seeds import derive
from hortus.strategies import STRATEGIES, make_sampler

# Under which the journal keeps what came of them, by name.
PREPARED = "prepared"
# Their trials have numbers of their own, so that their files are not those of a candidate.
NUMBER = 2_000_000
# A descent that goes on when its time is over is given so many times the time and `GRACE` more, before it is killed.
PATIENCE = 1.5


def prepare(
    journal: Journal,
    plan: Plan,
    settings: ImageSettings,
    executor: Executor,
    *,
    seconds: float | None,
    say: Callable[[Note], None],
) -> Plan:
    """The plan with what its strategy and its evaluator need; the same where they need nothing.

    Args:
        journal: of the run.
        plan: of the search.
        settings: of the run.
        executor: where it is prepared; nothing else runs there.
        seconds: that each may take; None for its whole schedule.
        say: told what a person should know of it.

    Raises:
        RunError: it could not be prepared; the reason is named.
    """
    inherits: str | None = getattr(EVALUATORS[plan.evaluator], "prepares", None)
    descends: str | None = getattr(STRATEGIES[plan.strategy], "prepares", None)
    space = plan.space.to_json()
    if inherits is not None:
        options = {"space": space, **settings.preparation_options}
        made = _once(journal, inherits, options, plan, settings, executor, seconds)
        needs = tuple(file.stored for file in made.artifacts)
        plan = replace(plan, evaluator_options={**plan.evaluator_options, "space": space}, needs=(*plan.needs, *needs))
    if descends is not None:
        found = _once(journal, descends, dict(plan.options), plan, settings, executor, seconds).notes
        for warning in found["warnings"]:
            say(Note("search-collapsed", warning, place=plan.strategy, warning=True))
        plan = replace(plan, options={**plan.options, "proposals": found["proposals"]})
    return plan


def _once(
    journal: Journal,
    preparation: str,
    options: Mapping[str, Any],
    plan: Plan,
    settings: ImageSettings,
    executor: Executor,
    seconds: float | None,
) -> Evaluation:
    """What came of a preparation, which is run where it was not yet."""
    done: dict[str, Any] = dict(journal.get(PREPARED) or {})
    if preparation not in done:
        done[preparation] = _run(preparation, options, plan, settings, executor, seconds).to_json()
        journal.set(PREPARED, done)
    return Evaluation.from_json(done[preparation])


def _run(
    preparation: str,
    options: Mapping[str, Any],
    plan: Plan,
    settings: ImageSettings,
    executor: Executor,
    seconds: float | None,
) -> Evaluation:
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
        options=dict(options),
        data=str(plan.data),
        out=str(plan.out),
        seed=derive(plan.seed, "prepare", preparation),
        deadline=None if seconds is None else time.monotonic() + seconds,
        budget=settings.budget.time,
    )
    limit = None if seconds is None else PATIENCE * seconds + GRACE
    end = executor.run_alone(Job(NUMBER, order.to_json(), seconds=limit, memory=plan.memory))
    if end.kind != "done":
        raise RunError(
            f"The {preparation} could not be trained: {end.data.get('detail', end.data.get('reason'))}",
            mend="Give more time or memory, or take the strategy 'evolution' and the evaluator 'train'.",
            code="not-prepared",
        )
    return Evaluation.from_json(end.data)
