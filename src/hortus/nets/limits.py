"""What a network would cost, known before any of it is allocated; and limits that it must keep.

Networks that grow would grow for ever, and one that does not fit memory takes its neighbours down with it. So a plan
is counted on PyTorch's meta device, where tensors have shapes and no memory, each layer of a kind once and for all.
Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from hortus.errors import InputError
from hortus.nets.build import make
from hortus.nets.counting import multiply_adds, parameters
from hortus.nets.plan import IMAGES, Layer, Plan, Shape

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

    def check(self, wanted: Plan | Cost) -> Cost:
        """Return what the network would cost.

        Args:
            wanted: the network, or what it would cost.

        Raises:
            InputError: it would cost more than it may; nothing was allocated.
        """
        found = cost(wanted) if isinstance(wanted, Plan) else wanted
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
    shapes = {IMAGES: plan.shape, **{layer.name: layer.shape for layer in plan.layers}}
    live = {layer.name for layer in plan.live}
    learned = done = kept = 0
    for layer in plan.layers:
        settings = tuple(sorted(layer.settings.items()))
        inputs = tuple(shapes[source] for source in layer.inputs)
        found = _layer_cost(layer.operation, inputs, layer.shape, layer.channels, layer.stride, settings)
        # A layer that nothing depends on is kept and not run.
        learned += found.parameters
        if layer.name in live:
            done += found.multiply_adds
            kept += found.activations
    return Cost(learned, done, kept)


@lru_cache(maxsize=4096)
def _layer_cost(
    operation: str,
    inputs: tuple[Shape, ...],
    shape: Shape,
    channels: tuple[int, ...],
    stride: int,
    settings: tuple[tuple[str, Any], ...],
) -> Cost:
    """What one layer costs, wherever it stands."""
    layer = Layer("", operation, (), shape, channels, stride, dict(settings))
    return measured(lambda: make(layer), *inputs)


def measured(network: Callable[[], nn.Module], *inputs: Shape) -> Cost:
    """What a network costs that is made without memory.

    Args:
        network: makes it; called on the meta device.
        inputs: (channels, height, width) of each of its inputs, for one image.
    """
    kept = 0

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG001
        nonlocal kept
        kept += output.numel() if isinstance(output, torch.Tensor) else 0

    with torch.device("meta"):
        made = network().eval()
        # Lazy layers get their sizes before anything is counted.
        with torch.no_grad():
            made(*(torch.zeros((1, *shape)) for shape in inputs))
    leaves = [module for module in made.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(keep) for module in leaves]
    with torch.device("meta"):
        done = multiply_adds(made, *inputs)
    for hook in hooks:
        hook.remove()
    return Cost(parameters(made), done, kept)
