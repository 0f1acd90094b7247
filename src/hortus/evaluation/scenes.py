"""The evaluators of networks that tell each pixel's class: trained alone, on all scenes, or with inherited weights.

Their score is the mean intersection over union on the scenes set aside; what they leave beside it are the counts of
pixels by true and predicted class, scene by scene.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.exceptions import TrialPruned

from hortus.data.artifacts import Stored, verify, write_artifact
from hortus.data.overlap import mean_overlap
from hortus.data.scenes import SceneData
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.evaluation.building import deadline_of, threads
from hortus.evaluation.network import CHECKPOINTS, STORE_SECONDS, costs_of, curve
from hortus.evaluation.sizes import check_limits, check_size
from hortus.nets.recipe import LARGE, Recipe, check_recipe
from hortus.seeds import derive
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from torch import Tensor

    from hortus.nets.scene_training import SceneTraining

EPOCHS = 30.0
# Of a trial's time, what is kept for judging and storing the network.
JUDGING_SHARE = 0.08
# A network is judged so many times on its way.
JUDGED = 10
# Of the learning rate, what a network that goes on begins again with.
WARM = 0.5


class SceneNetwork(Evaluator):
    """Train a network and judge it on the scenes set aside.

    Args:
        epochs: of the whole schedule.
        recipe: what is to be otherwise than `hortus.nets.scene_training.scene_recipe` has it.
        limits: what a network may cost at most: ``parameters`` (33.5 million if not said), ``multiply_adds`` of a
            scene.
    """

    name: ClassVar[str] = "segment"
    requires: ClassVar[frozenset[str]] = frozenset({"dense"})

    def __init__(
        self,
        *,
        epochs: float = EPOCHS,
        recipe: Mapping[str, Any] | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        self.epochs = epochs
        self.recipe = dict(recipe or {})
        check_recipe(self.recipe)
        self.limits = dict(limits or {})
        check_limits(self.limits)

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Evaluate one network.

        Raises:
            TrialPruned: ``context.report`` said stop.
            DivergedError: its loss is no number any more.
        """
        data = SceneData.load(context.data)
        train, valid = data.train_rows(), data.valid_rows()
        deadline = deadline_of(context, kept=JUDGING_SHARE)
        begin = time.monotonic()
        with threads(context.threads):
            pixels, masks = scene_tensors(context.data, data.digest)
            training = self.begin(candidate, data, len(train), context)
            passage = _Passage(training, context, f"{CHECKPOINTS}/{context.number:06d}.safetensors")

            def judge() -> float:
                return mean_overlap(counted(training, pixels[valid], masks[valid], data, fidelity).sum(axis=0))

            passage.restore()
            training.advance(
                pixels[train],
                masks[train],
                resolution=fidelity.resolution,
                deadline=deadline,
                then=lambda: passage.after_epoch(judge),
            )
            before = time.monotonic()
            counts = counted(training, pixels[valid], masks[valid], data, fidelity)
            predicting = time.monotonic() - before
            passage.end()
            artifacts = _store(context, counts, training)
            costs = costs_of(training.network, data.shape)
        score = mean_overlap(counts.sum(axis=0))
        return Evaluation(
            fold_scores=(score,),
            score=score,
            seconds=time.monotonic() - begin,
            predict_seconds=predicting / len(valid),
            work=float(training.seen),
            artifacts=artifacts,
            notes={
                **costs,
                "epochs": training.seen / len(train),
                "resolution": fidelity.resolution,
                "curve": passage.told,
                "losses": [epoch["loss"] for epoch in curve(training)],
            },
        )

    def begin(self, candidate: Candidate, data: SceneData, rows: int, context: TrialContext) -> SceneTraining:
        """The training of a candidate on so many scenes, about to begin.

        Raises:
            InputError: it is larger than it may be; nothing of it was allocated.
            TypeError: the candidate is no network.
        """
        from hortus.nets.network import NetworkCandidate
        from hortus.nets.scene_training import SceneTraining
        from hortus.nets.training import Normalizer, device

        if not isinstance(candidate, NetworkCandidate):
            raise TypeError(f"A network is wanted here, and {type(candidate).__name__} is none.")
        recipe, classes, seed = self.made(data, rows), len(data.classes), context.seed
        check_size(candidate, data.shape, classes, batch=recipe.batch, limits=self.limits, memory=context.memory)
        network = candidate.build(data.shape, classes, seed=derive(seed, "weights"))
        return SceneTraining(
            network,
            recipe,
            Normalizer(*data.moments, place=device()),
            frequencies=data.frequencies,
            total=recipe.epochs * rows,
            seed=derive(seed, "training"),
            large=min(data.shape[1:]) >= LARGE,
        )

    def made(self, data: SceneData, rows: int) -> Recipe:
        """The recipe for so many of the scenes."""
        from hortus.nets.scene_training import scene_recipe

        return scene_recipe(rows, data.shape, **{"epochs": self.epochs, **self.recipe})


