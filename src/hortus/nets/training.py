"""The one training loop of all networks: SGD with Nesterov's momentum along a warm-up and a cosine (Loshchilov and
Hutter 2017), label smoothing (Szegedy et al. 2016), random crops, flips and cut-out squares.

    training = Training(network, recipe, total=epochs * rows, seed=0)
    training.advance(pixels, y, until=1/3)      # a third of the schedule
    training.save(path)                         # and from there on, here or elsewhere:
    training.advance(pixels, y)

The schedule is measured in images seen, so that a candidate that is promoted from fewer images or a lower resolution
goes on where it was. Every epoch draws from a generator of its own, so that one that was stored and continued sees
what it would have seen. Past 300 lines, since a training, what is stored of it and how it goes on are one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hortus.errors import HortusError
from hortus.nets import augmentation
from hortus.nets.convolutions import quick_convolutions
from hortus.nets.randomness import generator, own_randomness
from hortus.nets.recipe import ADAM, LARGE, Recipe
from hortus.nets.weights import fill, load_tensors, save_tensors
from hortus.seeds import derive

# Images that go through a network at once when it is asked.
CHUNK = 512
# The first few steps are slower than the rest.
WARM = 2
# Of the time until the deadline, this share is for steps; the rest for what comes after.
STEPS_SHARE = 0.92
# What the optimizers remember of each parameter: SGD the first, AdamW the others.
KEPT = ("momentum_buffer", "step", "exp_avg", "exp_avg_sq")
# The learning rate as a share of its peak, by the share of the schedule after the warm-up.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
    "linear": lambda done: 1.0 - done,
    "constant": lambda _done: 1.0,
}


class DivergedError(HortusError):
    """A network's loss is no number any more."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the images, as it stands on the learning curve.

    Attributes:
        number: from 0.
        at: share of the schedule that is done by its end.
        loss: mean training loss.
        score: on the validation images, where it was measured.
        seconds: of training, since the beginning.
    """

    number: int
    at: float
    loss: float
    score: float | None
    seconds: float


def device() -> torch.device:
    """Where networks are trained: CUDA where it is there."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Normalizer(nn.Module):
    """Pixels as they lie on disk -> what a network sees: mean 0, standard deviation 1 in each channel."""

    def __init__(self, mean: tuple[float, ...], deviation: tuple[float, ...], *, place: torch.device) -> None:
        super().__init__()
        self.mean = torch.tensor(mean, device=place).reshape(1, -1, 1, 1)
        self.deviation = torch.tensor(deviation, device=place).reshape(1, -1, 1, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """(b, c, h, w) float32 from (b, c, h, w) of any type."""
        x: Tensor = (pixels.to(self.mean.device, torch.float32) - self.mean) / self.deviation
        return x.contiguous(memory_format=torch.channels_last) if min(x.shape[2:]) >= LARGE else x


class Training:
    """A network under training.

    Args:
        network: of (b, c, h, w) -> (b, K) logits; moved to where it is trained.
        recipe: how.
        normalize: from pixels to the network's input.
        total: images of the whole schedule, each counted as often as it is seen.
        seed: of everything that is drawn.

    Attributes:
        seen: images so far.
        curve: an entry an epoch.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        normalize: Callable[[Tensor], Tensor],
        *,
        total: float,
        seed: int,
        large: bool = False,
    ) -> None:
        self.place = device()
        layout = torch.channels_last if large else torch.contiguous_format
        self.network = network.to(self.place, memory_format=layout)  # type: ignore[call-overload]
        self.recipe = recipe
        self.normalize = normalize
        self.total = float(total)
        self._most = float(total)
        self.seed = seed
        self.seen = 0
        self.seconds = 0.0
        self.curve: list[Epoch] = []
        self._parameters = list(network.parameters())
        decayed = [p for p in self._parameters if p.ndim > 1]
        plain = [p for p in self._parameters if p.ndim <= 1]
        # AdamW's decay is by its own, smaller steps: as much is lost in all where the decay is so much greater.
        decay = recipe.weight_decay / (ADAM if recipe.optimizer == "adamw" else 1.0)
        groups = [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]
        groups = [group for group in groups if group["params"]]
        self._optimizer: torch.optim.Optimizer
        if recipe.optimizer == "adamw":
            self._optimizer = torch.optim.AdamW(groups, lr=ADAM * recipe.learning_rate)
        else:
            self._optimizer = torch.optim.SGD(
                groups,
                lr=recipe.learning_rate,
                momentum=recipe.momentum,
                nesterov=recipe.momentum > 0,
                # One call for all parameters: of a small network's step, the optimizer is a tenth otherwise.
                fused=self.place.type == "cpu" and all(p.is_floating_point() for p in self._parameters),
            )
        self._half = self.place.type == "cuda" and torch.cuda.is_bf16_supported()

    @property
    def at(self) -> float:
        """Share of the schedule that is done."""
        return min(1.0, self.seen / self.total)

    def rate(self, at: float) -> float:
        """The learning rate at a share of the schedule."""
        warmup, peak = self.recipe.warmup, self.recipe.learning_rate
        peak *= ADAM if self.recipe.optimizer == "adamw" else 1.0
        if at < warmup:
            return peak * (0.1 + 0.9 * at / warmup)
        done = (at - warmup) / (1.0 - warmup)
        return peak * SCHEDULES[self.recipe.schedule](done)

    def advance(
        self,
        pixels: Tensor,
        y: Tensor,
        *,
        until: float = 1.0,
        resolution: float = 1.0,
        deadline: float | None = None,
        judge: Callable[[], float] | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Train up to a share of the schedule, epoch by epoch.

        With a deadline the schedule is cut to what fits, judged by the steps so far, so that it still comes to its end.

        Args:
            pixels: (n, c, h, w), on any device.
            y: (n,) class codes, there too.
            until: share of the schedule.
            resolution: share of the height and width that is seen.
            deadline: on ``time.monotonic()``; None for none.
            judge: gives the validation score after each epoch.
            then: called when the epoch stands on the curve: from here a stored training goes on.

        Raises:
            DivergedError: the loss is no number any more.
        """
        rows = len(y)
        batch = min(self.recipe.batch, rows)
        steps, warm = 0, 0.0
        while self.seen < until * self.total - 0.5 * batch:
            number = len(self.curve)
            losses: list[Tensor] = []
            begin = time.monotonic()
            drawn = generator(derive(self.seed, "epoch", number))
            order = torch.randperm(rows, generator=drawn).to(y.device)
            self.network.train()
            with own_randomness(derive(self.seed, "dropout", number)):
                for first in range(0, rows - batch + 1, batch):
                    if self.seen >= until * self.total - 0.5 * batch:
                        break
                    chosen = order[first : first + batch]
                    losses.append(self._step(pixels[chosen], y[chosen], resolution, drawn))
                    self.seen += len(chosen)
                    steps += 1
                    now = time.monotonic()
                    warm = now if steps == WARM else warm
                    if deadline is not None and (steps > WARM or now >= deadline):
                        # Judging after each epoch takes its time too: it is in the pace.
                        self._fit_into(deadline, until, batch, (now - warm) / max(1, steps - WARM))
            self.seconds += time.monotonic() - begin
            loss = float(torch.stack(losses).mean())
            if not math.isfinite(loss):
                raise DivergedError(
                    f"The training diverged: the loss is {loss} in epoch {number}, at a learning rate of "
                    f"{self.rate(self.at):.3g}.",
                    mend="A smaller learning rate (learning_rate=...) holds it.",
                    code="training-diverged",
                )
            score = None if judge is None else judge()
            self.curve.append(Epoch(number, self.at, loss, score, self.seconds))
            if then is not None:
                then()

    def _step(self, pixels: Tensor, y: Tensor, resolution: float, drawn: torch.Generator) -> Tensor:
        x = self.normalize(pixels)
        if self.recipe.flip:
            x = augmentation.flip(x, drawn)
        x = augmentation.cutout(augmentation.crop(x, self.recipe.crop, drawn), self.recipe.cutout, drawn)
        x = augmentation.resize(x, resolution)
        rate = self.rate(self.at)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        with quick_convolutions(x):
            with torch.autocast(self.place.type, dtype=torch.bfloat16, enabled=self._half):
                raw = self.network(x)
            loss = functional.cross_entropy(raw.float(), y.to(raw.device), label_smoothing=self.recipe.label_smoothing)
            loss.backward()  # type: ignore[no-untyped-call]
        self._clip()
        self._optimizer.step()
        return loss.detach()

    def _clip(self) -> None:
        """Shorten the gradient to the norm that it may have at most."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        # Looking is free on the CPU alone; elsewhere it would wait for the device.
        if self.place.type != "cpu" or not float(norm) <= self.recipe.clip:
            nn.utils.clip_grads_with_norm_(self._parameters, self.recipe.clip, norm)

    def _fit_into(self, deadline: float, until: float, batch: int, pace: float) -> None:
        """Cut the schedule to the steps that still fit, at so many seconds a step; no longer than it was to be."""
        left = STEPS_SHARE * max(0.0, deadline - time.monotonic())
        fitting = self.seen + batch * int(left / max(pace, 1e-6))
        # Where only a part of the schedule is wanted, the whole shrinks in proportion.
        self.total = min(self._most, max(float(fitting), self.seen) / until)

    def save(self, path: Path) -> None:
        """Write all that is needed to go on: weights, momenta, place in the schedule, curve."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            state = self._optimizer.state.get(parameter, {})
            tensors |= {f"{kind}.{name}": kept for kind, kept in state.items() if isinstance(kept, Tensor)}
        about = {
            "seen": self.seen,
            "total": self.total,
            "most": self._most,
            "seconds": self.seconds,
            "curve": [asdict(epoch) for epoch in self.curve],
        }
        save_tensors(path, tensors, about)

    def restore(self, path: Path) -> None:
        """Go on from what ``save`` wrote.

        Raises:
            ArtifactError: it is damaged, or another network's.
        """
        tensors, about = load_tensors(path)
        fill(self.network, _below(tensors, "network."))
        for name, parameter in self.network.named_parameters():
            for kind in KEPT:
                kept = tensors.get(f"{kind}.{name}")
                if kept is not None:
                    # A count of steps stands alone, all else has the parameter's shape, place and layout.
                    like = torch.empty_like(parameter) if kept.ndim else torch.empty(())
                    self._optimizer.state[parameter][kind] = like.copy_(kept)
        self.seen, self.seconds = int(about["seen"]), float(about["seconds"])
        self.total, self._most = float(about["total"]), float(about["most"])
        self.curve = [Epoch(**epoch) for epoch in about["curve"]]


def probabilities(network: nn.Module, normalize: Callable[[Tensor], Tensor], pixels: Tensor, **how: Any) -> Tensor:
    """(n, K) float64 class probabilities of (n, c, h, w) pixels, on the CPU.

    Args:
        network: in whatever mode; it is put back.
        normalize: from pixels to its input.
        pixels: of any type, on any device.
        how: ``resolution``, the share of height and width that is seen.
    """
    training = network.training
    network.eval()
    parts = []
    try:
        with torch.inference_mode():
            for first in range(0, len(pixels), CHUNK):
                x = augmentation.resize(normalize(pixels[first : first + CHUNK]), how.get("resolution", 1.0))
                with quick_convolutions(x):
                    parts.append(torch.softmax(network(x).double(), dim=1).cpu())
    finally:
        network.train(training)
    return torch.cat(parts) if parts else torch.zeros((0, 0), dtype=torch.float64)


def _below(tensors: dict[str, Tensor], stem: str) -> dict[str, Tensor]:
    return {name[len(stem) :]: tensor for name, tensor in tensors.items() if name.startswith(stem)}
