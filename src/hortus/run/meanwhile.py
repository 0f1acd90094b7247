"""What a run of a table does while its first trials run: a baseline, and what suspicious columns are worth."""

from __future__ import annotations

import math

from hortus.data.sample import read_sample
from hortus.engine.row import BASELINE
from hortus.evaluation.base import Evaluation, Fidelity
from hortus.evaluation.trial import Order
from hortus.evaluation.trial import run as run_trial
from hortus.run.finish import score_of
from hortus.run.prepare import Prepared
from hortus.run.scrutiny import LEAKS, ORDERS, scrutinize
from hortus.run.settings import Settings
from hortus.run.sitting import Sitting
from hortus.seeds import derive
from hortus.spaces.pipelines import PipelineSpace
from hortus.spaces.portfolio import portfolio

# What suspicious columns are worth is measured within this share of the time, and this many seconds.
SCRUTINY_SHARE = 0.05
SCRUTINY_MOST = 10.0
# Rows that the baseline learns from: it must be there within a second.
BASELINE_ROWS = 10_000


def meanwhile(sitting: Sitting, prepared: Prepared, settings: Settings) -> None:
    """What is done here while the first trials run in their slots."""
    _baseline(sitting, prepared, settings)
    if sitting.journal.get("findings") is None:
        seconds = min(SCRUTINY_MOST, SCRUTINY_SHARE * (settings.budget.time or math.inf))
        sample = read_sample(sitting.folder, prepared.schema.names)
        told = scrutinize(prepared.findings, prepared, sample, seed=settings.seed, seconds=seconds)
        for finding in told:
            if finding.code in (*LEAKS, *ORDERS):
                sitting.say(finding.note())
        sitting.journal.set("findings", [finding.to_json() for finding in told])


def _baseline(sitting: Sitting, prepared: Prepared, settings: Settings) -> None:
    """A small decision tree, fitted here at once: whatever happens to the trials, there is a model."""
    folder = sitting.folder
    if sitting.journal.get("baseline") is not None:
        return
    sitting.tell_phase("baseline")
    facts = prepared.data.facts(settings.budget.time)
    space = PipelineSpace(facts, models=("tree",))
    params = portfolio(space)[0]
    order = Order(
        number=BASELINE,
        space=space.to_json(),
        params=params,
        evaluator="cross_validation",
        data=str(folder / "data"),
        out=str(folder),
        seed=derive(settings.seed, "baseline"),
        fidelity=Fidelity(folds=1, rows=min(1.0, BASELINE_ROWS / facts.train_rows)),
    )
    evaluation = Evaluation.from_json(run_trial(order.to_json(), lambda _step, _value: True))
    score = evaluation.score if evaluation.score is not None else score_of(prepared, folder, evaluation)
    sitting.journal.set(
        "baseline",
        {"params": params, "value": score, "evaluation": evaluation.to_json(), "describe": "baseline: a small tree"},
    )
    sitting.tell_phase("searching")
