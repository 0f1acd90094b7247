"""The full evaluation of a network: trained on the training images, judged on those set aside.

Cheaper fidelities are the same training with fewer epochs or images, a lower resolution, or a smaller network. The
rungs that keep the network's size are stages of one training: what is promoted goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from optuna.exceptions import TrialPruned

from hortus.data.artifacts import write_artifact
from hortus.data.images import ImageData
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.evaluation.building import build, deadline_of, scaled, subsample, tensors, threads
from hortus.evaluation.sizes import check_limits, check_size
from hortus.nets.adjustment import Adjustment
from hortus.nets.recipe import LARGE, Recipe, check_recipe, make_recipe
from hortus.seeds import derive
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from torch import nn

    from hortus.nets.training import Training

EPOCHS = 12.0
# A training is stored whenever so many seconds have passed: a killed run loses no more than that.
STORE_SECONDS = 5.0
# Of a trial's time, what is kept for judging and storing the network.
JUDGING_SHARE = 0.1
CHECKPOINTS = "checkpoints"
# A rung ends within this share of the schedule after its place in it, at the end of a batch.
NEAR = 0.01


class Judgement(NamedTuple):
    """How a network does on the images set aside.

    Attributes:
        score: greater is better.
        probabilities: (m, K) of them.
        seconds: that the network took for them.
    """

    score: float
    probabilities: NDArray[np.float64]
    seconds: float


class NetworkTraining(Evaluator):
    """Train a network along its schedule and score it on the images set aside.

    Args:
        epochs: of the whole schedule, at full fidelity.
        recipe: what is to be otherwise than `make_recipe` has it, by the names of `Recipe`.
        scale: how many times as wide and deep as it was found a candidate is made: ``width``, ``depth``.
        limits: what it may cost at most: ``parameters`` (33.5 million if not said), ``multiply_adds`` of an image.
    """

    name: ClassVar[str] = "train"
    scheduled: ClassVar[bool] = True
    requires: ClassVar[frozenset[str]] = frozenset({"network"})

    def __init__(
        self,
        *,
        epochs: float = EPOCHS,
        recipe: Mapping[str, Any] | None = None,
        scale: Mapping[str, float] | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        self.epochs = epochs
        self.scale = dict(scale or {})
        self.recipe = dict(recipe or {})
        check_recipe(self.recipe)
        self.limits = dict(limits or {})
        check_limits(self.limits)

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Evaluate one network.

        Raises:
            TrialPruned: ``context.report`` said stop.
            DivergedError: its loss is no number any more.
            InputError: it is larger than it may be; nothing of it was allocated.
            TypeError: the candidate is no network.
        """
        data = ImageData.load(context.data)
        candidate = scaled(candidate, **self.scale)
        train = data.train_rows(0)
        batch = self.made(data, len(train), fidelity).batch
        check_size(candidate, data.shape, data.classes, batch=batch, limits=self.limits, memory=context.memory)
        deadline = deadline_of(context, kept=JUDGING_SHARE)
        begin = time.monotonic()
        with threads(context.threads):
            seen = [self._small(candidate, rung, context, deadline) for rung in context.rungs if _is_small(rung)]
            network = self.network(candidate, fidelity, data, context)
            training = self.begin(network, data, train, fidelity, context.seed)
            score, predicted, predicting = _train(training, data, fidelity, context, deadline)
            artifacts = _store(context, predicted, network)
            costs = costs_of(network, data.shape)
        return Evaluation(
            fold_scores=(score,),
            score=score,
            seconds=time.monotonic() - begin,
            predict_seconds=predicting / max(1, len(data) - len(train)),
            work=float(training.seen + sum(seen)),
            artifacts=artifacts,
            notes={
                **costs,
                "epochs": training.seen / max(1, len(train)),
                "resolution": fidelity.resolution,
                "curve": curve(training),
            },
        )

    def network(self, candidate: Candidate, fidelity: Fidelity, data: ImageData, context: TrialContext) -> nn.Module:
        """The network before it is trained."""
        return build(scaled(candidate, width=fidelity.width, depth=fidelity.depth), data, context.seed)

    def begin(
        self, network: nn.Module, data: ImageData, rows: NDArray[np.intp], fidelity: Fidelity, seed: int
    ) -> Training:
        """The training of a network on so many of the images, about to begin."""
        from hortus.nets.training import Normalizer, Training, device

        recipe = self.made(data, len(rows), fidelity)
        wanted: Adjustment | None = getattr(network, "adjustment", None)
        recipe = recipe if wanted is None else wanted.apply(recipe)
        total = recipe.epochs * fidelity.rounds * fidelity.rows * len(rows)
        normalize = Normalizer(*data.moments, place=device())
        large = min(data.shape[1:]) >= LARGE
        return Training(network, recipe, normalize, total=total, seed=derive(seed, "training"), large=large)

    def made(self, data: ImageData, rows: int, fidelity: Fidelity) -> Recipe:
        """The recipe for so many of the images."""
        return make_recipe(round(rows * fidelity.rows), data.shape, **{"epochs": self.epochs, **self.recipe})

    def _small(self, candidate: Candidate, rung: Fidelity, context: TrialContext, deadline: float | None) -> int:
        """A rung with a smaller network, which is trained on its own; return how many images it has seen."""
        data = ImageData.load(context.data)
        network = build(scaled(candidate, width=rung.width, depth=rung.depth), data, context.seed)
        training = self.begin(network, data, data.train_rows(0), rung, context.seed)
        pixels, y = tensors(context.data, data.digest)
        rows = subsample(data.train_rows(0), rung.rows, context.seed)
        parts = len(context.rungs) + 1
        soon = None if deadline is None else time.monotonic() + max(0.0, deadline - time.monotonic()) / parts
        training.advance(pixels[rows], y[rows], resolution=rung.resolution, deadline=soon)
        _Said(context).tell(rung.step, _judged(training, data, rung, context).score)
        return training.seen


