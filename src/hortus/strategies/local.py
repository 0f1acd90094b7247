"""Hill climbing: change one decision of the best so far; start anew where none helps.

White, Nolen and Savani 2021, "Exploring the Loss Landscape in Neural Architecture Search": local search is a strong
strategy where scores are not noisy.
"""

from __future__ import annotations

import numpy as np
from optuna.trial import FrozenTrial

from hortus.strategies.base import TAG, Past, Proposal, Strategy, checked
from hortus.strategies.heredity import genome, point_mutation, subtree_mutation

TRIES = 20


class Local(Strategy):
    """Hill climbing as a sampler.

    Args:
        seed: of this sampler.
        starts: random trials at the beginning; the climb begins at the best of them.
        patience: neighbours tried without success, per decision of the incumbent, before a new climb begins.

    Raises:
        SettingError: an argument is out of its range.
    """

    def __init__(self, *, seed: int = 0, starts: int = 10, patience: float = 4.0) -> None:
        super().__init__(seed=seed)
        self.starts = int(checked("starts", starts, 1, 1_000_000))
        self.patience = checked("patience", patience, 0, 1_000_000)

    def propose(self, past: Past, number: int, rng: np.random.Generator) -> Proposal:
        """Return a neighbour of the incumbent that was not tried yet."""
        climb, incumbent = self._replay(past)
        tag = str(climb)
        if number < self.starts or incumbent is None:
            return Proposal({}, tag=tag)
        genes = genome(incumbent)
        tree = any("/" in name for name in genes)
        for _ in range(TRIES):
            moved = subtree_mutation(genes, rng) if tree and rng.random() < 0.2 else point_mutation(genes, rng)
            values = {name: gene.value for name, gene in moved.items()}
            if not past.seen(values):
                return Proposal(values, (incumbent.number,), tag)
        return Proposal({}, tag=tag)

    def _replay(self, past: Past) -> tuple[int, FrozenTrial | None]:
        """The number of the climb under way, and its incumbent; None where it has not begun."""
        climb, incumbent, failures = 0, None, 0
        for trial in past.done:
            if int(trial.system_attrs.get(TAG) or climb) != climb:
                continue  # It was under way when its climb was given up.
            if incumbent is None or past.score(trial) > past.score(incumbent):
                incumbent, failures = trial, 0
            elif trial.number >= self.starts:
                failures += 1
            if failures > self.patience * len(incumbent.params):
                climb, incumbent, failures = climb + 1, None, 0
        return climb, incumbent
