"""What a run leaves: its model, its leaderboard, its notes."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from optuna.trial import TrialState

from hortus.data.finding import Finding
from hortus.data.images import FILE as IMAGES
from hortus.data.notes import Note
from hortus.deploy.bundle import load_bundle
from hortus.engine.journal import Journal, TrialRow
from hortus.engine.result import leaderboard
from hortus.engine.row import ranked
from hortus.ensemble.gain import gain
from hortus.ensemble.honest import Estimate
from hortus.ensemble.predictor import Predictor
from hortus.errors import RunError
from hortus.evaluation.agreement import agreement_frame, agreements, spearman_table
from hortus.evaluation.scoring import by_fold
from hortus.explain.evidence import Evidence
from hortus.run.evidence import PREDICTIONS, STREAMED, read_evidence
from hortus.run.finish import Ensemble, choose, pool, save
from hortus.run.nothing import none_ended_well
from hortus.run.prepare import Prepared, recall
from hortus.run.settings import Settings
from hortus.run.tuned import is_tuned

BUNDLE = "model.hortus"
# The folder of what the search came to, where a model that has learned from all rows of a file took its place.
SEARCHED = "searched"
# Under which the journal keeps what came of learning from all rows of a file.
LEARNED = "streaming"
# What the whole evaluation is called beside its rungs.
FULL = "full"
# The best trials that the baseline is compared with.
COMPARED = 5


@dataclass(frozen=True)
class Result:
    """A run on disk, open for reading.

    Attributes:
        folder: the run's.
        rows: every trial.
        chosen: what the ensemble was when it was last chosen: weights by trial, score, estimate, intervals, ties.
        notes: what was noticed about the data.
        why: why the run ended: trials, time, exhausted, interrupted; "" if it never did.
        settings: how it was made; a metric that is a function is there only for whoever started the run.
    """

    folder: Path
    rows: tuple[TrialRow, ...]
    chosen: dict[str, Any]
    notes: tuple[Note, ...]
    why: str
    settings: Settings

    @cached_property
    def model(self) -> Predictor:
        """The model, loaded once."""
        return load_bundle(self.folder / BUNDLE)

    @cached_property
    def searched(self) -> Predictor:
        """What the search itself came to: the model, unless one that has learned from all rows took its place."""
        return load_bundle(self.folder / SEARCHED / BUNDLE) if self.chosen.get("streamed") else self.model

    @cached_property
    def prepared(self) -> Prepared:
        """The run's data.

        Raises:
            ArtifactError: a part of the run's folder is missing or damaged.
        """
        return recall(self.folder, self.settings)

    @cached_property
    def evidence(self) -> Evidence:
        """What the model can be explained from.

        Raises:
            ArtifactError: a part of the run's folder is missing or damaged.
        """
        return read_evidence(self.folder, self.prepared, self.model, self.leaderboard())

    @cached_property
    def searched_evidence(self) -> Evidence:
        """Likewise of `searched`: rows of the run's own table.

        Raises:
            ArtifactError: a part of the run's folder is missing or damaged.
        """
        return read_evidence(self.folder, self.prepared, self.searched, self.leaderboard())

    @property
    def score(self) -> float:
        """Of the model, out of fold; greater is better."""
        return float(self.chosen["score"])

    @property
    def estimate(self) -> Estimate:
        """What the model is expected to score on new rows, corrected for having been chosen."""
        return Estimate(**self.chosen["estimate"])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be known about the data."""
        return tuple(Finding.from_json(finding) for finding in self.model.facts["findings"])

    @property
    def made(self) -> dict[str, Any]:
        """How the run was made, as plain JSON values."""
        return {"settings": self.settings.to_json(), "why": self.why}

    def leaderboard(self) -> pd.DataFrame:
        """Every trial, the best first; see `hortus.engine.result.leaderboard` for the columns."""
        return leaderboard(
            self.rows,
            weights={int(number): weight for number, weight in self.chosen["weights"].items()},
            intervals={int(number): tuple(bounds) for number, bounds in self.chosen["intervals"].items()},
            tied=self.chosen["tied"],
        )

    def agreement(self) -> pd.DataFrame:
        """Whether the cheap rungs of this run ranked its candidates as the full evaluation does.

        Returns:
            A row for each rung with ``count``, ``spearman``, ``kendall`` and their 95 % intervals; NaN where fewer
            than eight candidates have both. No row for a run whose candidates reported nothing before their end.
        """
        return agreement_frame(agreements(self._columns(), against=FULL))

    def budgets(self) -> pd.DataFrame:
        """Spearman's correlation between every two budgets of this run's candidates, the stopped ones among them.

        See `hortus.evaluation.agreement.spearman_table`.
        """
        return spearman_table(self._columns())

    def _columns(self) -> dict[str, list[float]]:
        """Scores of every candidate, by what it was given for them."""
        rows = [row for row in self.rows if row.intermediate or row.state == TrialState.COMPLETE]
        steps = sorted({step for row in rows for step in row.intermediate})
        unit = {"rows": "{} % of the rows", "rounds": "{} % of the rounds"}.get(self.settings.rungs, "{} of the folds")
        columns = {unit.format(step): [row.intermediate.get(step, math.nan) for row in rows] for step in steps}
        done = [row.value if row.state == TrialState.COMPLETE else None for row in rows]
        return columns | {FULL: [math.nan if value is None else value for value in done]}


