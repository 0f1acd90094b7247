"""Regularized evolution with crossover: the best are paired, their children mutate, the oldest die.

Real, Aggarwal, Huang and Le 2019, "Regularized Evolution for Image Classifier Architecture Search" (AAAI): the
population is the last P candidates with a score, and a parent is the best of S drawn from it. Crossover is added
for spaces that are trees, where it swaps whole subtrees as genetic programming does (Koza 1992; Olson and Moore
2016, "TPOT").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna.trial import FrozenTrial

from hortus.strategies.base import Past, Proposal, Strategy, checked
from hortus.strategies.heredity import Genome, genome, subtree_crossover, subtree_mutation, uniform_crossover
from hortus.strategies.heredity import point_mutation as change_one

# Bounds the work of an ask where nearly everything near the parents was tried.
TRIES = 20


class Evolution(Strategy):
    """Ageing evolution as a sampler; the first ``population_size`` trials are random, or what was enqueued.

    Args:
        seed: of this sampler.
        population_size: P, how many of the latest candidates may become parents.
        sample_size: S, how many are drawn for one tournament; greater is greedier.
        crossover_rate: share of children that have two parents.
        mutation_rate: share of the children of two parents that mutate as well; a child of one parent always does.
        generations: how many times the population is replaced; it only says how many `trials` there are.

    Raises:
        SettingError: an argument is out of its range.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        population_size: int = 50,
        sample_size: int = 5,
        crossover_rate: float = 0.5,
        mutation_rate: float = 0.8,
        generations: int | None = None,
    ) -> None:
        super().__init__(seed=seed)
        self.population_size = int(checked("population_size", population_size, 2, 1_000_000))
        self.sample_size = int(checked("sample_size", sample_size, 1, 1_000_000))
        self.crossover_rate = checked("crossover_rate", crossover_rate, 0, 1)
        self.mutation_rate = checked("mutation_rate", mutation_rate, 0, 1)
        self.generations = None if generations is None else int(checked("generations", generations, 0, 1_000_000))

    @property
    def trials(self) -> int | None:
        """How many trials the generations make, the first population included; None where no number was given.

        >>> Evolution(population_size=50, generations=5).trials
        300
        """
        return None if self.generations is None else self.population_size * (self.generations + 1)

    def propose(self, past: Past, number: int, rng: np.random.Generator) -> Proposal:
        """Return a child of the population's best that was not tried yet."""
        if number < self.population_size or len(past.done) < 2:
            return Proposal({})
        population = past.done[-self.population_size :]
        for _ in range(TRIES):
            mother = self._winner(past, population, rng)
            if rng.random() < self.crossover_rate:
                father = self._winner(past, [t for t in population if t is not mother], rng)
                child = _cross(genome(mother), genome(father), rng)
                parents: tuple[int, ...] = (mother.number, father.number)
                mutate = rng.random() < self.mutation_rate
            else:
                child, parents, mutate = genome(mother), (mother.number,), True
            if mutate:
                child = _mutate(child, rng)
            genes = {name: gene.value for name, gene in child.items()}
            if genes and not past.seen(genes):
                return Proposal(genes, parents)
        return Proposal({})

    def _winner(self, past: Past, population: Sequence[FrozenTrial], rng: np.random.Generator) -> FrozenTrial:
        drawn = rng.choice(len(population), size=min(self.sample_size, len(population)), replace=False)
        entrants = [population[int(i)] for i in drawn]
        return max(entrants, key=past.score)


def _cross(mother: Genome, father: Genome, rng: np.random.Generator) -> Genome:
    tree = any("/" in name for name in mother)
    if tree and rng.random() < 0.7:
        return subtree_crossover(mother, father, rng)
    return uniform_crossover(mother, father, rng)


def _mutate(child: Genome, rng: np.random.Generator) -> Genome:
    if any("/" in name for name in child) and rng.random() < 0.4:
        return subtree_mutation(child, rng)
    child = change_one(child, rng)
    while rng.random() < 0.3:
        child = change_one(child, rng)
    return child
