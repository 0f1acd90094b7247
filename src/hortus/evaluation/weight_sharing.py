"""Scores in milliseconds: a candidate inherits its weights from a supernet that was trained once for all.

    supernet = train_supernet(space, images, labels, facts, steps=300, seed=0)
    score(supernet, path_of(space, params), valid_images, valid_labels, calibration=images[:256])

The supernet is trained along single paths drawn uniformly (Guo et al. 2020, "Single Path One-Shot"), in groups in which
every operation of every edge runs exactly once before the weights move (Chu et al. 2021, "FairNAS", strict fairness):
K operations make K paths, whose gradients are added. Before a candidate is scored, its normalizations are measured on
training images. Imports torch at its top, so it is itself imported only inside functions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional

from hortus.data.image_facts import ImageFacts
from hortus.errors import BudgetError
from hortus.nets.randomness import generator
from hortus.nets.supernet import Supernet
from hortus.nets.training import DivergedError, device
from hortus.nets.weights import fill, load_tensors, save_tensors
from hortus.seeds import derive, stream
from hortus.spaces.base import Space
from hortus.spaces.relaxed import NONE, by_node, edges_kept, relax

MOMENTUM, WEIGHT_DECAY, CLIP = 0.9, 3e-4, 5.0
LEARNING_RATE = 0.05
# Images that go through at once when a candidate is scored.
CHUNK = 512
# A training is stored whenever so many seconds have passed: a killed one loses no more than that.
STORE_SECONDS = 5.0


def fair_group(
    names: Sequence[str], operations: Sequence[str], rng: Generator, *, kept: int | None = None
) -> list[dict[str, str]]:
    """As many paths as there are operations, in which each edge has each operation exactly once.

    Args:
        names: of the edges.
        operations: that may stand on each.
        rng: of the draw.
        kept: edges into each node that a candidate has. They are drawn first, the same for all paths; the others are
            ``none``, and ``none`` stands on no other. None where a candidate has all edges.

    >>> import numpy as np
    >>> group = fair_group(["0>1", "0>2"], ["none", "skip_connect"], np.random.default_rng(0))
    >>> sorted(path["0>1"] for path in group)
    ['none', 'skip_connect']
    """
    present = set(names)
    if kept is not None:
        operations = [operation for operation in operations if operation != NONE]
        rows = [rng.choice(into, kept, replace=False) for into in by_node(names).values()]
        present = {names[int(row)] for drawn in rows for row in drawn}
    columns = {name: rng.permutation(len(operations)) for name in names}
    return [
        {name: operations[int(columns[name][k])] if name in present else NONE for name in names}
        for k in range(len(operations))
    ]


class SupernetTraining:
    """A supernet under training.

    Args:
        supernet: moved to where it is trained.
        kept: edges into each node that a candidate of the space has; None for all.
        seed: of the batches and the paths.
        steps: groups of paths in the whole schedule, in which the learning rate falls along a cosine; None where
            ``seconds`` say it.
        seconds: of the whole schedule.
        batch: images a step; all paths of a group see the same.
        learning_rate: its peak.

    Attributes:
        step: groups so far.
        spent: seconds so far.

    Raises:
        BudgetError: neither or both of ``steps`` and ``seconds`` are given, or they are not above 0.
    """

    def __init__(
        self,
        supernet: Supernet,
        *,
        kept: int | None = None,
        seed: int = 0,
        steps: int | None = None,
        seconds: float | None = None,
        batch: int = 64,
        learning_rate: float = LEARNING_RATE,
    ) -> None:
        limit = steps if seconds is None else seconds
        if (steps is None) == (seconds is None) or limit is None or not limit > 0:
            raise BudgetError(
                f"The training of a supernet has steps={steps!r} and seconds={seconds!r}.",
                mend="Give one of the two, above 0.",
                code="supernet-budget",
            )
        self.supernet, self.kept = supernet.to(device()), kept
        self.seed, self.steps, self.seconds, self.batch, self.learning_rate = seed, steps, seconds, batch, learning_rate
        self.step, self.spent = 0, 0.0
        self._optimizer = torch.optim.SGD(
            supernet.parameters(), lr=learning_rate, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
        )

    @property
    def at(self) -> float:
        """Share of the schedule that is done."""
        if self.steps is not None:
            return min(1.0, self.step / self.steps)
        return min(1.0, self.spent / (self.seconds or 1.0))

    def advance(
        self, images: Tensor, labels: Tensor, *, until: float = 1.0, deadline: float | None = None
    ) -> SupernetTraining:
        """Train up to a share of the schedule, or to a deadline on ``time.monotonic()``; a step at least.

        Args:
            images: (n, c, h, w) float32, normalized.
            labels: (n,) class codes.
            until: share of the schedule.
            deadline: None for none.

        Raises:
            DivergedError: the loss is no number any more.
        """
        self.supernet.train()
        first = self.step
        while self.at < until:
            begin = time.monotonic()
            # On a busy machine a near deadline may pass before anything was done: whoever calls again would for ever.
            if deadline is not None and begin >= deadline and self.step > first:
                break
            drawn = generator(derive(self.seed, "batch", self.step))
            rows = torch.randperm(len(labels), generator=drawn)[: self.batch].to(labels.device)
            rng = stream(self.seed, "paths", self.step)
            group = fair_group(self.supernet.names, self.supernet.operations, rng, kept=self.kept)
            self._group_step(images[rows].to(device()), labels[rows].to(device()), group)
            self.step += 1
            self.spent += time.monotonic() - begin
        return self

    def _group_step(self, x: Tensor, y: Tensor, group: Sequence[Mapping[str, str]]) -> None:
        for settings in self._optimizer.param_groups:
            settings["lr"] = 0.5 * self.learning_rate * (1.0 + math.cos(math.pi * self.at))
        self._optimizer.zero_grad(set_to_none=True)
        for params in group:
            loss = functional.cross_entropy(self.supernet.path(x, params), y)
            if not bool(loss.isfinite()):
                raise DivergedError(
                    f"The training of the supernet diverged: the loss is {float(loss.detach())} in step {self.step}.",
                    mend="A smaller learning rate (learning_rate=...) holds it.",
                    code="training-diverged",
                )
            loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.supernet.parameters(), CLIP)
        self._optimizer.step()

    def save(self, path: Path) -> None:
        """Write all that is needed to go on: weights, momenta, place in the schedule."""
        tensors = {f"supernet.{name}": tensor for name, tensor in self.supernet.state_dict().items()}
        for name, parameter in self.supernet.named_parameters():
            momentum = self._optimizer.state.get(parameter, {}).get("momentum_buffer")
            if momentum is not None:
                tensors[f"momentum.{name}"] = momentum
        begun = path.with_suffix(".begun")
        save_tensors(begun, tensors, {"step": self.step, "spent": self.spent})
        begun.replace(path)

    def restore(self, path: Path) -> SupernetTraining:
        """Go on from what ``save`` wrote.

        Raises:
            ArtifactError: it is damaged, or another supernet's.
        """
        tensors, about = load_tensors(path)
        stem, momentum = "supernet.", "momentum."
        fill(self.supernet, {name[len(stem) :]: t for name, t in tensors.items() if name.startswith(stem)})
        for name, parameter in self.supernet.named_parameters():
            if momentum + name in tensors:
                like = torch.empty_like(parameter)
                self._optimizer.state[parameter]["momentum_buffer"] = like.copy_(tensors[momentum + name])
        self.step, self.spent = int(about["step"]), float(about["spent"])
        return self


def train_supernet(
    space: Space,
    images: Tensor,
    labels: Tensor,
    facts: ImageFacts,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    batch: int = 64,
    checkpoint: Path | None = None,
) -> Supernet:
    """The trained supernet of a space.

    Args:
        space: one that has a supernet.
        images: (n, c, h, w) float32, normalized.
        labels: (n,) class codes.
        facts: of the images.
        steps: groups of paths; or else ``seconds``.
        seconds: of training; those before an interruption count.
        seed: of everything that is drawn.
        batch: images a step.
        checkpoint: a file that the training goes on from where it exists, and is stored in every few seconds.

    Raises:
        SettingError: the space has no supernet.
        BudgetError: neither or both of ``steps`` and ``seconds`` are given.
        DivergedError: the loss is no number any more.
        ArtifactError: the checkpoint is damaged, or another supernet's.
    """
    supernet = relax(space, facts, seed=derive(seed, "weights"))
    training = SupernetTraining(supernet, kept=edges_kept(space), seed=seed, steps=steps, seconds=seconds, batch=batch)
    if checkpoint is None:
        return training.advance(images, labels).supernet
    if checkpoint.exists():
        training.restore(checkpoint)
    while training.at < 1.0:
        training.advance(images, labels, deadline=time.monotonic() + STORE_SECONDS)
        training.save(checkpoint)
    return supernet


def predict(supernet: Supernet, path: Mapping[str, str], images: Tensor, *, calibration: Tensor) -> Tensor:
    """(n, K) float64 class probabilities of one candidate with the weights it inherits, on the CPU.

    Args:
        supernet: trained; left in eval mode, its normalizations those of the candidate.
        path: of the candidate, as `path_of` tells it from the params.
        images: (n, c, h, w), normalized as in training.
        calibration: (m, c, h, w), training images on which the normalizations are measured.
    """
    place = device()
    supernet.recalibrate(path, calibration.to(place))
    with torch.inference_mode():
        parts = images.tensor_split(-(-len(images) // CHUNK))
        chunks = [supernet.path(part.to(place), path).double() for part in parts]
    return torch.softmax(torch.cat(chunks), dim=1).cpu()


def score(supernet: Supernet, path: Mapping[str, str], images: Tensor, labels: Tensor, *, calibration: Tensor) -> float:
    """The accuracy of `predict` on ``labels``, (n,) class codes."""
    found = predict(supernet, path, images, calibration=calibration).argmax(1)
    return float((found == labels.cpu()).double().mean())