def require_run(folder: Path) -> None:
    """Refuse a folder that holds no run of a table.

    Raises:
        RunError: it holds none.
    """
    if (folder / "data" / IMAGES).exists():
        raise RunError(
            f"The run in {str(folder)!r} is one of images.",
            mend="hortus.load reads the model.hortus in it, and hortus leaderboard shows it.",
            code="run-of-images",
        )
    if not (folder / "journal.sqlite").exists():
        raise RunError(
            f"There is no run in {str(folder)!r}.",
            mend="Give the folder that `hortus fit` named at its end.",
            code="run-missing",
        )
    if is_tuned(folder):
        raise RunError(
            f"The run in {str(folder)!r} is one of a function.",
            mend="hortus leaderboard shows it; the same call, or hortus tune with --out, goes on with it.",
            code="run-of-a-function",
        )


def open_run(folder: Path) -> Result:
    """Open a run for reading. A run that was killed gets its model from the trials it had finished.

    Raises:
        RunError: the folder holds no run, or no trial of it has finished.
        JournalError: its journal is damaged, or was written by a newer Hortus.
    """
    require_run(folder)
    with Journal.open(folder) as journal:
        settings = Settings.from_json(journal.get("settings"))
        if journal.get("chosen") is None or not all((folder / name).exists() for name in (BUNDLE, PREDICTIONS)):
            conclude(journal, recall(folder, settings), settings, folder, seconds=None)
        settle(folder, streamed=bool(journal.get("chosen").get("streamed")))
        return read_result(journal, folder, settings)


def settle(folder: Path, *, streamed: bool) -> None:
    """Move a model that the journal has named the run's own to its place, where that was not done yet."""
    if streamed:
        # Another process that opens the run may have been quicker.
        with suppress(FileNotFoundError):
            (folder / STREAMED / BUNDLE).replace(folder / BUNDLE)


def conclude(
    journal: Journal, prepared: Prepared, settings: Settings, folder: Path, *, seconds: float | None
) -> Ensemble:
    """Choose the ensemble from what the journal holds, save it as the run's model, and note it.

    Returns:
        What was chosen.

    Raises:
        RunError: no trial has ended well; the reasons are named.
    """
    rows = journal.trials()
    candidates = _candidates(rows, journal.get("baseline"), prepared, folder)
    found = choose(candidates, prepared, folder, single=not settings.ensemble, seed=settings.seed, seconds=seconds)
    if found is None:
        raise none_ended_well(rows)
    findings = journal.get("findings")
    told = prepared.findings if findings is None else [Finding.from_json(finding) for finding in findings]
    if (journal.get("chosen") or {}).get("streamed"):
        # From here on the file is no longer what the journal says: a run killed now is concluded when it is opened.
        journal.set(LEARNED, None)
        journal.set("chosen", None)
    save(folder / BUNDLE, found, prepared, folder, findings=told)
    journal.set(
        "chosen",
        {
            "weights": found.weights,
            "score": found.score,
            "bounds": (found.estimate.low, found.estimate.high),
            "estimate": found.estimate.to_json(),
            "intervals": found.intervals,
            "tied": found.tied,
        },
    )
    return found


def _candidates(
    rows: list[TrialRow], baseline: dict[str, Any] | None, prepared: Prepared, folder: Path
) -> list[TrialRow]:
    """The trials; or the baseline alone where no trial is as good, as when there was no time for one to grow.

    The baseline is judged by one fold. Folds are not equally hard, so the trials are judged by that one too, and few
    rows say little: the baseline has to be better by more than a standard error.
    """
    if baseline is None:
        return rows
    simple = TrialRow.from_json(baseline)
    done = ranked(rows)
    if not done:
        return [simple]
    found = pool([*done[:COMPARED], simple], prepared, folder)
    said = dict(zip((row.number for row in found.rows), found.predictions, strict=True))
    if simple.number not in said:
        return rows
    there = said.pop(simple.number)
    alone = {n: by_fold(prepared.metric, found.y, p, found.folds, found.weight) for n, p in said.items()}
    rival = said[max(alone, key=lambda n: alone[n])]
    more, error = gain(prepared.metric, found.y, there, rival, found.weight, folds=found.folds)
    return [simple] if more > max(error, 0.0) else rows


def read_result(journal: Journal, folder: Path, settings: Settings) -> Result:
    """What the journal of a concluded run says."""
    streamed = journal.get(LEARNED)
    return Result(
        folder=folder,
        rows=tuple(journal.trials()),
        chosen=journal.get("chosen"),
        notes=tuple(Note(**note) for note in (*(journal.get("notes") or ()), *([streamed] if streamed else ()))),
        why=journal.get("why") or "",
        settings=settings,
    )
