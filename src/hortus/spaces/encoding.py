"""Params as vectors, for any space: what surrogates and predictors learn from.

A space is a function of a trial, so its questions are known by having been asked. The encoder reads them off the
trials there are: their distributions and, of every question that only some were asked, the answer that decides it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

Params = Mapping[str, Any]
Answer = tuple[type, Any]  # 1, 1.0 and True are equal, and different answers.


@dataclass(frozen=True)
class Condition:
    """When a question is asked: ``name`` was answered with one of ``answers``."""

    name: str
    answers: frozenset[Answer]


@dataclass(frozen=True)
class Encoder:
    """Params to vectors of one length.

    A category has a column for each of its choices, one of them 1. A number has one column, from 0 at the low end of
    its range to 1 at the high end, over the logarithm where the distribution has one. A number that is not always
    asked has a second column, 1 where it was. An unasked category is all zeros, an unasked number 0.5.

    Attributes:
        distributions: of each question, by name.
        conditions: of the questions that some trials were not asked, those that one other answer decides.
        optional: the names that some trials were not asked.

    >>> from optuna.trial import create_trial
    >>> kind, rate = CategoricalDistribution(("a", "b")), FloatDistribution(0.0, 4.0)
    >>> trials = [
    ...     create_trial(value=0.0, params={"kind": "a"}, distributions={"kind": kind}),
    ...     create_trial(value=0.0, params={"kind": "b", "x": 1.0}, distributions={"kind": kind, "x": rate}),
    ... ]
    >>> encoder = Encoder.learned(trials)
    >>> encoder.columns
    (('kind', 'a'), ('kind', 'b'), ('x', None), ('x', 'asked'))
    >>> encoder.encode([{"kind": "b", "x": 1.0}, {"kind": "a", "x": 1.0}]).tolist()
    [[0.0, 1.0, 0.25, 1.0], [1.0, 0.0, 0.5, 0.0]]
    """

    distributions: Mapping[str, BaseDistribution]
    conditions: Mapping[str, Condition]
    optional: frozenset[str]

    @classmethod
    def learned(cls, trials: Sequence[FrozenTrial]) -> Encoder:
        """Read the questions off ``trials``; of a name with several distributions the last counts."""
        distributions: dict[str, BaseDistribution] = {}
        for trial in trials:
            distributions.update(trial.distributions)
        names = sorted(distributions)
        asked = np.array([[name in trial.params for name in names] for trial in trials], dtype=bool)
        asked = asked.reshape(len(trials), len(names))
        always: NDArray[np.bool_] = np.all(asked, axis=0)
        conditions = {}
        for column in np.flatnonzero(~always):
            found = _condition(int(column), names, distributions, asked, trials)
            if found is not None:
                conditions[names[column]] = found
        optional = frozenset(name for name, every in zip(names, always.tolist(), strict=True) if not every)
        return cls({name: distributions[name] for name in names}, conditions, optional)

    @property
    def columns(self) -> tuple[tuple[str, Any], ...]:
        """What each column holds: a name, with the choice of a category, None for a number, "asked" for its second."""
        found: list[tuple[str, Any]] = []
        for name, distribution in self.distributions.items():
            if isinstance(distribution, CategoricalDistribution):
                found += [(name, choice) for choice in distribution.choices]
            else:
                found += [(name, None)] + ([(name, "asked")] if name in self.optional else [])
        return tuple(found)

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """(D,) which columns are numbers on [0, 1]; the others are 0 or 1."""
        kinds = [
            column is None and not isinstance(self.distributions[name], CategoricalDistribution)
            for name, column in self.columns
        ]
        return np.array(kinds, dtype=bool)

    def active(self, params: Params) -> dict[str, Any]:
        """``params`` without the answers to questions that would not be asked, as far as the trials tell."""
        if not self.conditions:
            return dict(params)
        kept: dict[str, bool] = {}

        def asked(name: str) -> bool:
            if name not in kept:
                condition = self.conditions.get(name)
                kept[name] = name in params and (
                    condition is None
                    or (asked(condition.name) and _answer(params[condition.name]) in condition.answers)
                )
            return kept[name]

        return {name: value for name, value in params.items() if asked(name)}

    def encode(self, params: Sequence[Params]) -> NDArray[np.float64]:
        """The vectors of ``params``.

        Args:
            params: n of them; answers to questions that would not be asked are looked past, and so are unknown names.

        Returns:
            (n, D), D the number of ``columns``.
        """
        rows = [self.active(one) for one in params]
        parts = [
            _one_hot(name, distribution, rows)
            if isinstance(distribution, CategoricalDistribution)
            else _number(name, distribution, rows, optional=name in self.optional)
            for name, distribution in self.distributions.items()
        ]
        return np.hstack(parts) if parts else np.zeros((len(rows), 0))


def _answer(value: Any) -> Answer:
    return type(value), value


def _condition(
    column: int,
    names: Sequence[str],
    distributions: Mapping[str, BaseDistribution],
    asked: NDArray[np.bool_],
    trials: Sequence[FrozenTrial],
) -> Condition | None:
    """The nearest question whose answers tell the trials with the column from those without it."""
    own = asked[:, column]
    # Of questions asked strictly more often, the one asked least often is the nearest; and none decides itself.
    wider = np.flatnonzero((asked | ~own[:, None]).all(axis=0) & (asked.sum(axis=0) > own.sum()))
    for other in wider[np.argsort(asked[:, wider].sum(axis=0), kind="stable")].tolist():
        name = names[other]
        if isinstance(distributions[name], FloatDistribution):
            continue
        present = {_answer(trials[i].params[name]) for i in np.flatnonzero(own).tolist()}
        absent = {_answer(trials[i].params[name]) for i in np.flatnonzero(asked[:, other] & ~own).tolist()}
        if not present & absent:
            return Condition(name, frozenset(present))
    return None


def _one_hot(name: str, distribution: CategoricalDistribution, rows: Sequence[Params]) -> NDArray[np.float64]:
    places = {_answer(choice): place for place, choice in enumerate(distribution.choices)}
    found = np.zeros((len(rows), len(places)))
    for i, row in enumerate(rows):
        place = places.get(_answer(row[name])) if name in row else None
        if place is not None:
            found[i, place] = 1.0
    return found


def _number(
    name: str, distribution: BaseDistribution, rows: Sequence[Params], *, optional: bool
) -> NDArray[np.float64]:
    found = np.full((len(rows), 1 + optional), 0.5)
    for i, row in enumerate(rows):
        if name in row:
            found[i, 0] = unit(distribution, row[name])
    if optional:
        found[:, 1] = [name in row for row in rows]
    return found


def unit(distribution: BaseDistribution, value: float) -> float:
    """Where ``value`` lies in the range of a distribution of numbers, from 0 to 1.

    >>> unit(FloatDistribution(1.0, 4.0, log=True), 2.0), unit(IntDistribution(1, 5), 2)
    (0.5, 0.25)

    Raises:
        TypeError: the distribution is one of categories.
    """
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        raise TypeError(f"{distribution!r} is not a distribution of numbers.")
    low, high, at = float(distribution.low), float(distribution.high), float(value)
    if distribution.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.5
