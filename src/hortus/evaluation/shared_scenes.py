"""Weight sharing for scenes: one trial trains the shared network, or searches in it; others get its weights.

`SceneSearch` leaves the network in the run's folder and, where it learned an architecture, the weights
that one is decoded from.
It is stored every few seconds and goes on where it was killed. Which candidate it is called with does not matter.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hortus.data.artifacts import write_artifact
from hortus.data.overlap import mean_overlap
from hortus.data.scenes import SceneData
from hortus.errors import RunError, SettingError
from hortus.evaluation.base import Artifact, Evaluation, Evaluator, Fidelity, TrialContext
from hortus.evaluation.building import deadline_of, threads
from hortus.evaluation.network import CHECKPOINTS, STORE_SECONDS, costs_of
from hortus.evaluation.scenes import scene_tensors
from hortus.seeds import derive, stream
from hortus.spaces import SPACES
from hortus.spaces.auto_deeplab import AutoDeepLab, AutoDeepLabSpace
from hortus.spaces.base import Candidate

if TYPE_CHECKING:
    from hortus.nets.trellis import Trellis

SHARED = "artifacts/shared.safetensors"
# Steps of the schedule, where no time is given.
STEPS = 400
# Scenes on which the normalizations of a candidate are measured.
CALIBRATION = 32
# Of the time, what is kept for storing the network.
STORING_SHARE = 0.03


class SceneSearch(Evaluator):
    """Train the shared network of a space, and learn an architecture with it where the method does; there is no score.

    Args:
        space: name and settings, as its ``to_json`` gives them.
        method: ``"uniform"``, or ``"sampled"`` or ``"mixed"``, which learn; see `hortus.nets.trellis_search`.
        steps: of the schedule; where the trial has a deadline, the time until then is the schedule.
        settings: others of `hortus.nets.trellis_search.Settings`, by name.
    """

    name: ClassVar[str] = "segment_search"
    inner: ClassVar[bool] = True
    trains: ClassVar[bool] = False
    requires: ClassVar[frozenset[str]] = frozenset({"dense_supernet"})

    def __init__(
        self, *, space: Mapping[str, Any], method: str = "sampled", steps: int = STEPS, **settings: Any
    ) -> None:
        self.space = dict(space)
        self.method, self.steps, self.settings = method, steps, settings

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Search, or go on where a checkpoint was left.

        Raises:
            SettingError: the space has no shared network, or a setting is unknown.
            DivergedError: the loss is no number any more.
        """
        del candidate, fidelity
        from hortus.nets.scene_training import scene_recipe
        from hortus.nets.training import Normalizer, device
        from hortus.nets.trellis_search import Settings, TrellisSearch
        from hortus.nets.weights import save_tensors
        from hortus.spaces.shared_trellis import drawn_pass, shared_network

        data = SceneData.load(context.data)
        deadline = deadline_of(context, kept=STORING_SHARE)
        begin = time.monotonic()
        place = f"{CHECKPOINTS}/search.safetensors"
        crop = scene_recipe(len(data), data.shape).crop
        try:
            settings = Settings(**{"method": self.method, "crop": crop, **self.settings})
        except TypeError as error:
            raise SettingError(
                f"The search has no such setting: {error}.",
                mend="See hortus.nets.trellis_search.Settings.",
                code="bad-option",
            ) from error
        with threads(context.threads):
            pixels, masks = scene_tensors(context.data, data.digest)
            rows = data.train_rows()
            space = shared_space(self.space, data)
            network = shared_network(space, data.facts(None), seed=derive(context.seed, "weights"))
            search = TrellisSearch(
                network,
                settings,
                draw=partial(drawn_pass, space, network.names) if self.method == "uniform" else None,
                frequencies=data.frequencies,
                normalize=Normalizer(*data.moments, place=device()),
                seed=context.seed,
                steps=self.steps if deadline is None else None,
                seconds=None if deadline is None else max(0.1, deadline - time.monotonic()),
            )
            if (context.out / place).exists():
                search.restore(context.out / place)
            while search.at < 1.0:
                search.advance(pixels[rows], masks[rows], deadline=time.monotonic() + STORE_SECONDS)
                if search.at < 1.0:
                    write_artifact(context.out, place, search.save)
            made = write_artifact(context.out, SHARED, lambda path: save_tensors(path, search.network.state_dict()))
            (context.out / place).unlink(missing_ok=True)
        learned = {} if self.method == "uniform" else {"alpha": search.alpha, "transitions": search.transitions()}
        found = {name: tensor.detach().tolist() for name, tensor in learned.items()}
        return Evaluation(
            fold_scores=(),
            score=None,
            seconds=time.monotonic() - begin,
            predict_seconds=float("nan"),
            work=float(search.step * settings.batch),
            artifacts=(Artifact.of("shared", made),),
            notes={"steps": search.step, **found},
        )


