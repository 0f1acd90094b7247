"""One trial as the journal knows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from hortus.data.artifacts import Stored
from hortus.evaluation.base import Evaluation

# The number of the model that the driver fits while the first trials run; it is no trial.
BASELINE = -1

COLUMNS = (
    "number, state, describe, params, distributions, system_attrs, user_attrs, after, seed, asked_at, finished_at, "
    "finished_order, value, intermediate, evaluation, reason"
)


@dataclass(frozen=True)
class TrialRow:
    """One trial as the journal knows it.

    Attributes:
        number: the trial's.
        state: RUNNING where it was asked and has not ended: it was interrupted.
        params: what the strategy answered.
        value: its score; None where it failed.
        evaluation: what the evaluator found; None where it failed.
        reason: why it failed or was stopped; "" where neither.
        describe: its candidate in one line.
        after: how many trials had been told when it was asked.
        seed: of the trial, where it was noted.
        distributions: behind each of the params.
        system_attrs: what samplers noted.
        user_attrs: what anybody noted.
        intermediate: reported values, by rung.
        asked_at: seconds since 1970.
        finished_at: seconds since 1970; None while it runs.
        finished_order: 0 for the first trial that finished, and so on.
    """

    number: int
    state: TrialState
    params: dict[str, Any]
    value: float | None = None
    evaluation: Evaluation | None = None
    reason: str = ""
    describe: str = ""
    after: int = 0
    seed: int | None = None
    distributions: dict[str, BaseDistribution] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    intermediate: dict[int, float] = field(default_factory=dict)
    asked_at: float = 0.0
    finished_at: float | None = None
    finished_order: int | None = None

    @property
    def finished(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state.is_finished()

    @property
    def model(self) -> str:
        """The learner of its pipeline, in a tree that at the root; "" where it is no pipeline."""
        return str(self.params.get("model", self.params.get("root/model", "")))

    def left(self, name: str) -> Stored | None:
        """The file that it left in the role ``name``; None if it left none."""
        return self.evaluation.left(name) if self.evaluation else None

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> TrialRow:
        """A finished row that is no trial of the study, such as the baseline: params, value, evaluation, describe."""
        return cls(
            number=int(found.get("number", BASELINE)),
            state=TrialState.COMPLETE,
            params=dict(found["params"]),
            value=found["value"],
            evaluation=Evaluation.from_json(found["evaluation"]),
            describe=str(found["describe"]),
        )

    def to_frozen(self, *, running: bool = False) -> FrozenTrial:
        """The trial as Optuna knows it, for ``study.add_trial``.

        Args:
            running: give it as running whatever its state, to be told later.
        """
        state = TrialState.RUNNING if running else self.state
        if state == TrialState.PRUNED and self.value is None:
            state = TrialState.FAIL
        attrs = dict(self.user_attrs)
        if self.evaluation is not None:
            attrs["work"] = self.evaluation.work
        trial = create_trial(
            state=state,
            value=self.value if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
            params=self.params,
            distributions=self.distributions,
            user_attrs=attrs,
            system_attrs=self.system_attrs,
            intermediate_values=self.intermediate,
        )
        trial.datetime_start = datetime.fromtimestamp(self.asked_at)
        if state.is_finished() and self.finished_at is not None:
            trial.datetime_complete = datetime.fromtimestamp(self.finished_at)
        return trial


def ranked(rows: Iterable[TrialRow]) -> list[TrialRow]:
    """The trials that ended well, the best first, the earlier of equals."""
    done = [row for row in rows if row.state == TrialState.COMPLETE and row.value is not None]
    return sorted(done, key=lambda row: (-(row.value or 0.0), row.number))


def read_row(values: Sequence[Any]) -> TrialRow:
    """Make a row of the journal's `COLUMNS`, where text stands as bytes.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: something in it is damaged.
    """
    number, state, describe, params, distributions, system_attrs, user_attrs, after, seed, asked_at, *rest = values
    finished_at, finished_order, value, intermediate, evaluation, reason = rest
    row = TrialRow(
        number=number,
        state=TrialState[state.decode()],
        params=_object(params),
        value=value,
        evaluation=None if evaluation is None else Evaluation.from_json(json.loads(evaluation)),
        reason=reason.decode(),
        describe=describe.decode(),
        after=after,
        seed=seed,
        distributions={name: _distribution(text) for name, text in _object(distributions).items()},
        system_attrs=_object(system_attrs),
        user_attrs=_object(user_attrs),
        intermediate={int(step): float(found) for step, found in _object(intermediate).items()},
        asked_at=float(asked_at),
        finished_at=finished_at,
        finished_order=finished_order,
    )
    # Raises where params and distributions do not fit together, or a complete trial has no score.
    row.to_frozen()
    return row


def lost_row(number: int) -> TrialRow:
    """What stands in the place of a row that cannot be read."""
    return TrialRow(number, TrialState.FAIL, {}, reason="error: its row in the journal is damaged")


@lru_cache(maxsize=4096)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _object(text: bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(f"{found!r} stands where names and values are wanted")
    return found
