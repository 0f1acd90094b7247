"""How a space is walked: samplers of Optuna's interface, by name.

A fresh sampler is made for every ask, so a sampler of this package keeps nothing between trials: all it needs is
read from the study's trials. Each works in anybody's plain Optuna study too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hortus.errors import SettingError, nearest
from hortus.registry import Registry

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    Maker = Callable[..., BaseSampler]

STRATEGIES: Registry[Maker] = Registry(
    "strategy",
    {
        "random": "hortus.strategies.borrowed:random",
        "grid": "hortus.strategies.grid:Grid",
        "tpe": "hortus.strategies.borrowed:tpe",
        "gp": "hortus.strategies.borrowed:gp",
        "cmaes": "hortus.strategies.covariance:Covariance",
        "nsga2": "hortus.strategies.nsga2:Nsga2",
        "evolution": "hortus.strategies.evolution:Evolution",
        "frugal": "hortus.strategies.frugal:Frugal",
        "local": "hortus.strategies.local:Local",
        "network_morphism": "hortus.strategies.network_morphism:NetworkMorphism",
        "predictor": "hortus.strategies.predictor:Predictor",
        "differentiable": "hortus.strategies.decoded:Differentiable",
        "reinforcement": "hortus.strategies.reinforcement:Reinforcement",
    },
    group="hortus.strategies",
)


def make_sampler(name: str, *, seed: int, options: Mapping[str, Any] | None = None) -> BaseSampler:
    """Return the strategy called ``name`` as a sampler of Optuna's.

    Args:
        name: a row of ``STRATEGIES``.
        seed: of this sampler alone.
        options: the strategy's own settings, by name.

    Raises:
        SettingError: there is no such strategy or option, or an option's value cannot be used.
        MissingExtraError: the strategy needs a library that is not installed.

    >>> make_sampler("evolution", seed=0, options={"population_size": 20}).population_size
    20
    """
    maker = STRATEGIES[name]
    options = dict(options or {})
    known = option_names(name)
    for option in options:
        if option not in known:
            mend = nearest(option, known) if known else "It takes none."
            raise SettingError(
                f"The strategy {name!r} has no option called {option!r}.", mend=mend, code="unknown-strategy-option"
            )
    try:
        return maker(seed=seed, **options)
    except (TypeError, ValueError) as error:
        if isinstance(error, SettingError):
            raise
        raise SettingError(
            f"The strategy {name!r} cannot use the options {options!r}: {error}.",
            mend="Look up what they mean in the documentation of the strategy.",
            code="bad-strategy-option",
        ) from error


def option_names(name: str) -> list[str]:
    """Return the names of the options that the strategy called ``name`` takes.

    >>> option_names("random")
    []
    """
    parameters = inspect.signature(STRATEGIES[name]).parameters.values()
    return [p.name for p in parameters if p.name not in ("self", "seed")]
