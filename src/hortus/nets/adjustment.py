"""How one candidate wants to be trained: what a joint search decides beside the architecture. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from hortus.nets.recipe import Recipe

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("cosine", "linear", "constant")
AUGMENTATIONS = ("none", "moved", "moved and cut")


@dataclass(frozen=True)
class Adjustment:
    """What is changed of the recipe that so many images of such a size are usually trained by.

    Relative where the usual value depends on the images, so that an answer means the same for any of them.

    Attributes:
        optimizer: one of ``OPTIMIZERS``.
        schedule: one of ``SCHEDULES``: how the learning rate comes down.
        rate: times the usual learning rate.
        decay: times the usual weight decay.
        batch: times the usual images a step.
        smoothing: share of each label that is spread over the other classes.
        augmentation: one of ``AUGMENTATIONS``.
    """

    optimizer: str = "sgd"
    schedule: str = "cosine"
    rate: float = 1.0
    decay: float = 1.0
    batch: float = 1.0
    smoothing: float = 0.1
    augmentation: str = "moved and cut"

    def apply(self, recipe: Recipe) -> Recipe:
        """The recipe as this candidate wants it.

        >>> Adjustment(rate=0.5, batch=2.0, augmentation="none").apply(Recipe(learning_rate=0.1, batch=64, crop=4))
        ... # doctest: +ELLIPSIS
        Recipe(epochs=12.0, batch=128, learning_rate=0.05, ..., crop=0, flip=False, cutout=0, ...)
        """
        still = self.augmentation == "none"
        return replace(
            recipe,
            optimizer=self.optimizer,
            schedule=self.schedule,
            learning_rate=self.rate * recipe.learning_rate,
            weight_decay=self.decay * recipe.weight_decay,
            batch=max(2, round(self.batch * recipe.batch)),
            label_smoothing=self.smoothing,
            crop=0 if still else recipe.crop,
            flip=recipe.flip and not still,
            cutout=recipe.cutout if self.augmentation == "moved and cut" else 0,
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    def describe(self) -> str:
        """One line for a person.

        >>> Adjustment().describe()
        'sgd, cosine, rate x1, decay x1, batch x1, smoothing 0.1, moved and cut'
        """
        return (
            f"{self.optimizer}, {self.schedule}, rate x{self.rate:.3g}, decay x{self.decay:.3g}, "
            f"batch x{self.batch:.3g}, smoothing {self.smoothing:.3g}, {self.augmentation}"
        )
