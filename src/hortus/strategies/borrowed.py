"""Samplers that Optuna brings; each takes Optuna's own options."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from hortus.errors import MissingExtraError


class _Parzen(TPESampler):
    """Looks at what running trials were asked, and not at what else Optuna had in store for them.

    That stands beside the trials, and is lost when a study is rebuilt from them.
    """

    def _get_params(self, trial: FrozenTrial, study: Study) -> dict[str, Any]:  # noqa: ARG002
        return trial.params


class _Gaussian(GPSampler):
    """Clips infinite scores without a warning: a candidate that fails so is nothing a person can act on."""

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Clip non-finite values")
            return super().sample_relative(study, trial, search_space)


def random(*, seed: int) -> BaseSampler:
    """Every answer drawn independently (Bergstra and Bengio 2012)."""
    return RandomSampler(seed=seed)


def tpe(
    *,
    seed: int,
    n_startup_trials: int = 10,
    n_ei_candidates: int = 24,
    multivariate: bool = True,
    group: bool = True,
    constant_liar: bool = True,
) -> BaseSampler:
    """Tree-structured Parzen estimator (Bergstra et al. 2011; Watanabe 2023).

    ``group`` models together the answers that occur together, which suits conditional spaces.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _Parzen(
            seed=seed,
            n_startup_trials=n_startup_trials,
            n_ei_candidates=n_ei_candidates,
            multivariate=multivariate,
            group=group and multivariate,
            constant_liar=constant_liar,
        )


def gp(*, seed: int, n_startup_trials: int = 10) -> BaseSampler:
    """Gaussian process with Matérn kernel and log expected improvement.

    It models the questions that every trial was asked; the others are answered at random.

    Raises:
        MissingExtraError: torch is not installed.
    """
    need("torch", "gp")
    return _Gaussian(seed=seed, n_startup_trials=n_startup_trials, warn_independent_sampling=False)


def need(module: str, strategy: str) -> None:
    """Check that the library called ``module`` is there.

    Raises:
        MissingExtraError: it is not; the message has the command that brings it.
    """
    if find_spec(module) is None:
        raise MissingExtraError(
            f"The strategy {strategy!r} needs {module}, which is not installed.",
            mend="Run: pip install 'hortus[gp]'",
            code="missing-extra",
        )
