"""Differentiable search as a strategy of a run: it proposes what gradient descent on a supernet has arrived at.

Liu, Simonyan and Yang 2019, "DARTS: Differentiable Architecture Search" (ICLR), and its kin; the descent itself is
`hortus.strategies.differentiable`. A run trains the supernet first, as one trial in a slot, and hands the candidates
it leads to to this sampler as ``proposals``: the decoded one, then draws from the learned weights. In a study without
images there is nothing to train, and it refuses.

The constructor takes more than eight arguments because each is one setting of the descent under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial

from hortus.errors import SettingError
from hortus.strategies.base import Past, Proposal, Strategy
from hortus.strategies.relaxation import Settings

# The trial that trains the supernet, by name.
RELAXATION = "relaxation"


class Differentiable(Strategy):
    """Proposes candidates that were decoded from a supernet's architecture weights, the decoded one first.

    Args:
        seed: of what is answered after the last proposal.
        method: ``"darts"``, ``"darts2"`` (second order), ``"pc_darts"`` or ``"gdas"``.
        selection: ``"perturbation"`` or ``"weights"``; None for perturbation where a mixture is trained.
        eigenvalue_stop: stop, and go back, where the Hessian's dominant eigenvalue grows.
        epochs: passes over the half of the images that trains.
        batch: images a step.
        partial: k of ``"pc_darts"``: operations see a k-th of the channels.
        learning_rate: of the supernet's weights.
        alpha_rate: of the architecture.
        proposals: params, the best first; a run puts there what its supernet has found.

    Raises:
        SettingError: a setting cannot be used, or two do not go together.
    """

    requires: ClassVar[frozenset[str]] = frozenset({"relaxable"})
    prepares: ClassVar[str | None] = RELAXATION

    def __init__(
        self,
        *,
        seed: int = 0,
        method: str = "darts",
        selection: str | None = None,
        eigenvalue_stop: bool = False,
        epochs: int = 20,
        batch: int = 64,
        partial: int = 4,
        learning_rate: float = 0.025,
        alpha_rate: float = 3e-3,
        proposals: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(seed=seed)
        self.proposals = proposals
        self.settings = Settings(
            method=method,
            selection=selection,
            eigenvalue_stop=eigenvalue_stop,
            epochs=epochs,
            batch=batch,
            partial=partial,
            learning_rate=learning_rate,
            alpha_rate=alpha_rate,
        )
        self.settings.check()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Refuse where there is nothing to propose.

        Raises:
            SettingError: no supernet was trained: the study has no images.
        """
        if self.proposals is None:
            raise SettingError(
                "The strategy 'differentiable' learns from images by gradient descent on a supernet, and this study "
                "has neither.",
                mend="Use it in a run of images (ImageClassifier(strategy='differentiable')), or take 'evolution', "
                "which needs scores alone.",
                code="differentiable-without-data",
            )
        super().before_trial(study, trial)

    def propose(self, past: Past, number: int, rng: np.random.Generator) -> Proposal:  # noqa: ARG002
        """The first of the proposals that no trial has answered; afterwards anything."""
        fresh = (genes for genes in self.proposals or () if not past.seen(genes))
        return Proposal(dict(next(fresh, {})))
