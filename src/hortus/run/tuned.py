"""What a search over a function leaves: the best arguments, every trial as a table, pictures, a study of Optuna's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution
from optuna.study import Study
from optuna.trial import FixedTrial, TrialState

from hortus.engine.journal import FILE, Journal, TrialRow
from hortus.engine.result import STATES
from hortus.engine.study import new_study
from hortus.errors import RunError
from hortus.explain.charts.alone import Picture
from hortus.explain.charts.bars import Bar, bars
from hortus.explain.charts.trials import progress, slice_of
from hortus.run.nothing import none_ended_well
from hortus.spaces import SPACES

Direction = Literal["maximize", "minimize"]
# Under which the journal of a run over a function keeps what it is of.
TUNED = "tuning"


@dataclass(frozen=True)
class Best:
    """The best trial.

    Attributes:
        number: the trial's.
        params: what the function was given, by its own names.
        value: what it returned.
    """

    number: int
    params: dict[str, Any]
    value: float


@dataclass(frozen=True)
class Tuned:
    """A run over a function, open for reading.

    Attributes:
        folder: the run's.
        rows: every trial; scores are greater better there.
        direction: ``"maximize"`` or ``"minimize"``.
        objective: the function's name.
        strategy: how it was searched.
        why: why it ended: trials, time, exhausted, interrupted; "" if it never did.
        space: as its ``to_json`` gives it.
    """

    folder: Path
    rows: tuple[TrialRow, ...]
    direction: Direction
    objective: str
    strategy: str
    why: str
    space: Mapping[str, Any]

    @property
    def sign(self) -> float:
        """1 where greater values are better, -1 where smaller ones are."""
        return 1.0 if self.direction == "maximize" else -1.0

    @cached_property
    def best(self) -> Best | None:
        """The best trial, the earliest of equals; None where none ended well."""
        done = self._done
        if not done:
            return None
        row = max(done, key=lambda row: (row.value, -row.number))
        return Best(row.number, self.params_of(row), self.sign * float(row.value or 0.0))

    @property
    def best_params(self) -> dict[str, Any]:
        """What the function was given where it was best.

        Raises:
            RunError: no trial ended well; the reasons are named.
        """
        return self._best.params

    @property
    def best_value(self) -> float:
        """What it returned there.

        Raises:
            RunError: no trial ended well; the reasons are named.
        """
        return self._best.value

    @property
    def _best(self) -> Best:
        if self.best is None:
            raise none_ended_well(self.rows, mend="Call the function once by hand, or give more time.", code="no-trial")
        return self.best

    @cached_property
    def _done(self) -> list[TrialRow]:
        return [row for row in self.rows if row.state == TrialState.COMPLETE and row.value is not None]

    def params_of(self, row: TrialRow) -> dict[str, Any]:
        """What the function was given in a trial, by its own names."""
        settings = dict(self.space)
        if settings["name"] != "declared" or not row.params:
            return dict(row.params)
        space = SPACES[settings.pop("name")](None, **settings)
        found: dict[str, Any] = space(FixedTrial(row.params)).params  # type: ignore[attr-defined]
        return found

    def leaderboard(self) -> pd.DataFrame:
        """Every trial, the best first, then those that failed.

        Returns:
            A frame with the columns rank, trial, value, state, seconds, a column for each parameter (its own name;
            empty where it was not asked), one for each attribute the function has set, and reason.
        """
        ranked = sorted(self.rows, key=lambda r: (r.state != TrialState.COMPLETE, -(r.value or 0.0), r.number))
        lines = []
        for rank, row in enumerate(ranked, 1):
            evaluation = row.evaluation
            taken = (row.finished_at or row.asked_at) - row.asked_at
            complete = row.state == TrialState.COMPLETE and row.value is not None
            lines.append(
                {
                    "rank": rank,
                    "trial": row.number,
                    "value": self.sign * float(row.value or 0.0) if complete else float("nan"),
                    "state": STATES[row.state],
                    "seconds": evaluation.seconds if evaluation else taken,
                    **self.params_of(row),
                    **(evaluation.notes.get("attrs", {}) if evaluation else {}),
                    "reason": row.reason,
                }
            )
        frame = pd.DataFrame(lines, columns=None if lines else ["rank", "trial", "value", "state", "seconds", "reason"])
        return frame[[name for name in frame.columns if name != "reason"] + ["reason"]]

    def history(self) -> pd.DataFrame:
        """The trials that ended well in the order of their numbers: trial, value, best (so far), elapsed (seconds)."""
        values = np.array([self.sign * float(row.value or 0.0) for row in self._done])
        best = np.maximum.accumulate(values) if self.sign > 0 else np.minimum.accumulate(values)
        begin = min((row.asked_at for row in self.rows), default=0.0)
        elapsed = [(row.finished_at or row.asked_at) - begin for row in self._done]
        numbers = [row.number for row in self._done]
        return pd.DataFrame({"trial": numbers, "value": values, "best": best, "elapsed": elapsed})

    def importance(self) -> pd.Series[float]:
        """How much each parameter decides, the most first; they sum to 1 (PED-ANOVA, Watanabe et al. 2023).

        Raises:
            RunError: fewer than four trials ended well.
        """
        from optuna.importance import get_param_importances

        if len(self._done) < 4:
            raise RunError(
                f"{len(self._done)} trials that ended well say nothing about importance.",
                mend="Make at least four trials.",
                code="too-few-trials",
            )
        return pd.Series(get_param_importances(self.to_optuna()), dtype=float, name="importance")

    def plot_history(self) -> Picture:
        """The value of every trial, and the best so far."""
        _ = self._best
        found = self.history()
        numbers = [int(number) for number in found["trial"]]
        told = f"The best value is {self.best_value:.6g}, found by trial {self._best.number} of {len(self.rows)}."
        return Picture(progress(numbers, found["value"].to_numpy(), found["best"].to_numpy(), told=told))

    def plot_importance(self) -> Picture:
        """How much each parameter decides."""
        found = self.importance()
        rows = [Bar(str(name), float(value)) for name, value in found.items()]
        told = f"{found.index[0]} decides most."
        title = "What decides"
        return Picture(bars(rows, title=title, told=told, label="share of the importance", form=lambda v: f"{v:.2f}"))

    def plot_slice(self, name: str) -> Picture:
        """The value of every trial over one parameter.

        Args:
            name: of the parameter, as the leaderboard's columns of a study have it.

        Raises:
            RunError: no trial that ended well was asked for it.
        """
        rows = [row for row in self._done if name in row.params]
        if not rows:
            known = sorted({param for row in self._done for param in row.params})
            raise RunError(
                f"No trial that ended well was asked for {name!r}.",
                mend=f"Known are: {', '.join(known)}.",
                code="unknown-parameter",
            )
        distribution = rows[0].distributions[name]
        values: NDArray[np.float64] = np.array([self.sign * float(row.value or 0.0) for row in rows])
        labels, log = None, bool(getattr(distribution, "log", False))
        if isinstance(distribution, CategoricalDistribution):
            labels = [str(choice) for choice in distribution.choices]
            places = np.array([distribution.to_internal_repr(row.params[name]) for row in rows], dtype=np.float64)
        else:
            places = np.array([float(row.params[name]) for row in rows])
        marked = int(np.argmax(self.sign * values))
        told = f"The best of {len(rows)} trials has {name} = {rows[marked].params[name]}."
        return Picture(slice_of(name, places, values, marked, labels=labels, log=log, told=told))

    def to_optuna(self) -> Study:
        """The trials as a study of Optuna's, in memory, with the function's own values and direction."""
        study = new_study(self.direction)
        for row in self.rows:
            value = None if row.value is None else self.sign * row.value
            intermediate = {step: self.sign * found for step, found in row.intermediate.items()}
            study.add_trial(replace(row, value=value, intermediate=intermediate).to_frozen())
        return study


def is_tuned(folder: Path) -> bool:
    """Whether a folder holds a run over a function."""
    if not (Path(folder) / FILE).is_file():
        return False
    with Journal.open(folder, read_only=True) as journal:
        return journal.get(TUNED) is not None


def open_tuned(folder: Path) -> Tuned:
    """Open a run over a function for reading; it may be under way.

    Raises:
        JournalError: its journal is missing or damaged, or was written by a newer Hortus.
        RunError: the folder holds another kind of run.
    """
    with Journal.open(folder, read_only=True) as journal:
        told = journal.get(TUNED)
        if told is None:
            raise RunError(
                f"The run in {str(folder)!r} is none of a function.",
                mend="Use hortus leaderboard for it.",
                code="run-other-kind",
            )
        rows, why = tuple(journal.trials()), journal.get("why") or ""
    return Tuned(
        Path(folder), rows, told["direction"], str(told["objective"]), str(told["strategy"]), why, told["space"]
    )
