"""Scenes and their masks changed at random together: scaled, cropped, mirrored.

What comes in from outside is zero in the scene, its mean after normalization, and void in the mask.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from hortus.data.mask_classes import VOID

# Scenes are scaled by a factor from this range, drawn alike on a logarithmic scale (0.5 to 2 in DeepLab).
SMALLEST, LARGEST = 0.75, 1.5


def scale(x: Tensor, y: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    """Scenes (b, c, h, w) bilinear and masks (b, h, w) by the nearest, at ``factor`` times their height and width."""
    if factor == 1.0:
        return x, y
    size = [max(1, round(factor * side)) for side in x.shape[2:]]
    scenes = functional.interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=factor < 1.0)
    return scenes, nearest(y, size)


def nearest(y: Tensor, size: list[int]) -> Tensor:
    """Masks (b, h, w) at another size: each pixel takes the code of the one at its middle."""
    found = functional.interpolate(y[:, None].float(), size=size, mode="nearest-exact")
    return found[:, 0].to(y.dtype)


def drawn_factor(generator: torch.Generator) -> float:
    """A factor of `scale`."""
    share = float(torch.rand((), generator=generator))
    return float(SMALLEST * (LARGEST / SMALLEST) ** share)


def crop(x: Tensor, y: Tensor, size: tuple[int, int], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A window of ``size`` out of each scene and its mask, in the same place; smaller ones are padded."""
    height, width = size
    missing = max(0, height - x.shape[2]), max(0, width - x.shape[3])
    if any(missing):
        x = functional.pad(x, (0, missing[1], 0, missing[0]))
        y = functional.pad(y, (0, missing[1], 0, missing[0]), value=VOID)
    places = torch.rand((len(x), 2), generator=generator)
    scenes, masks = [], []
    for place, scene, mask in zip(places.tolist(), x, y, strict=True):
        top, left = (int(p * (side - kept + 1)) for p, side, kept in zip(place, mask.shape, size, strict=True))
        scenes.append(scene[:, top : top + height, left : left + width])
        masks.append(mask[top : top + height, left : left + width])
    return torch.stack(scenes), torch.stack(masks)


def flip(x: Tensor, y: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Half of the scenes mirrored, left for right, and their masks with them."""
    mirrored = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)
    scenes = torch.where(mirrored[:, None, None, None], x.flip(3), x)
    return scenes, torch.where(mirrored[:, None, None], y.flip(2), y)
