"""The full evaluation of a network: trained on the training images, judged on those set aside.

Cheaper fidelities are the same training with fewer epochs or images, a lower resolution, or a smaller network. The
rungs that keep the network's size are stages of one training: what is promoted goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from optuna.exceptions import TrialPruned

from hortus.data.artifacts import write_artifact
from hortus.data.images import ImageData
from hortus.errors import SettingError
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.nets.recipe import LARGE, Recipe, check_recipe, make_recipe
from hortus.seeds import derive, stream
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hortus.nets.training import Training

EPOCHS = 12.0
# A training is stored whenever so many seconds have passed: a killed run loses no more than that.
STORE_SECONDS = 5.0
# Of a trial's time, what is kept for judging and storing the network.
JUDGING_SHARE = 0.1
CHECKPOINTS = "checkpoints"


@runtime_checkable
class Buildable(Protocol):
    """A candidate that is a network: those of Hortus are `hortus.nets.network.NetworkCandidate`."""

    def describe(self) -> str:
        """One line for a person."""

    def build(self, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """The untrained network, from (b, c, h, w) to (b, classes) logits."""


class NetworkTraining(Evaluator):
    """Train a network along its schedule and score it on the images set aside.

    Args:
        epochs: of the whole schedule, at full fidelity.
        recipe: what is to be otherwise than `make_recipe` has it, by the names of `Recipe`.
    """

    name: ClassVar[str] = "train"

    def __init__(self, *, epochs: float = EPOCHS, recipe: Mapping[str, Any] | None = None) -> None:
        self.epochs = epochs
        self.recipe = dict(recipe or {})
        check_recipe(self.recipe)

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Evaluate one network.

        Raises:
            TrialPruned: ``context.report`` said stop.
            DivergedError: its loss is no number any more.
            TypeError: the candidate is no network.
        """
        from hortus.nets.counting import latency, multiply_adds, parameters
        from hortus.nets.training import probabilities

        data = ImageData.load(context.data)
        train, valid = data.train_rows(0), data.valid_rows(0)
        begin = time.monotonic()
        deadline = None if context.deadline is None else begin + (1 - JUDGING_SHARE) * (context.deadline - begin)
        with threads(context.threads):
            pixels, y = tensors(context.data, data.digest)
            seen = [self._small(candidate, rung, context, deadline) for rung in context.rungs if _is_small(rung)]
            network = build(_scaled(candidate, fidelity), data, context.seed)
            training = self.begin(network, data, train, fidelity, context.seed)
            place = context.out / CHECKPOINTS / f"{context.number:06d}.safetensors"
            if place.exists():
                training.restore(place)
            said = _Said(context)
            stages = [rung for rung in context.rungs if not _is_small(rung)]
            for rung in [*stages, fidelity]:
                last = rung is fidelity

                def judge(rung: Fidelity = rung, *, last: bool = last) -> float:
                    predicted = probabilities(network, training.normalize, pixels[valid], resolution=rung.resolution)
                    score = data.metric()(data.y[valid], predicted.numpy())
                    said.keep(training, place)
                    if last and not stages and training.at < 1.0:
                        said.tell(round(100 * training.at), score)
                    return float(score)

                full = fidelity.rounds * fidelity.rows
                rows = subsample(train, rung.rows, context.seed)
                training.advance(
                    pixels[rows],
                    y[rows],
                    until=1.0 if last else min(1.0, rung.rounds * rung.rows / full),
                    resolution=rung.resolution,
                    deadline=deadline,
                    after=judge,
                )
                if not last:
                    said.tell(rung.step, training.curve[-1].score or 0.0)
            before = time.monotonic()
            how = {"resolution": fidelity.resolution}
            predicted = probabilities(network, training.normalize, pixels[valid], **how).numpy()
            predicting = time.monotonic() - before
            predictions = np.full((len(data), data.classes), np.nan, dtype=np.float32)
            predictions[valid] = predicted
            score = data.metric()(data.y[valid], predicted)
            artifacts = _store(context, predictions, network)
            place.unlink(missing_ok=True)
            costs = {
                "params": parameters(network),
                "macs": multiply_adds(network, data.shape),
                "latency": latency(network, data.shape),
            }
        return Evaluation(
            fold_scores=(float(score),),
            score=float(score),
            seconds=time.monotonic() - begin,
            predict_seconds=predicting / max(1, len(valid)),
            work=float(training.seen + sum(seen)),
            artifacts=artifacts,
            notes={**costs, "epochs": training.seen / max(1, len(train)), "curve": curve(training)},
        )

    def begin(
        self, network: nn.Module, data: ImageData, rows: NDArray[np.intp], fidelity: Fidelity, seed: int
    ) -> Training:
        """The training of a network on so many of the images, about to begin."""
        from hortus.nets.training import Normalizer, Training, device

        recipe = self.made(data, len(rows), fidelity)
        total = recipe.epochs * fidelity.rounds * fidelity.rows * len(rows)
        normalize = Normalizer(*data.moments, place=device())
        large = min(data.shape[1:]) >= LARGE
        return Training(network, recipe, normalize, total=total, seed=derive(seed, "training"), large=large)

    def made(self, data: ImageData, rows: int, fidelity: Fidelity) -> Recipe:
        """The recipe for so many of the images."""
        return make_recipe(round(rows * fidelity.rows), data.shape, **{"epochs": self.epochs, **self.recipe})

    def _small(self, candidate: Candidate, rung: Fidelity, context: TrialContext, deadline: float | None) -> int:
        """A rung with a smaller network, which is trained on its own; return how many images it has seen."""
        from hortus.nets.training import probabilities

        data = ImageData.load(context.data)
        train, valid = data.train_rows(0), data.valid_rows(0)
        pixels, y = tensors(context.data, data.digest)
        network = build(_scaled(candidate, rung), data, context.seed)
        training = self.begin(network, data, train, rung, context.seed)
        rows = subsample(train, rung.rows, context.seed)
        parts = len(context.rungs) + 1
        soon = None if deadline is None else time.monotonic() + max(0.0, deadline - time.monotonic()) / parts
        training.advance(pixels[rows], y[rows], resolution=rung.resolution, deadline=soon)
        predicted = probabilities(network, training.normalize, pixels[valid], resolution=rung.resolution)
        _Said(context).tell(rung.step, float(data.metric()(data.y[valid], predicted.numpy())))
        return training.seen


