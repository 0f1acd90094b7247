"""A plan made a module, its weights drawn from a seed of its own.

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from hortus.errors import SettingError, nearest
from hortus.nets.operations import OPERATIONS, SEVERAL
from hortus.nets.plan import IMAGES, Layer, Plan


class PlanNetwork(nn.Module):
    """The network of a plan: (n, c, h, w) of images in, (n, classes) of logits out.

    Args:
        plan: what it is made of. Layers that the output does not depend on are kept and not run.
        operations: modules by layer name to take instead of making them, as networks that share weights do.

    Attributes:
        operations: one module a layer, by the layer's name.
    """

    def __init__(self, plan: Plan, *, operations: nn.ModuleDict | None = None) -> None:
        super().__init__()
        self.plan = plan
        self.operations = nn.ModuleDict()
        for layer in plan.layers:
            shared = operations is not None and layer.name in operations
            self.operations[layer.name] = operations[layer.name] if operations and shared else make(layer)
        # A map is let go after its last use: wide cells would otherwise hold all of theirs until the end.
        last = {source: layer.name for layer in plan.live for source in layer.inputs}
        self._order = [
            (layer.name, layer.inputs, [source for source in set(layer.inputs) if last[source] == layer.name])
            for layer in plan.live
        ]

    def forward(self, images: Tensor) -> Tensor:
        """(n, classes)."""
        values = {IMAGES: images}
        for name, inputs, done in self._order:
            found = self.operations[name](*[values[source] for source in inputs])
            for source in done:
                del values[source]
            values[name] = found
        return values[self.plan.output]


def make(layer: Layer) -> nn.Module:
    """The module of one layer.

    Raises:
        SettingError: its operation is unknown.
    """
    if layer.operation not in OPERATIONS:
        raise SettingError(
            f"There is no operation called {layer.operation!r}.",
            mend=nearest(layer.operation, OPERATIONS),
            code="unknown-operation",
        )
    channels = layer.channels if layer.operation in SEVERAL else layer.channels[0]
    return OPERATIONS[layer.operation](channels, layer.shape[0], layer.stride, **layer.settings)


class _Undrawn(TorchFunctionMode):
    """Modules made inside draw no first weights: `initialize` does that, and on the meta device there are none."""

    DRAWS = frozenset(
        {nn.init.kaiming_uniform_, nn.init.uniform_, nn.init.ones_, nn.init.zeros_, Tensor.uniform_, Tensor.fill_}
    )

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        return (args[0] if args else kwargs["tensor"]) if func in self.DRAWS else func(*args, **kwargs)


def outline(plan: Plan) -> PlanNetwork:
    """The network on the meta device: it has shapes and no memory."""
    with torch.device("meta"), _Undrawn():
        return PlanNetwork(plan)


def build(plan: Plan, *, seed: int | None = None) -> PlanNetwork:
    """The network with its weights drawn anew.

    Args:
        plan: of the network.
        seed: of the weights; None to draw from PyTorch's own generator, as its modules do.
    """
    with _Undrawn():
        network = PlanNetwork(plan)
    initialize(network, seed=seed)
    return network


@torch.no_grad()
def initialize(network: nn.Module, *, seed: int | None = None) -> None:
    """Draw all weights anew: He et al. 2015 for convolutions, by fan in; ones and zeros for normalizations."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu", generator=generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Linear):
            bound = float(module.in_features) ** -0.5
            module.weight.uniform_(-bound, bound, generator=generator)
            module.bias.zero_()
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            if module.affine:
                module.weight.fill_(1.0)
                module.bias.zero_()
