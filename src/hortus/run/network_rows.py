"""The trials of a run that searches networks, of images or of scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from hortus.engine.journal import Journal, TrialRow
from hortus.errors import RunError
from hortus.evaluation.base import Evaluation

# Under which the journal keeps what came of training the best candidates of a search by cheap scores.
CONFIRMED = "confirmed"


def confirmed(journal: Journal) -> dict[int, Evaluation]:
    """What came of training the best candidates of a search by cheap scores, by trial number."""
    return {int(number): Evaluation.from_json(found) for number, found in (journal.get(CONFIRMED) or {}).items()}


def retold(rows: Sequence[TrialRow], told: Mapping[int, Evaluation]) -> list[TrialRow]:
    """The trials, each with what was found of it last, where that was after the search."""
    return [
        replace(row, value=told[row.number].score, evaluation=told[row.number]) if row.number in told else row
        for row in rows
    ]


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
