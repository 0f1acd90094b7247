"""What a run of a table does while its first trials run: a baseline, and what suspicious columns are worth."""

from __future__ import annotations

import math
from pathlib import Path

from hortus.budget import Ledger
from hortus.data.sample import read_sample
from hortus.engine.journal import Journal
from hortus.engine.progress import Listener, ProgressEvent
from hortus.engine.row import BASELINE
from hortus.evaluation.base import Evaluation, Fidelity
from hortus.evaluation.trial import Order
from hortus.evaluation.trial import run as run_trial
from hortus.run.finish import score_of
from hortus.run.prepare import Prepared
from hortus.run.scrutiny import LEAKS, ORDERS, scrutinize
from hortus.run.settings import Settings
from hortus.seeds import derive
from hortus.spaces.pipelines import PipelineSpace
from hortus.spaces.portfolio import portfolio

# What suspicious columns are worth is measured within this share of the time, and this many seconds.
SCRUTINY_SHARE = 0.05
SCRUTINY_MOST = 10.0
# Rows that the baseline learns from: it must be there within a second.
BASELINE_ROWS = 10_000


def meanwhile(
    journal: Journal, prepared: Prepared, settings: Settings, folder: Path, ledger: Ledger, emit: Listener
) -> None:
    """What is done here while the first trials run in their slots."""
    _baseline(journal, prepared, settings, folder, ledger, emit)
    if journal.get("findings") is None:
        seconds = min(SCRUTINY_MOST, SCRUTINY_SHARE * (ledger.budget.time or math.inf))
        sample = read_sample(folder, prepared.schema.names)
        told = scrutinize(prepared.findings, prepared, sample, seed=settings.seed, seconds=seconds)
        for finding in told:
            if finding.code in (*LEAKS, *ORDERS):
                emit(ProgressEvent("note", ledger.elapsed, finding.note().to_json()))
        journal.set("findings", [finding.to_json() for finding in told])


def _baseline(
    journal: Journal, prepared: Prepared, settings: Settings, folder: Path, ledger: Ledger, emit: Listener
) -> None:
    """A small decision tree, fitted here at once: whatever happens to the trials, there is a model."""
    if journal.get("baseline") is not None:
        return
    emit(ProgressEvent("phase", ledger.elapsed, {"name": "baseline"}))
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
    journal.set(
        "baseline",
        {"params": params, "value": score, "evaluation": evaluation.to_json(), "describe": "baseline: a small tree"},
    )
    emit(ProgressEvent("phase", ledger.elapsed, {"name": "searching"}))
