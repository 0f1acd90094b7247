"""What a run of images leaves: its network, its leaderboard, its Pareto front."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hortus.data.images import FILE
from hortus.data.notes import Note
from hortus.deploy.image_bundle import load_image_bundle
from hortus.deploy.image_model import ImageModel
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.result import leaderboard
from hortus.ensemble.honest import Estimate
from hortus.errors import RunError, SettingError, nearest
from hortus.run.image_finish import BUNDLE, conclude
from hortus.run.image_settings import ImageSettings

SETTINGS = "image_settings"
# What a network costs, as it stands in an evaluation's notes.
COSTS = ("latency", "params", "macs")


@dataclass(frozen=True)
class ImageResult:
    """A run of images on disk, open for reading.

    Attributes:
        folder: the run's.
        rows: every trial.
        chosen: which network was chosen, with its score, estimate, intervals, ties.
        notes: what was noticed about the images.
        why: why the run ended: trials, time, exhausted, interrupted; "" if it never did.
        settings: how it was made.
    """

    folder: Path
    rows: tuple[TrialRow, ...]
    chosen: dict[str, Any]
    notes: tuple[Note, ...]
    why: str
    settings: ImageSettings

    @cached_property
    def model(self) -> ImageModel:
        """The network, loaded once."""
        return load_image_bundle(self.folder / BUNDLE)

    @property
    def score(self) -> float:
        """Of the chosen candidate on the images set aside; greater is better."""
        return float(self.chosen["score"])

    @property
    def estimate(self) -> Estimate:
        """What it is expected to score on new images, corrected for having been chosen."""
        return Estimate(**self.chosen["estimate"])

    def leaderboard(self) -> pd.DataFrame:
        """Every trial, the best first.

        Returns:
            The columns of `hortus.engine.result.leaderboard`, with ``network`` for the candidate in one line, and
            besides ``params``, ``macs`` (multiply-adds), ``latency`` (seconds an image) and ``epochs``.
        """
        board = leaderboard(
            self.rows,
            weights={int(self.chosen["number"]): 1.0},
            intervals={int(number): tuple(bounds) for number, bounds in self.chosen["intervals"].items()},
            tied=self.chosen["tied"],
        )
        board = board.drop(columns=["model"]).rename(columns={"pipeline": "network"})
        notes = {row.number: row.evaluation.notes if row.evaluation else {} for row in self.rows}
        for name in ("params", "macs", "latency", "epochs"):
            board[name] = [notes[number].get(name, float("nan")) for number in board["trial"]]
        return board

    def pareto(self, cost: str = "latency") -> pd.DataFrame:
        """The candidates that none is better than at the same cost or less, the cheapest first.

        Args:
            cost: ``"latency"``, ``"params"`` or ``"macs"``.

        Raises:
            SettingError: another cost.
        """
        if cost not in COSTS:
            raise SettingError(f"There is no cost called {cost!r}.", mend=nearest(cost, COSTS), code="unknown-cost")
        board = self.leaderboard()
        board = board[(board["state"] == "complete") & board[cost].notna()].sort_values(
            [cost, "score", "trial"], ascending=[True, False, True], kind="stable"
        )
        best = board["score"].cummax().shift(fill_value=-np.inf)
        return board[board["score"] > best].reset_index(drop=True)


def is_image_run(folder: Path) -> bool:
    """Whether the folder holds a run of images."""
    return (Path(folder) / "data" / FILE).exists()


def require_images(folder: Path) -> None:
    """Refuse a folder that holds no run of images.

    Raises:
        RunError: it holds none.
    """
    if not (Path(folder) / "journal.sqlite").exists() or not is_image_run(folder):
        raise RunError(
            f"There is no run of images in {str(folder)!r}.",
            mend="Give the folder that the run named at its end.",
            code="run-missing",
        )


def open_image_run(folder: Path) -> ImageResult:
    """Open a run for reading. A run that was killed gets its network from the trials it had finished.

    Raises:
        RunError: the folder holds no run of images, or no trial of it has finished.
        JournalError: its journal is damaged, or was written by a newer Hortus.
    """
    folder = Path(folder)
    require_images(folder)
    with Journal.open(folder) as journal:
        if journal.get("chosen") is None or not (folder / BUNDLE).exists():
            conclude(journal, ImageSettings.from_json(journal.get(SETTINGS)), folder)
        return read_result(journal, folder)


def read_result(journal: Journal, folder: Path) -> ImageResult:
    """What the journal of a concluded run says."""
    return ImageResult(
        folder=folder,
        rows=tuple(journal.trials()),
        chosen=journal.get("chosen"),
        notes=tuple(Note(**note) for note in journal.get("notes") or ()),
        why=journal.get("why") or "",
        settings=ImageSettings.from_json(journal.get(SETTINGS)),
    )
