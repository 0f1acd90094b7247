"""Another model from the trials of a run: written as a bundle beside the run's own, with what it is worth and costs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.artifacts import read_archive, write_archive
from hortus.data.sample import read_sample
from hortus.deploy.bundle import Chosen, load_bundle, write_bundle
from hortus.engine.journal import TrialRow
from hortus.ensemble.calibration import Calibration
from hortus.ensemble.combination import Combination
from hortus.ensemble.conformal import Conformal
from hortus.ensemble.honest import Estimate, honest_estimate
from hortus.ensemble.predictor import Member, Predictor
from hortus.ensemble.stacking import Stacking
from hortus.evaluation.scoring import by_fold
from hortus.run.evidence import keep_predictions
from hortus.run.finish import stored
from hortus.run.prepare import Prepared
from hortus.spaces.pipeline import FittedPipeline

# Timings of one call of which the median is taken, after some that only warm up.
TIMED, WARMING = 25, 3


@dataclass(frozen=True)
class Variant:
    """A model made from a run that is done.

    Attributes:
        folder: where its bundle and what it predicts out of fold lie.
        predictor: the model.
        score: out of fold; greater is better.
        estimate: what it is expected to score on new rows, with a 95 % interval.
        latency: seconds to predict one row, in this process.
        judged: (m,) positions of the rows it was judged on.
        predictions: (m, K) or (m,) for them, by what did not learn from them.
    """

    folder: Path
    predictor: Predictor
    score: float
    estimate: Estimate
    latency: float
    judged: NDArray[np.intp]
    predictions: NDArray[np.float64]


def save_variant(
    run: Path,
    name: str,
    members: Sequence[Member],
    prepared: Prepared,
    like: Predictor,
    *,
    judged: NDArray[np.intp],
    predictions: NDArray[np.float64],
    seed: int,
    facts: dict[str, Any],
    stacking: Stacking | None = None,
    calibration: Calibration | None = None,
) -> Variant:
    """Write a model into a folder of its own in the run's, and load it again from there.

    Args:
        run: the run's folder.
        name: of the variant's folder.
        members: fitted pipelines and their weights, which sum to 1.
        prepared: the run's data.
        like: the run's own model, whose facts about the data hold for this one too.
        judged: (m,) positions of the rows it was judged on.
        predictions: (m, K) or (m,) for them, by what did not learn from them.
        seed: of the run.
        facts: what its manifest is to say besides.
        stacking: of the members, in their order; None for the average by their weights.
        calibration: applied last; None for none.
    """
    place = Path(run) / name
    place.mkdir(exist_ok=True)
    y, folds = np.asarray(prepared.data.y)[judged], np.asarray(prepared.data.folds.assignment)[judged]
    weight = None if prepared.data.weight is None else np.asarray(prepared.data.weight)[judged]
    score = by_fold(prepared.metric, y, predictions, folds, weight)
    estimate = honest_estimate(
        [predictions],
        Combination(np.ones(1), None, None, predictions),
        y,
        prepared.metric,
        weight=weight,
        folds=folds,
        seed=seed,
    )
    keep_predictions(place, predictions, judged)
    chosen = []
    for member in members:
        stored = write_archive(place, f"{member.number:06d}.models.zip", _filler(member.folds))
        chosen.append(Chosen(member.number, member.name, member.weight, place / stored.path))
    write_bundle(
        place / "model.hortus",
        task=prepared.task,
        schema=prepared.schema,
        encoder=prepared.encoder,
        members=chosen,
        conformal=Conformal.fit(y, predictions, weight=weight, folds=folds, seed=seed),
        facts={
            **like.facts,
            "score": score,
            "bounds": (estimate.low, estimate.high),
            "estimate": estimate.to_json(),
            **facts,
        },
        stacking=stacking,
        calibration=calibration,
    )
    predictor = load_bundle(place / "model.hortus")
    return Variant(place, predictor, score, estimate, one_row(predictor, run), judged, predictions)


def open_member(run: Path, row: TrialRow, *, weight: float = 1.0) -> Member:
    """A trial's fitted pipelines, once their digest was checked.

    Raises:
        ArtifactError: they are missing or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="hortus-") as made:
        read_archive(run, stored(row, "models"), Path(made) / "member")
        folds = sorted((Path(made) / "member").iterdir(), key=lambda fold: int(fold.name))
        return Member(row.number, row.describe, weight, tuple(FittedPipeline.load(fold) for fold in folds))


def one_row(predictor: Predictor, run: Path) -> float:
    """Seconds that one row takes, from the user's columns to the prediction."""
    row = read_sample(run, predictor.schema.names).iloc[:1]
    return seconds_of(lambda: predictor.raw(row))


def seconds_of(call: Callable[[], Any]) -> float:
    """The median time of a call."""
    found = []
    for number in range(WARMING + TIMED):
        begin = time.perf_counter()
        call()
        if number >= WARMING:
            found.append(time.perf_counter() - begin)
    return statistics.median(found)


def _filler(folds: Sequence[FittedPipeline]) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        for number, pipeline in enumerate(folds):
            (folder / str(number)).mkdir()
            pipeline.save(folder / str(number))

    return fill
