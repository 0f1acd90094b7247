"""Cost-frugal search: randomized direct search from cheap starting points, one walk for each family, on samples that
grow.

Wu, Wang and Huang 2021, "Frugal Optimization for Cost-related Hyperparameters" (AAAI): FLOW2 tries a random
direction, then the opposite one, and shortens its step where neither helps. Wang, Wu, Weimer and Zhu 2021, "FLAML"
(MLSys): which family goes on is drawn by its estimated cost for improvement (ECI), and a walk that would need more
work to improve than its best point would on twice the rows takes twice the rows. A family is a value of the first
categorical question, such as the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial

from hortus.errors import SettingError
from hortus.strategies.base import ROWS, TAG, Genes, Past, Proposal, Strategy, checked
from hortus.strategies.genes import fits, from_unit, number, other, to_unit

TRIES = 20
# A walk has converged when its step along each axis is below this share of the range.
FINEST = 0.01
# A walk's first share of the rows may be as small as this; each time it grows, it doubles.
LEAST_SAMPLE, GROWTH = 0.001, 2.0
# Chance that a step changes one of the categories as well.
SWITCH = 0.3


@dataclass
class Walk:
    """One family's search, replayed from the trials.

    Attributes:
        restarts: how many times it began anew.
        incumbent: the best of the walk under way; None where it has yet to begin.
        step: along each axis, as a share of the range.
        probe: a trial that did not help and whose opposite was not tried.
        spent: work of all its trials.
        improved_at: work spent at its improvements, the latest last.
        best: score of each of them.
        rows: share of the rows that its trials learn from.
    """

    restarts: int = 0
    incumbent: FrozenTrial | None = None
    step: float = 0.0
    probe: FrozenTrial | None = None
    failures: int = 0
    trials: int = 0
    trials_at_best: int = 0
    spent: float = 0.0
    improved_at: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    rows: float = 1.0


class Frugal(Strategy):
    """FLOW2 walks over mixed and conditional spaces, chosen by ECI. Costs are the trials' ``work`` where they have it.

    Args:
        seed: of this sampler.
        start: cheap answers to begin with, by parameter name; may be partial. Enqueued trials do as well.
        family: the categorical parameter whose values are the families; None for the first question asked.
        step: first step along each axis, as a share of its range.
        sample: share of the rows that each walk begins with, written beside the trial as ``"hortus:rows"`` for whoever
            evaluates it; 1 for all at once.

    Raises:
        SettingError: an argument cannot be used.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        start: Mapping[str, Any] | None = None,
        family: str | None = None,
        step: float = 0.1,
        sample: float = 1.0,
    ) -> None:
        super().__init__(seed=seed)
        if start is not None and not isinstance(start, Mapping):
            raise SettingError(f"The option 'start' is {start!r}.", mend="Give values by parameter name.")
        self.start: Genes = dict(start or {})
        self.family = family
        self.step = checked("step", step, FINEST, 1)
        self.sample = checked("sample", sample, LEAST_SAMPLE, 1)

    def fresh(self, name: str, distribution: BaseDistribution, rng: np.random.Generator) -> Any:
        """The cheap answer where one is known."""
        if name in self.start and fits(distribution, self.start[name]):
            return self.start[name]
        return super().fresh(name, distribution, rng)

    def propose(self, past: Past, number: int, rng: np.random.Generator) -> Proposal:  # noqa: ARG002
        """Return the next point of the walk that promises an improvement for the least work."""
        family = self._family(past)
        walks = self._replay(past, family)
        if not any(walk.best for walk in walks.values()):
            return Proposal(dict(self.start) if not past.seen(self.start) else {}, tag="0", rows=self.sample)
        chosen = _choose(walks, rng)
        walk = walks[chosen]
        genes = self._next(walk, chosen, family, past, rng)
        parents = () if walk.incumbent is None else (walk.incumbent.number,)
        grows = walk.incumbent is not None and genes == walk.incumbent.params
        rows = min(1.0, GROWTH * walk.rows) if grows else walk.rows
        return Proposal(genes, parents, str(walk.restarts), rows)

    def _next(
        self, walk: Walk, chosen: Any, family: tuple[str, tuple[Any, ...]] | None, past: Past, rng: np.random.Generator
    ) -> Genes:
        """The walk's next point; its incumbent again where it is time for more rows."""
        if walk.incumbent is None:
            return {} if family is None else {family[0]: chosen}
        if walk.rows < 1.0 and _alone(walk) >= GROWTH * _work(walk.incumbent):
            return dict(walk.incumbent.params)
        if walk.probe is not None:
            genes = _opposite(walk.incumbent, walk.probe)
            if genes and not past.seen(genes):
                return genes
        step = walk.step
        for _ in range(TRIES):
            genes = _ahead(walk.incumbent, step, rng, fixed=None if family is None else family[0])
            if not past.seen(genes):
                return genes
            step = min(1.0, step * 1.3)
        return {} if family is None else {family[0]: chosen}

    def _family(self, past: Past) -> tuple[str, tuple[Any, ...]] | None:
        """The parameter that tells families apart, and its values."""
        for trial in (*past.done, *past.others):
            name = self.family or next(iter(trial.params), "")
            distribution = trial.distributions.get(name)
            if isinstance(distribution, CategoricalDistribution):
                return name, distribution.choices
        return None

    def _replay(self, past: Past, family: tuple[str, tuple[Any, ...]] | None) -> dict[Any, Walk]:
        values = (None,) if family is None else family[1]
        walks = {value: Walk(step=self.step, rows=self.sample) for value in values}
        for trial in past.done:
            value = None if family is None else trial.params.get(family[0])
            if value in walks:
                self._advance(walks[value], trial, past)
        return walks

    def _advance(self, walk: Walk, trial: FrozenTrial, past: Past) -> None:
        score, rows = past.score(trial), float(trial.system_attrs.get(ROWS, 1.0))
        walk.spent += _work(trial)
        if not walk.best or score > walk.best[-1]:
            walk.best.append(score)
            walk.improved_at.append(walk.spent)
        tag = trial.system_attrs.get(TAG)
        if tag and int(tag) != walk.restarts:
            return  # It was under way when its walk was given up.
        if rows < walk.rows:
            return  # It was under way when the sample grew: its score is another's.
        walk.trials += 1
        if rows > walk.rows:
            walk.rows, walk.incumbent = rows, None
        if walk.incumbent is None or score > past.score(walk.incumbent):
            walk.incumbent, walk.probe, walk.failures = trial, None, 0
            walk.trials_at_best = walk.trials
            return
        walk.probe = trial if walk.probe is None else None
        walk.failures += 1
        axes = max(1, len(_axes(walk.incumbent)))
        if walk.failures >= max(4, 2 * axes):
            walk.failures = 0
            walk.step *= min(0.7, math.sqrt(walk.trials_at_best / walk.trials))
            if walk.step < FINEST:
                walk.restarts, walk.incumbent, walk.probe, walk.step = walk.restarts + 1, None, None, self.step
                walk.trials = walk.trials_at_best = 0


