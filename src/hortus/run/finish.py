"""From the trials of a search to one model: choose, blend, save."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.artifacts import Stored, verify
from hortus.data.finding import Finding
from hortus.deploy.bundle import Chosen, write_bundle
from hortus.engine.journal import TrialRow
from hortus.engine.row import ranked
from hortus.engine.shelf import SEATS
from hortus.ensemble.calibration import Calibration
from hortus.ensemble.combination import Combination, combine
from hortus.ensemble.conformal import Conformal
from hortus.ensemble.honest import Estimate, judge
from hortus.ensemble.stacking import Stacking
from hortus.errors import ArtifactError
from hortus.evaluation.base import Evaluation
from hortus.evaluation.full import overall, validated
from hortus.evaluation.scoring import by_fold
from hortus.run.evidence import keep_predictions
from hortus.run.prepare import Prepared

# Candidates that an ensemble is chosen from.
MOST = 40
# Share of the time for choosing that bringing candidates together may take; the rest is for the intervals.
COMBINING = 0.7


@dataclass(frozen=True)
class Ensemble:
    """What was chosen.

    Attributes:
        rows: the members' trials, the heaviest first.
        weights: by trial number; they sum to 1.
        score: out of fold, and on rows that the weights were not chosen by where there was time for that.
        estimate: what it is expected to score on new rows, corrected for the choice, with a 95 % interval.
        intervals: of the leading candidates' scores, by trial number.
        tied: numbers of the candidates that cannot be told from the best.
        judged: (m,) positions of the rows that every candidate was judged on.
        predictions: (m, K) or (m,) for them, by what did not learn from them.
        conformal: what intervals and sets are made from.
        stacking: how the members are brought together, in the order of ``rows``; None for the weighted average.
        calibration: of the probabilities; None for none.
    """

    rows: tuple[TrialRow, ...]
    weights: dict[int, float]
    score: float
    estimate: Estimate
    intervals: dict[int, tuple[float, float]]
    tied: tuple[int, ...]
    judged: NDArray[np.intp]
    predictions: NDArray[np.float64]
    conformal: Conformal
    stacking: Stacking | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Pool:
    """The candidates that a model is made from, and the rows that all of them were judged on.

    Attributes:
        rows: their trials, the best first.
        judged: (m,) positions of the rows.
        predictions: one (m, K) or (m,) array a candidate, out of fold.
        y: (m,) class codes or values.
        folds: (m,) the fold that validated each row.
        weight: (m,) sample weights, or None.
    """

    rows: tuple[TrialRow, ...]
    judged: NDArray[np.intp]
    predictions: tuple[NDArray[np.float64], ...]
    y: NDArray[Any]
    folds: NDArray[np.int8]
    weight: NDArray[np.float64] | None


def pool(rows: Sequence[TrialRow], prepared: Prepared, folder: Path) -> Pool:
    """The best trials that ended well, with what they predicted; no rows where there are none.

    They are the best `MOST`, and the best `SEATS` of each learner.

    Raises:
        ArtifactError: a trial's predictions are missing or damaged.
    """
    done = leading([row for row in ranked(rows) if row.left("models") is not None])
    predictions = [_predictions(row, folder) for row in done]
    known = np.logical_and.reduce([_known(p, len(prepared.data)) for p in predictions]) if done else np.zeros(0, bool)
    judged = np.flatnonzero(known)
    weight: Any = prepared.data.weight
    return Pool(
        rows=tuple(done),
        judged=judged,
        predictions=tuple(p[judged].astype(np.float64) for p in predictions),
        y=np.asarray(prepared.data.y[judged]),
        folds=np.asarray(prepared.data.folds.assignment[judged]),
        weight=None if weight is None else np.asarray(weight[judged]),
    )


def leading(ranked: Sequence[TrialRow]) -> list[TrialRow]:
    """The best `MOST` of trials that come best first, and the best `SEATS` of each learner, in the same order."""
    met: Counter[str] = Counter()
    kept = []
    for place, row in enumerate(ranked):
        met[row.model] += 1
        if place < MOST or met[row.model] <= SEATS:
            kept.append(row)
    return kept


def choose(
    rows: Sequence[TrialRow], prepared: Prepared, folder: Path, *, single: bool, seed: int, seconds: float | None
) -> Ensemble | None:
    """The ensemble that scores best out of fold; None where no trial has ended well.

    Args:
        rows: the journal's.
        prepared: the data and the metric.
        folder: the run's.
        single: take the best trial alone.
        seed: of the run.
        seconds: that choosing may take; None for as long as it needs.
    """
    begin = time.monotonic()
    deadline = None if seconds is None else begin + seconds
    combined_by = None if seconds is None else begin + COMBINING * seconds
    found = pool(rows, prepared, folder)
    done, rated, y, folds, weight = found.rows, found.predictions, found.y, found.folds, found.weight
    if not done:
        return None
    if single or len(done) == 1:
        chosen = Combination(np.eye(len(done))[0], None, None, rated[0])
    else:
        chosen = combine(rated, y, prepared.metric, weight=weight, folds=folds, seed=seed, deadline=combined_by)
    shares = chosen.weights
    told = judge(
        rated,
        chosen,
        y,
        prepared.metric,
        weight=weight,
        folds=folds,
        groups=None if prepared.data.groups is None else np.asarray(prepared.data.groups[found.judged]),
        ordered=prepared.data.folds.ordered,
        seed=seed,
        deadline=deadline,
    )
    members = np.flatnonzero(shares)
    heaviest = members[np.argsort(-shares[members], kind="stable")]
    return Ensemble(
        rows=tuple(done[i] for i in heaviest),
        weights={done[i].number: float(shares[i]) for i in heaviest},
        score=by_fold(prepared.metric, y, chosen.predictions, folds, weight),
        estimate=told.estimate,
        intervals={row.number: bounds for row, bounds in zip(done, told.intervals, strict=False)},
        tied=tuple(row.number for row, same in zip(done, told.tied, strict=False) if same),
        judged=found.judged,
        predictions=chosen.predictions,
        conformal=Conformal.fit(y, chosen.predictions, weight=weight, folds=folds, seed=seed),
        stacking=None if chosen.stacking is None else chosen.stacking.ordered(np.searchsorted(members, heaviest)),
        calibration=chosen.calibration,
    )


def save(path: Path, ensemble: Ensemble, prepared: Prepared, folder: Path, *, findings: Sequence[Finding]) -> None:
    """Write the ensemble as one bundle, and beside it what it predicts out of fold.

    Args:
        path: of the bundle.
        ensemble: what was chosen.
        prepared: the data.
        folder: the run's.
        findings: about the data, with what a model said of them.

    Raises:
        ArtifactError: a member's file is not as it was written.
    """
    keep_predictions(folder, ensemble.predictions, ensemble.judged)
    members = []
    for row in ensemble.rows:
        archive = verify(folder, stored(row, "models"))
        members.append(Chosen(row.number, row.describe, ensemble.weights[row.number], archive))
    write_bundle(
        path,
        task=prepared.task,
        schema=prepared.schema,
        encoder=prepared.encoder,
        members=members,
        stacking=ensemble.stacking,
        calibration=ensemble.calibration,
        conformal=ensemble.conformal,
        facts={
            "score": ensemble.score,
            "bounds": (ensemble.estimate.low, ensemble.estimate.high),
            "estimate": ensemble.estimate.to_json(),
            "rows": len(prepared.data),
            "findings": [finding.to_json() for finding in findings],
            "ranges": prepared.ranges,
        },
    )


def score_of(prepared: Prepared, folder: Path, evaluation: Evaluation) -> float:
    """The user's own metric, from the predictions that a trial left behind.

    Raises:
        ArtifactError: it left none.
    """
    left = evaluation.left("predictions")
    if left is None:
        raise ArtifactError("A trial left no predictions.", mend="Start the run again.", code="artifact-missing")
    predictions = np.load(folder / left.path, allow_pickle=False)
    return overall(prepared.metric, prepared.data, predictions)


def _predictions(row: TrialRow, folder: Path) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.load(verify(folder, stored(row, "predictions")), allow_pickle=False)
    return found


def _known(predictions: NDArray[Any], rows: int) -> NDArray[np.bool_]:
    known = np.zeros(rows, dtype=bool)
    known[validated(predictions)] = True
    return known


def stored(row: TrialRow, name: str) -> Stored:
    """The file that a trial left in the role ``name``.

    Raises:
        ArtifactError: it left none.
    """
    found = row.left(name)
    if found is None:
        raise ArtifactError(f"Trial {row.number} left no {name}.", mend="Start the run again.", code="artifact-missing")
    return found
