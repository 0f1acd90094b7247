"""Images changed at random, a batch at a time, as tensors in memory.

Each function draws from the generator it is given, on the CPU, and works on whatever device the batch is on.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def crop(x: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Each image moved by up to ``padding`` pixels either way; what comes in from outside is zero.

    Args:
        x: (b, c, h, w).
        padding: pixels.
        generator: of the shifts.
    """
    if padding <= 0:
        return x
    batch, channels, height, width = x.shape
    padded = functional.pad(x, (padding,) * 4)
    shift = torch.randint(0, 2 * padding + 1, (2, batch), generator=generator).to(x.device)
    rows = (shift[0][:, None] + torch.arange(height, device=x.device))[:, None, :, None]
    columns = (shift[1][:, None] + torch.arange(width, device=x.device))[:, None, None, :]
    image = torch.arange(batch, device=x.device)[:, None, None, None]
    channel = torch.arange(channels, device=x.device)[None, :, None, None]
    return padded[image, channel, rows, columns]


def flip(x: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the images mirrored, left for right."""
    mirrored = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)
    return torch.where(mirrored[:, None, None, None], x.flip(3), x)


def cutout(x: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """A square of ``side`` pixels zeroed in each image, its middle anywhere (DeVries and Taylor 2017).

    Args:
        x: (b, c, h, w).
        side: pixels; the square may reach past the edge.
        generator: of the places.
    """
    if side <= 0:
        return x
    batch, _, height, width = x.shape
    place = torch.rand((2, batch), generator=generator).to(x.device)
    rows = torch.arange(height, device=x.device)[None] - (place[0][:, None] * height).floor()
    columns = torch.arange(width, device=x.device)[None] - (place[1][:, None] * width).floor()
    low, high = -(side // 2), side - side // 2
    inside = ((rows >= low) & (rows < high))[:, None, :, None] & ((columns >= low) & (columns < high))[:, None, None, :]
    return x.masked_fill(inside, 0.0)


def resize(x: Tensor, share: float) -> Tensor:
    """Images at a share of their height and width, at least 4 pixels (or what they have), antialiased."""
    if share >= 1.0:
        return x
    size = [max(min(4, side), round(share * side)) for side in x.shape[2:]]
    return functional.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