class InheritedScenes(Evaluator):
    """Judge a candidate with the weights it inherits from the run's shared network.

    Args:
        space: name and settings, as its ``to_json`` gives them.
    """

    name: ClassVar[str] = "segment_inherited"
    trains: ClassVar[bool] = False
    prepares: ClassVar[str | None] = SceneSearch.name
    requires: ClassVar[frozenset[str]] = frozenset({"dense_supernet"})

    def __init__(self, *, space: Mapping[str, Any]) -> None:
        self.space = dict(space)

    def __call__(self, candidate: Candidate, fidelity: Fidelity, context: TrialContext) -> Evaluation:
        """Score one network.

        Raises:
            RunError: the run has no shared network.
            TypeError: the candidate is none of this space.
        """
        del fidelity
        from hortus.nets.scene_training import scene_counts
        from hortus.nets.training import Normalizer, device
        from hortus.nets.trellis import recalibrate
        from hortus.spaces.shared_trellis import Inheriting

        if not isinstance(candidate, AutoDeepLab):
            raise TypeError(f"A cell and a path are wanted here, and {type(candidate).__name__} is none.")
        data = SceneData.load(context.data)
        begin = time.monotonic()
        with threads(context.threads):
            shared = _shared(shared_space(self.space, data), data, context.out / SHARED)
            pixels, masks = scene_tensors(context.data, data.digest)
            normalize = Normalizer(*data.moments, place=device())
            one = Inheriting(shared, candidate)
            rows = stream(0, "calibration").permutation(data.train_rows())[:CALIBRATION]
            recalibrate(shared, one.routes, one.moves, normalize(pixels[rows]))
            valid = data.valid_rows()
            counts = scene_counts(one.eval(), normalize, pixels[valid], masks[valid], len(data.classes))
            seconds = time.monotonic() - begin
            network = candidate.build(data.shape, len(data.classes), seed=derive(context.seed, "weights"))
            costs = costs_of(network, data.shape)
        score = mean_overlap(counts.sum(axis=0))
        return Evaluation(
            fold_scores=(score,),
            score=score,
            seconds=seconds,
            predict_seconds=seconds / len(valid),
            work=float(len(rows) + len(valid)),
            notes=costs,
        )


def shared_space(told: Mapping[str, Any], data: SceneData) -> AutoDeepLabSpace:
    """The space of a shared network.

    Raises:
        SettingError: it is of another kind.
    """
    settings = dict(told)
    space = SPACES[settings.pop("name")](data.facts(None), **settings)
    if not isinstance(space, AutoDeepLabSpace):
        raise SettingError(
            f"The candidates of the space {space.name!r} share no network.",
            mend="Take the space 'auto_deeplab', or the evaluator 'train' with a strategy such as 'evolution'.",
            code="space-without-supernet",
        )
    return space


def _shared(space: AutoDeepLabSpace, data: SceneData, place: Path) -> Trellis:
    try:
        stamp = place.stat().st_mtime_ns
    except OSError as error:
        raise RunError(
            f"There is no shared network in {str(place.parent.parent)!r}, whose weights the candidates would inherit.",
            mend="Let the run train it first, or judge candidates by 'train'.",
            code="supernet-missing",
        ) from error
    return _loaded(str(space.to_json()), data.digest, place, stamp, _Made(space, data))


class _Made:
    """What a shared network is made for; not part of what it is remembered by, which the texts beside it are."""

    def __init__(self, space: AutoDeepLabSpace, data: SceneData) -> None:
        self.space, self.data = space, data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Made)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=1)
def _loaded(_space: str, _digest: str, place: Path, _stamp: int, made: _Made) -> Trellis:
    from hortus.nets.training import device
    from hortus.nets.weights import fill, load_tensors
    from hortus.spaces.shared_trellis import shared_network

    shared = shared_network(made.space, made.data.facts(None))
    fill(shared, load_tensors(place)[0])
    return shared.to(device())
