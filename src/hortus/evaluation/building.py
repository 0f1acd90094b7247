"""From a candidate and the images' folder to a network and tensors in memory: what all evaluators of networks share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hortus.data.images import ImageData
from hortus.errors import SettingError
from hortus.evaluation.base import TrialContext
from hortus.seeds import derive, stream
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from torch import Tensor, nn


@runtime_checkable
class Buildable(Protocol):
    """A candidate that is a network: those of Hortus are `hortus.nets.network.NetworkCandidate`."""

    def describe(self) -> str:
        """One line for a person."""

    def build(self, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """The untrained network, from (b, c, h, w) to (b, classes) logits."""


def build(candidate: Candidate, data: ImageData, seed: int) -> nn.Module:
    """The candidate's untrained network, its first weights drawn from ``seed``.

    Raises:
        TypeError: the candidate is no network.
    """
    from hortus.nets.randomness import own_randomness

    if not isinstance(candidate, Buildable):
        raise TypeError(f"A network is wanted here, and {type(candidate).__name__} has no build().")
    with own_randomness(derive(seed, "weights")):
        return candidate.build(data.shape, data.classes)


@lru_cache(maxsize=2)
def tensors(folder: Path, digest: str) -> tuple[Tensor, Tensor]:
    """All pixels and class codes of a folder as tensors in memory, where networks are trained; kept for the next trial.

    Args:
        folder: of the images.
        digest: theirs; of other data in the same folder nothing is remembered.
    """
    import torch

    from hortus.nets.training import device

    del digest
    data = ImageData.load(folder)
    pixels = torch.from_numpy(np.array(data.pixels)).to(device())
    return pixels, torch.from_numpy(np.array(data.y)).to(device())


def subsample(rows: NDArray[np.intp], share: float, seed: int) -> NDArray[np.intp]:
    """A share of the rows; a smaller share is part of a larger one."""
    if share >= 1.0:
        return rows
    order = stream(seed, "rows").permutation(len(rows))
    return np.sort(rows[order[: max(2, round(share * len(rows)))]])


def scaled(candidate: Candidate, *, width: float = 1.0, depth: float = 1.0) -> Candidate:
    """The candidate with so many times the channels and cells.

    Raises:
        SettingError: it cannot be made smaller or larger.
    """
    if width == depth == 1.0:
        return candidate
    scale = getattr(candidate, "scaled", None)
    if scale is None:
        raise SettingError(
            f"A candidate of the kind {type(candidate).__name__} has one size.",
            mend="Take fewer epochs or images, or a lower resolution, as the cheaper fidelity; and grow=False.",
            code="candidate-size",
        )
    found: Candidate = scale(width=width, depth=depth)
    return found


@contextmanager
def threads(count: int) -> Iterator[None]:
    """PyTorch with so many threads, and as it was afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=1)
def ready() -> float:
    """Have PyTorch loaded and its first step done; return the seconds that took, which no candidate is to pay for."""
    begin = time.monotonic()
    import torch
    from torch import nn

    from hortus.nets.counting import multiply_adds
    from hortus.nets.randomness import own_randomness
    from hortus.nets.recipe import Recipe
    from hortus.nets.training import Training

    with own_randomness(0):
        network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    training = Training(network, Recipe(batch=4), lambda pixels: pixels, total=4, seed=0)
    training.advance(torch.zeros(4, 1, 4, 4, device=training.place), torch.zeros(4, dtype=torch.int64))
    multiply_adds(network, (1, 4, 4))
    return time.monotonic() - begin


def deadline_of(context: TrialContext, *, kept: float) -> float | None:
    """When a training should end, of the trial's deadline; later by what getting ready took in this process.

    Args:
        context: of the trial.
        kept: share of the time that is kept for what comes after.
    """
    first = ready.cache_info().currsize == 0
    late = ready()
    if context.deadline is None:
        return None
    now = time.monotonic()
    return now + (1 - kept) * (context.deadline + (late if first else 0.0) - now)
