"""A differentiable search on disk between two of its epochs, so that one that is killed goes on where it was.

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from hortus.nets.weights import fill, load_tensors, save_tensors
from hortus.strategies.relaxation import Epoch

SUPERNET, ALPHA, DRAWN, STATE = "supernet.", "alpha.", "drawn", "state."


def save_search(
    path: Path,
    supernet: nn.Module,
    alphas: Sequence[Tensor],
    optimizers: Mapping[str, torch.optim.Optimizer],
    drawn: torch.Generator,
    epochs: Sequence[Epoch],
    states: Sequence[Sequence[Tensor]],
) -> None:
    """Write all that is needed to go on; the file appears whole or not at all.

    Args:
        path: of the file.
        supernet: its weights.
        alphas: the architecture parameters.
        optimizers: by name, with what they remember of their parameters.
        drawn: the generator of the draws.
        epochs: those that are done.
        states: the architecture parameters after each of them.
    """
    tensors = {SUPERNET + name: tensor for name, tensor in supernet.state_dict().items()}
    tensors |= {f"{ALPHA}{place}": alpha for place, alpha in enumerate(alphas)}
    tensors[DRAWN] = drawn.get_state()
    for number, state in enumerate(states):
        tensors |= {f"{STATE}{number}.{place}": alpha for place, alpha in enumerate(state)}
    for name, optimizer in optimizers.items():
        tensors |= {f"{name}.{place}.{key}": tensor for place, key, tensor in _remembered(optimizer)}
    begun = path.with_suffix(".begun")
    save_tensors(begun, tensors, {"epochs": [asdict(epoch) for epoch in epochs]})
    begun.replace(path)


def restore_search(
    path: Path,
    supernet: nn.Module,
    alphas: Sequence[Tensor],
    optimizers: Mapping[str, torch.optim.Optimizer],
    drawn: torch.Generator,
) -> tuple[list[Epoch], list[list[Tensor]]]:
    """Put back what `save_search` wrote; return the epochs that are done and the architecture after each.

    Raises:
        ArtifactError: the file is damaged, or another search's.
    """
    tensors, about = load_tensors(path)
    fill(supernet, {name[len(SUPERNET) :]: tensor for name, tensor in tensors.items() if name.startswith(SUPERNET)})
    with torch.no_grad():
        for place, alpha in enumerate(alphas):
            alpha.copy_(tensors[f"{ALPHA}{place}"])
    drawn.set_state(tensors[DRAWN])
    for name, optimizer in optimizers.items():
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for full, tensor in tensors.items():
            if full.startswith(f"{name}."):
                _, number, key = full.split(".")
                parameter = parameters[int(number)]
                # What is counted stays on the CPU; what has the parameter's shape goes where the parameter is.
                goes = parameter.device if tensor.shape == parameter.shape and tensor.ndim else tensor.device
                optimizer.state[parameter][key] = tensor.to(goes)
    epochs = [Epoch(**found) for found in about["epochs"]]
    device = alphas[0].device
    states = [
        [tensors[f"{STATE}{number}.{place}"].to(device) for place in range(len(alphas))]
        for number in range(len(epochs))
    ]
    return epochs, states


def _remembered(optimizer: torch.optim.Optimizer) -> list[tuple[int, str, Tensor]]:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return [
        (place, key, value)
        for place, parameter in enumerate(parameters)
        for key, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    ]
