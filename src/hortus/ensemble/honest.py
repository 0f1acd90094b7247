"""What a model that was chosen among many will score on rows that nobody has seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.ensemble.combination import Combination, average
from hortus.ensemble.replicates import Replicates, replicate
from hortus.ensemble.ties import tied
from hortus.evaluation.interval import GROUPS, bounds, surprise
from hortus.evaluation.scale import scale_of
from hortus.evaluation.scoring import by_fold
from hortus.seeds import stream

Array = NDArray[Any]

DRAWS = 1000
# A mean of K folds' scores varies more than so many independent rows say, because their models share training rows
# (Bengio and Grandvalet 2004). By how much its variance exceeds theirs; measured, see docs/decisions.
SHARED = 1.25


@dataclass(frozen=True)
class Estimate:
    """A score that was not chosen by.

    Attributes:
        score: that the model is expected to reach on new rows drawn alike; greater is better.
        low: of the 95 % interval for what it will reach on very many of them.
        high: likewise.
        naive: the best candidate's own out-of-fold score, which it was chosen by.
        optimism: how much of ``naive`` is owed to that choice.
    """

    score: float
    low: float
    high: float
    naive: float
    optimism: float

    def to_json(self) -> dict[str, float]:
        """As plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Judged:
    """A combination and the candidates it was made of, judged on the same rows.

    Attributes:
        estimate: of the combination.
        intervals: 95 %, of each candidate's own score: of the first M candidates, if there was no time for more.
        tied: (M,) whether a candidate cannot be told from the best.
    """

    estimate: Estimate
    intervals: tuple[tuple[float, float], ...]
    tied: tuple[bool, ...]


def judge(
    predictions: Sequence[Array],
    chosen: Combination,
    y: Array,
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    groups: NDArray[np.integer[Any]] | None = None,
    ordered: bool = False,
    seed: int = 0,
    deadline: float | None = None,
) -> Judged:
    """Estimate what a combination is worth, and which candidates are worth as much as the best.

    Args:
        predictions: one array a candidate, the best first; each (n, K) probabilities or (n,) values, out of fold.
        chosen: what was made of them.
        y: (n,) class codes or target values.
        metric: greater is better.
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row; None for a holdout.
        groups: (n,) rows of one number belong together.
        ordered: the folds follow each other in time.
        seed: of the run.
        deadline: on ``time.monotonic()``; the candidates are compared as far as there is time.
    """
    n = len(y)
    found = replicate(
        [chosen.predictions, *predictions],
        y,
        metric,
        weight=weight,
        folds=folds,
        groups=groups,
        seed=seed,
        deadline=deadline,
    )
    own, pool = _part(found, slice(0, 1)), _part(found, slice(1, None))
    naive = max([by_fold(metric, y, predictions[0], folds, weight), *pool.scores.tolist()])
    optimism = selection_optimism(pool, seed=seed)
    # Predictions by weights that those rows were not chosen by are corrected already.
    score = float(own.scores[0]) - (0.0 if _crossed(predictions, chosen) else optimism)
    few = n < GROUPS
    error = float("nan") if few else float(own.errors[0])
    parts = 1 if folds is None else len(np.unique(folds))
    score = _as_if_not_stopped(metric, score, error, parts, n)
    if ordered and folds is not None:
        error = math.hypot(error, _drift(chosen.predictions, y, metric, weight, folds, error))
    count = found.moves.shape[1]
    low, high = bounds(metric, score, error * (math.sqrt(SHARED) if parts > 1 else 1.0), y, groups=count)
    low = min(low, score - surprise(metric, y, chosen.predictions))
    return Judged(
        Estimate(score, low, high, naive, optimism),
        tuple(
            bounds(metric, float(s), float("nan") if few else float(e), y, groups=count)
            for s, e in zip(pool.scores, pool.errors, strict=True)
        ),
        tuple(tied(pool, seed=seed).tolist()),
    )


def honest_estimate(
    predictions: Sequence[Array],
    chosen: Combination,
    y: Array,
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
    deadline: float | None = None,
) -> Estimate:
    """The estimate alone; see `judge`."""
    return judge(predictions, chosen, y, metric, weight=weight, folds=folds, seed=seed, deadline=deadline).estimate


def selection_optimism(pool: Replicates, *, seed: int = 0) -> float:
    """How much better the best of many looks than it is: bootstrap bias-corrected cross-validation.

    Rows are drawn with replacement, the best candidate is chosen by them, and scored by the rows that were not drawn
    (BBC-CV, Tsamardinos, Greasidou and Borboudakis 2018, algorithm 5). What is drawn here are the jackknife's groups
    of rows, so that no metric is computed again. Where all candidates are equally good, the mean over draws has the
    expectation of their common true score; where one is far better it is that one's own score.

    Args:
        pool: of the candidates that the best was chosen from.
        seed: for the draws.

    Returns:
        The best score less that mean, at least 0; NaN where the scores are.
    """
    known = np.isfinite(pool.scores) & np.isfinite(pool.moves).all(axis=1)
    scores, moves = pool.scores[known], pool.moves[known]
    groups = moves.shape[1]
    if len(scores) < 2 or groups < 2:
        return 0.0
    counts = stream(seed, "bias").multinomial(groups, np.full(groups, 1 / groups), size=DRAWS)
    counts = counts[(counts == 0).any(axis=1)]
    inside = scores + counts @ moves.T / groups
    out = (counts == 0).astype(np.float64)
    outside = scores + out @ moves.T / out.sum(axis=1, keepdims=True)
    chosen = np.argmax(inside, axis=1)
    return max(0.0, float(scores.max() - outside[np.arange(len(chosen)), chosen].mean()))


def _crossed(predictions: Sequence[Array], chosen: Combination) -> bool:
    """Whether rows were predicted by weights that were not chosen by them."""
    if chosen.stacking is not None:
        return True
    if np.count_nonzero(chosen.weights) == 1:
        return False
    if chosen.calibration is not None:
        return True
    seen = average([p.astype(np.float64) for p in predictions], chosen.weights)
    return not np.array_equal(seen, chosen.predictions)


def _as_if_not_stopped(metric: Metric, score: float, error: float, folds: int, n: int) -> float:
    """The score without what it owes to models that were stopped by the rows that judge them.

    How long to grow, or how strong a penalty, is one constant fitted to each fold's validation rows. As in Akaike's
    criterion, K fitted constants make a mean log-likelihood of n rows look better by K / n, whose standard error is of
    the order of 1 / sqrt(n): by K / sqrt(n) standard errors. What the mean of all folds' models gains over one of them
    is left out on purpose: it is part of what was measured when this was held against real tables (docs/decisions).
    """
    flattered = error * folds / math.sqrt(n)
    if not flattered > 0:
        return score
    scale = scale_of(metric, score)
    return scale.back(scale.to(score) - flattered * scale.slope(score))


def _part(found: Replicates, which: slice) -> Replicates:
    return Replicates(found.scores[which], found.moves[which])


def _drift(predictions: Array, y: Array, metric: Metric, weight: Array | None, folds: Array, error: float) -> float:
    """By how much scores differ from one time to the next, beyond what their rows explain (DerSimonian, Laird 1986).

    The model will be used in yet another time, so this is added whole and not divided by the number of folds.
    """
    there = np.unique(folds)
    if len(there) < 2:
        return 0.0
    rows = [np.flatnonzero(folds == fold) for fold in there]
    scores = [metric(y[r], predictions[r], None if weight is None else weight[r]) for r in rows]
    return math.sqrt(max(0.0, float(np.var(scores, ddof=1)) - len(there) * error**2))
