"""Weight sharing as two evaluators: one trial trains the supernet, all others are scored with its weights.

`SupernetTrial` is told the space and a time, and leaves the supernet in the run's folder; it is stored every few
seconds and goes on where it was killed. Which candidate it is called with does not matter. After it `Inherited` judges
candidates without training them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hortus.data.artifacts import write_artifact
from hortus.data.images import ImageData
from hortus.errors import RunError
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.evaluation.building import tensors, threads
from hortus.evaluation.network import CHECKPOINTS, STORE_SECONDS, costs_of
from hortus.seeds import derive, stream
from hortus.spaces import SPACES
from hortus.spaces.base import Candidate, Space
from hortus.spaces.relaxed import edges_kept, path_of, relax

if TYPE_CHECKING:
    from torch import Tensor

    from hortus.nets.supernet import Supernet

SUPERNET = "artifacts/supernet.safetensors"
# Groups of paths, where no time is given.
STEPS = 600
# Training images on which the normalizations of a candidate are measured.
CALIBRATION = 256


class SupernetTrial(Evaluator):
    """Train the supernet of a space; there is no score.

    Args:
        space: name and settings, as its ``to_json`` gives them.
        steps: groups of paths in the schedule; where the trial has a deadline, the time until then is the schedule.
    """

    name: ClassVar[str] = "supernet"
    trains: ClassVar[bool] = False
    inner: ClassVar[bool] = True

    def __init__(self, *, space: Mapping[str, Any], steps: int = STEPS) -> None:
        self.space = dict(space)
        self.steps = steps

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Train it, or go on where a checkpoint was left.

        Raises:
            SettingError: the space has no supernet.
            DivergedError: the loss is no number any more.
        """
        del candidate, fidelity
        from hortus.evaluation.weight_sharing import SupernetTraining
        from hortus.nets.weights import save_tensors

        data = ImageData.load(context.data)
        begin = time.monotonic()
        seconds = None if context.deadline is None else max(0.1, context.deadline - begin)
        space = _space(self.space, data)
        place = context.out / CHECKPOINTS / "supernet.safetensors"
        with threads(context.threads):
            images, y = _normalized(context.data, data, data.train_rows(0))
            training = SupernetTraining(
                relax(space, data.facts(None), seed=derive(context.seed, "weights")),
                kept=edges_kept(space),
                seed=context.seed,
                steps=self.steps if seconds is None else None,
                seconds=seconds,
            )
            if place.exists():
                training.restore(place)
            while training.at < 1.0:
                training.advance(images, y, deadline=time.monotonic() + STORE_SECONDS)
                if training.at < 1.0:
                    write_artifact(context.out, f"{CHECKPOINTS}/{place.name}", training.save)
            made = write_artifact(
                context.out, SUPERNET, lambda path: save_tensors(path, training.supernet.state_dict())
            )
            place.unlink(missing_ok=True)
        return Evaluation(
            fold_scores=(),
            score=None,
            seconds=time.monotonic() - begin,
            predict_seconds=float("nan"),
            work=float(training.step * training.batch * len(training.supernet.operations)),
            artifacts=(Artifact.of("supernet", made),),
            notes={"steps": training.step},
        )


class Inherited(Evaluator):
    """Score a candidate with the weights it inherits from the run's supernet.

    Args:
        space: name and settings, as its ``to_json`` gives them.
        calibration: training images on which its normalizations are measured.
    """

    name: ClassVar[str] = "weight_sharing"
    trains: ClassVar[bool] = False
    prepares: ClassVar[str | None] = SupernetTrial.name
    prepared_by: ClassVar[frozenset[str]] = frozenset({"steps"})
    requires: ClassVar[frozenset[str]] = frozenset({"supernet"})

    def __init__(self, *, space: Mapping[str, Any], calibration: int = CALIBRATION) -> None:
        self.space = dict(space)
        self.calibration = calibration

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Score one network.

        Raises:
            RunError: the run has no supernet.
            SettingError: the space has none.
            TypeError: the candidate is no network.
        """
        del fidelity
        from hortus.evaluation.weight_sharing import predict
        from hortus.nets.network import NetworkCandidate

        if not isinstance(candidate, NetworkCandidate):
            raise TypeError(f"A network is wanted here, and {type(candidate).__name__} has no params.")
        data = ImageData.load(context.data)
        space = _space(self.space, data)
        with threads(context.threads):
            supernet = _supernet(space, data, context.out / SUPERNET)
            valid = data.valid_rows(0)
            rows = stream(0, "calibration").permutation(data.train_rows(0))[: self.calibration]
            begin = time.monotonic()
            images, calibration = (_normalized(context.data, data, chosen)[0] for chosen in (valid, rows))
            found = predict(supernet, path_of(space, candidate.params), images, calibration=calibration).numpy()
            seconds = time.monotonic() - begin
            value = float(data.metric()(data.y[valid], found))
            costs = costs_of(candidate.build(data.shape, data.classes, seed=0), data.shape)
        return Evaluation(
            fold_scores=(value,),
            score=value,
            seconds=seconds,
            predict_seconds=seconds / max(1, len(valid)),
            work=float(len(rows) + len(valid)),
            notes=costs,
        )


def _space(told: Mapping[str, Any], data: ImageData) -> Space:
    settings = dict(told)
    return SPACES[settings.pop("name")](data.facts(None), **settings)


def _supernet(space: Space, data: ImageData, place: Path) -> Supernet:
    try:
        stamp = place.stat().st_mtime_ns
    except OSError as error:
        raise RunError(
            f"There is no supernet in {str(place.parent.parent)!r}, whose weights the candidates would inherit.",
            mend="Let the run train it first (evaluator 'supernet'), or judge candidates by 'train'.",
            code="supernet-missing",
        ) from error
    return _loaded(_Key(space, data), place, stamp)


class _Key:
    """What a supernet is made for; equal where its file can be the same."""

    def __init__(self, space: Space, data: ImageData) -> None:
        self.space, self.data = space, data
        self._told = str(space.to_json()), data.digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._told == other._told

    def __hash__(self) -> int:
        return hash(self._told)


@lru_cache(maxsize=1)
def _loaded(key: _Key, place: Path, _stamp: int) -> Supernet:
    from hortus.nets.training import device
    from hortus.nets.weights import fill, load_tensors

    supernet = relax(key.space, key.data.facts(None))
    fill(supernet, load_tensors(place)[0])
    return supernet.to(device())


def _normalized(folder: Path, data: ImageData, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
    """Some of the images as networks see them, and their class codes."""
    from hortus.nets.training import Normalizer, device

    pixels, y = tensors(folder, data.digest)
    return Normalizer(*data.moments, place=device())(pixels[rows]), y[rows]
