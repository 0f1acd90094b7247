"""PyTorch's own random numbers (initial weights, dropout) from a seed, without touching those of the caller.

A module of PyTorch's draws from the library's global generator and takes no other. So its state is put aside, and put
back at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Inside the block PyTorch's global generators start from ``seed``; after it they are as they were before.

    >>> import torch
    >>> with own_randomness(3):
    ...     first = torch.rand(2)
    >>> before = torch.random.get_rng_state()
    >>> with own_randomness(3):
    ...     assert torch.equal(torch.rand(2), first)
    >>> torch.equal(torch.random.get_rng_state(), before)
    True
    """
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.random.set_rng_state(generator(seed).get_state())
        for device in devices:
            drawn = torch.Generator(device=f"cuda:{device}")
            drawn.manual_seed(seed)
            torch.cuda.set_rng_state(drawn.get_state(), device)
        yield


def generator(seed: int) -> torch.Generator:
    """A generator of its own, on the CPU, so that every device sees the same draws."""
    made = torch.Generator()
    made.manual_seed(seed)
    return made
