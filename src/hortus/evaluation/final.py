"""The network that is handed over: trained on all images, those set aside included."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

import numpy as np

from hortus.data.artifacts import write_artifact
from hortus.data.images import ImageData
from hortus.evaluation.base import Artifact, Evaluation, Fidelity, TrialContext
from hortus.evaluation.building import build, ready, scaled, tensors, threads
from hortus.evaluation.network import CHECKPOINTS, STORE_SECONDS, NetworkTraining, costs_of, curve
from hortus.nets.weights import save_tensors
from hortus.spaces.base import Candidate

# Of the time, what is kept for counting and storing the network.
STORING_SHARE = 0.05


class FinalTraining(NetworkTraining):
    """Train a network on all images. Nothing is left to judge it by, so that its score is none."""

    name: ClassVar[str] = "train_all"

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Train one network; its weights are what it leaves.

        Raises:
            DivergedError: its loss is no number any more.
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
            network = build(scaled(candidate, **self.scale), data, context.seed)
            training = self.begin(network, data, rows, fidelity, context.seed)
            if (context.out / place).exists():
                training.restore(context.out / place)
            training.advance(pixels, y, deadline=deadline, then=keep)
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
            artifacts=(Artifact("models", weights.path, weights.sha256, weights.size),),
            notes={**costs, "epochs": training.seen / len(rows), "curve": curve(training)},
        )