def _train(
    training: Training, data: ImageData, fidelity: Fidelity, context: TrialContext, deadline: float | None
) -> Judgement:
    """Train a network through its rungs to the end of its schedule; a training that was stored goes on.

    Returns how it is judged at its end.
    """
    said = _Said(context)
    place = context.out / said.place
    if place.exists():
        training.restore(place)
    stages = [rung for rung in context.rungs if not _is_small(rung)]
    # The latest alone, by what it was of.
    judged: dict[tuple[int, float], Judgement] = {}

    def then() -> None:
        said.keep(training)
        if not stages and training.at < 1.0:
            said.tell(round(100 * training.at), training.curve[-1].score or 0.0)

    for epoch in training.curve if not stages else ():
        # What was told before the run was killed is told again, so that the pruner compares the same.
        said.tell(round(100 * epoch.at), epoch.score or 0.0)
    pixels, y = tensors(context.data, data.digest)
    for rung in [*stages, fidelity]:
        share = rung.rounds * rung.rows / (fidelity.rounds * fidelity.rows)
        until = 1.0 if rung is fidelity else min(1.0, share)
        rows = subsample(data.train_rows(0), rung.rows, context.seed)

        def judge(rung: Fidelity = rung) -> float:
            judged.clear()
            judged[training.seen, rung.resolution] = found = _judged(training, data, rung, context)
            return found.score

        training.advance(
            pixels[rows], y[rows], until=until, resolution=rung.resolution, deadline=deadline, judge=judge, then=then
        )
        if rung is not fidelity:
            reached = [epoch.score for epoch in training.curve if epoch.at <= until + NEAR]
            said.tell(rung.step, (reached[-1] if reached else None) or judge())
    place.unlink(missing_ok=True)
    # The last epoch was judged as it ended, unless that was before the run was killed.
    return judged.get((training.seen, fidelity.resolution)) or _judged(training, data, fidelity, context)


def _judged(training: Training, data: ImageData, rung: Fidelity, context: TrialContext) -> Judgement:
    """How the network does on the images set aside."""
    from hortus.nets.training import probabilities

    begin = time.monotonic()
    valid = data.valid_rows(0)
    pixels, _ = tensors(context.data, data.digest)
    found = probabilities(training.network, training.normalize, pixels[valid], resolution=rung.resolution).numpy()
    seconds = time.monotonic() - begin
    return Judgement(float(data.metric()(data.y[valid], found)), found, seconds)


class _Said:
    """What one trial reports and stores on its way.

    Attributes:
        place: of its stored training, relative to the run's folder.
    """

    def __init__(self, context: TrialContext) -> None:
        self.place = f"{CHECKPOINTS}/{context.number:06d}.safetensors"
        self._context = context
        self._step = 0
        self._stored = time.monotonic()

    def tell(self, step: int, score: float) -> None:
        """Report; each step is higher than the one before."""
        self._step = max(self._step + 1, step)
        if not self._context.report(self._step, score):
            (self._context.out / self.place).unlink(missing_ok=True)
            raise TrialPruned(f"stopped at step {self._step} with a score of {score:.5g}")

    def keep(self, training: Training) -> None:
        """Store the training, where it was not stored for a while."""
        if time.monotonic() - self._stored >= STORE_SECONDS:
            write_artifact(self._context.out, self.place, training.save)
            self._stored = time.monotonic()


def curve(training: Training) -> list[dict[str, Any]]:
    """The learning curve as plain JSON values."""
    return [
        {"epoch": e.number, "at": e.at, "loss": e.loss, "score": e.score, "seconds": e.seconds} for e in training.curve
    ]


def costs_of(network: nn.Module, shape: tuple[int, int, int]) -> dict[str, float]:
    """Parameters, multiply-adds, and seconds an image alone takes here, as they stand in an evaluation's notes."""
    from hortus.nets.build import PlanNetwork
    from hortus.nets.counting import latency, multiply_adds, parameters
    from hortus.nets.limits import cost

    if type(network) is PlanNetwork and network.plan.shape == shape:
        # By its layers, most of which were counted before: a pass that counts takes as long as a training step.
        found = cost(network.plan)
        counts = {"params": found.parameters, "macs": found.multiply_adds}
    else:
        counts = {"params": parameters(network), "macs": multiply_adds(network, shape)}
    return {**counts, "latency": latency(network, shape)}


def _is_small(rung: Fidelity) -> bool:
    return rung.width < 1.0 or rung.depth < 1.0


def _store(context: TrialContext, predicted: NDArray[np.float64], network: nn.Module) -> tuple[Artifact, ...]:
    """Probabilities of the images set aside, nan for all others, and the weights."""
    from hortus.nets.weights import save_tensors

    data = ImageData.load(context.data)
    predictions = np.full((len(data), data.classes), np.nan, dtype=np.float32)
    predictions[data.valid_rows(0)] = predicted

    def save_predictions(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, predictions, allow_pickle=False)

    def save_weights(path: Path) -> None:
        save_tensors(path, network.state_dict())

    place = f"artifacts/{context.number:06d}"
    stored = {
        "predictions": write_artifact(context.out, f"{place}.predictions.npy", save_predictions),
        "models": write_artifact(context.out, f"{place}.safetensors", save_weights),
    }
    return tuple(Artifact.of(name, file) for name, file in stored.items())
