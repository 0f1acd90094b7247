"""Training that goes on from an ancestor's weights: a child computes what its parent did, and learns from there.

Jin, Song and Hu 2019, "Auto-Keras" (KDD), and Elsken, Metzen and Hutter 2017, "Simple and Efficient Architecture
Search for CNNs", train the children of network morphisms so. Which ancestor a trial begins from is decided when it is
asked, and stands in the journal with the digest of its weights: a trial that is run again begins from the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from hortus.data.artifacts import Stored, verify
from hortus.data.images import ImageData
from hortus.evaluation.base import Evaluation, Fidelity, TrialContext
from hortus.evaluation.building import build, tensors
from hortus.evaluation.network import NetworkTraining
from hortus.nets.recipe import Recipe
from hortus.seeds import stream
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from torch import nn

# A child has learned most of what it will: its schedule is a part of a whole one, at a lower learning rate (a warm
# restart, Loshchilov and Hutter 2017).
PART = 1 / 3
WARM = 0.5
# Training images by which a new normalization is set, so that it changes nothing.
SEEN = 128


class Growth(NetworkTraining):
    """Train a network from its ancestor's weights; one without a trained ancestor from the beginning.

    Args:
        heritage: ``number`` and ``params`` of the ancestor's trial and its ``weights``, as ``path``, ``sha256`` and
            ``size`` of a file in the run's folder; None for none. The run gives it.
        part: of the schedule's epochs, what a child is trained for.
        more: as of `NetworkTraining`.
    """

    name: ClassVar[str] = "growth"
    requires: ClassVar[frozenset[str]] = frozenset({"network", "morphs"})
    inherits: ClassVar[bool] = True

    def __init__(self, *, heritage: Mapping[str, Any] | None = None, part: float = PART, **more: Any) -> None:
        super().__init__(**more)
        self.heritage = dict(heritage or {})
        self.part = part

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Evaluate one network.

        Raises:
            TrialPruned: ``context.report`` said stop.
            DivergedError: its loss is no number any more.
            ArtifactError: the ancestor's weights are not those that were stored.
        """
        found = super().__call__(candidate, fidelity, context)
        return replace(found, notes={**found.notes, "inherits": self.heritage.get("number")})

    def network(self, candidate: Candidate, fidelity: Fidelity, data: ImageData, context: TrialContext) -> nn.Module:
        """The network with what it inherits."""
        if not self.heritage:
            return super().network(candidate, fidelity, data, context)
        from hortus.nets.training import Normalizer, device
        from hortus.nets.weights import fill, load_tensors

        grown: Any = candidate
        ancestor = grown.ancestor(int(self.heritage["params"]["steps"]))
        before = build(ancestor, data, context.seed)
        tensors_, _ = load_tensors(verify(context.out, Stored(**self.heritage["weights"])))
        fill(before, tensors_)
        pixels, _ = tensors(context.data, data.digest)
        rows = stream(0, "seen").permutation(data.train_rows(0))[:SEEN]
        images = Normalizer(*data.moments, place=device())(pixels[rows])
        network: nn.Module = grown.inherit(ancestor, before.to(device()), seed=context.seed, images=images)
        return network

    def made(self, data: ImageData, rows: int, fidelity: Fidelity) -> Recipe:
        """The recipe for so many of the images."""
        recipe = super().made(data, rows, fidelity)
        if not self.heritage:
            return recipe
        return replace(recipe, epochs=self.part * recipe.epochs, learning_rate=WARM * recipe.learning_rate)