class _Said:
    """What one trial reports and stores on its way."""

    def __init__(self, context: TrialContext) -> None:
        self._context = context
        self._step = 0
        self._stored = time.monotonic()

    def tell(self, step: int, score: float) -> None:
        """Report; each step is higher than the one before."""
        self._step = max(self._step + 1, step)
        if not self._context.report(self._step, score):
            (self._context.out / CHECKPOINTS / f"{self._context.number:06d}.safetensors").unlink(missing_ok=True)
            raise TrialPruned(f"stopped at step {self._step} with a score of {score:.5g}")

    def keep(self, training: Training, place: Path) -> None:
        """Store the training, where it was not stored for a while."""
        if time.monotonic() - self._stored >= STORE_SECONDS:
            write_artifact(self._context.out, str(place.relative_to(self._context.out)), training.save)
            self._stored = time.monotonic()


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


def curve(training: Training) -> list[dict[str, Any]]:
    """The learning curve as plain JSON values."""
    return [
        {"epoch": e.number, "at": e.at, "loss": e.loss, "score": e.score, "seconds": e.seconds} for e in training.curve
    ]


def _is_small(rung: Fidelity) -> bool:
    return rung.width < 1.0 or rung.depth < 1.0


def _scaled(candidate: Candidate, fidelity: Fidelity) -> Candidate:
    """The candidate with fewer channels or cells.

    Raises:
        SettingError: it cannot be made smaller.
    """
    if not _is_small(fidelity):
        return candidate
    scaled = getattr(candidate, "scaled", None)
    if scaled is None:
        raise SettingError(
            f"A candidate of the kind {type(candidate).__name__} has no smaller form.",
            mend="Take fewer epochs or images, or a lower resolution, as the cheaper fidelity.",
            code="fidelity-width",
        )
    found: Candidate = scaled(width=fidelity.width, depth=fidelity.depth)
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


def _store(context: TrialContext, predictions: NDArray[np.float32], network: nn.Module) -> tuple[Artifact, ...]:
    from hortus.nets.weights import save_tensors

    def save_predictions(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, predictions, allow_pickle=False)

    place = f"artifacts/{context.number:06d}"
    stored = {
        "predictions": write_artifact(context.out, f"{place}.predictions.npy", save_predictions),
        "models": write_artifact(
            context.out, f"{place}.safetensors", lambda path: save_tensors(path, network.state_dict())
        ),
    }
    return tuple(Artifact(name, file.path, file.sha256, file.size) for name, file in stored.items())
