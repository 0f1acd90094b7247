"""Which of PyTorch's convolutions are quicker on the CPU for so small a batch.

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

# Up to so many pixels a batch, oneDNN takes longer to set a convolution up than PyTorch's own takes to do it.
TINY = 1024


@contextmanager
def quick_convolutions(x: Tensor) -> Iterator[None]:
    """PyTorch's own convolutions in the place of oneDNN's where a batch is tiny: up to twice as quick there.

    Args:
        x: (b, c, h, w) that the network is about to see; what is no batch of images leaves all as it is.
    """
    # The functions below torch.backends.mkldnn.flags, which warns of what it was not asked to change.
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(before and not _tiny(x))
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def _tiny(x: Tensor) -> bool:
    return x.ndim == 4 and x.shape[0] * x.shape[2] * x.shape[3] <= TINY
