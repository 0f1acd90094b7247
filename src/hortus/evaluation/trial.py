"""One trial as a worker runs it: JSON in, JSON out."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from optuna.trial import FixedTrial

from hortus.data.artifacts import Stored
from hortus.data.stored import load_data
from hortus.evaluation import EVALUATORS
from hortus.evaluation.base import Ask, Fidelity, Report, TrialContext
from hortus.spaces import SPACES


@dataclass(frozen=True)
class Order:
    """All that a worker needs to run one trial.

    Attributes:
        number: the trial's.
        space: name and settings of the space, as its ``to_json`` gives them.
        params: what the strategy answered; ``space(FixedTrial(params))`` is the candidate.
        evaluator: a name in ``hortus.evaluation.EVALUATORS``.
        options: the evaluator's own settings.
        fidelity: how much of the evaluation to do.
        rungs: cheap fidelities to go through before it.
        needs: files in the run's folder that it reads, which another machine must be sent.
        data: the folder of the encoded data set, or of the images; "" where there are none.
        out: the run's folder.
        seed: of this trial.
        threads: how many it may use.
        deadline: on this machine's ``time.monotonic()``, which all its processes share: when the trial should end by
            itself with what it has; None for never.
        budget: seconds of the whole run, which a space may look at; None when only trials count.
        memory: bytes that it may hold; None for no limit.
        reports: whether the driver answers reports (a pruner is at work).
        asks: whether the candidate's questions come while it is evaluated.
    """

    number: int
    space: dict[str, Any]
    params: dict[str, Any]
    evaluator: str
    data: str
    out: str
    seed: int
    threads: int = 1
    deadline: float | None = None
    budget: float | None = None
    memory: int | None = None
    reports: bool = False
    asks: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    fidelity: Fidelity = field(default_factory=Fidelity)
    rungs: tuple[Fidelity, ...] = ()
    needs: tuple[Stored, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Order:
        """The inverse of ``to_json``."""
        rungs = tuple(Fidelity(**rung) for rung in found["rungs"])
        needs = tuple(Stored(**file) for file in found["needs"])
        return cls(**{**found, "fidelity": Fidelity(**found["fidelity"]), "rungs": rungs, "needs": needs})


def run(payload: dict[str, Any], report: Report, ask: Ask | None = None) -> dict[str, Any]:
    """Run the trial that ``payload`` (an `Order` as JSON) describes; return its `Evaluation` as JSON.

    Raises:
        TrialPruned: the driver answered a report with stop.
    """
    order = Order.from_json(payload)
    facts = load_data(Path(order.data)).facts(order.budget) if order.data else None
    settings = dict(order.space)
    space = SPACES[settings.pop("name")](facts, **settings)
    candidate = space(FixedTrial(order.params))
    context = TrialContext(
        data=Path(order.data),
        out=Path(order.out),
        number=order.number,
        seed=order.seed,
        threads=order.threads,
        deadline=order.deadline,
        report=report,
        rungs=order.rungs,
        ask=ask,
        memory=order.memory,
    )
    with warnings.catch_warnings():
        # What libraries say about one candidate of hundreds is no message a person can act on.
        warnings.simplefilter("ignore")
        return EVALUATORS[order.evaluator](**order.options)(candidate, order.fidelity, context).to_json()
