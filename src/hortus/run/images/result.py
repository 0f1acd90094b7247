"""What a run of images leaves: its network, its leaderboard, its Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from optuna.trial import TrialState

from hortus.data.images import FILE, ImageData
from hortus.data.notes import Note
from hortus.data.task import Task
from hortus.deploy.image_bundle import load_image_bundle
from hortus.deploy.image_model import ImageModel
from hortus.engine.goal import COSTS
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.result import leaderboard
from hortus.ensemble.honest import Estimate
from hortus.errors import SettingError, nearest
from hortus.evaluation.agreement import Agreement, agreement_frame, agreements, spearman_table
from hortus.run.images.finish import BUNDLE, conclude
from hortus.run.images.grow import Growth, read_growth
from hortus.run.images.rows import SETTINGS
from hortus.run.images.settings import ImageSettings
from hortus.run.network_rows import confirmed, require_networks, with_networks

# Parts of the schedule whose scores are compared with those at its end.
SHARES = (("after 1/9", 1 / 9), ("after 1/3", 1 / 3))


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
        confirmed: by trial, the scores of candidates that were trained after a search that trained none.
        growth: what came of trying the best candidate larger; None where that was not done.
    """

    folder: Path
    rows: tuple[TrialRow, ...]
    chosen: dict[str, Any]
    notes: tuple[Note, ...]
    why: str
    settings: ImageSettings
    confirmed: Mapping[int, float] = field(default_factory=dict)
    growth: Growth | None = None

    @cached_property
    def model(self) -> ImageModel:
        """The network, loaded once."""
        return load_image_bundle(self.folder / BUNDLE)

    @cached_property
    def task(self) -> Task:
        """What is told apart, and by what metric; known without the network."""
        return ImageData.load(self.folder / "data").task

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
        board = with_networks(board, self.rows)
        if not self.settings.trains:
            board["trained"] = [self.confirmed.get(number, float("nan")) for number in board["trial"]]
        return board

    def agreement(self) -> pd.DataFrame:
        """Whether what is cheap ranks this run's candidates as full training does.

        Returns:
            A row for each cheap column (the search's own score where it trained none, scores after a part of the
            schedule, parameters, multiply-adds) with ``count``, ``spearman``, ``kendall`` and their 95 % intervals;
            NaN where fewer than eight candidates have both.
        """
        return agreement_frame(agreements(self._columns(), against="trained"))

    def budgets(self) -> pd.DataFrame:
        """Whether parts of the schedule rank this run's candidates as each other and as its end do; see
        `hortus.evaluation.agreement.spearman_table`.
        """
        columns = self._columns()
        return spearman_table({name: columns[name] for name in columns if name not in ("params", "macs")})

    def misleading(self) -> list[Agreement]:
        """Those of the cheap scores that this run went by and that rank worse than is of use."""
        used = [self._cheap] if not self.settings.trains else []
        used += [name for name, _ in SHARES] if self.settings.stopper != "none" else []
        return [one for one in agreements(self._columns(), against="trained") if one.first in used and one.misleads]

    @property
    def _cheap(self) -> str:
        """What the search's own score is called."""
        return str(self.settings.evaluator_options.get("score", self.settings.evaluator))

    def _columns(self) -> dict[str, list[float]]:
        done = [row for row in self.rows if row.state == TrialState.COMPLETE and row.evaluation is not None]
        own = [float("nan") if row.value is None else row.value for row in done]
        notes = [row.evaluation.notes if row.evaluation else {} for row in done]
        columns = {name: [float(note.get(name, float("nan"))) for note in notes] for name in ("params", "macs")}
        if not self.settings.trains:
            trained = [self.confirmed.get(row.number, float("nan")) for row in done]
            return {self._cheap: own, **columns, "trained": trained}
        parts = {name: [_after(note.get("curve") or [], share) for note in notes] for name, share in SHARES}
        return {**parts, **columns, "trained": own}

    def pareto(self, cost: str | None = None) -> pd.DataFrame:
        """The candidates that none is better than at the same cost or less, the cheapest first.

        Args:
            cost: ``"latency"``, ``"params"`` or ``"macs"``; None for the first of the run's objectives, or latency.

        Raises:
            SettingError: another cost.
        """
        cost = cost or next(iter(self.settings.goal.costs), "latency")
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
    require_networks(Path(folder), there=is_image_run(folder), what="images")


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
        confirmed={number: float(found.score or 0.0) for number, found in confirmed(journal).items()},
        growth=read_growth(journal),
    )


def _after(curve: Sequence[Mapping[str, Any]], share: float) -> float:
    """The score at the first epoch past a share of the schedule; NaN where there is none before its end."""
    found = next((epoch for epoch in curve if epoch["at"] >= share), None)
    return float("nan") if found is None or found["at"] >= 1.0 or found["score"] is None else float(found["score"])
