"""Models fitted on all rows of a file held against the sample's model, and put in its place where they are better."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.artifacts import Stored, verify, write_artifact
from hortus.data.rows_on_disk import RowsOnDisk
from hortus.data.sample import write_sample
from hortus.deploy.bundle import Chosen, write_bundle
from hortus.engine.journal import Journal, TrialRow
from hortus.ensemble.calibration import Calibration
from hortus.ensemble.combination import average
from hortus.ensemble.conformal import Conformal
from hortus.ensemble.honest import Estimate
from hortus.ensemble.stacking import Stacking
from hortus.evaluation.base import Evaluation
from hortus.evaluation.interval import interval
from hortus.evaluation.streaming import JUDGED, WATCHED
from hortus.run.evidence import STREAMED, keep_predictions
from hortus.run.finish import Ensemble, stored
from hortus.run.prepare import Prepared
from hortus.run.result import BUNDLE
from hortus.run.swap import take_place

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Streamed:
    """A trial in the phase of streaming.

    Attributes:
        row: the trial.
        evaluation: what its part left; None where it failed.
        failed: why it, or its fit on all rows, failed.
    """

    row: TrialRow
    evaluation: Evaluation | None
    failed: str = ""

    @property
    def fitted(self) -> bool:
        """Whether there is a model of all rows."""
        return self.evaluation is not None and self.evaluation.left("after") is not None

    @property
    def rows(self) -> int:
        """That it learned from on disk; 0 where it did not."""
        return 0 if self.evaluation is None else int(self.evaluation.notes["rows"])

    def said(self, name: str, folder: Path) -> Array:
        """What it predicts of the rows kept aside, ``"before"`` or ``"after"``."""
        path = verify(folder, self.stored(name))
        found: Array = np.load(path, allow_pickle=False)
        return found

    def stored(self, name: str) -> Stored:
        """A file that its part left."""
        return stored(replace(self.row, evaluation=self.evaluation), name)


@dataclass(frozen=True)
class Blend:
    """Members, and how they are brought together.

    Attributes:
        members: number of each trial's, and whether it is the one fitted on all rows.
        weights: of each; they sum to 1.
        stacking: None for the average by the weights.
        calibration: None for none.
    """

    members: tuple[tuple[int, bool], ...]
    weights: tuple[float, ...]
    stacking: Stacking | None = None
    calibration: Calibration | None = None

    def says(self, predictions: Mapping[tuple[int, bool], Array]) -> Array:
        """(n, K) or (n,) from its members' own."""
        own = [predictions[member] for member in self.members]
        found = average(own, np.array(self.weights)) if self.stacking is None else self.stacking.combine(own)
        return found if self.calibration is None else self.calibration.apply(found)


@dataclass(frozen=True)
class Judgement:
    """The sample's model and that of all rows, on rows that neither has seen.

    Attributes:
        before: the metric of the sample's model; greater is better.
        after: of the model of all rows.
        blend: that model.
        parts: the trials in it, by number.
        y: (n,) codes or values of the rows.
        weight: (n,) of them, or None.
        predictions: (n, K) or (n,) of the model of all rows.
    """

    before: float
    after: float
    blend: Blend
    parts: Mapping[int, Streamed]
    y: NDArray[Any]
    weight: Array | None
    predictions: Array

    @property
    def better(self) -> bool:
        """Whether the model of all rows is the better one."""
        return self.after > self.before


def judge_streamed(
    ensemble: Ensemble, parts: Mapping[int, Streamed], prepared: Prepared, place: Path, folder: Path
) -> Judgement:
    """Choose how the models of all rows are brought together, and hold them against the sample's.

    They are chosen by the rows that they were stopped by; the rows that judge are looked at by two models alone.

    Args:
        ensemble: of the sample.
        parts: what came of each trial, by number.
        prepared: the run's metric.
        place: where the rows lie.
        folder: the run's.

    Raises:
        ArtifactError: what a trial left is damaged.
    """
    watched, judged = (RowsOnDisk.open(place / name) for name in (WATCHED, JUDGED))
    said: dict[tuple[int, bool], Array] = {(n, False): one.said("before", folder) for n, one in parts.items()}
    said |= {(n, True): one.said("after", folder) for n, one in parts.items() if one.fitted}
    cut = len(watched)
    first = {member: predictions[:cut] for member, predictions in said.items()}
    second = {member: predictions[cut:] for member, predictions in said.items()}

    def score(blend: Blend) -> float:
        found = prepared.metric(watched.y, blend.says(first), watched.weight)
        return found if np.isfinite(found) else -np.inf

    best = max(_blends(ensemble, parts), key=score)
    predictions = best.says(second)
    return Judgement(
        before=prepared.metric(judged.y, _as_it_was(ensemble).says(second), judged.weight),
        after=prepared.metric(judged.y, predictions, judged.weight),
        blend=best,
        parts=parts,
        y=judged.y,
        weight=judged.weight,
        predictions=predictions,
    )


