"""How the network of `hortus.models.mlp` is trained, and asked meanwhile (`mlp_forward` asks it afterwards).

Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hortus.models.base import FitContext
from hortus.models.mlp_network import Network

Fed = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]
Table = tuple[Fed, NDArray[Any], NDArray[np.float64] | None]

# Rows that go through the network at once, when it is asked.
CHUNK = 4096
# Rows on which the weights are first set.
FIRST = 1024


def train_network(
    network: Network,
    train: Table,
    valid: Table | None,
    context: FitContext,
    *,
    epochs: int,
    learning_rate: float,
    dropout: float,
    weight_decay: float,
    label_smoothing: float,
    schedule: str = "waves",
    batch: int | None = None,
) -> tuple[Network, int]:
    """Adam along a schedule of `SCHEDULES`; rows a step are chosen by the number of rows where ``batch`` is None.

    With a deadline, the epochs are cut to those that fit, judged by those before, so that the schedule still ends.

    Returns:
        The network at its best epoch on ``valid`` (its last without), and how many rows it has seen.
    """
    generator = torch.Generator().manual_seed(context.seed)
    fed = [torch.from_numpy(np.ascontiguousarray(part)) for part in train[0]]
    y = _target(train[1], network)
    weight = None if train[2] is None else torch.from_numpy((train[2] / train[2].mean()).astype(np.float32))
    rows = len(y)
    batch = min(rows, batch or usual_batch(rows))
    rate_at = SCHEDULES[schedule]
    steps = max(1, rows // batch)
    first = torch.randperm(rows, generator=generator)[:FIRST]
    network.initialize(fed[0][first], fed[1][first], fed[2][first], generator)
    if not network.regression:
        # It begins with the prior, which it else would spend its first epochs on.
        counts = np.bincount(train[1], weights=train[2], minlength=network.head.bias.shape[0])
        with torch.no_grad():
            network.head.bias.copy_(torch.from_numpy(np.log((counts + 1e-3) / counts.sum())))
    groups = network.groups(learning_rate, weight_decay)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8, fused=True)
    best_loss, best_epoch = math.inf, 0
    best: dict[str, Tensor] | None = None
    seen, epoch, total = 0, 0, epochs
    begin = 0.0 if context.deadline is None else time.monotonic()
    while epoch < total:
        order = torch.randperm(rows, generator=generator)
        for step in range(steps):
            at = (epoch + step / steps) / total
            fade = 1.0 if at < 0.5 else 0.5 * (1.0 + math.cos(math.pi * (2.0 * at - 1.0)))
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * group["factor"] * rate_at(at)
                group["weight_decay"] = group["decay"] * fade
            chosen = order[step * batch : (step + 1) * batch]
            raw = network(*(part[chosen] for part in fed), drop=dropout * fade, generator=generator)
            loss = _loss(raw, y[chosen], None if weight is None else weight[chosen], label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            seen += len(chosen)
            if context.out_of_time:
                break
        epoch += 1
        if valid is not None:
            found = _valid_loss(network, valid)
            if found < best_loss or best is None:
                best_loss, best_epoch = found, epoch
                best = {name: value.clone() for name, value in network.state_dict().items()}
        # The loss rises with the learning rate at each wave's crest: only past the next low is there no hope.
        if context.out_of_time or (valid is not None and epoch - best_epoch > 0.45 * total):
            break
        if context.deadline is not None:
            now = time.monotonic()
            # The first epoch in a process pays for what PyTorch sets up once, and says little of those that follow.
            each = (now - begin) / max(1, epoch - 1)
            if epoch == 1:
                begin = now
            fitting = int(0.9 * max(0.0, context.deadline - now) / max(each, 1e-6))
            total = min(epochs if epoch <= 2 else total, epoch + max(1, fitting))
    if best is not None:
        network.load_state_dict(best)
    return network, seen


def apply_network(network: Network, fed: Fed) -> NDArray[np.float32]:
    """(n, outputs) logits or scaled values."""
    parts = [torch.from_numpy(np.ascontiguousarray(part)) for part in fed]
    count = len(fed[0])
    found = np.empty((count, network.head.weight.shape[1]), dtype=np.float32)
    with torch.inference_mode():
        for at in range(0, count, CHUNK):
            found[at : at + CHUNK] = network(*(part[at : at + CHUNK] for part in parts)).numpy()
    return found


def usual_batch(rows: int) -> int:
    """Rows a step for so many rows."""
    return (128 if rows <= 2_000 else 256) if rows <= 30_000 else 512


def waves(at: float) -> float:
    """The schedule coslog4: four waves of the learning rate, each twice as long as the one before."""
    return 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + 15.0 * at)))


def cosine(at: float) -> float:
    """Up in the first twentieth, then half a cosine down (Loshchilov and Hutter 2017)."""
    return at / 0.05 if at < 0.05 else 0.5 * (1.0 + math.cos(math.pi * (at - 0.05) / 0.95))


# The learning rate as a share of its peak, by the share of training that is done.
SCHEDULES: dict[str, Callable[[float], float]] = {"waves": waves, "cosine": cosine}


def _target(y: NDArray[Any], network: Network) -> Tensor:
    return torch.from_numpy(y.astype(np.float32 if network.regression else np.int64))


def _loss(raw: Tensor, y: Tensor, weight: Tensor | None, smoothing: float) -> Tensor:
    if y.dtype == torch.int64:
        each = functional.cross_entropy(raw, y, reduction="none", label_smoothing=smoothing)
    else:
        each = (raw[:, 0] - y) ** 2
    return each.mean() if weight is None else (each * weight).mean()


def _valid_loss(network: Network, valid: Table) -> float:
    raw = torch.from_numpy(apply_network(network, valid[0]))
    y = _target(valid[1], network)
    weight = None if valid[2] is None else torch.from_numpy((valid[2] / valid[2].mean()).astype(np.float32))
    return float(_loss(raw, y, weight, 0.0))