def _work(trial: FrozenTrial) -> float:
    work = trial.user_attrs.get("work", 1.0)
    return float(work) if isinstance(work, (int, float)) and work > 0 else 1.0


def _choose(walks: Mapping[Any, Walk], rng: np.random.Generator) -> Any:
    """Draw a family, each as likely as its ECI is small."""
    tried = [walk for walk in walks.values() if walk.best]
    top = max(walk.best[-1] for walk in tried)
    # A family never tried is taken to cost what the cheapest one's first trial did.
    untried = min(walk.improved_at[0] for walk in tried)
    costs = [_eci(walk, top) if walk.best else untried for walk in walks.values()]
    chances = 1.0 / np.array(costs)
    return list(walks)[int(rng.choice(len(costs), p=chances / chances.sum()))]


def _alone(walk: Walk) -> float:
    """Estimated work until the walk improves on itself: as much as it took last time, or as it has taken since."""
    before = walk.improved_at[-2] if len(walk.improved_at) > 1 else 0.0
    return max(walk.spent - walk.improved_at[-1], walk.improved_at[-1] - before)


def _eci(walk: Walk, top: float) -> float:
    """Estimated work until the walk's family has the best score (Wang et al. 2021, equation 1)."""
    before = walk.improved_at[-2] if len(walk.improved_at) > 1 else 0.0
    alone = _alone(walk)
    gap = top - walk.best[-1]
    if gap <= 0 or not math.isfinite(gap):
        return alone if gap <= 0 else alone + walk.spent
    gained = walk.best[-1] - walk.best[-2] if len(walk.best) > 1 else 0.0
    # Without two improvements there is no speed to go by: as long again as was spent.
    catching_up = 2 * gap * (walk.spent - before) / gained if gained > 0 and math.isfinite(gained) else 2 * walk.spent
    return max(alone, catching_up)


def _axes(trial: FrozenTrial) -> list[str]:
    return [
        name
        for name, distribution in sorted(trial.distributions.items())
        if not isinstance(distribution, CategoricalDistribution) and not distribution.single()
    ]


def _ahead(incumbent: FrozenTrial, step: float, rng: np.random.Generator, *, fixed: str | None) -> Genes:
    """A step from the incumbent in a random direction; now and then another category too."""
    genes = dict(incumbent.params)
    axes = _axes(incumbent)
    direction = rng.standard_normal(len(axes))
    direction *= step * math.sqrt(len(axes)) / max(float(np.linalg.norm(direction)), 1e-12)
    for name, move in zip(axes, direction, strict=True):
        axis = number(incumbent.distributions[name])
        genes[name] = from_unit(axis, to_unit(axis, genes[name]) + float(move))
    categories = [
        name
        for name, distribution in sorted(incumbent.distributions.items())
        if isinstance(distribution, CategoricalDistribution) and not distribution.single() and name != fixed
    ]
    if categories and (not axes or rng.random() < SWITCH):
        name = categories[int(rng.integers(len(categories)))]
        genes[name] = other(incumbent.distributions[name], genes[name], rng)
    return genes


def _opposite(incumbent: FrozenTrial, probe: FrozenTrial) -> Genes:
    """The point as far from the incumbent as the probe, on the other side; empty where they share no numbers."""
    genes = dict(incumbent.params)
    shared = [name for name in _axes(incumbent) if name in probe.params]
    for name in shared:
        axis = number(incumbent.distributions[name])
        at = to_unit(axis, genes[name])
        genes[name] = from_unit(axis, 2 * at - to_unit(axis, probe.params[name]))
    return genes if shared else {}
