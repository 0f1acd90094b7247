"""What a run of scenes does before and after its search, each a killable job in a slot and kept by the journal.

Before: the network that all candidates share is trained, or an architecture is learned with it. After: the best of
those that were judged by shared weights are trained, and the best of all goes on training on all scenes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hortus.data.scenes import SceneData
from hortus.engine.executors.base import Executor, Job
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.loop import GRACE, LATE
from hortus.engine.plan import Plan
from hortus.engine.row import ranked
from hortus.engine.study import new_study
from hortus.errors import RunError
from hortus.evaluation.base import Evaluation
from hortus.evaluation.shared_scenes import shared_space
from hortus.evaluation.trial import Order
from hortus.run.network_rows import CONFIRMED, confirmed, retold
from hortus.run.scenes.settings import EVALUATORS, PROPOSALS, SceneSettings
from hortus.seeds import derive, stream
from hortus.strategies import make_sampler
from hortus.strategies.trellis import proposed

PREPARED, LEARNED, FINAL, FAILED = "shared", "learned", "final", "final_failed"
# Numbers of jobs that are no trials.
PREPARING, CONFIRMING, FINISHING = 2_000_000, 3_000_000, 4_000_000
# A job that would not end by itself is killed so long (seconds) after it should have; later, where there is nothing to
# hand over without it.
OVERDUE = 10.0
# Candidates that are trained after a search by shared weights.
BEST = 3
# With less than this (seconds) there is no point in going on.
LEAST_FINAL = 1.0


def prepare(
    journal: Journal, plan: Plan, settings: SceneSettings, executor: Executor, *, threads: int
) -> Sequence[Mapping[str, str]]:
    """Train the shared network, and give the params that were learned with it, the strongest first.

    Raises:
        RunError: it could not be trained; the reason is named.
    """
    if journal.get(PREPARED) is None:
        method = settings.strategy_options if settings.differentiable else {"method": "uniform"}
        options = {"space": plan.space.to_json(), "steps": settings.steps, **method}
        made = _run(
            "segment_search",
            _any(plan),
            PREPARING,
            options,
            plan,
            settings,
            executor,
            seconds=settings.preparing,
            threads=threads,
            overdue=GRACE,
        )
        if isinstance(made, str):
            raise RunError(
                f"The search by shared weights could not be made: {made}",
                mend="Give more time or memory, or take a strategy such as 'evolution' with the evaluator 'train'.",
                code="not-prepared",
            )
        if settings.differentiable:
            space = shared_space(plan.space.to_json(), SceneData.load(plan.out / "data"))
            rng = stream(plan.seed, "proposals")
            learned = proposed(space, made.notes["alpha"], made.notes["transitions"], count=PROPOSALS, rng=rng)
            journal.set(LEARNED, learned)
        journal.set(PREPARED, {"steps": made.notes["steps"], "seconds": made.seconds})
    found: Sequence[Mapping[str, str]] = journal.get(LEARNED) or ()
    return found


def confirm(journal: Journal, plan: Plan, settings: SceneSettings, executor: Executor) -> None:
    """Train the best candidates of a search by shared weights, one after the other."""
    done: dict[str, Any] = dict(journal.get(CONFIRMED) or {})
    different = {row.describe: row for row in reversed(ranked(journal.trials()))}
    best = sorted(different.values(), key=lambda row: (-(row.value or 0.0), row.number))[:BEST]
    end = None if settings.confirming is None else time.monotonic() + settings.confirming
    waiting = [row for row in best if str(row.number) not in done]
    for place, row in enumerate(waiting):
        seconds = None if end is None else (end - time.monotonic()) / (len(waiting) - place)
        if seconds is not None and seconds < LEAST_FINAL:
            if done:
                break
            seconds = LATE
        number = CONFIRMING + row.number
        options = settings.training_options
        overdue = OVERDUE if done else GRACE
        made = _run(
            EVALUATORS["train"], row.params, number, options, plan, settings, executor, seconds=seconds, overdue=overdue
        )
        if not isinstance(made, str):
            done[str(row.number)] = made.to_json()
            journal.set(CONFIRMED, done)


def finish(
    journal: Journal, plan: Plan, settings: SceneSettings, executor: Executor, *, seconds: float | None, threads: int
) -> None:
    """Let the best network go on training on all scenes, and note what came of it."""
    rows = trained(journal)
    if not rows or (seconds is not None and seconds < LEAST_FINAL):
        return
    best, before = rows[0], journal.get(FINAL)
    if seconds is None and before is not None and before["number"] == best.number:
        return
    weights = best.left("models")
    if weights is None:
        return
    options = settings.final_options | {"weights": asdict(weights)}
    number = FINISHING + best.number
    made = _run("segment_all", best.params, number, options, plan, settings, executor, seconds=seconds, threads=threads)
    journal.set(FAILED, made if isinstance(made, str) else None)
    if not isinstance(made, str):
        journal.set(FINAL, {"number": best.number, "evaluation": made.to_json()})


def trained(journal: Journal) -> list[TrialRow]:
    """The candidates that were trained, in the search or after it, the best first."""
    return [row for row in ranked(retold(journal.trials(), confirmed(journal))) if row.left("counts")]


def final_of(journal: Journal, row: TrialRow) -> Evaluation | None:
    """What the training of this candidate on all scenes left; None where it was not trained so."""
    found = journal.get(FINAL)
    return Evaluation.from_json(found["evaluation"]) if found and found["number"] == row.number else None


def _any(plan: Plan) -> dict[str, Any]:
    """Params of some candidate: a preparation is of the whole space."""
    study = new_study()
    study.sampler = make_sampler("random", seed=0)
    trial = study.ask()
    plan.space(trial)
    return dict(trial.params)


def _run(
    evaluator: str,
    params: dict[str, Any],
    number: int,
    options: dict[str, Any],
    plan: Plan,
    settings: SceneSettings,
    executor: Executor,
    *,
    seconds: float | None,
    threads: int = 1,
    overdue: float = OVERDUE,
) -> Evaluation | str:
    """The evaluation of one job that runs alone; or why it failed."""
    order = Order(
        number=number,
        space=plan.space.to_json(),
        params=params,
        evaluator=evaluator,
        options=options,
        data=str(plan.data),
        out=str(plan.out),
        seed=derive(plan.seed, evaluator, number),
        threads=threads,
        deadline=None if seconds is None else time.monotonic() + seconds,
        budget=settings.budget.time,
    )
    limit = None if seconds is None else seconds + overdue
    end = executor.run_alone(Job(number, order.to_json(), seconds=limit, memory=plan.memory))
    if end.kind == "done":
        return Evaluation.from_json(end.data)
    return f"{end.data.get('reason')}: {end.data.get('detail', '')}"
