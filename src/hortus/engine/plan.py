"""What a search is to do, decided before it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hortus.data.artifacts import Stored
from hortus.engine.goal import Goal
from hortus.engine.history import LAG
from hortus.evaluation.base import Evaluation, Fidelity
from hortus.spaces.base import Space


@dataclass(frozen=True)
class Plan:
    """What is searched, and how.

    Attributes:
        space: what can be searched.
        starts: params tried first, in this order.
        strategy: a name in ``hortus.strategies.STRATEGIES``.
        options: the strategy's own arguments.
        pruner: a name that `make_pruner` knows.
        rungs: cheap fidelities at which the pruner is asked; without any, it is asked after each fold.
        evaluator: a name in ``hortus.evaluation.EVALUATORS``.
        evaluator_options: its own arguments.
        needs: files in the run's folder that every trial reads.
        inherits: whether a trial begins from what the nearest ancestor of its candidate has left; such a space has
            ``parent(params)``.
        data: the folder of the encoded data set; None where there is none.
        out: the run's folder.
        seed: of the run.
        least_rows: share of the training rows that a trial learns from at least, whatever a frugal strategy wants.
        threads: per slot.
        fits: fits in one trial, for predicting how long it takes.
        trial_seconds: after which a trial is to end by itself with what it has; None for a share of the time left.
        trial_limit: seconds after which a trial is killed; None for when the run's time is over.
        trials: how many trials there may be in all, those of earlier sittings included; None for no limit.
        memory: bytes that one trial may hold; None for no limit.
        reserve: seconds kept back for what comes after the search, besides loading the best models.
        lag: how many trials back an ask looks when only trials count; at most so many run at once.
        owed: whether a run has nothing to hand over before one trial has ended well; then the first may be late.
        goal: what the strategy is told of a trial: its score, or its costs too.
        score: gives a trial's score where the evaluator could not (a metric that is the user's own function).
    """

    space: Space
    strategy: str
    data: Path | None
    out: Path
    seed: int
    starts: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    pruner: str = "none"
    rungs: tuple[Fidelity, ...] = ()
    evaluator: str = "cross_validation"
    evaluator_options: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[Stored, ...] = ()
    inherits: bool = False
    fidelity: Fidelity = field(default_factory=Fidelity)
    least_rows: float = 1.0
    threads: int = 1
    fits: int = 1
    trial_seconds: float | None = None
    trial_limit: float | None = None
    trials: int | None = None
    memory: int | None = None
    reserve: float = 0.0
    lag: int = LAG
    owed: bool = False
    goal: Goal = field(default_factory=Goal)
    score: Callable[[Evaluation], float] | None = None
