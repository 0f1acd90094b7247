"""When a trial stops before its last rung: Optuna's pruners by name, and the schedules they follow.

A rung is a fold or a growth stage. Successive halving keeps the best 1/eta of what reaches a rung (Jamieson and
Talwalkar 2016; asynchronous: Li et al. 2020, "ASHA"); Hyperband runs it from several starting rungs, which hedges
against judging too early (Li et al. 2018).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
)

from hortus.errors import SettingError, nearest
from hortus.strategies.base import checked
from hortus.strategies.extrapolation import Extrapolation
from hortus.strategies.racing import Racing


@dataclass(frozen=True)
class Rung:
    """A stage of one bracket.

    Attributes:
        candidates: how many reach it.
        resource: what each of them has been given by its end.
    """

    candidates: int
    resource: int


def rungs(least: int, most: int, eta: int = 3) -> tuple[int, ...]:
    """Resources after which successive halving compares, from ``least`` by factors of ``eta`` up to ``most``.

    >>> rungs(1, 81)
    (1, 3, 9, 27, 81)
    >>> rungs(1, 5, eta=2)
    (1, 2, 4, 5)

    Raises:
        SettingError: not 1 <= least <= most, or eta is below 2.
    """
    checked("least", least, 1, 10**12)
    checked("most", most, least, 10**12)
    checked("eta", eta, 2, 10**6)
    found = []
    at = least
    while at < most:
        found.append(at)
        at *= eta
    return (*found, most)


def brackets(most: int, eta: int = 3) -> tuple[tuple[Rung, ...], ...]:
    """Hyperband's brackets for a largest resource R = ``most`` (Li et al. 2018, algorithm 1), the keenest first.

    >>> [(r.candidates, r.resource) for r in brackets(81)[0]]
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)]

    Raises:
        SettingError: ``most`` is below 1, or eta is below 2.
    """
    # In whole numbers: floor(log_eta R) by floating point is wrong for R = 243.
    s_max = len(rungs(1, int(checked("most", most, 1, 10**12)), eta)) - 1
    if eta**s_max > most:
        s_max -= 1
    found = []
    for s in range(s_max, -1, -1):
        n = -(-(s_max + 1) * eta**s // (s + 1))
        found.append(tuple(Rung(n // eta**i, most * eta**i // eta**s) for i in range(s + 1)))
    return tuple(found)


def _halving(
    *,
    min_resource: int | str = 1,
    reduction_factor: int = 3,
    min_early_stopping_rate: int = 0,
) -> BasePruner:
    return SuccessiveHalvingPruner(min_resource, reduction_factor, min_early_stopping_rate)


def _hyperband(
    *, min_resource: int = 1, max_resource: int | str = "auto", reduction_factor: int = 3, bootstrap_count: int = 0
) -> BasePruner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return HyperbandPruner(min_resource, max_resource, reduction_factor, bootstrap_count)


def _median(*, n_startup_trials: int = 5, n_warmup_steps: int = 0, n_min_trials: int = 1) -> BasePruner:
    return MedianPruner(n_startup_trials, n_warmup_steps, n_min_trials=n_min_trials)


def _percentile(
    *, percentile: float = 25.0, n_startup_trials: int = 5, n_warmup_steps: int = 0, n_min_trials: int = 1
) -> BasePruner:
    return PercentilePruner(percentile, n_startup_trials, n_warmup_steps, n_min_trials=n_min_trials)


PRUNERS: Mapping[str, Callable[..., BasePruner]] = {
    "none": NopPruner,
    "median": _median,
    "percentile": _percentile,
    "halving": _halving,
    "hyperband": _hyperband,
    "extrapolation": Extrapolation,
    "racing": Racing,
}


def make_pruner(name: str, options: Mapping[str, Any] | None = None) -> BasePruner:
    """Return the pruner called ``name``.

    Args:
        name: none, median, percentile, halving, hyperband, extrapolation or racing.
        options: its settings, by Optuna's names.

    Raises:
        SettingError: there is no such pruner or option, or a value cannot be used.
    """
    if name not in PRUNERS:
        raise SettingError(f"There is no pruner called {name!r}.", mend=nearest(name, PRUNERS), code="unknown-pruner")
    options = dict(options or {})
    known = list(inspect.signature(PRUNERS[name]).parameters)
    for option in options:
        if option not in known:
            raise SettingError(
                f"The pruner {name!r} has no option called {option!r}.",
                mend=nearest(option, known) if known else "It takes none.",
                code="unknown-pruner-option",
            )
    try:
        return PRUNERS[name](**options)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"The pruner {name!r} cannot use the options {options!r}: {error}.",
            mend="Look up what they mean in Optuna's documentation.",
            code="bad-pruner-option",
        ) from error
