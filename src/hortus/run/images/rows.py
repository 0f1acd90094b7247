"""The trials of a run of images, as its network is chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from optuna.trial import TrialState

from hortus.engine.goal import Goal
from hortus.engine.journal import Journal, TrialRow
from hortus.errors import RunError
from hortus.evaluation.base import Evaluation

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
    found = [row for row in ranked(rows) if row.left("predictions")]
    settings = journal.get(SETTINGS) or {}
    objectives = settings.get("objectives")
    goal = Goal.read(objectives, metric=settings["metric"]) if objectives else Goal()
    return sorted(found, key=lambda row: -goal.told(row.value or 0.0, row.evaluation)[0]) if goal.targets else found


def with_networks(board: pd.DataFrame, rows: Sequence[TrialRow]) -> pd.DataFrame:
    """A leaderboard whose candidates are networks.

    Args:
        board: as `hortus.engine.result.leaderboard` makes it.
        rows: the trials.

    Returns:
        The candidate in one line as ``network``, and besides ``params``, ``macs`` (multiply-adds), ``latency`` (seconds
        an image) and ``epochs``; NaN where they are not known.
    """
    board = board.drop(columns=["model"]).rename(columns={"pipeline": "network"})
    notes = {row.number: row.evaluation.notes if row.evaluation else {} for row in rows}
    for name in ("params", "macs", "latency", "epochs"):
        board[name] = [notes[number].get(name, float("nan")) for number in board["trial"]]
    return board


def require_networks(folder: Path, *, there: bool, what: str) -> None:
    """Refuse a folder that holds no run of networks.

    Args:
        folder: the run's.
        there: whether the data of such a run lie in it.
        what: they are: images, scenes.

    Raises:
        RunError: it holds none.
    """
    if not (folder / "journal.sqlite").exists() or not there:
        raise RunError(
            f"There is no run of {what} in {str(folder)!r}.",
            mend="Give the folder that the run named at its end.",
            code="run-missing",
        )
