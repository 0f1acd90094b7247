"""Function-preserving steps: a grown network that computes what the network before it computed.

- wider and deeper: Chen, Goodfellow and Shlens 2016, "Net2Net: Accelerating Learning via Knowledge Transfer" (ICLR)
- larger kernels: Wei, Wang, Rui and Chen 2016, "Network Morphism" (ICML)
- skip connections: Cai et al. 2018, "Path-Level Network Transformation" (ICML); Jin, Song and Hu 2019, "Auto-Keras"

Each is exact in evaluation mode up to rounding, batch normalization included. What an optimizer remembers of the
parent does not fit the child and is to be dropped. Imports torch at its top, so it is itself imported only inside
functions.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.nets.build import PlanNetwork, build
from hortus.nets.grown import Body, Step


@torch.no_grad()
def grow(network: PlanNetwork, body: Body, step: Step, *, seed: int = 0, images: Tensor | None = None) -> PlanNetwork:
    """The network after ``step``, with the same outputs as before it.

    Args:
        network: of ``body``; it is left as it is.
        body: before the step.
        step: one of ``body.sites``.
        seed: of which channels are doubled, and how their weight is shared.
        images: (n, c, h, w), some that the network was trained on. With them the new normalization of a deeper network
            has their statistics and is no change in training mode either, up to a batch's noise; without them only
            in evaluation mode.

    Returns:
        A network of ``body.after(step)``, on the parent's device and in its mode.
    """
    plan = network.plan
    grown = build(body.after(step).plan(plan.shape, plan[plan.output].shape[0]), seed=seed)
    for name, module in grown.operations.items():
        if name in network.operations and not _changed(name, body, step):
            module.load_state_dict(network.operations[name].state_dict())
    if step.kind == "deeper":
        _deepen(network, grown, body, step, images)
    elif step.kind == "wider":
        _widen(network, grown, body, step, seed)
    elif step.kind == "kernel":
        name = f"unit{step.unit}/conv"
        _conv(grown, name).weight.copy_(functional.pad(_conv(network, name).weight, (1, 1, 1, 1)))
    else:
        _conv(grown, f"unit{step.unit}/from{step.source}").weight.zero_()
    place = next(network.parameters()).device
    return grown.to(place).train(network.training)


def _changed(name: str, body: Body, step: Step) -> bool:
    """Whether the weights of the layer called ``name`` have another shape after the step."""
    if step.kind == "kernel":
        return name == f"unit{step.unit}/conv"
    if step.kind != "wider":
        return False
    return name.startswith(f"unit{step.unit}/") or name in _consumers(body, step.unit)


def _consumers(body: Body, number: int) -> list[str]:
    """The layers that take what a unit returns."""
    place = body.place(number)
    following = f"unit{body.units[place + 1].number}/conv" if place + 1 < len(body.units) else "head/linear"
    return [following, *(f"unit{target}/from{origin}" for origin, target in body.skips if origin == number)]


def _deepen(network: PlanNetwork, grown: PlanNetwork, body: Body, step: Step, images: Tensor | None) -> None:
    """An identity after a ReLU, whose outputs a second ReLU leaves as they are (Chen et al. 2016, section 2.2)."""
    after = body.after(step)
    new = after.units[after.place(step.unit) + 1]
    conv, norm = _conv(grown, f"unit{new.number}/conv"), _norm(grown, f"unit{new.number}/norm")
    nn.init.dirac_(conv.weight)
    if images is not None and norm.running_mean is not None and norm.running_var is not None:
        seen = _values(network, f"unit{step.unit}/relu", images).transpose(0, 1).flatten(1)
        norm.running_mean.copy_(seen.mean(1))
        norm.running_var.copy_(seen.var(1, correction=0))
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    norm.weight.copy_(torch.sqrt(variance + norm.eps))
    norm.bias.copy_(mean)


def _widen(network: PlanNetwork, grown: PlanNetwork, body: Body, step: Step, seed: int) -> None:
    """Channels drawn twice; who takes them takes parts of them that add up (Chen et al. 2016, equations 3 to 6).

    The parts are unequal, so that the copies learn different things without noise that would change the function.
    """
    generator = torch.Generator().manual_seed(seed)
    width, wide = body.units[body.place(step.unit)].width, grown.plan[f"unit{step.unit}/conv"].shape[0]
    drawn = torch.randint(width, (wide - width,), generator=generator)
    origin = torch.cat([torch.arange(width), drawn])
    raw = torch.rand(wide, generator=generator) + 0.5
    part = raw / torch.zeros(width).index_add_(0, origin, raw)[origin]
    for name, module in grown.operations.items():
        if not _changed(name, body, step):
            continue
        old = network.operations[name].state_dict()
        consumes = name in _consumers(body, step.unit)
        new = {}
        for key, value in old.items():
            value = value.cpu()
            if consumes:
                # A linear layer's bias is no input's.
                shares = part.reshape(1, -1, *[1] * (value.ndim - 2))
                new[key] = value[:, origin] * shares if value.ndim > 1 else value
            else:
                new[key] = value[origin] if value.ndim else value
        module.load_state_dict(new)


def _values(network: PlanNetwork, layer: str, images: Tensor) -> Tensor:
    """What the layer called ``layer`` returns for ``images``, in evaluation mode."""
    training = network.training
    found: dict[str, Tensor] = {}
    hook = network.operations[layer].register_forward_hook(lambda _module, _inputs, output: found.update(x=output))
    network.eval()(images.to(next(network.parameters()).device))
    hook.remove()
    network.train(training)
    return found["x"].cpu()


def _conv(network: PlanNetwork, name: str) -> nn.Conv2d:
    return cast(nn.Conv2d, network.operations[name])


def _norm(network: PlanNetwork, name: str) -> nn.BatchNorm2d:
    return cast(nn.BatchNorm2d, network.operations[name])
