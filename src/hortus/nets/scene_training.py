"""The training loop, for networks that tell each pixel's class: what differs is the step, the loss and the answer.

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.data.mask_classes import VOID
from hortus.nets import scene_augmentation as together
from hortus.nets.augmentation import resize
from hortus.nets.recipe import Recipe
from hortus.nets.training import Training

# Pixels that go through a network at once when it is asked.
CHUNK = 2**21
# No class weighs more than so many times the commonest.
MOST_WEIGHT = 10.0


def class_weights(frequencies: Sequence[float]) -> Tensor:
    """(K,) of a pixel's loss by its class: the inverse root of its share, a mean of 1 over all pixels.

    The inverse itself would have the few pixels of poles drown the streets; none at all has them never predicted.

    >>> [round(weight, 2) for weight in class_weights([0.9, 0.1]).tolist()]
    [0.83, 2.5]
    >>> class_weights([0.5, 0.5, 0.0]).tolist()
    [1.0, 1.0, 1.0]
    """
    share = torch.tensor(frequencies, dtype=torch.float64)
    present = share > 0
    inverse = torch.where(present, share.clamp_min(1e-12), torch.ones_like(share)).rsqrt()
    inverse = inverse.minimum(inverse[present].min() * MOST_WEIGHT) if bool(present.any()) else inverse
    weights = inverse / (inverse * share).sum().clamp_min(1e-12)
    return torch.where(present, weights, torch.ones_like(weights)).float()


def pixel_loss(logits: Tensor, masks: Tensor, weights: Tensor | None = None, *, smoothing: float = 0.0) -> Tensor:
    """The mean cross-entropy over the pixels that count, each weighed by its class; 0 where none counts.

    Args:
        logits: (b, K, h, w).
        masks: (b, h, w) codes 0 to K - 1, and `VOID`.
        weights: (K,) of the classes; None for all alike.
        smoothing: share of each label that is spread over the other classes.
    """
    targets = masks.long()
    total = functional.cross_entropy(
        logits.float(), targets, weight=weights, ignore_index=VOID, label_smoothing=smoothing, reduction="sum"
    )
    counts = targets != VOID
    if weights is None:
        weight = counts.sum().to(total.dtype)
    else:
        weight = weights[targets.where(counts, torch.zeros_like(targets))].mul(counts).sum()
    return total / weight.clamp_min(1e-12)


class SceneTraining(Training):
    """A network under training on scenes and their masks.

    Args:
        network: of (b, c, h, w) -> (b, K, h, w) logits.
        recipe: how; of its augmentation, ``flip``, and ``crop`` for the pixels by which windows are smaller than a
            scene on each side.
        normalize: from pixels to the network's input.
        frequencies: of the classes; they weigh the loss.
        more: as of `hortus.nets.training.Training`.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        normalize: Callable[[Tensor], Tensor],
        *,
        frequencies: Sequence[float],
        **more: Any,
    ) -> None:
        super().__init__(network, recipe, normalize, **more)
        self.weights = class_weights(frequencies).to(self.place)

    def _step(self, pixels: Tensor, y: Tensor, resolution: float, drawn: torch.Generator) -> Tensor:
        x, masks = augmented(self.normalize(pixels), y.to(self.place), self.recipe, drawn)
        if resolution < 1.0:
            x = resize(x, resolution)
            masks = together.nearest(masks, list(x.shape[2:]))
        rate = self.rate(self.at)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(self.place.type, dtype=torch.bfloat16, enabled=self._half):
            raw = self.network(x)
        loss = pixel_loss(raw, masks, self.weights, smoothing=self.recipe.label_smoothing)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._clip()
        self._optimizer.step()
        return loss.detach()


def augmented(x: Tensor, masks: Tensor, recipe: Recipe, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
    """A batch changed at random: scaled, cropped and mirrored as the recipe has it."""
    if recipe.crop:
        height, width = x.shape[2:]
        size = max(1, height - recipe.crop), max(1, width - recipe.crop)
        x, masks = together.crop(*together.scale(x, masks, together.drawn_factor(drawn)), size, drawn)
    return together.flip(x, masks, drawn) if recipe.flip else (x, masks)


def scene_recipe(scenes: int, shape: tuple[int, int, int], **wanted: Any) -> Recipe:
    """The recipe for so many scenes of such a shape.

    Args:
        scenes: to train on.
        shape: channels, height, width.
        wanted: what is to be otherwise, by the names of `Recipe`; None for the default.

    >>> scene_recipe(300, (3, 144, 192)).batch, scene_recipe(300, (3, 144, 192), epochs=3).epochs
    (8, 3)
    """
    side = min(shape[1:])
    made: dict[str, Any] = {
        "batch": 4 if scenes < 64 else 8,
        "learning_rate": 0.05,
        "label_smoothing": 0.0,
        "warmup": 0.05,
        "flip": True,
        # Windows keep a multiple of 16 pixels a side where scenes have one.
        "crop": 16 * (side // 64),
    }
    return Recipe(**made | {name: value for name, value in wanted.items() if value is not None})


def scene_probabilities(
    network: nn.Module, normalize: Callable[[Tensor], Tensor], pixels: Tensor, *, resolution: float = 1.0
) -> Tensor:
    """(n, K, h, w) float32 class probabilities of (n, c, h, w) pixels, on the CPU.

    Args:
        network: in whatever mode; it is put back.
        normalize: from pixels to its input.
        pixels: of any type, on any device.
        resolution: share of the height and width that is seen; the answer has all of them.
    """
    training = network.training
    network.eval()
    parts = []
    height, width = pixels.shape[2:]
    at_once = max(1, CHUNK // (height * width * 16))
    try:
        with torch.inference_mode():
            for first in range(0, len(pixels), at_once):
                logits = network(resize(normalize(pixels[first : first + at_once]), resolution)).float()
                if resolution < 1.0:
                    logits = functional.interpolate(logits, (height, width), mode="bilinear", align_corners=False)
                parts.append(torch.softmax(logits, dim=1).cpu())
    finally:
        network.train(training)
    return torch.cat(parts)


def scene_counts(
    network: nn.Module,
    normalize: Callable[[Tensor], Tensor],
    pixels: Tensor,
    masks: Tensor,
    classes: int,
    *,
    resolution: float = 1.0,
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """(n, K, K) pixels of each scene by true and predicted class."""
    from hortus.data.overlap import confusion

    found = np.zeros((len(pixels), classes, classes), dtype=np.int64)
    for row in range(len(pixels)):
        said = scene_probabilities(network, normalize, pixels[row : row + 1], resolution=resolution).argmax(1)
        found[row] = confusion(masks[row].cpu().numpy(), said[0].numpy(), classes)
    return found
