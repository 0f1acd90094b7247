"""What a run of scenes leaves: its network, its classes one by one, its leaderboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.artifacts import verify
from hortus.data.notes import Note
from hortus.data.overlap import interval, mean_overlap, overlaps
from hortus.data.scenes import FILE, METRIC, SceneData
from hortus.deploy.scene_bundle import load_scene_bundle, write_scene_bundle
from hortus.deploy.scene_model import SceneModel
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.result import leaderboard
from hortus.errors import RunError
from hortus.run.network_rows import confirmed, require_networks, with_networks
from hortus.run.nothing import none_ended_well
from hortus.run.scenes.phases import LEARNED, final_of, trained
from hortus.run.scenes.settings import SceneSettings
from hortus.seeds import stream
from hortus.spaces import SPACES

BUNDLE, SETTINGS = "model.hortus", "scene_settings"
# Draws of the intervals, and candidates that get one.
DRAWS, MOST = 500, 20


@dataclass(frozen=True)
class SceneResult:
    """A run of scenes on disk, open for reading.

    Attributes:
        folder: the run's.
        rows: every trial.
        chosen: which network was chosen: ``number``, ``score``, ``low``, ``high``, ``overlaps``, ``final``.
        notes: what was noticed about the scenes.
        why: why the run ended: trials, time, exhausted, interrupted; "" if it never did.
        settings: how it was made.
        spent: seconds by phase.
        learned: the params that the search by gradients came to; None where there was none.
        confirmed: by trial, the scores of candidates that were trained after a search that trained none.
    """

    folder: Path
    rows: tuple[TrialRow, ...]
    chosen: dict[str, Any]
    notes: tuple[Note, ...]
    why: str
    settings: SceneSettings
    spent: Mapping[str, Any] = field(default_factory=dict)
    learned: Mapping[str, str] | None = None
    confirmed: Mapping[int, float] = field(default_factory=dict)

    @cached_property
    def model(self) -> SceneModel:
        """The network, loaded once."""
        return load_scene_bundle(self.folder / BUNDLE)

    @property
    def score(self) -> float:
        """The mean intersection over union of the chosen candidate on the scenes set aside."""
        return float(self.chosen["score"])

    def report(self) -> pd.DataFrame:
        """Class by class on the scenes set aside: ``class``, ``iou`` (nan where it is in none), ``share`` of pixels."""
        data = SceneData.load(self.folder / "data")
        return pd.DataFrame(
            {"class": list(data.classes.names), "iou": self.chosen["overlaps"], "share": list(data.frequencies)}
        ).astype({"iou": np.float64})

    def leaderboard(self) -> pd.DataFrame:
        """Every trial, the best first.

        Returns:
            The columns of `hortus.engine.result.leaderboard`, with ``network`` for the candidate in one line, and
            besides ``params``, ``macs``, ``latency`` and ``epochs``; ``trained`` where the search trained none.
        """
        intervals = {int(number): tuple(bounds) for number, bounds in self.chosen["intervals"].items()}
        board = leaderboard(self.rows, weights={int(self.chosen["number"]): 1.0}, intervals=intervals)
        board = with_networks(board.drop(columns=["tied"]), self.rows)
        if self.settings.shares:
            board["trained"] = [self.confirmed.get(number, float("nan")) for number in board["trial"]]
        return board


def is_scene_run(folder: Path) -> bool:
    """Whether the folder holds a run of scenes."""
    return (Path(folder) / "data" / FILE).exists()


def require_scenes(folder: Path) -> None:
    """Refuse a folder that holds no run of scenes.

    Raises:
        RunError: it holds none.
    """
    require_networks(Path(folder), there=is_scene_run(folder), what="scenes")


def open_scene_run(folder: Path) -> SceneResult:
    """Open a run for reading. A run that was killed gets its network from the trials it had finished.

    Raises:
        RunError: the folder holds no run of scenes, or no trial of it has finished.
        JournalError: its journal is damaged, or was written by a newer Hortus.
    """
    folder = Path(folder)
    require_scenes(folder)
    with Journal.open(folder) as journal:
        if journal.get("chosen") is None or not (folder / BUNDLE).exists():
            conclude(journal, SceneSettings.from_json(journal.get(SETTINGS)), folder)
        return read_result(journal, folder)


def read_result(journal: Journal, folder: Path) -> SceneResult:
    """What the journal of a concluded run says."""
    return SceneResult(
        folder=folder,
        rows=tuple(journal.trials()),
        chosen=journal.get("chosen"),
        notes=tuple(Note(**note) for note in journal.get("notes") or ()),
        why=journal.get("why") or "",
        settings=SceneSettings.from_json(journal.get(SETTINGS)),
        spent=(journal.get("spent") or {}).get("phases", {}),
        learned=next(iter(journal.get(LEARNED) or ()), None),
        confirmed={number: float(found.score or 0.0) for number, found in confirmed(journal).items()},
    )


def conclude(journal: Journal, settings: SceneSettings, folder: Path) -> None:
    """Choose the network from what the journal holds, save it as the run's model, and note it.

    Raises:
        RunError: no candidate was trained to its end; the reasons are named.
        ArtifactError: a file of the chosen network is not as it was written.
    """
    leading = trained(journal)
    if not leading:
        raise none_ended_well(journal.trials())
    data = SceneData.load(folder / "data")
    row, counts = leading[0], _counts(leading[0], folder)
    final = final_of(journal, row)
    made = final or row.evaluation
    weights = made.left("models") if made else None
    if weights is None or made is None:
        raise RunError(f"Trial {row.number} left no network.", mend="Start the run again.", code="no-model")
    intervals = {}
    for one in leading[:MOST]:
        rng = stream(settings.seed, "interval", one.number)
        intervals[one.number] = interval(_counts(one, folder), draws=DRAWS, rng=rng)
    found = [None if np.isnan(value) else float(value) for value in overlaps(counts.sum(axis=0))]
    low, high = intervals[row.number]
    facts = data.facts(settings.budget.time)
    about = {
        "score": row.value,
        "low": low,
        "high": high,
        "metric": METRIC,
        "overlaps": dict(zip(data.classes.names, found, strict=True)),
        "rows": len(data),
        "network": row.describe,
        "trained_on": "all scenes" if final else "the training scenes",
        **{name: made.notes.get(name) for name in ("params", "macs", "latency", "epochs")},
    }
    write_scene_bundle(
        folder / BUNDLE,
        data=data,
        facts=facts,
        space=SPACES[settings.space](facts, **settings.space_options).to_json(),
        params=row.params,
        weights=verify(folder, weights),
        about=about,
    )
    chosen = {"number": row.number, "score": mean_overlap(counts.sum(axis=0)), "low": low, "high": high}
    journal.set(
        "chosen", {**chosen, "overlaps": found, "intervals": intervals, "final": final is not None, "about": about}
    )


def _counts(row: TrialRow, folder: Path) -> NDArray[np.int64]:
    found = row.left("counts")
    if found is None:
        raise RunError(f"Trial {row.number} left no counts.", mend="Start the run again.", code="no-model")
    place = verify(folder, found)
    counts: NDArray[np.int64] = np.load(place, allow_pickle=False)
    return counts
