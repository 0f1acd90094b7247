"""The primitive operations of all cells, by name.

Each is made by ``OPERATIONS[name](channels in, channels out, stride, **settings)``. The names are those of the papers
that the cells are from: NAS-Bench-201 (Dong and Yang 2020), DARTS (Liu et al. 2019), MnasNet (Tan et al. 2019).
Imports torch at its top, so it is itself imported only inside functions.
"""

# ruff: noqa: ARG001, ARG002, ARG005 - all makers are called alike, whatever they look at

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.nets.atrous import Alike, AtrousPyramid, classify, separable_relu

Maker = Callable[..., nn.Module]


class Zero(nn.Module):
    """No connection: zeros of the output's shape."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.outputs, self.stride = outputs, stride

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs, h / stride, w / stride) of zeros."""
        n, _, h, w = x.shape
        return x.new_zeros(n, self.outputs, -(-h // self.stride), -(-w // self.stride))


class EveryOther(nn.Conv2d):
    """A 1x1 convolution with a stride, which looks only at the pixels that it steps on.

    It is what ``nn.Conv2d`` computes. But of few channels that lie last, the backward pass of oneDNN (PyTorch 2.13, on
    processors with AVX2 and no AVX-512) writes beyond its memory, and the process ends.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs, ceil(h / stride), ceil(w / stride))."""
        down, across = self.stride
        return functional.conv2d(x[:, :, ::down, ::across], self.weight, self.bias)


class FactorizedReduce(nn.Module):
    """Halve a map without a filter's blur: two 1x1 convolutions of stride 2, one moved by a pixel, side by side."""

    def __init__(self, inputs: int, outputs: int, *, affine: bool = True) -> None:
        super().__init__()
        half = outputs // 2
        self.even = EveryOther(inputs, outputs - half, 1, stride=2, bias=False)
        self.odd = EveryOther(inputs, half, 1, stride=2, bias=False) if half else None
        self.norm = nn.BatchNorm2d(outputs, affine=affine)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs, ceil(h / 2), ceil(w / 2))."""
        x = self.relu(x)
        parts = [self.even(x)]
        if self.odd is not None:
            # Odd sides have one column fewer from the second pixel on; the border gives it back.
            parts.append(self.odd(functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]))
        return cast(Tensor, self.norm(torch.cat(parts, dim=1)))


class SqueezeExcitation(nn.Module):
    """Weigh channels by what all of the map holds (Hu et al. 2018)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, hidden, 1)
        self.relu = nn.ReLU()
        self.up = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        weight = self.up(self.relu(self.down(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(weight)


class ResidualBlock(nn.Module):
    """NAS-Bench-201's reduction: two convolutions beside an averaged shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = _relu_conv_bn(inputs, outputs, stride, kernel=3)
        self.second = _relu_conv_bn(outputs, outputs, 1, kernel=3)
        # Odd sides keep their last column, as the convolutions' padding does.
        pooled = [nn.AvgPool2d(2, 2, ceil_mode=True)] if stride == 2 else []
        project = [nn.Conv2d(inputs, outputs, 1, bias=False)] if stride == 2 or inputs != outputs else []
        self.shortcut = nn.Sequential(*pooled, *project)

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs, h / stride, w / stride)."""
        return cast(Tensor, self.shortcut(x) + self.second(self.first(x)))


class InvertedResidual(nn.Sequential):
    """MBConv (Sandler et al. 2018): wider by ``expansion``, depthwise, squeezed and excited, narrow again."""

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3, expansion: int = 6, squeeze: float = 0.0
    ) -> None:
        wide = inputs * expansion
        excite = [SqueezeExcitation(wide, max(1, int(inputs * squeeze)))] if squeeze else []
        super().__init__(
            _conv_bn_relu(inputs, wide, 1, kernel=1),
            _conv_bn_relu(wide, wide, stride, kernel=kernel, groups=wide),
            *excite,
            _conv_bn(wide, outputs, 1, kernel=1),
        )


class Separable(nn.Sequential):
    """MobileNet's depthwise separable convolution, with squeeze and excitation between its halves."""

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3, squeeze: float = 0.0, relu: bool = False
    ) -> None:
        excite = [SqueezeExcitation(inputs, max(1, int(inputs * squeeze)))] if squeeze else []
        super().__init__(
            _conv_bn_relu(inputs, inputs, stride, kernel=kernel, groups=inputs),
            *excite,
            _conv_bn(inputs, outputs, 1, kernel=1),
            *([nn.ReLU()] if relu else []),
        )


class Excited(nn.Sequential):
    """A plain convolution and batch normalization, squeezed and excited."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3, squeeze: float = 0.0) -> None:
        excite = [SqueezeExcitation(outputs, max(1, int(outputs * squeeze)))] if squeeze else []
        super().__init__(_conv_bn_relu(inputs, outputs, stride, kernel=kernel), *excite)


class Match(nn.Module):
    """Average a map to a given size."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, *size)."""
        return functional.adaptive_avg_pool2d(x, self.size)


class Add(nn.Module):
    """The sum of all inputs."""

    def forward(self, *xs: Tensor) -> Tensor:
        """The inputs' shape."""
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        return total


class Concat(nn.Module):
    """The inputs' channels beside each other."""

    def forward(self, *xs: Tensor) -> Tensor:
        """(n, sum of channels, h, w)."""
        return torch.cat(xs, dim=1)


class Head(nn.Module):
    """Global average, then a linear layer: (n, classes) of logits."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, size: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, classes)."""
        return cast(Tensor, self.linear(x.mean((2, 3))))


def _conv(
    inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    padding = dilation * (kernel // 2)
    kind = EveryOther if kernel == 1 and stride > 1 else nn.Conv2d
    return kind(inputs, outputs, kernel, stride, padding, dilation=dilation, groups=groups, bias=False)


def _conv_bn(inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs, stride, kernel=kernel, groups=groups), nn.BatchNorm2d(outputs))


def _conv_bn_relu(inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(*_conv_bn(inputs, outputs, stride, kernel=kernel, groups=groups), nn.ReLU())


def _relu_conv_bn(inputs: int, outputs: int, stride: int = 1, *, kernel: int, affine: bool = True) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(), _conv(inputs, outputs, stride, kernel=kernel), nn.BatchNorm2d(outputs, affine=affine)
    )


def _depthwise(
    inputs: int, outputs: int, stride: int, *, kernel: int, dilation: int = 1, affine: bool = True
) -> list[nn.Module]:
    return [
        nn.ReLU(),
        _conv(inputs, inputs, stride, kernel=kernel, groups=inputs, dilation=dilation),
        _conv(inputs, outputs, kernel=1),
        nn.BatchNorm2d(outputs, affine=affine),
    ]


def _separable_twice(inputs: int, outputs: int, stride: int = 1, *, kernel: int, affine: bool = True) -> nn.Sequential:
    first = _depthwise(inputs, inputs, stride, kernel=kernel, affine=affine)
    return nn.Sequential(*first, *_depthwise(inputs, outputs, 1, kernel=kernel, affine=affine))


def _dilated(inputs: int, outputs: int, stride: int = 1, *, kernel: int, affine: bool = True) -> nn.Sequential:
    return nn.Sequential(*_depthwise(inputs, outputs, stride, kernel=kernel, dilation=2, affine=affine))


def _skip(inputs: int, outputs: int, stride: int = 1, *, affine: bool = True) -> nn.Module:
    if stride == 2:
        return FactorizedReduce(inputs, outputs, affine=affine)
    return nn.Identity() if inputs == outputs else _relu_conv_bn(inputs, outputs, 1, kernel=1, affine=affine)


def _pool(inputs: int, outputs: int, stride: int = 1, *, kind: str, affine: bool = True) -> nn.Module:
    pool: nn.Module
    if kind == "avg":
        pool = nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    else:
        pool = nn.MaxPool2d(3, stride, 1)
    return pool if inputs == outputs else nn.Sequential(_relu_conv_bn(inputs, outputs, kernel=1, affine=affine), pool)


def _pooled_skip(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    pool = nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    return pool if inputs == outputs else nn.Sequential(pool, _conv_bn(inputs, outputs, kernel=1))


def _factorized_reduce(inputs: int, outputs: int, stride: int = 2, *, affine: bool = True) -> nn.Module:
    return _skip(inputs, outputs, stride, affine=affine)


def _bn(inputs: int, outputs: int, stride: int = 1, *, affine: bool = True) -> nn.Module:
    return nn.BatchNorm2d(outputs, affine=affine)


def _bn_relu(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU())


def _relu(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return nn.ReLU()


def _add(inputs: Sequence[int], outputs: int, stride: int = 1) -> nn.Module:
    return Add()


def _concat(inputs: Sequence[int], outputs: int, stride: int = 1) -> nn.Module:
    return Concat()


OPERATIONS: Mapping[str, Maker] = {
    # Cells: these take ``affine``, off where the architecture itself is being learned.
    "none": lambda inputs, outputs, stride=1, affine=True: Zero(inputs, outputs, stride),
    "skip_connect": _skip,
    "nor_conv_1x1": partial(_relu_conv_bn, kernel=1),
    "nor_conv_3x3": partial(_relu_conv_bn, kernel=3),
    "nor_conv_5x5": partial(_relu_conv_bn, kernel=5),
    "sep_conv_3x3": partial(_separable_twice, kernel=3),
    "sep_conv_5x5": partial(_separable_twice, kernel=5),
    "dil_conv_3x3": partial(_dilated, kernel=3),
    "dil_conv_5x5": partial(_dilated, kernel=5),
    "avg_pool_3x3": partial(_pool, kind="avg"),
    "max_pool_3x3": partial(_pool, kind="max"),
    "factorized_reduce": _factorized_reduce,
    # Chains and blocks.
    "conv": _conv,
    "conv_bn": _conv_bn,
    "conv_bn_relu": _conv_bn_relu,
    "separable": Separable,
    "mbconv": InvertedResidual,
    "excited_conv": Excited,
    "residual": ResidualBlock,
    "pooled_skip": _pooled_skip,
    "bn": _bn,
    "bn_relu": _bn_relu,
    "relu": _relu,
    # Between layers, and at the end.
    "match": Match,
    "add": _add,
    "concat": _concat,
    "head": Head,
    # A class for each pixel.
    "atrous_pyramid": AtrousPyramid,
    "separable_relu": separable_relu,
    "alike": Alike,
    "classify": classify,
}
"""Every operation there is, by name."""

# Those that take several inputs, and are told the channels of each.
SEVERAL = frozenset({"add", "concat", "alike"})
