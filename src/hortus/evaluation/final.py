"""The network that is handed over: trained on all images, those set aside included."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hortus.data.artifacts import Stored, verify, write_artifact
from hortus.data.images import ImageData
from hortus.evaluation.base import Artifact, Evaluation, Fidelity, TrialContext
from hortus.evaluation.building import build, ready, scaled, tensors, threads
from hortus.evaluation.network import CHECKPOINTS, STORE_SECONDS, NetworkTraining, costs_of, curve
from hortus.evaluation.sizes import check_size
from hortus.nets.recipe import Recipe
from hortus.nets.weights import fill, load_tensors, save_tensors
from hortus.spaces.base import Candidate

# Of the time, what is kept for counting and storing the network.
STORING_SHARE = 0.05
# Of the learning rate, what a network that goes on begins again with.
WARM = 0.5


class FinalTraining(NetworkTraining):
    """Train a network on all images. Nothing is left to judge it by, so that its score is none.

    Args:
        weights: what it goes on from, ``path``, ``sha256`` and ``size`` of a file in the run's folder: those of the
            same network as it was judged, at half the learning rate (a warm restart, Loshchilov and Hutter 2017).
            None to begin anew.
        more: as of `NetworkTraining`.
    """

    name: ClassVar[str] = "train_all"
    inner: ClassVar[bool] = True

    def __init__(self, *, weights: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.weights = dict(weights or {})

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Train one network; its weights are what it leaves.

        Raises:
            DivergedError: its loss is no number any more.
            InputError: it does not fit memory; nothing of it was allocated.
            TypeError: the candidate is no network.
        """
        data = ImageData.load(context.data)
        begin = time.monotonic()
        rows = np.arange(len(data))
        place = f"{CHECKPOINTS}/final-{context.number:06d}.safetensors"
        stored = begin

        def keep() -> None:
            nonlocal stored
            if time.monotonic() - stored >= STORE_SECONDS:
                write_artifact(context.out, place, training.save)
                stored = time.monotonic()

        with threads(context.threads):
            # No later than it should: it is the last of the run, and what getting ready takes is its own.
            ready()
            now = time.monotonic()
            deadline = None if context.deadline is None else now + (1 - STORING_SHARE) * (context.deadline - now)
            pixels, y = tensors(context.data, data.digest)
            candidate = scaled(candidate, **self.scale)
            batch = self.made(data, len(rows), fidelity).batch
            # What was accepted to be judged is accepted now, where its memory is there.
            limits = {"parameters": math.inf}
            check_size(candidate, data.shape, data.classes, batch=batch, limits=limits, memory=context.memory)
            network = build(candidate, data, context.seed)
            training = self.begin(network, data, rows, fidelity, context.seed)
            if self.weights:
                found, _ = load_tensors(verify(context.out, Stored(**self.weights)))
                fill(network, found)
            if (context.out / place).exists():
                training.restore(context.out / place)
            training.advance(pixels, y, resolution=fidelity.resolution, deadline=deadline, then=keep)
            weights = write_artifact(
                context.out,
                f"artifacts/final-{context.number:06d}.safetensors",
                lambda path: save_tensors(path, network.state_dict()),
            )
            (context.out / Path(place)).unlink(missing_ok=True)
            costs = costs_of(network, data.shape)
        return Evaluation(
            fold_scores=(),
            score=None,
            seconds=time.monotonic() - begin,
            predict_seconds=costs["latency"],
            work=float(training.seen),
            artifacts=(Artifact.of("models", weights),),
            notes={
                **costs,
                "epochs": training.seen / len(rows),
                "resolution": fidelity.resolution,
                "curve": curve(training),
            },
        )

    def made(self, data: ImageData, rows: int, fidelity: Fidelity) -> Recipe:
        """The recipe for so many of the images."""
        recipe = super().made(data, rows, fidelity)
        return replace(recipe, learning_rate=WARM * recipe.learning_rate) if self.weights else recipe
