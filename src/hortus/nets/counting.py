"""What a network costs: parameters, multiply-adds, and the time one image takes here."""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from hortus.nets.convolutions import quick_convolutions

# Timings of which the median is taken, after some that only warm up.
TIMED, WARMING = 9, 2


def parameters(network: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: nn.Module, *shapes: tuple[int, ...]) -> int:
    """Multiply-adds of one image: half of what `torch.utils.flop_counter` counts.

    Args:
        network: its mode is put back afterwards. What has no parameters is asked where tensors are made by default.
        shapes: channels, height, width of each input.
    """
    device = next((p.device for p in network.parameters()), torch.get_default_device())
    training = network.training
    network.eval()
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(*(torch.zeros((1, *shape), device=device) for shape in shapes))
    finally:
        network.train(training)
    return int(counter.get_total_flops()) // 2


def latency(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Seconds that one image takes alone: the median of some calls, on the network's device."""
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    training = network.training
    network.eval()
    x = torch.zeros((1, *shape), device=device)
    found = []
    try:
        with torch.inference_mode(), quick_convolutions(x):
            for number in range(WARMING + TIMED):
                begin = time.perf_counter()
                network(x)
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                if number >= WARMING:
                    found.append(time.perf_counter() - begin)
    finally:
        network.train(training)
    return statistics.median(found)
