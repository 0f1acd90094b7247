"""How a network is trained: the numbers of the one training loop. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from hortus.errors import SettingError, nearest

# From this many pixels a side, cut-out squares and channels-last memory pay.
LARGE = 28
# Of a learning rate that suits SGD, the part that suits AdamW, whose steps do not shrink with the gradient.
ADAM = 0.03


@dataclass(frozen=True)
class Recipe:
    """Settings of the training loop.

    Attributes:
        epochs: passes over the training images in the whole schedule.
        batch: images a step.
        learning_rate: its peak, as SGD with Nesterov's momentum takes it; AdamW takes `ADAM` times as much.
        momentum: of it.
        weight_decay: of weights; biases and normalization are left alone.
        label_smoothing: share of each label that is spread over the other classes.
        warmup: share of the schedule in which the learning rate rises to its peak; a cosine brings it to 0 after that.
        crop: pixels by which images are moved at random.
        flip: whether they are mirrored at random.
        cutout: side of the square that is zeroed at random, in pixels; 0 for none.
        clip: the gradient's norm at most.
        optimizer: ``"sgd"`` or ``"adamw"`` (Loshchilov and Hutter 2019).
        schedule: after the warm-up, ``"cosine"`` or ``"linear"`` down to 0, or ``"constant"``.
    """

    epochs: float = 12.0
    batch: int = 64
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    warmup: float = 0.15
    crop: int = 0
    flip: bool = False
    cutout: int = 0
    clip: float = 5.0
    optimizer: str = "sgd"
    schedule: str = "cosine"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def make_recipe(rows: int, shape: tuple[int, int, int], **wanted: Any) -> Recipe:
    """The recipe for so many images of such a shape.

    Args:
        rows: images to train on.
        shape: channels, height, width.
        wanted: what is to be otherwise, by the names of `Recipe`; None for the default.

    Raises:
        SettingError: there is no such setting.

    >>> make_recipe(5000, (3, 32, 32)).crop, make_recipe(1200, (1, 8, 8), epochs=4).epochs
    (4, 4)
    """
    check_recipe(wanted)
    channels, height, width = shape
    side = min(height, width)
    batch = next((b for b in (16, 32, 64) if rows <= 24 * b), 128)
    made = {
        "batch": batch,
        "learning_rate": 0.1 * (batch / 128) ** 0.5,
        "crop": side // 8,
        # What has no colours is often writing, whose mirror image is another sign.
        "flip": channels == 3,
        "cutout": side // 4 if side >= LARGE else 0,
    }
    return Recipe(**made | {name: value for name, value in wanted.items() if value is not None})


def check_recipe(wanted: Mapping[str, Any]) -> None:
    """Refuse a setting of the training loop that it has not.

    Raises:
        SettingError: there is no such setting.

    >>> check_recipe({"learning_rate": 0.05})
    """
    known = [field.name for field in fields(Recipe)]
    for name in wanted:
        if name not in known:
            raise SettingError(f"A recipe has no {name!r}.", mend=nearest(name, known), code="unknown-recipe")
