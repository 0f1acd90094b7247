"""Auto-DeepLab's search: cell and path relaxed together, and the shared network trained for either kind of search.

    search = TrellisSearch(network, Settings(method="mixed"), frequencies=..., normalize=..., seed=0, seconds=600)
    search.advance(scenes, masks)
    search.alpha, search.transitions()

Half of the scenes train the weights, the other half the architecture, in turn (Liu et al. 2019, section 3.3):

- mixed: the paper's: all operations and all transitions, each under its softmax;
- sampled: one operation an edge and one path, drawn with a gradient (Dong and Yang 2019, "GDAS"): much cheaper steps;
- uniform: candidates drawn evenly and no architecture learned, for searches that score candidates with these weights.

`hortus.strategies.trellis` decodes it. Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hortus.errors import BudgetError, SettingError, nearest
from hortus.nets.choice import Route
from hortus.nets.randomness import generator
from hortus.nets.recipe import Recipe
from hortus.nets.scene_training import augmented, class_weights, pixel_loss
from hortus.nets.supernet import straight_through
from hortus.nets.training import DivergedError, device
from hortus.nets.trellis import LEVELS, Trellis, transitions
from hortus.nets.weights import fill, load_tensors, save_tensors
from hortus.seeds import derive, stream

METHODS = ("mixed", "sampled", "uniform")
# To the map of half the stride, of the same, of twice the stride.
MOVES = (-1, 0, 1)


@dataclass(frozen=True)
class Settings:
    """How the shared network and the architecture are learned.

    Attributes:
        method: one of `METHODS`.
        waits: share of the schedule in which only weights are learned; half in the paper.
        batch: scenes a step, drawn with replacement; two at least, for maps of one pixel are normalized too.
        crop: pixels by which windows are smaller than a scene on each side.
        learning_rate: of the weights, SGD with momentum 0.9, falling to ``last_rate`` along a cosine.
        last_rate: at the end.
        weight_decay: of the weights.
        alpha_rate: of the architecture, Adam.
        alpha_decay: of the architecture.
        temperature: of the draws of ``sampled``, at the beginning and the end.
        clip: the gradient's norm at most.
    """

    method: str = "sampled"
    waits: float = 0.3
    batch: int = 4
    crop: int = 0
    learning_rate: float = 0.05
    last_rate: float = 0.001
    weight_decay: float = 3e-4
    alpha_rate: float = 3e-3
    alpha_decay: float = 1e-3
    temperature: tuple[float, float] = (5.0, 0.5)
    clip: float = 5.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SettingError(
                f"There is no method called {self.method!r}.", mend=nearest(self.method, METHODS), code="unknown-method"
            )
        if self.batch < 2:
            raise SettingError(f"batch is {self.batch!r}.", mend="Give 2 or more.", code="bad-option")


# What runs in one pass of the shared network: on each edge of the cell, and from layer to layer.
Pass = tuple[dict[str, Route], list[dict[tuple[int, int], Tensor | None]]]


class TrellisSearch:
    """A search under way, or the training of the shared network alone.

    Args:
        network: the shared one, its weights drawn anew.
        settings: how.
        draw: the pass of a candidate drawn evenly, for the method ``uniform``.
        frequencies: of the classes; they weigh the loss.
        normalize: from pixels to the network's input.
        seed: of everything that is drawn.
        steps: of the whole schedule; or else ``seconds``.
        seconds: likewise; those before an interruption count.

    Attributes:
        network: the shared one.
        alpha: (E, K) of the cell's edges and operations.
        beta: (L, 4, 3) of layers, levels and moves (finer, same, coarser).
        step: so far.
        spent: seconds so far.

    Raises:
        BudgetError: neither or both of ``steps`` and ``seconds`` are given.
    """

    def __init__(
        self,
        network: Trellis,
        settings: Settings,
        *,
        draw: Callable[[np.random.Generator], Pass] | None = None,
        frequencies: Sequence[float],
        normalize: Callable[[Tensor], Tensor],
        seed: int = 0,
        steps: int | None = None,
        seconds: float | None = None,
    ) -> None:
        if (steps is None) == (seconds is None) or not (steps or seconds or 0) > 0:
            raise BudgetError(
                f"The search has steps={steps!r} and seconds={seconds!r}.",
                mend="Give one of the two, above 0.",
                code="supernet-budget",
            )
        if (draw is None) == (settings.method == "uniform"):
            raise SettingError(
                f"The method is {settings.method!r}, and candidates are {'not ' if draw is None else ''}drawn for it.",
                mend="Give draw=... with the method 'uniform', and with no other.",
                code="trellis-draw",
            )
        self.settings, self.seed, self._draw = settings, seed, draw
        self.steps, self.seconds = steps, seconds
        self.place, self.normalize = device(), normalize
        self.network = network.to(self.place)
        self.class_weights = class_weights(frequencies).to(self.place)
        self.augmentation = Recipe(flip=True, crop=settings.crop)
        drawn = generator(derive(seed, "alphas"))
        shape = len(self.network.names), len(self.network.operations)
        self.alpha = (1e-3 * torch.randn(shape, generator=drawn)).to(self.place).requires_grad_()
        beta = 1e-3 * torch.randn((network.layers, LEVELS, len(MOVES)), generator=drawn)
        self.beta = beta.to(self.place).requires_grad_()
        self.legal = torch.tensor(
            [[0 <= level + step < LEVELS for step in MOVES] for level in range(LEVELS)], device=self.place
        )
        self.step, self.spent = 0, 0.0
        self._optimizer = torch.optim.SGD(
            self.network.parameters(), lr=settings.learning_rate, momentum=0.9, weight_decay=settings.weight_decay
        )
        self._architect = torch.optim.Adam(
            [self.alpha, self.beta], lr=settings.alpha_rate, betas=(0.5, 0.999), weight_decay=settings.alpha_decay
        )

    @property
    def at(self) -> float:
        """Share of the schedule that is done."""
        if self.steps is not None:
            return min(1.0, self.step / self.steps)
        return min(1.0, self.spent / (self.seconds or 1.0))

    def advance(self, pixels: Tensor, masks: Tensor, *, deadline: float | None = None) -> TrellisSearch:
        """Search to the end of the schedule, or to a deadline on ``time.monotonic()``.

        Args:
            pixels: (n, c, h, w) of the scenes that are learned from.
            masks: (n, h, w) codes of them.
            deadline: None for none.

        Raises:
            DivergedError: the loss is no number any more.
        """
        order = torch.randperm(len(pixels), generator=generator(derive(self.seed, "halves"))).to(pixels.device)
        learns = self.settings.method != "uniform"
        half = len(order) // 2 if learns else 0
        weights, architecture = order[half:], order[:half]
        self.network.train()
        while self.at < 1.0:
            begin = time.monotonic()
            if deadline is not None and begin >= deadline:
                break
            drawn = generator(derive(self.seed, "step", self.step))
            if learns and self.at >= self.settings.waits:
                self._architecture_step(*self._batch(pixels, masks, architecture, drawn), drawn)
            self._weight_step(*self._batch(pixels, masks, weights, drawn), drawn)
            self.step += 1
            self.spent += time.monotonic() - begin
        return self

    def _batch(self, pixels: Tensor, masks: Tensor, rows: Tensor, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
        picks = torch.randint(0, len(rows), (self.settings.batch,), generator=drawn)
        chosen = rows[picks.to(rows.device)]
        return augmented(self.normalize(pixels[chosen]), masks[chosen].to(self.place), self.augmentation, drawn)

    def _loss(self, x: Tensor, y: Tensor, drawn: torch.Generator) -> Tensor:
        loss = pixel_loss(self.network(x, *self._told(drawn)), y, self.class_weights)
        if not bool(loss.isfinite()):
            raise DivergedError(
                f"The search diverged: the loss is {float(loss.detach())} in step {self.step}.",
                mend="A smaller learning rate (learning_rate=...) holds it.",
                code="training-diverged",
            )
        return loss

    def _weight_step(self, x: Tensor, y: Tensor, drawn: torch.Generator) -> None:
        first, last = self.settings.learning_rate, self.settings.last_rate
        for group in self._optimizer.param_groups:
            group["lr"] = last + 0.5 * (first - last) * (1.0 + math.cos(math.pi * self.at))
        self._optimizer.zero_grad(set_to_none=True)
        self._loss(x, y, drawn).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self._optimizer.step()

    def _architecture_step(self, x: Tensor, y: Tensor, drawn: torch.Generator) -> None:
        slopes = torch.autograd.grad(self._loss(x, y, drawn), [self.alpha, self.beta], allow_unused=True)
        for tensor, slope in zip((self.alpha, self.beta), slopes, strict=True):
            tensor.grad = torch.zeros_like(tensor) if slope is None else slope
        self._architect.step()

    def _told(self, drawn: torch.Generator) -> Pass:
        """What runs in one pass of the shared network."""
        if self._draw is not None:
            return self._draw(stream(int(torch.randint(2**31, (), generator=drawn))))
        if self.settings.method == "mixed":
            return self._mixed_routes(), self._mixed_moves()
        first, last = self.settings.temperature
        tau = first + (last - first) * self.at
        rows = straight_through(self.alpha, tau, drawn)
        routes = {
            name: Route(((self.network.operations[chosen], rows[edge, chosen]),))
            for edge, (name, chosen) in enumerate(zip(self.network.names, rows.argmax(1).tolist(), strict=True))
        }
        return routes, self._drawn_moves(tau, drawn)

    def _mixed_routes(self) -> dict[str, Route]:
        weights = torch.softmax(self.alpha, dim=1)
        return {
            name: Route(tuple((operation, weights[edge, k]) for k, operation in enumerate(self.network.operations)))
            for edge, name in enumerate(self.network.names)
        }

    def _mixed_moves(self) -> list[dict[tuple[int, int], Tensor | None]]:
        weights = self.transitions()
        return [
            {(source, to): weights[layer, source, to - source + 1] for source, to in step}
            for layer, step in enumerate(transitions(self.network.layers))
        ]

    def _drawn_moves(self, tau: float, drawn: torch.Generator) -> list[dict[tuple[int, int], Tensor | None]]:
        level, found = 0, list[dict[tuple[int, int], Tensor | None]]()
        for layer in range(self.network.layers):
            logits = self.beta[layer, level].masked_fill(~self.legal[level], -1e9)
            row = straight_through(logits[None], tau, drawn)[0]
            chosen = int(row.argmax())
            found.append({(level, level + chosen - 1): row[chosen]})
            level += chosen - 1
        return found

    def transitions(self) -> Tensor:
        """(L, 4, 3): the softmax over the legal moves from each level (Liu et al. 2019, eq. 6)."""
        return torch.softmax(self.beta.masked_fill(~self.legal, -1e9), dim=2)

    def save(self, path: Path) -> None:
        """Write all that is needed to go on."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            momentum = self._optimizer.state.get(parameter, {}).get("momentum_buffer")
            if momentum is not None:
                tensors[f"momentum.{name}"] = momentum
        for name, tensor in (("alpha", self.alpha), ("beta", self.beta)):
            tensors[f"architecture.{name}"] = tensor
            for key, value in self._architect.state.get(tensor, {}).items():
                tensors[f"architect.{name}.{key}"] = value
        save_tensors(path, tensors, {"step": self.step, "spent": self.spent})

    def restore(self, path: Path) -> TrellisSearch:
        """Go on from what ``save`` wrote.

        Raises:
            ArtifactError: it is damaged, or another network's.
        """
        tensors, about = load_tensors(path)
        fill(self.network, {name[8:]: t for name, t in tensors.items() if name.startswith("network.")})
        for name, parameter in self.network.named_parameters():
            if f"momentum.{name}" in tensors:
                like = torch.empty_like(parameter)
                self._optimizer.state[parameter]["momentum_buffer"] = like.copy_(tensors[f"momentum.{name}"])
        for name, tensor in (("alpha", self.alpha), ("beta", self.beta)):
            with torch.no_grad():
                tensor.copy_(tensors[f"architecture.{name}"])
            stem = f"architect.{name}."
            state = {key[len(stem) :]: value for key, value in tensors.items() if key.startswith(stem)}
            if state:
                self._architect.state[tensor] = {
                    key: value if key == "step" else value.to(self.place) for key, value in state.items()
                }
        self.step, self.spent = int(about["step"]), float(about["spent"])
        return self
