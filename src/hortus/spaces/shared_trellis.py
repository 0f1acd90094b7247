"""Auto-DeepLab's candidates as what runs in the network that they share. Imports torch at its top, so it is itself
imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.trial import FixedTrial
from torch import Tensor, nn

from hortus.data.image_facts import ImageFacts
from hortus.nets.choice import NONE, Route
from hortus.nets.trellis import Trellis, along
from hortus.nets.trellis_search import Pass
from hortus.spaces.auto_deeplab import AutoDeepLab, AutoDeepLabSpace


def shared_network(space: AutoDeepLabSpace, facts: ImageFacts, *, seed: int = 0) -> Trellis:
    """All candidates of a space in one network, for such scenes, its weights drawn anew."""
    return Trellis(
        facts.shape,
        facts.classes,
        layers=space.layers,
        blocks=space.blocks,
        width=space.shared_width,
        stem=space.stem,
        decoded=space.decoded,
        operations=(NONE, *space.operations),
        seed=seed,
    )


def pass_of(candidate: AutoDeepLab, names: Sequence[str]) -> Pass:
    """What runs where the shared network is to be a candidate.

    Args:
        candidate: of the space.
        names: of the shared cell's edges.
    """
    kept = {f"{gene.source}>{n}": gene.operation for n, genes in enumerate(candidate.nodes, start=2) for gene in genes}
    return {name: Route(((kept.get(name, NONE), None),)) for name in names}, along(candidate.levels)


def drawn_pass(space: AutoDeepLabSpace, names: Sequence[str], rng: np.random.Generator) -> Pass:
    """What runs where it is to be a candidate drawn evenly from the space's questions."""
    return pass_of(space(_Drawn(rng)), names)


class Inheriting(nn.Module):
    """One candidate with the weights of the shared network: (n, c, h, w) in, (n, K, h, w) of logits out."""

    def __init__(self, network: Trellis, candidate: AutoDeepLab) -> None:
        super().__init__()
        self.network = network
        self.routes, self.moves = pass_of(candidate, network.names)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        found: Tensor = self.network(images, self.routes, self.moves)
        return found


class _Drawn(FixedTrial):
    """A trial whose every answer is drawn evenly."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__({})
        self._rng = rng

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""
        del name
        return choices[int(self._rng.integers(len(choices)))]
