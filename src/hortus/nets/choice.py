"""An edge that is still open: every operation stands on it, and a route says which of them run.

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.nets.operations import OPERATIONS
from hortus.nets.plan import Layer

# The operation of a plan's edge that is still open.
CHOICE = "choice"
NONE = "none"


@dataclass(frozen=True)
class Route:
    """What runs on the edges of one decision.

    Attributes:
        terms: operations by name, each with the weight of what it returns; None for a weight of 1.
        scale: of the whole edge; None for 1.
    """

    terms: tuple[tuple[str, Tensor | None], ...]
    scale: Tensor | None = None


class Choice(nn.Module):
    """An edge with every operation on it.

    Args:
        layer: the open edge.
        operations: their names.
        partial: k; the operations see a k-th of the channels.
    """

    def __init__(self, layer: Layer, operations: Sequence[str], partial: int = 1) -> None:
        super().__init__()
        self.partial, self.stride = partial, layer.stride
        width = layer.shape[0] // partial
        self.operations = nn.ModuleDict(
            {name: OPERATIONS[name](width, width, layer.stride, affine=False) for name in operations}
        )

    def forward(self, x: Tensor, route: Route) -> Tensor:
        """(n, c, h / stride, w / stride): the weighted sum of the route's operations."""
        if self.partial == 1:
            found = self._sum(x, route)
        else:
            seen, passed = x.tensor_split([x.shape[1] // self.partial], dim=1)
            if self.stride == 2:
                passed = functional.max_pool2d(passed, 2, ceil_mode=True)
            found = shuffle(torch.cat([self._sum(seen, route), passed], dim=1), self.partial)
        return found if route.scale is None else route.scale * found

    def _sum(self, x: Tensor, route: Route) -> Tensor:
        total: Tensor | None = None
        for name, weight in route.terms:
            if name == NONE and len(route.terms) > 1:
                continue
            term = self.operations[name](x)
            term = term if weight is None else weight * term
            total = term if total is None else total + term
        return OPERATIONS[NONE](x.shape[1], x.shape[1], self.stride)(x) if total is None else total


def shuffle(x: Tensor, groups: int) -> Tensor:
    """(n, c, h, w) with the channels of its ``groups`` equal parts dealt out in turn.

    >>> shuffle(torch.arange(4.0).reshape(1, 4, 1, 1), 2).flatten().tolist()
    [0.0, 2.0, 1.0, 3.0]
    """
    n, c, h, w = x.shape
    return x.reshape(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)
