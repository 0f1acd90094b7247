"""The trials of a run of images, as its network is chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from optuna.trial import TrialState

from hortus.engine.goal import Goal
from hortus.engine.journal import Journal, TrialRow
from hortus.evaluation.base import Artifact, Evaluation

# Under which the journal keeps what came of training the best candidates of a search by cheap scores, and of making
# the best candidate larger.
CONFIRMED, GROWN = "confirmed", "grown"
# Under which it keeps how the run was to be made.
SETTINGS = "image_settings"


def ranked(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """The trials that ended well, the best first, the earlier of equals."""
    done = [row for row in rows if row.state == TrialState.COMPLETE and row.value is not None]
    return sorted(done, key=lambda row: (-(row.value or 0.0), row.number))


def trained(journal: Journal) -> list[TrialRow]:
    """The candidates that were trained, in the search or after it, the best first; of each what was found last.

    Where a cost has a target, the best are those of the greatest reward.
    """
    told = {int(n): Evaluation.from_json(evaluation) for n, evaluation in (journal.get(CONFIRMED) or {}).items()}
    grown = journal.get(GROWN)
    if grown is not None and grown["evaluation"] is not None:
        told[int(grown["number"])] = Evaluation.from_json(grown["evaluation"])
    rows = [
        replace(row, value=told[row.number].score, evaluation=told[row.number]) if row.number in told else row
        for row in journal.trials()
    ]
    found = [row for row in ranked(rows) if artifact(row.evaluation, "predictions")]
    settings = journal.get(SETTINGS) or {}
    objectives = settings.get("objectives")
    goal = Goal.read(objectives, metric=settings["metric"]) if objectives else Goal()
    return sorted(found, key=lambda row: -goal.told(row.value or 0.0, row.evaluation)[0]) if goal.targets else found


def artifact(evaluation: Evaluation | None, name: str) -> Artifact | None:
    """The file called ``name`` that an evaluation left; None where it left none."""
    return next((a for a in evaluation.artifacts if a.name == name), None) if evaluation else None
