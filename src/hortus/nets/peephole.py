"""What a network's layers say of its learning curve before it is trained.

Deng, Yan and Lin 2017, "Peephole: Predicting Network Performance Before Training" (arXiv:1712.03351): each layer is a
code of four integers (kind, kernel width, kernel height, channel ratio), each embedded; an LSTM reads the layers one
after the other; its last state, beside an embedding of the epoch, goes through a small perceptron to the accuracy then.
The loss is the smooth L1. There a network is a chain; here it is a graph, so that a layer's code has two integers more:
how many layers back its first and its last input are. Imports torch at its top, so it is itself imported only inside
functions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from hortus.nets.operations import OPERATIONS
from hortus.nets.plan import Layer, Plan
from hortus.nets.randomness import generator, own_randomness
from hortus.seeds import derive

# Of each integer, how many values are told apart: kernels up to 15, ratios in half octaves, layers back.
KINDS = tuple(OPERATIONS)
SIZES = (len(KINDS), 16, 16, 13, 33, 33)
EMBEDDED = 8
STATE, MOMENT, HIDDEN = 64, 16, 64
BATCH, RATE, CLIP = 32, 5e-3, 5.0


def code(plan: Plan) -> NDArray[np.int64]:
    """(L, 6) integers, a row for each layer that the output depends on.

    >>> from hortus.nets.plan import IMAGES, Draft
    >>> draft = Draft((3, 8, 8))
    >>> plan = draft.head(draft.add("first", "conv", IMAGES, width=12, kernel=5), 10, activate=False)
    >>> code(plan)[0, 1:].tolist()
    [5, 5, 10, 1, 1]
    """
    layers = plan.live
    places = {layer.name: place for place, layer in enumerate(layers)}
    rows = []
    for place, layer in enumerate(layers):
        back = [min(SIZES[4] - 1, place - places.get(source, -1)) for source in layer.inputs]
        kernel = min(SIZES[1] - 1, _kernel(layer))
        octaves = round(2 * np.log2(layer.shape[0] / sum(layer.channels)))
        ratio = int(np.clip(octaves, -6, 6)) + 6
        rows.append([KINDS.index(layer.operation), kernel, kernel, ratio, back[0], back[-1]])
    return np.array(rows, dtype=np.int64)


def _kernel(layer: Layer) -> int:
    """The side of its window; 1 for what has none."""
    told = re.search(r"_(\d+)x\d+$", layer.operation)
    return int(layer.settings.get("kernel", told[1] if told else 1))


class Reader(nn.Module):
    """The network that reads networks: (codes, shares of the schedule) -> scores."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(size, EMBEDDED) for size in SIZES)
        self.lstm = nn.LSTM(EMBEDDED * len(SIZES), STATE, batch_first=True)
        self.moment = nn.Sequential(nn.Linear(1, MOMENT), nn.Tanh())
        self.head = nn.Sequential(nn.Linear(STATE + MOMENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))

    def forward(self, codes: Sequence[Tensor], shares: Tensor) -> Tensor:
        """(b, t) scores of b networks, of codes (L_b, 6) each, at (t,) shares of the schedule."""
        padded = pad_sequence(list(codes), batch_first=True)
        embedded = torch.cat([embed(padded[..., i]) for i, embed in enumerate(self.embeddings)], dim=-1)
        lengths = torch.tensor([len(one) for one in codes])
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)
        moments = self.moment(shares[:, None])
        both = torch.cat(
            [
                state[-1][:, None].expand(-1, len(shares), -1),
                moments[None].expand(len(codes), -1, -1),
            ],
            dim=-1,
        )
        found: Tensor = self.head(both).squeeze(-1)
        return found


class Peephole:
    """Predict learning curves from plans.

    Args:
        epochs: passes over the networks that it learns from.
        seed: of everything that is drawn.
    """

    def __init__(self, *, epochs: int = 60, seed: int = 0) -> None:
        self.epochs = epochs
        self.seed = seed

    def fit(self, plans: Sequence[Plan], curves: NDArray[np.float64], shares: Sequence[float]) -> Peephole:
        """Learn.

        Args:
            plans: n networks.
            curves: (n, t) their scores.
            shares: (t,) of the schedule, when.
        """
        codes = [torch.from_numpy(code(plan)) for plan in plans]
        y = torch.tensor(curves, dtype=torch.float32)
        self._center, self._scale = float(y.mean()), float(y.std()) or 1.0
        y = (y - self._center) / self._scale
        when = torch.tensor(shares, dtype=torch.float32)
        with own_randomness(derive(self.seed, "reader")):
            self._reader = Reader()
        optimizer = torch.optim.Adam(self._reader.parameters(), lr=RATE)
        steps = self.epochs * -(-len(codes) // BATCH)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for epoch in range(self.epochs):
            order = torch.randperm(len(codes), generator=generator(derive(self.seed, "epoch", epoch)))
            for first in range(0, len(codes), BATCH):
                chosen = order[first : first + BATCH]
                told = self._reader([codes[i] for i in chosen.tolist()], when)
                loss = functional.smooth_l1_loss(told, y[chosen])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self._reader.parameters(), CLIP)
                optimizer.step()
                schedule.step()
        return self

    def predict(self, plans: Sequence[Plan], shares: Sequence[float] = (1.0,)) -> NDArray[np.float64]:
        """(n, t) scores of networks at shares of the schedule."""
        codes = [torch.from_numpy(code(plan)) for plan in plans]
        with torch.inference_mode():
            told = self._reader(codes, torch.tensor(shares, dtype=torch.float32))
        found: NDArray[np.float64] = (told.double() * self._scale + self._center).numpy()
        return found
