"""NSGA-II of Optuna (Deb et al. 2002), without what it keeps in the study between asks.

Optuna's sampler counts generations, and caches parents, in attributes of the trials and the study. Here both follow
from the trials' numbers, so that a study rebuilt from its trials goes on the same.
"""

from __future__ import annotations

from optuna.samplers import NSGAIISampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


class Nsga2(NSGAIISampler):
    """Non-dominated sorting genetic algorithm; for one score or several.

    Args:
        seed: of this sampler.
        population_size: P; trial n belongs to generation n // P.
        mutation_prob: of one answer; None for one over the number of answers.
        crossover_prob: share of children with two parents.
        swapping_prob: of one answer to come from the second parent.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        population_size: int = 50,
        mutation_prob: float | None = None,
        crossover_prob: float = 0.9,
        swapping_prob: float = 0.5,
    ) -> None:
        super().__init__(
            seed=seed,
            population_size=population_size,
            mutation_prob=mutation_prob,
            crossover_prob=crossover_prob,
            swapping_prob=swapping_prob,
        )
        self._size = population_size

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:  # noqa: ARG002
        """The generation of ``trial``, from its number."""
        return trial.number // self._size

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The trials of ``generation`` that ended with a score."""
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return sorted((t for t in done if t.number // self._size == generation), key=lambda t: t.number)

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The elite of all earlier generations, selected one generation after the other."""
        elite: list[FrozenTrial] = []
        for earlier in range(generation):
            pool = self.get_population(study, earlier) + elite
            elite = self._elite_population_selection_strategy(study, pool) if pool else []
        return elite if len(elite) > 1 else []
