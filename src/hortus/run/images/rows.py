"""The trials of a run of images, as its network is chosen from."""

from __future__ import annotations

from hortus.engine.goal import Goal
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.row import ranked
from hortus.evaluation.base import Evaluation
from hortus.run.network_rows import confirmed, retold

# Under which the journal keeps what came of making the best candidate larger, and how the run was to be made.
GROWN, SETTINGS = "grown", "image_settings"


def trained(journal: Journal) -> list[TrialRow]:
    """The candidates that were trained, in the search or after it, the best first; of each what was found last.

    Where a cost has a target, the best are those of the greatest reward.
    """
    told = confirmed(journal)
    grown = journal.get(GROWN)
    if grown is not None and grown["evaluation"] is not None:
        told[int(grown["number"])] = Evaluation.from_json(grown["evaluation"])
    found = [row for row in ranked(retold(journal.trials(), told)) if row.left("predictions")]
    settings = journal.get(SETTINGS) or {}
    objectives = settings.get("objectives")
    goal = Goal.read(objectives, metric=settings["metric"]) if objectives else Goal()
    return sorted(found, key=lambda row: -goal.told(row.value or 0.0, row.evaluation)[0]) if goal.targets else found
