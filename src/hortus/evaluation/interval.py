"""How far a score is to be trusted: its standard error and a 95 % interval, from the validated rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.evaluation.scale import is_share, scale_of
from hortus.evaluation.scoring import by_fold
from hortus.seeds import stream

GROUPS = 20
ROWS = 20_000


def standard_error(statistic: Callable[[NDArray[np.intp]], float], n: int, *, seed: int) -> float:
    """Of a statistic of n rows, by the delete-a-group jackknife (Kott 2001).

    The statistic is computed again with each of `GROUPS` random groups of rows left out; their spread gives the
    standard error of any smooth statistic at a twentieth of a bootstrap's cost. Where there are more than `ROWS` rows,
    a sample's standard error is scaled to all of them.

    Args:
        statistic: of the rows at the positions it is given.
        n: how many rows there are, at least `GROUPS`.
        seed: for the groups.

    Returns:
        NaN where the statistic is undefined without some group.
    """
    used = stream(seed, "jackknife").permutation(n)[:ROWS]
    groups = np.array_split(used, GROUPS)
    left_out = [statistic(np.concatenate([g for k, g in enumerate(groups) if k != skip])) for skip in range(GROUPS)]
    return float(spread(np.asarray(left_out)) * np.sqrt(len(used) / n))


def spread(left_out: NDArray[np.float64]) -> Any:
    """The jackknife's standard error from (..., G) statistics, each without one of G groups."""
    groups = left_out.shape[-1]
    away = left_out - left_out.mean(axis=-1, keepdims=True)
    return np.sqrt((groups - 1) / groups * np.sum(away**2, axis=-1))


def student(groups: int) -> float:
    """The 97.5 % quantile of Student's t, with a degree of freedom fewer than there are groups.

    >>> round(student(20), 3)
    2.093
    """
    from scipy.special import stdtrit

    return float(stdtrit(groups - 1, 0.975))


def bounds(metric: Metric, score: float, error: float, y: NDArray[Any], *, groups: int = GROUPS) -> tuple[float, float]:
    """The 95 % interval around a score, on the scale where its errors are symmetric.

    Args:
        metric: greater is better.
        score: of the n rows.
        error: its standard error.
        y: (n,) class codes or target values; without a single mistake among them, the interval is that of so many
            rows without a mistake (Clopper and Pearson 1934).
        groups: how many the error was estimated from: the fewer, the further Student's t reaches.

    Returns:
        Lower and upper bound, around the score; both NaN where the error is.
    """
    if not np.isfinite(error) or not np.isfinite(score):
        return float("nan"), float("nan")
    if is_share(metric) and score in (0.0, 1.0):
        n = len(y) if metric.name == "accuracy" else int(np.unique(y, return_counts=True)[1].min())
        most = 1 - 0.025 ** (1 / n)
        return (1 - most, 1.0) if score else (0.0, most)
    scale = scale_of(metric, score)
    half = student(groups) * error * scale.slope(score)
    return scale.back(scale.to(score) - half), scale.back(scale.to(score) + half)


def interval(
    metric: Metric,
    y: NDArray[Any],
    predictions: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
    *,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """The 95 % interval of a score.

    It says how the score would vary with other validation rows, not how much it was flattered by being chosen.

    Args:
        metric: greater is better.
        y: (n,) class codes or target values.
        predictions: (n, K) or (n,) for the same rows.
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row; None for one.
        seed: for the groups.

    Returns:
        Lower and upper bound; both NaN for fewer rows than groups.
    """
    n = len(y)
    if n < GROUPS:
        return float("nan"), float("nan")

    def scored(rows: NDArray[np.intp]) -> float:
        return by_fold(
            metric,
            y[rows],
            predictions[rows],
            None if folds is None else folds[rows],
            None if weight is None else weight[rows],
        )

    score = scored(np.arange(n))
    low, high = bounds(metric, score, standard_error(scored, n, seed=seed), y)
    return min(low, score - surprise(metric, y, predictions)), high


def surprise(metric: Metric, y: NDArray[Any], predictions: NDArray[Any]) -> float:
    """How much log loss may lie in rows unlike any of these n; 0 for every other metric, which one row cannot sway.

    None of n rows was such, so a share of 1 - 0.025^(1/n) may be (Clopper and Pearson 1934). Each is taken to cost what
    the opposite of a prediction costs, and to be the likelier where the prediction is the less sure. It tells where
    predictions are sure and were never wrong, and nowhere else.

    Args:
        metric: greater is better.
        y: (n,) class codes.
        predictions: (n, K) probabilities.
    """
    if metric.name != "neg_log_loss":
        return 0.0
    eps = float(np.finfo(np.float64).eps)
    unsure = 1 - np.clip(predictions[np.arange(len(y)), y], eps, 1 - eps)
    return float((1 - 0.025 ** (1 / len(y))) * np.average(-np.log(unsure), weights=unsure))