def _as_it_was(ensemble: Ensemble) -> Blend:
    numbers = [row.number for row in ensemble.rows]
    weights = tuple(ensemble.weights[number] for number in numbers)
    return Blend(tuple((number, False) for number in numbers), weights, ensemble.stacking, ensemble.calibration)


def _blends(ensemble: Ensemble, parts: Mapping[int, Streamed]) -> list[Blend]:
    """The ensemble with its members replaced where they were fitted on all rows; and those alone."""
    fitted = [number for number, one in parts.items() if one.fitted]
    shares = np.array([ensemble.weights.get(number, 0.0) for number in fitted])
    shares = shares / shares.sum() if shares.sum() > 0 else np.full(len(fitted), 1 / len(fitted))
    found = [Blend(tuple((number, True) for number in fitted), tuple(shares.tolist()))]
    before = _as_it_was(ensemble)
    replaced = tuple((number, number in fitted) for number, _ in before.members)
    if any(new for _, new in replaced):
        # Of equal scores the first is taken, which changes less.
        found.insert(0, Blend(replaced, before.weights, before.stacking, before.calibration))
    return found


def keep_streamed(
    journal: Journal,
    judged: Judgement,
    prepared: Prepared,
    folder: Path,
    *,
    frame: pd.DataFrame,
    rows: tuple[int, int],
    seed: int,
    standing: dict[str, Any],
) -> None:
    """Put the model of all rows in the place of the sample's, which goes beside it.

    Args:
        journal: the run's.
        judged: the model.
        prepared: the run's data.
        folder: the run's.
        frame: some of the rows that judge, as `Schema.apply` reads them; the index holds their positions.
        rows: that it has learned from, and that the file has.
        seed: of the run.
        standing: what the model hangs on, which the journal keeps.
    """
    place = folder / STREAMED
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    write_sample(frame, place)
    arrays = {"y": judged.y} if judged.weight is None else {"y": judged.y, "weight": judged.weight}
    for name, values in arrays.items():
        write_artifact(folder, f"{STREAMED}/{name}.npy", partial(np.save, arr=values, allow_pickle=False))
    keep_predictions(place, judged.predictions, np.arange(len(judged.y)))
    low, high = interval(prepared.metric, judged.y, judged.predictions, judged.weight, seed=seed)
    estimate = Estimate(judged.after, low, high, naive=judged.after, optimism=0.0)
    findings = journal.get("findings") or [finding.to_json() for finding in prepared.findings]
    score = {"score": judged.after, "bounds": (low, high), "estimate": estimate.to_json()}
    write_bundle(
        place / BUNDLE,
        task=prepared.task,
        schema=prepared.schema,
        encoder=prepared.encoder,
        members=_members(judged, folder),
        stacking=judged.blend.stacking,
        calibration=judged.blend.calibration,
        conformal=Conformal.fit(judged.y, judged.predictions, weight=judged.weight, folds=None, seed=seed),
        facts={
            **score,
            "rows": rows[0],
            "findings": findings,
            "ranges": prepared.ranges,
            # No member has seen the rows it is judged by.
            "apart": True,
            "streamed": {"rows": rows[0], "of": rows[1], "judged": len(judged.y), "before": judged.before},
        },
    )
    weights = {number: weight for (number, _), weight in zip(judged.blend.members, judged.blend.weights, strict=True)}
    take_place(journal, folder, {**score, "weights": weights, "streamed": standing})


def _members(judged: Judgement, folder: Path) -> Sequence[Chosen]:
    """The files of the model's members, each once its digest was checked."""
    found = []
    for (number, new), weight in zip(judged.blend.members, judged.blend.weights, strict=True):
        part = judged.parts[number]
        archive = verify(folder, part.stored("models") if new else stored(part.row, "models"))
        found.append(Chosen(number, part.row.describe, weight, archive))
    return found


def clear_streamed(folder: Path) -> None:
    """Remove what the trials' parts left: the bundle holds what is needed of it."""
    for path in (folder / "artifacts").glob("streamed-*"):
        with suppress(OSError):
            path.unlink()
