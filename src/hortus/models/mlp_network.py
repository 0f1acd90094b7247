"""The network of `hortus.models.mlp`: RealMLP's layers (Holzmüller et al. 2024, section 3 and appendix B).

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

# Width of a large category's embedding, and of a number's (the number itself is one of these).
EMBEDDING = 8
PERIODIC = 4
FREQUENCIES = 16


class Affine(nn.Module):
    """x W / sqrt(fan in) + b, the neural tangent parametrization: one learning rate suits all widths."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs) from (n, inputs)."""
        return torch.addmm(self.bias, x, self.weight, alpha=1.0 / math.sqrt(max(1, self.weight.shape[0])))


class Activation(nn.Module):
    """x + alpha (f(x) - x), with a learned alpha a neuron; f is SELU for classes, Mish for numbers."""

    def __init__(self, width: int, *, regression: bool) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(width))
        self.function = nn.functional.mish if regression else nn.functional.selu

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return torch.lerp(x, self.function(x), self.alpha)


class Periodic(nn.Module):
    """PBLD embeddings of numbers: x beside a linear map of cos(2 pi (w x + b)) (Gorishniy et al. 2022)."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.frequency = nn.Parameter(torch.zeros(numbers, FREQUENCIES))
        self.phase = nn.Parameter(torch.zeros(numbers, FREQUENCIES))
        self.mix = nn.Parameter(torch.zeros(numbers, FREQUENCIES, PERIODIC - 1))
        self.shift = nn.Parameter(torch.zeros(numbers, 1, PERIODIC - 1))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 4 x numbers) from (n, numbers)."""
        waves = torch.cos((x[:, :, None] * self.frequency + self.phase).mul_(2 * math.pi))
        mixed = torch.baddbmm(self.shift, waves.transpose(0, 1), self.mix).transpose(0, 1)
        return torch.cat([x[:, :, None], mixed], dim=2).flatten(1)


class Network(nn.Module):
    """Numbers and categories in, logits or a value out.

    Args:
        numbers: columns of numbers.
        plain: further columns that are taken as they are (indicators).
        levels: sizes of the large categories' tables.
        hidden: widths.
        outputs: logits, or 1.
        regression: chooses the activation.
        periodic: whether numbers are embedded.
        residual: whether hidden layers after the first add to what they are given (He et al. 2016; on tables
            Gorishniy et al. 2021), which needs one width for all.
    """

    def __init__(
        self,
        numbers: int,
        plain: int,
        levels: Sequence[int],
        hidden: Sequence[int],
        outputs: int,
        *,
        regression: bool,
        periodic: bool,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.periodic = Periodic(numbers) if periodic and numbers else None
        self.tables = nn.ParameterList([nn.Parameter(torch.zeros(size, EMBEDDING)) for size in levels])
        width = numbers * (PERIODIC if self.periodic else 1) + plain + EMBEDDING * len(levels)
        self.scale = nn.Parameter(torch.ones(width))
        self.affines = nn.ModuleList()
        self.activations = nn.ModuleList()
        for size in hidden:
            self.affines.append(Affine(width, size))
            self.activations.append(Activation(size, regression=regression))
            width = size
        self.head = Affine(width, outputs)
        self.regression = regression
        self.residual = residual

    def embed(self, numbers: Tensor, plain: Tensor, codes: Tensor) -> Tensor:
        """(n, width) what the first layer sees."""
        first = numbers if self.periodic is None else self.periodic(numbers)
        looked_up = [table[codes[:, i]] for i, table in enumerate(self.tables)]
        return torch.cat([first, plain, *looked_up], dim=1) * self.scale

    def forward(
        self, numbers: Tensor, plain: Tensor, codes: Tensor, drop: float = 0.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """(n, outputs); with ``drop``, that share of each hidden layer is dropped by ``generator``."""
        x = self.embed(numbers, plain, codes)
        for number, (affine, activation) in enumerate(zip(self.affines, self.activations, strict=True)):
            found = activation(affine(x))
            if drop > 0.0:
                # Its own generator: torch's dropout would use and move the global random state.
                found = found * torch.empty_like(found).bernoulli_(1.0 - drop, generator=generator).div_(1.0 - drop)
            x = self._joined(number, x, found)
        return cast(Tensor, self.head(x))

    def _joined(self, number: int, given: Tensor, found: Tensor) -> Tensor:
        """What a hidden layer hands on; a sum is scaled so that its variance stays that of its parts."""
        return (given + found) * math.sqrt(0.5) if self.residual and number else found

    @torch.no_grad()
    def initialize(self, numbers: Tensor, plain: Tensor, codes: Tensor, generator: torch.Generator) -> None:
        """Draw the weights, so that on these rows each neuron has variance 1 and bends somewhere among them."""
        if self.periodic is not None:
            self.periodic.frequency.normal_(0.0, 0.1, generator=generator)
            self.periodic.phase.uniform_(-0.5, 0.5, generator=generator)
            bound = 1.0 / math.sqrt(FREQUENCIES)
            self.periodic.mix.uniform_(-bound, bound, generator=generator)
            self.periodic.shift.uniform_(-bound, bound, generator=generator)
        for table in self.tables:
            table.normal_(0.0, 1.0, generator=generator)
        x = self.embed(numbers, plain, codes)
        for number, (layer, activation) in enumerate(zip(self.affines, self.activations, strict=True)):
            affine = cast(Affine, layer)
            affine.weight.normal_(0.0, 1.0, generator=generator)
            raw = affine(x)
            if len(raw) > 1:
                affine.weight.div_(raw.std(dim=0).clamp_min(1e-3))
            raw = affine(x)
            chosen = torch.randint(len(raw), (5, raw.shape[1]), generator=generator)
            share = torch.empty(5, raw.shape[1]).exponential_(generator=generator)
            share /= share.sum(dim=0)
            affine.bias.copy_(-(raw.gather(0, chosen) * share).sum(dim=0))
            x = self._joined(number, x, activation(affine(x)))
        # The head starts at zero: the first prediction is its bias.

    def groups(self, rate: float, decay: float) -> list[dict[str, Any]]:
        """Parameters by kind: each kind has its own factor on the learning rate; only weights decay."""
        weights: list[nn.Parameter] = [*self.tables]
        slow: list[nn.Parameter] = []
        for affine in [*self.affines, self.head]:
            weights.append(cast(Affine, affine).weight)
            slow.append(cast(Affine, affine).bias)
        slow += [cast(Activation, activation).alpha for activation in self.activations]
        if self.periodic is not None:
            slow += list(self.periodic.parameters())
        kinds = [(weights, 1.0, decay), (slow, 0.1, 0.0), ([self.scale], 6.0, 0.0)]
        return [
            {"params": params, "lr": rate * factor, "factor": factor, "weight_decay": decay_, "decay": decay_}
            for params, factor, decay_ in kinds
            if params
        ]
