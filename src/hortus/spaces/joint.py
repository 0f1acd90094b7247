"""Architecture and training in one search space.

The best training of one architecture is not the best of another, and a search that fixes one of them finds less than
one over both (Zela, Klein, Falkner and Hutter 2018, "Towards Automated Deep Learning: Efficient Joint Neural
Architecture and Hyperparameter Search"; Zimmer, Lindauer and Hutter 2021, "Auto-PyTorch Tabular"). With a model-based
strategy and the pruner ``"hyperband"`` over epochs it is what they search with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from optuna.trial import BaseTrial

from hortus.data.image_facts import ImageFacts
from hortus.errors import SettingError, nearest
from hortus.nets.adjustment import AUGMENTATIONS, OPTIMIZERS, SCHEDULES, Adjustment
from hortus.nets.graph import Graph
from hortus.nets.network import NetworkCandidate
from hortus.nets.plan import Plan, Shape
from hortus.spaces.base import Candidate, Space
from hortus.spaces.cell import CellSpace
from hortus.spaces.darts_cell import DartsSpace
from hortus.spaces.entire import EntireSpace
from hortus.spaces.hierarchical import HierarchicalSpace
from hortus.spaces.mnasnet import MnasSpace

if TYPE_CHECKING:
    from torch import nn

ARCHITECTURES: Mapping[str, type[Space]] = {
    "cell": CellSpace,
    "darts": DartsSpace,
    "entire": EntireSpace,
    "hierarchical": HierarchicalSpace,
    "mnasnet": MnasSpace,
}
# The questions about training; an architecture's own are none of these.
STEM = "training."
# What a space of architectures has that its networks with trainings of their own have too. Shared weights are trained
# by one recipe, so there is no supernet of them.
KEPT = frozenset({"sample", "mutate", "encode", "network", "scale"})


@dataclass(frozen=True)
class Trained(NetworkCandidate):
    """A network, and how it is to be trained.

    Attributes:
        network: the architecture.
        training: what is changed of the usual recipe.
    """

    space: ClassVar[str] = "joint"
    network: NetworkCandidate
    training: Adjustment = field(default_factory=Adjustment)

    @property
    def params(self) -> dict[str, Any]:
        """The decisions of both."""
        return {**self.network.params, **{f"{STEM}{name}": value for name, value in self.training.to_json().items()}}

    def plan(self, shape: Shape, classes: int) -> Plan:
        """The architecture's layers."""
        return self.network.plan(shape, classes)

    def build(self, input_shape: Shape, classes: int, *, seed: int | None = None) -> nn.Module:
        """The architecture's network, which bears how it is to be trained as its ``adjustment``."""
        network = self.network.build(input_shape, classes, seed=seed)
        network.adjustment = self.training  # type: ignore[assignment]
        return network

    def graph(self) -> Graph:
        """The architecture's."""
        return self.network.graph()

    def describe(self) -> str:
        """The architecture, then the training."""
        return f"{self.network.describe()} by {self.training.describe()}"

    def scaled(self, *, width: float = 1.0, depth: float = 1.0) -> Self:
        """The architecture larger or smaller, trained likewise."""
        return replace(self, network=self.network.scaled(width=width, depth=depth))

    @property
    def canonical(self) -> str:
        """The same for the same network trained the same way."""
        return f"{self.network.canonical} {json.dumps(self.training.to_json(), sort_keys=True)}"

    @property
    def scale(self) -> tuple[float, ...]:
        """The architecture's."""
        return self.network.scale


class JointSpace(Space):
    """Networks of another space, each with a training of its own.

    Args:
        facts: of the images.
        architecture: the space of the networks: a name in ``ARCHITECTURES``.
        options: what that space is told beside.

    Raises:
        SettingError: there is no such space of architectures, or it cannot be joined with trainings.
    """

    name: ClassVar[str] = "joint"
    provides: ClassVar[frozenset[str]] = KEPT | {"numbers"}

    def __init__(self, facts: ImageFacts | None = None, *, architecture: str = "cell", **options: Any) -> None:
        if architecture not in ARCHITECTURES:
            raise SettingError(
                f"There is no space of architectures called {architecture!r} to be joined with trainings.",
                mend=nearest(architecture, ARCHITECTURES),
                code="unknown-architecture",
            )
        self.architecture = architecture
        self._networks: Any = ARCHITECTURES[architecture](facts, **options)  # type: ignore[call-arg]

    def __call__(self, trial: BaseTrial) -> Candidate:
        """Ask for the architecture, then for the training."""
        network = self._networks(trial)
        training = Adjustment(
            optimizer=trial.suggest_categorical(f"{STEM}optimizer", OPTIMIZERS),
            schedule=trial.suggest_categorical(f"{STEM}schedule", SCHEDULES),
            rate=trial.suggest_float(f"{STEM}rate", 0.05, 5.0, log=True),
            decay=trial.suggest_float(f"{STEM}decay", 0.01, 10.0, log=True),
            batch=trial.suggest_float(f"{STEM}batch", 0.25, 4.0, log=True),
            smoothing=trial.suggest_float(f"{STEM}smoothing", 0.0, 0.2),
            augmentation=trial.suggest_categorical(f"{STEM}augmentation", AUGMENTATIONS),
        )
        return Trained(network, training)

    def to_json(self) -> dict[str, Any]:
        """Its name and settings, with those of the architectures."""
        return {**self._networks.to_json(), "name": self.name, "architecture": self.architecture}