class SceneFinal(SceneNetwork):
    """Go on training a network that was judged, on all scenes; nothing is left to judge it by.

    Args:
        weights: ``path``, ``sha256`` and ``size`` of a file in the run's folder: what it goes on from, at half the
            learning rate (a warm restart, Loshchilov and Hutter 2017).
        more: as of `SceneNetwork`.
    """

    name: ClassVar[str] = "segment_all"
    inner: ClassVar[bool] = True

    def __init__(self, *, weights: Mapping[str, Any], **more: Any) -> None:
        super().__init__(**more)
        self.weights = dict(weights)

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Train one network; its weights are what it leaves."""
        from hortus.nets.weights import fill, load_tensors

        data = SceneData.load(context.data)
        deadline = deadline_of(context, kept=JUDGING_SHARE)
        begin = time.monotonic()
        with threads(context.threads):
            pixels, masks = scene_tensors(context.data, data.digest)
            training = self.begin(candidate, data, len(data), context)
            fill(training.network, load_tensors(verify(context.out, Stored(**self.weights)))[0])
            passage = _Passage(training, context, f"{CHECKPOINTS}/final-{context.number:06d}.safetensors")
            passage.restore()
            training.advance(pixels, masks, resolution=fidelity.resolution, deadline=deadline, then=passage.keep)
            passage.end()
            weights = _weights(context, f"artifacts/final-{context.number:06d}.safetensors", training)
            costs = costs_of(training.network, data.shape)
        return Evaluation(
            fold_scores=(),
            score=None,
            seconds=time.monotonic() - begin,
            predict_seconds=costs["latency"],
            work=float(training.seen),
            artifacts=(weights,),
            notes={**costs, "epochs": training.seen / len(data), "resolution": fidelity.resolution},
        )

    def made(self, data: SceneData, rows: int) -> Recipe:
        """The recipe for so many of the scenes."""
        recipe = super().made(data, rows)
        return replace(recipe, learning_rate=WARM * recipe.learning_rate)


@lru_cache(maxsize=2)
def scene_tensors(folder: Path, digest: str) -> tuple[Tensor, Tensor]:
    """All pixels and masks of a folder as tensors in memory, where networks are trained; kept for the next trial.

    Args:
        folder: of the scenes.
        digest: theirs; of other data in the same folder nothing is remembered.
    """
    import torch

    from hortus.nets.training import device

    del digest
    data = SceneData.load(folder)
    pixels = torch.from_numpy(np.array(data.pixels)).to(device())
    return pixels, torch.from_numpy(np.array(data.masks)).to(device())


def counted(
    training: SceneTraining, pixels: Tensor, masks: Tensor, data: SceneData, fidelity: Fidelity
) -> NDArray[np.int64]:
    """(m, K, K) pixels of each scene by true and predicted class."""
    from hortus.nets.scene_training import scene_counts

    classes = len(data.classes)
    return scene_counts(training.network, training.normalize, pixels, masks, classes, resolution=fidelity.resolution)


class _Passage:
    """One training on its way: stored now and then, judged now and then, and told of.

    Attributes:
        told: ``at`` and ``score`` wherever it was judged.
    """

    def __init__(self, training: SceneTraining, context: TrialContext, place: str) -> None:
        self.told: list[dict[str, float]] = []
        self._training, self._context, self._place = training, context, place
        self._stored = time.monotonic()

    def restore(self) -> None:
        """Go on from what was stored, if anything was."""
        if (self._context.out / self._place).exists():
            self._training.restore(self._context.out / self._place)

    def keep(self) -> None:
        """Store the training, where it was not stored for a while."""
        if time.monotonic() - self._stored >= STORE_SECONDS:
            write_artifact(self._context.out, self._place, self._training.save)
            self._stored = time.monotonic()

    def after_epoch(self, judge: Any) -> None:
        """Store, and judge and report where a tenth of the schedule has passed since.

        Raises:
            TrialPruned: the driver said stop.
        """
        self.keep()
        at = self._training.at
        last = self.told[-1]["at"] if self.told else 0.0
        if at >= 1.0 or int(JUDGED * at) <= int(JUDGED * last):
            return
        score = judge()
        self.told.append({"at": at, "score": score})
        if not self._context.report(max(1, round(100 * at)), score):
            self.end()
            raise TrialPruned(f"stopped at {100 * at:.0f} % with a score of {score:.5g}")

    def end(self) -> None:
        """Nothing is to be gone on from any more."""
        (self._context.out / self._place).unlink(missing_ok=True)


def _store(context: TrialContext, counts: NDArray[np.int64], training: SceneTraining) -> tuple[Artifact, ...]:
    def save_counts(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, counts, allow_pickle=False)

    made = write_artifact(context.out, f"artifacts/{context.number:06d}.counts.npy", save_counts)
    counted = Artifact.of("counts", made)
    return counted, _weights(context, f"artifacts/{context.number:06d}.safetensors", training)


def _weights(context: TrialContext, place: str, training: SceneTraining) -> Artifact:
    from hortus.nets.weights import save_tensors

    made = write_artifact(context.out, place, lambda path: save_tensors(path, training.network.state_dict()))
    return Artifact.of("models", made)
