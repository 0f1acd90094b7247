"""The parts of DeepLab (Chen et al. 2017, "Rethinking Atrous Convolution"; 2018, "Encoder-Decoder with Atrous ...").

An atrous convolution of rate r sees every r-th pixel: y[i] = sum over k of x[i + r k] w[k], a wide view without a
coarser map. The pyramid looks at several rates, and at the whole map, side by side. Imports torch at its top, so it is
itself imported only inside functions.
"""

# ruff: noqa: ARG001, ARG002 - all makers are called alike, whatever they look at
from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


def atrous(inputs: int, outputs: int, *, kernel: int = 3, rate: int = 1) -> nn.Sequential:
    """A depthwise separable atrous convolution with normalization and ReLU; the map keeps its size.

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel: side of the filter.
        rate: distance of the pixels that it sees.
    """
    padding = rate * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, kernel, padding=padding, dilation=rate, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def pointwise(inputs: int, outputs: int) -> nn.Sequential:
    """A 1x1 convolution with normalization and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class AtrousPyramid(nn.Module):
    """Atrous spatial pyramid pooling: a 1x1 convolution, atrous ones of several rates, and the mean of the map.

    The branch of the mean has no normalization: in a batch of one there is a single value to take a variance of.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, rates: Sequence[int] = (6, 12, 18)) -> None:
        super().__init__()
        self.point = pointwise(inputs, outputs)
        self.atrous = nn.ModuleList(atrous(inputs, outputs, rate=rate) for rate in rates)
        self.mean = nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.ReLU())
        self.project = pointwise(outputs * (2 + len(rates)), outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs, h, w) of (n, inputs, h, w)."""
        mean = self.mean(x.mean((2, 3), keepdim=True)).expand(-1, -1, x.shape[2], x.shape[3])
        branches = [self.point(x), *(branch(x) for branch in self.atrous), mean]
        return cast(Tensor, self.project(torch.cat(branches, dim=1)))


class Alike(nn.Module):
    """A map at the height and width of another: averaged in pairs of pixels on the way down, bilinear on the way up."""

    def __init__(self, channels: Sequence[int], outputs: int, stride: int = 1) -> None:
        super().__init__()

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """(n, c, *size of like)."""
        return alike(x, like.shape[2], like.shape[3])


def alike(x: Tensor, height: int, width: int) -> Tensor:
    """(n, c, height, width) of (n, c, h, w); see `Alike`."""
    while x.shape[2] > height and x.shape[3] > width:
        x = functional.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
    if tuple(x.shape[2:]) != (height, width):
        x = functional.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)
    return x


def separable_relu(inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3) -> nn.Module:
    """A decoder's convolution."""
    return atrous(inputs, outputs, kernel=kernel)


def classify(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    """Logits for each place of a map."""
    return nn.Conv2d(inputs, outputs, 1)
