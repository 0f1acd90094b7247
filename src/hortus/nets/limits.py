"""What a network would cost, known before any of it is allocated; and limits that it must keep.

Networks that grow would grow for ever, and one that does not fit memory takes its neighbours down with it. So a plan
is counted on PyTorch's meta device, where tensors have shapes and no memory. Imports torch at its top, so it is
itself imported only inside functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from hortus.errors import InputError
from hortus.nets.build import outline
from hortus.nets.counting import multiply_adds, parameters
from hortus.nets.plan import Plan

FLOAT = 4
# Of each parameter: itself, its gradient, its momentum.
COPIES = 3


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: numbers that are learned.
        multiply_adds: of one image.
        activations: numbers that one image leaves in memory for the gradient, all modules' outputs taken together.
    """

    parameters: int
    multiply_adds: int
    activations: int

    def memory(self, batch: int) -> int:
        """Bytes that a training step on ``batch`` images needs at most."""
        return FLOAT * (COPIES * self.parameters + batch * self.activations)


@dataclass(frozen=True)
class Limits:
    """What a network may cost at most.

    Attributes:
        parameters: numbers that are learned.
        multiply_adds: of one image.
        memory: bytes of a training step.
        batch: images in that step.
    """

    parameters: float = 2.0**25
    multiply_adds: float = math.inf
    memory: float = math.inf
    batch: int = 128

    def check(self, plan: Plan) -> Cost:
        """Return what the network would cost.

        Raises:
            InputError: it would cost more than it may; nothing was allocated.
        """
        found = cost(plan)
        for what, value, most in (
            ("parameters", found.parameters, self.parameters),
            ("multiply-adds an image", found.multiply_adds, self.multiply_adds),
            (f"bytes for {self.batch} images", found.memory(self.batch), self.memory),
        ):
            if value > most:
                raise InputError(
                    f"The network would need {value:,} {what}; at most {most:,.0f} are allowed.",
                    mend="Allow more, or search smaller networks.",
                    code="network-too-large",
                )
        return found


def cost(plan: Plan) -> Cost:
    """What the network of ``plan`` costs."""
    network = outline(plan)
    kept = 0

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG001
        nonlocal kept
        kept += output.numel()

    hooks = [module.register_forward_hook(keep) for module in network.modules() if not list(module.children())]
    with torch.no_grad():
        network.eval()(torch.zeros((1, *plan.shape), device="meta"))
    for hook in hooks:
        hook.remove()
    return Cost(parameters(network), multiply_adds(network, plan.shape), kept)
