"""A run's memory: every trial asked and finished, on disk before anybody is told.

    with Journal.create(folder) as journal:
        journal.asked(trial)                                     # one commit: it will be run
        journal.finished(trial.number, TrialState.COMPLETE, 0.9, evaluation=evaluation)   # one commit: it counts

One process writes, the driver. Whatever kills it, a trial whose ``finished`` returned is there when the journal is
opened again, and one that was only asked comes back as running, to be run again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import FrozenTrial, TrialState

from hortus.data.notes import Note
from hortus.engine import database
from hortus.engine.row import COLUMNS, TrialRow, lost_row, read_row
from hortus.errors import JournalError
from hortus.evaluation.base import Evaluation

FILE = "journal.sqlite"

__all__ = ["FILE", "Journal", "TrialRow"]


class Journal:
    """A run's journal; make one with `create` or `open`. Its methods can be called from any thread.

    Attributes:
        notes: what was found damaged while reading, trial by trial.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.notes: list[Note] = []
        self._connection = connection
        self._lock = threading.RLock()
        with database.explained(path):
            (self._finished,) = connection.execute("SELECT coalesce(max(finished_order) + 1, 0) FROM trials").fetchone()

    @classmethod
    def create(cls, folder: Path) -> Journal:
        """Begin the journal of a new run in ``folder``.

        Raises:
            RunError: there is one already, or the folder cannot be written.
        """
        path = Path(folder) / FILE
        database.create(path)
        return cls(path, database.open_checked(path))

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False) -> Journal:
        """Open the journal of the run in ``folder``; one made by an older Hortus is brought up to date, after a backup.

        Args:
            folder: the run's.
            read_only: look at a run, which may be under way, without ever writing.

        Raises:
            JournalError: it is missing, damaged, or newer than this Hortus.
            RunError: it cannot be read or written.
        """
        path = Path(folder) / FILE
        return cls(path, database.open_checked(path, read_only=read_only))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock, database.explained(self.path):
            self._connection.close()

    # Settings, digests, versions: whatever belongs to the run as a whole.

    def get(self, key: str) -> Any:
        """The JSON value noted under ``key``; None where there is none.

        Raises:
            JournalError: the value is damaged.
        """
        with self._lock, database.explained(self.path):
            row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        try:
            return None if row is None else json.loads(row[0])
        except ValueError as error:
            raise JournalError(
                f"{key!r} in {str(self.path)!r} is damaged.",
                mend="Put a backup of the journal in its place, or start again in a new folder.",
                code="journal-damaged",
            ) from error

    def set(self, key: str, value: Any) -> None:
        """Note a JSON value under ``key``, in one commit."""
        with self._lock, database.transaction(self._connection, self.path) as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, _dumps(value)))

    # Trials.

    def asked(self, trial: FrozenTrial, *, after: int = 0, describe: str = "", seed: int | None = None) -> None:
        """Note a trial that is about to run, in one commit.

        Args:
            trial: with every question of the space answered.
            after: how many trials had been told when it was asked.
            describe: its candidate in one line.
            seed: of the trial.

        Raises:
            JournalError: a trial of this number was asked before.
        """
        row = (
            trial.number,
            TrialState.RUNNING.name,
            describe,
            _dumps(trial.params),
            _distributions(trial.distributions),
            _dumps(trial.system_attrs),
            _dumps(trial.user_attrs),
            after,
            seed,
            time.time(),
        )
        with self._lock:
            try:
                with database.transaction(self._connection, self.path) as connection:
                    connection.execute(
                        "INSERT INTO trials (number, state, describe, params, distributions, system_attrs, user_attrs, "
                        "after, seed, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        row,
                    )
            except JournalError as error:
                if isinstance(error.__cause__, sqlite3.IntegrityError):
                    raise self._out_of_turn(trial.number, "was asked before") from error
                raise

    def finished(
        self,
        number: int,
        state: TrialState,
        value: float | None = None,
        *,
        evaluation: Evaluation | None = None,
        reason: str = "",
        intermediate: Mapping[int, float] | None = None,
        system_attrs: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        distributions: Mapping[str, BaseDistribution] | None = None,
    ) -> None:
        """Note how a running trial ended, and the artifacts it left, in one commit.

        Args:
            number: the trial's.
            state: COMPLETE, PRUNED or FAIL.
            value: its score.
            evaluation: what the evaluator found.
            reason: why it failed or was stopped.
            intermediate: reported values, by rung.
            system_attrs: what samplers and pruners have noted; None for what stood there when it was asked.
            params: what it was answered while it ran; None likewise.
            distributions: behind each of them.

        Raises:
            JournalError: the trial is not running: it was never asked, or has ended before.
        """
        with self._lock, database.transaction(self._connection, self.path) as connection:
            changed = connection.execute(
                "UPDATE trials SET state = ?, value = ?, evaluation = ?, reason = ?, intermediate = ?, "
                "finished_at = ?, finished_order = ?, system_attrs = coalesce(?, system_attrs), "
                "params = coalesce(?, params), distributions = coalesce(?, distributions) "
                "WHERE number = ? AND state = ?",
                (
                    state.name,
                    None if value is None else float(value),
                    None if evaluation is None else _dumps(evaluation.to_json()),
                    reason,
                    _dumps(dict(intermediate or {})),
                    time.time(),
                    self._finished,
                    None if system_attrs is None else _dumps(dict(system_attrs)),
                    None if params is None else _dumps(dict(params)),
                    None if distributions is None else _distributions(distributions),
                    number,
                    TrialState.RUNNING.name,
                ),
            ).rowcount
            if changed != 1:
                raise self._out_of_turn(number, "is not running")
            for artifact in evaluation.artifacts if evaluation else ():
                connection.execute(
                    "INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?)",
                    (number, artifact.name, artifact.path, artifact.sha256, artifact.size),
                )
            self._finished += 1

    def trials(self) -> list[TrialRow]:
        """Every trial in the order of the numbers.

        A row that is damaged comes back as a failed trial without params; ``notes`` says which.
        """
        with self._lock, database.explained(self.path):
            found = self._connection.execute(f"SELECT {COLUMNS} FROM trials ORDER BY number").fetchall()  # noqa: S608
        self.notes.clear()
        rows: list[TrialRow] = []
        for values in found:
            number = values[0]
            # Numbers stay what they are: the place of a row that is lost is held by a failed one.
            while len(rows) < number:
                self.notes.append(_damage(len(rows), "it is missing"))
                rows.append(lost_row(len(rows)))
            try:
                rows.append(read_row(values))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                self.notes.append(_damage(number, f"{type(error).__name__}: {error}"))
                rows.append(lost_row(number))
        return rows

    def _out_of_turn(self, number: int, what: str) -> JournalError:
        return JournalError(
            f"Trial {number} of {str(self.path)!r} {what}.",
            mend="One process alone may write a journal: hold the folder's RunLock.",
            code="journal-out-of-turn",
        )


def _damage(number: int, why: str) -> Note:
    return Note(
        code="journal-row-damaged",
        what=f"The journal's row of trial {number} cannot be read ({why}).",
        place=f"trial {number}",
        mend="The trial counts as failed; all others are intact.",
        warning=True,
    )


def _distributions(found: Mapping[str, BaseDistribution]) -> str:
    return _dumps({name: distribution_to_json(one) for name, one in found.items()})


def _dumps(value: Any) -> str:
    return json.dumps(value, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Numbers of numpy as numbers of JSON."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON value")
