"""Networks that cost more than they may are refused before anything of them is allocated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from hortus.errors import SettingError, nearest
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from hortus.nets.limits import Cost

# What a run may limit; the memory is the slot's.
LIMITS = ("parameters", "multiply_adds")


@runtime_checkable
class Counted(Protocol):
    """A candidate that says what its network would cost without making it."""

    def cost(self, input_shape: tuple[int, int, int], classes: int) -> Cost | None:
        """None where only the network itself could tell."""


def check_limits(limits: Mapping[str, float]) -> None:
    """Refuse limits that do not exist, or that nothing could keep.

    Raises:
        SettingError: a name or a number is not understood.

    >>> check_limits({"parameters": 1e6})
    """
    for name, most in limits.items():
        if name not in LIMITS:
            raise SettingError(f"There is no limit called {name!r}.", mend=nearest(name, LIMITS), code="unknown-limit")
        if not most > 0:
            raise SettingError(
                f"The limit of {name} is {most!r}, and every network has more.",
                mend=f'Give a number above zero, such as limits={{"{name}": 1e6}}.',
                code="limit-not-positive",
            )


def check_size(
    candidate: Candidate,
    shape: tuple[int, int, int],
    classes: int,
    *,
    batch: int,
    limits: Mapping[str, float],
    memory: int | None,
) -> None:
    """Refuse a network that costs more than it may.

    Args:
        candidate: of any space; one that cannot tell what it costs passes.
        shape: channels, height, width of an image.
        classes: that it tells apart.
        batch: images in a training step.
        limits: by the names in `LIMITS`; what is not there is as `hortus.nets.limits.Limits` has it.
        memory: bytes that the trial may hold; None for all that the device has.

    Raises:
        InputError: it is too large; nothing of it was allocated.
    """
    from hortus.nets.limits import Limits

    cost = candidate.cost(shape, classes) if isinstance(candidate, Counted) else None
    if cost is not None:
        Limits(**limits, memory=memory or _device_memory(), batch=batch).check(cost)


def _device_memory() -> float:
    """Bytes of the device where networks are trained."""
    import torch

    from hortus.nets.training import device

    place = device()
    if place.type == "cuda":
        return float(torch.cuda.get_device_properties(place).total_memory)
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
