"""Search by gradient descent: every operation stands on every edge under a weight, and the weights are learned.

    params, history = search_differentiable(space, images, labels, facts, settings=Settings(method="gdas"), seed=0)

Half of the images train the supernet's weights, the other half its architecture parameters, a step of the one after a
step of the other. The methods:

- darts: Liu, Simonyan and Yang 2019, the first-order approximation; darts2 is the second order;
- pc_darts: Xu et al. 2020: operations see a part of the channels, edges have weights of their own, and the
  architecture is learned only after a warm-up;
- gdas: Dong and Yang 2019: one drawn operation an edge, so that one path is held in memory.

It needs images, so it is a procedure: one candidate stands at its end. As a strategy of a run it is
`hortus.strategies.decoded.Differentiable`, which proposes what this has found.

More than 300 lines, because all of it works on one state: two optimizers, two halves of the images, one supernet.
Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.data.image_facts import ImageFacts
from hortus.errors import InputError, SettingError
from hortus.nets.randomness import generator
from hortus.nets.supernet import Supernet, held_bytes, straight_through
from hortus.nets.training import DivergedError, device
from hortus.seeds import derive, stream
from hortus.spaces.base import Space
from hortus.spaces.relaxed import NONE, by_node, edges_kept, node, params_of, relax
from hortus.strategies.bilevel import dominant_eigenvalue, first_order, second_order
from hortus.strategies.decoding import DELAY, Worth, collapsed, decode, perturbed, sharpened, skips, weightless
from hortus.strategies.relaxation import Epoch, History, Settings
from hortus.strategies.stored_search import restore_search, save_search

# A search is stored after an epoch where so many seconds have passed: a killed one loses no more than that.
STORE_SECONDS = 5.0
# Of the seconds, the share for the epochs where what follows them is a choice by perturbation.
LEARNING_SHARE = 0.6


def search_differentiable(
    space: Space,
    images: Tensor | None,
    labels: Tensor | None,
    facts: ImageFacts,
    *,
    settings: Settings | None = None,
    seed: int = 0,
    seconds: float | None = None,
    checkpoint: Path | None = None,
) -> tuple[dict[str, str], History]:
    """The params that gradient descent arrives at, and how.

    Args:
        space: one that has a supernet.
        images: (n, c, h, w) float32, normalized; training images only.
        labels: (n,) class codes.
        facts: of the images.
        settings: None for the defaults.
        seed: of everything that is drawn.
        seconds: no further epoch begins when it would not end within them, or within their first part where a choice by
            perturbation follows; None for no limit. Those before an interruption count.
        checkpoint: a file that the search goes on from where it exists, and is stored in every few seconds.

    Raises:
        SettingError: the space has no supernet, or a setting cannot be used.
        InputError: there are no images, or too few to halve.
        DivergedError: the loss is no number any more.
        ArtifactError: the checkpoint is damaged, or another search's.
    """
    settings = settings or Settings()
    settings.check()
    if images is None or labels is None or len(labels) < 4 or len(images) != len(labels):
        raise InputError(
            "A differentiable search learns from images, and has "
            f"{0 if images is None else len(images)} of them with {0 if labels is None else len(labels)} labels.",
            mend="Give at least 4 images, each with its label, or use 'evolution', which needs scores alone.",
            code="differentiable-without-data",
        )
    partial = settings.partial if settings.method == "pc_darts" else 1
    supernet = relax(space, facts, partial=partial, seed=derive(seed, "weights"))
    return _Search(space, supernet, images, labels, settings, seed).run(seconds, checkpoint)


class _Search:
    """The state of one search."""

    def __init__(
        self, space: Space, supernet: Supernet, images: Tensor, labels: Tensor, settings: Settings, seed: int
    ) -> None:
        self.place, self.space, self.kept = device(), space, edges_kept(space)
        self.supernet, self.settings, self.seed = supernet.to(self.place), settings, seed
        order = torch.randperm(len(labels), generator=generator(derive(seed, "halves"))).to(labels.device)
        half = len(order) // 2
        self.train = images[order[:half]].to(self.place), labels[order[:half]].to(self.place)
        self.valid = images[order[half:]].to(self.place), labels[order[half:]].to(self.place)
        self.drawn = generator(derive(seed, "alphas"))
        shape = len(supernet.names), len(supernet.operations)
        self.alpha = (1e-3 * torch.randn(shape, generator=self.drawn)).to(self.place).requires_grad_()
        self.beta = (1e-3 * torch.randn(shape[0], generator=self.drawn)).to(self.place).requires_grad_()
        self.alphas = [self.alpha, self.beta] if settings.method == "pc_darts" else [self.alpha]
        self.temperature = settings.temperature[0]
        self.weights = list(supernet.parameters())
        self.tuned = 0
        self.optimizer = torch.optim.SGD(
            self.weights,
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
        self.architect = torch.optim.Adam(
            self.alphas, lr=settings.alpha_rate, betas=(0.5, 0.999), weight_decay=settings.alpha_decay
        )

    def run(self, seconds: float | None, checkpoint: Path | None = None) -> tuple[dict[str, str], History]:
        """All epochs, then the choice."""
        optimizers: dict[str, torch.optim.Optimizer] = {"weights": self.optimizer, "architect": self.architect}
        epochs: list[Epoch] = []
        states: list[list[Tensor]] = []
        if checkpoint is not None and checkpoint.exists():
            epochs, states = restore_search(checkpoint, self.supernet, self.alphas, optimizers, self.drawn)
        begin = time.monotonic() - (epochs[-1].seconds if epochs else 0.0)
        perturbs = self.settings.chosen_by == "perturbation"
        learning = None if seconds is None else (LEARNING_SHARE if perturbs else 1.0) * seconds
        stopped, stored = "", time.monotonic()
        self.supernet.train()
        held = self._held()
        for number in range(len(epochs), self.settings.epochs):
            spent = time.monotonic() - begin
            if learning is not None and number and spent * (number + 1) / number > learning:
                stopped = f"the {learning:g} s were over after {number} epochs"
                break
            train_loss, valid_loss = self._epoch(number)
            path = self._decoded(self._strength())
            params = params_of(self.space, path)
            eigenvalue = self._eigenvalue(number) if self.settings.eigenvalue_stop else None
            spent = time.monotonic() - begin
            epochs.append(Epoch(number, train_loss, valid_loss, params, skips(path), eigenvalue, spent))
            states.append([alpha.detach().clone() for alpha in self.alphas])
            if sharpened([epoch.eigenvalue for epoch in epochs if epoch.eigenvalue is not None]):
                stopped = f"the eigenvalue grew; the architecture is that of epoch {number - DELAY}"
                with torch.no_grad():
                    for alpha, before in zip(self.alphas, states[number - DELAY], strict=True):
                        alpha.copy_(before)
                break
            if checkpoint is not None and time.monotonic() - stored >= STORE_SECONDS:
                save_search(checkpoint, self.supernet, self.alphas, optimizers, self.drawn, epochs, states)
                stored = time.monotonic()
        weights, warnings = self._operation_weights(), []
        if perturbs:
            weights, left = self._perturbed(weights, None if seconds is None else begin + seconds)
            path = self._decoded(weights)
            if left:
                warnings.append(f"There was no time to choose {left} edges by perturbation: their weights chose.")
        else:
            path = self._decoded(self._strength())
        if collapsed(path):
            warnings.append(
                f"{weightless(path)} of {sum(o != NONE for o in path.values())} edges are skip connections or pooling, "
                "which learn nothing: the search may have collapsed. Use selection='perturbation' (not with gdas)."
            )
        rows = tuple(tuple(row) for row in weights.tolist())
        names, operations = tuple(self.supernet.names), tuple(self.supernet.operations)
        told = History(tuple(epochs), names, operations, rows, held, stopped, tuple(warnings))
        return params_of(self.space, path), told

    def _held(self) -> int:
        """Bytes of a forward pass; its draws and statistics are those of a supernet of its own, and change nothing."""
        drawn, kept = self.drawn.get_state(), {n: t.clone() for n, t in self.supernet.named_buffers()}
        x = self.valid[0][: self.settings.batch]
        held = held_bytes(lambda: self._logits(x), self.supernet)
        self.drawn.set_state(drawn)
        for name, buffer in self.supernet.named_buffers():
            buffer.copy_(kept[name])
        return held

    def _perturbed(self, weights: Tensor, until: float | None) -> tuple[Tensor, int]:
        """The weights as chosen by perturbation, and how many edges there was no time for."""
        self._rate(self.settings.learning_rate / 10)
        nodes = list(by_node(self.supernet.names).values())
        rng = stream(self.seed, "perturbation")
        late = (lambda: False) if until is None else (lambda: time.monotonic() >= until)
        found = perturbed(
            weights, self.supernet.operations, self._worth, self._tune, rng, nodes=nodes, kept=self.kept, late=late
        )
        return found, int(((found > 0).sum(1) > 1).sum())

    def _decoded(self, strength: Tensor) -> dict[str, str]:
        path = decode(strength, self.supernet.names, self.supernet.operations, kept=self.kept)
        if not self.supernet.connected(path):
            raise SettingError(
                f"No path of {path} leads from the images to the output.",
                mend="Let the space have operations beside 'none' on every edge.",
                code="nothing-to-decode",
            )
        return path

    def _epoch(self, number: int) -> tuple[float, float]:
        settings = self.settings
        share = number / max(1, settings.epochs - 1)
        first, last = settings.temperature
        self.temperature = first + share * (last - first)
        cosine = 0.5 * (1.0 + math.cos(math.pi * number / settings.epochs))
        self._rate(settings.last_rate + (settings.learning_rate - settings.last_rate) * cosine)
        learns = settings.method != "pc_darts" or number >= settings.warmup * settings.epochs
        drawn = generator(derive(self.seed, "epoch", number))
        valid_batches = self._batches(self.valid, drawn)
        train_losses, valid_losses = [], []
        for train_batch in self._batches(self.train, drawn):
            if learns:
                valid_losses.append(self._architecture_step(train_batch, next(valid_batches)))
            train_losses.append(self._weight_step(train_batch))
        train_loss = float(torch.stack(train_losses).mean())
        valid_loss = float(torch.stack(valid_losses).mean()) if learns else math.nan
        if not math.isfinite(train_loss) or (learns and not math.isfinite(valid_loss)):
            raise DivergedError(
                f"The search diverged: its losses are {train_loss} and {valid_loss} in epoch {number}.",
                mend="A smaller learning_rate holds it.",
                code="training-diverged",
            )
        return train_loss, valid_loss

    def _batches(self, half: tuple[Tensor, Tensor], drawn: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        x, y = half
        batch = min(self.settings.batch, len(self.train[1]))
        order = torch.randperm(len(y), generator=drawn).to(self.place)
        for first in range(0, len(y) - batch + 1, batch):
            rows = order[first : first + batch]
            yield x[rows], y[rows]

    def _architecture_step(self, train_batch: tuple[Tensor, Tensor], valid_batch: tuple[Tensor, Tensor]) -> Tensor:
        seen: list[Tensor] = []

        def valid() -> Tensor:
            seen.append(self._loss(valid_batch))
            return seen[-1]

        if self.settings.method == "darts2":
            state = self.optimizer.state
            slopes = second_order(
                lambda: self._loss(train_batch),
                valid,
                self.weights,
                self.alphas,
                rate=self.optimizer.param_groups[0]["lr"],
                momenta=[state[w].get("momentum_buffer") if w in state else None for w in self.weights],
                momentum=self.settings.momentum,
                decay=self.settings.weight_decay,
            )
        else:
            slopes = first_order(valid, self.alphas)
        for alpha, slope in zip(self.alphas, slopes, strict=True):
            alpha.grad = slope
        self.architect.step()
        return seen[0].detach()

    def _weight_step(self, batch: tuple[Tensor, Tensor], weights: Tensor | None = None) -> Tensor:
        loss = self._loss(batch, weights)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.weights, self.settings.clip)
        self.optimizer.step()
        return loss.detach()

    def _rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _loss(self, batch: tuple[Tensor, Tensor], weights: Tensor | None = None) -> Tensor:
        return functional.cross_entropy(self._logits(batch[0], weights), batch[1])

    def _logits(self, x: Tensor, weights: Tensor | None = None) -> Tensor:
        if self.settings.method == "gdas":
            return self.supernet.sampled(x, straight_through(self.alpha, self.temperature, self.drawn))
        weights = torch.softmax(self.alpha, dim=1) if weights is None else weights
        return self.supernet.mixed(x, weights, self._edge_weights())

    def _operation_weights(self) -> Tensor:
        return torch.softmax(self.alpha.detach(), dim=1)

    @torch.no_grad()
    def _strength(self) -> Tensor:
        edges = self._edge_weights()
        return self._operation_weights() if edges is None else edges[:, None] * self._operation_weights()

    def _edge_weights(self) -> Tensor | None:
        """PC-DARTS, eq. 3: a softmax over the edges that lead to one node."""
        if self.settings.method != "pc_darts":
            return None
        into = [node(name) for name in self.supernet.names]
        same = torch.tensor([[a == b for a in into] for b in into], device=self.place)
        exponential = self.beta.exp()
        return exponential / (same * exponential).sum(1)

    def _eigenvalue(self, number: int) -> float:
        batch = next(self._batches(self.valid, generator(derive(self.seed, "hessian", number))))
        return dominant_eigenvalue(lambda: self._loss(batch), self.alpha)

    @torch.no_grad()
    def _worth(self, weights: Tensor) -> Worth:
        """On all of the validation half, each batch normalized by its own mean and variance as in training."""
        x, y = self.valid
        chunks = x.tensor_split(-(-len(x) // (4 * self.settings.batch)))
        logits = torch.cat([self._logits(chunk, weights) for chunk in chunks])
        accuracy = float((logits.argmax(1) == y).double().mean())
        return accuracy, -float(functional.cross_entropy(logits, y))

    def _tune(self, weights: Tensor) -> None:
        drawn = generator(derive(self.seed, "tuning", self.tuned))
        self.tuned += 1
        done = 0
        while done < self.settings.tuning:
            for batch in self._batches(self.train, drawn):
                if done == self.settings.tuning:
                    break
                self._weight_step(batch, weights)
                done += 1
