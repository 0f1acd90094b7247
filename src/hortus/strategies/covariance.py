"""CMA-ES (Hansen 2016), its state replayed from the trials.

Optuna's sampler keeps its state pickled in the trials' attributes. Hortus reads no pickle, so here the updates of
the covariance are made again from the scores at every ask; that takes a few milliseconds for some hundred trials.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.search_space import intersection_search_space

from hortus.strategies.base import Past, Proposal, Strategy, checked
from hortus.strategies.borrowed import need
from hortus.strategies.genes import from_unit, to_unit


class Covariance(Strategy):
    """Covariance matrix adaptation over the numbers that every trial was asked for; the rest is random.

    Args:
        seed: of this sampler.
        population_size: trials for one update; None for 4 + 3 ln d, d being how many numbers there are.
        sigma: first step, as a share of each range.
        n_startup_trials: random trials before the first step.

    Raises:
        SettingError: an argument is out of its range.
        MissingExtraError: cmaes is not installed.
    """

    requires: ClassVar[frozenset[str]] = frozenset({"numbers"})

    def __init__(
        self, *, seed: int = 0, population_size: int | None = None, sigma: float = 0.2, n_startup_trials: int = 1
    ) -> None:
        super().__init__(seed=seed)
        need("cmaes", "cmaes")
        self.population_size = (
            None if population_size is None else int(checked("population_size", population_size, 3, 1_000_000))
        )
        self.sigma = checked("sigma", sigma, 1e-9, 1)
        self.n_startup_trials = int(checked("n_startup_trials", n_startup_trials, 1, 1_000_000))

    def propose(self, past: Past, number: int, rng: np.random.Generator) -> Proposal:  # noqa: ARG002
        """Return a draw from the normal distribution that the trials so far lead to."""
        done = past.done
        axes = _axes(past)
        if len(done) < self.n_startup_trials or not axes:
            return Proposal({})
        from cmaes import CMA  # type: ignore[import-untyped]

        size = self.population_size or 4 + int(3 * np.log(len(axes)))
        start = max(done[: self.n_startup_trials], key=past.score)
        optimizer = CMA(
            mean=_point(axes, start.params),
            sigma=self.sigma,
            bounds=np.tile([0.0, 1.0], (len(axes), 1)),
            population_size=size,
            seed=int(rng.integers(2**31)),
        )
        told = [t for t in done[self.n_startup_trials :] if np.isfinite(past.score(t))]
        for begin in range(0, len(told) - size + 1, size):
            optimizer.tell([(_point(axes, t.params), -past.score(t)) for t in told[begin : begin + size]])
            if optimizer.should_stop():
                # Converged: go on from a random place, with a new covariance.
                optimizer = CMA(
                    mean=np.random.default_rng(begin).random(len(axes)),
                    sigma=self.sigma,
                    bounds=np.tile([0.0, 1.0], (len(axes), 1)),
                    population_size=size,
                    seed=int(rng.integers(2**31)),
                )
        asked = optimizer.ask()
        return Proposal(
            {name: from_unit(axis, float(at)) for (name, axis), at in zip(axes.items(), asked, strict=True)}
        )


def _axes(past: Past) -> dict[str, FloatDistribution | IntDistribution]:
    shared: dict[str, BaseDistribution] = intersection_search_space(list(past.done))
    return {
        name: axis
        for name, axis in sorted(shared.items())
        if isinstance(axis, FloatDistribution | IntDistribution) and not axis.single()
    }


def _point(axes: dict[str, FloatDistribution | IntDistribution], params: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array([to_unit(axis, params[name]) for name, axis in axes.items()])
