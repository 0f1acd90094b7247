"""The trials of a run of images, as its network is chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from optuna.trial import TrialState

from hortus.engine.journal import Journal, TrialRow
from hortus.evaluation.base import Artifact, Evaluation

# Under which the journal keeps what came of training the best candidates of a search by cheap scores, and of making
# the best candidate larger.
CONFIRMED, GROWN = "confirmed", "grown"


def ranked(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """The trials that ended well, the best first, the earlier of equals."""
    done = [row for row in rows if row.state == TrialState.COMPLETE and row.value is not None]
    return sorted(done, key=lambda row: (-(row.value or 0.0), row.number))


def trained(journal: Journal) -> list[TrialRow]:
    """The candidates that were trained, in the search or after it, the best first; of each what was found last."""
    found = journal.get(CONFIRMED) or {}
    told = {int(number): Evaluation.from_json(evaluation) for number, evaluation in found.items()}
    grown = journal.get(GROWN)
    if grown is not None and grown["evaluation"] is not None:
        told[int(grown["number"])] = Evaluation.from_json(grown["evaluation"])
    rows = [
        replace(row, value=told[row.number].score, evaluation=told[row.number]) if row.number in told else row
        for row in journal.trials()
    ]
    return [row for row in ranked(rows) if artifact(row.evaluation, "predictions")]


def artifact(evaluation: Evaluation | None, name: str) -> Artifact | None:
    """The file called ``name`` that an evaluation left; None where it left none."""
    return next((a for a in evaluation.artifacts if a.name == name), None) if evaluation else None
