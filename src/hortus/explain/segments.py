"""Where the model is worse than elsewhere, in words: slices of the table with the highest loss.

Slices are cut by one condition or two on the user's columns, as in slice finding (Chung et al. 2019; Sagadeeva & Boehm
2021). Many are looked at, and the worst of many looks bad by chance; so they are looked for in one half of the rows,
and what is told of them (score, gap, interval) is measured on the other half, where few are tested and their
significance is corrected for that few (Holm 1979).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hortus.explain.conditions import Condition, every_condition, in_words
from hortus.explain.evidence import Evidence
from hortus.seeds import stream

# Single conditions that are paired with every other.
BEAM = 60
# Candidates that are tested, for each that is wanted.
TESTED = 3
LEVEL = 0.05

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Segment:
    """Rows for which the model is worse than for the others.

    Attributes:
        words: ``age over 55 and region is north``.
        conditions: one or two.
        rows: of the table's sampled rows, how many are of it.
        share: of those sampled.
        score: by ``metric``, on the half of the rows that it was not looked for in.
        overall: the same for all rows of that half.
        gap: ``score - overall``, below 0.
        low: lower end of the 95 % interval of the gap.
        high: upper end, below 0.
        p: of the gap being none, corrected for the number of segments tested.
        metric: "accuracy", "neg_log_loss" or "neg_mean_absolute_error": what can be said of single rows and is nearest
            to the run's own metric. Greater is better.
        right: share of its rows that are predicted right; None for a regression.
        positions: (rows,) of them in ``evidence.frame``, ascending.
    """

    words: str
    conditions: tuple[Condition, ...]
    rows: int
    share: float
    score: float
    overall: float
    gap: float
    low: float
    high: float
    p: float
    metric: str
    right: float | None
    positions: NDArray[np.intp]


def worst_segments(
    evidence: Evidence, *, most: int = 8, least_rows: int | None = None, seed: int = 0
) -> tuple[Segment, ...]:
    """Find slices of the table where the model is worse, beyond chance.

    Args:
        evidence: the model and its rows.
        most: how many at most.
        least_rows: of a segment, in each half of the rows; None for 2 % of them and 15 at least.
        seed: of the halves.

    Returns:
        The worst first, by the lower of what the halves make of it; none where no slice stands out.
    """
    frame = evidence.frame
    n = len(frame)
    loss, metric = _losses(evidence)
    # What a row without loss scores.
    best = 1.0 if metric == "accuracy" else 0.0
    weight = np.ones(n) if evidence.weight is None else evidence.weight[evidence.rows]
    order = stream(seed, "segments").permutation(n)
    search, confirm = order[: n // 2], order[n // 2 :]
    least = max(15, round(0.02 * n / 2)) if least_rows is None else least_rows
    atoms = every_condition(evidence)
    masks = np.array([mask for _, mask in atoms], dtype=bool).reshape(len(atoms), n)
    found = _search(masks[:, search], loss[search], weight[search], least)
    candidates = _distinct(found, masks, most * TESTED)
    tested = []
    for atom_numbers in candidates:
        mask = _all(masks, atom_numbers)
        there = mask[confirm]
        if least <= there.sum() < len(confirm):
            gap, error = _gap(loss[confirm], weight[confirm], there)
            tested.append((atom_numbers, mask, gap, error))
    corrected = _holm([_tail(gap, error) for _, _, gap, error in tested])
    task = evidence.task
    made = []
    for (atom_numbers, mask, gap, error), p in zip(tested, corrected, strict=True):
        if p > LEVEL or gap - 1.96 * error <= 0:
            continue
        held = confirm[mask[confirm]]
        overall = best - float(np.average(loss[confirm], weights=weight[confirm]))
        right = None
        if task.kind != "regression":
            called = evidence.predictions[evidence.rows[held]].argmax(axis=1)
            right = float(np.average(called == evidence.y[evidence.rows[held]], weights=weight[held]))
        conditions = tuple(atoms[i][0] for i in atom_numbers)
        made.append(
            Segment(
                words=in_words(conditions),
                conditions=conditions,
                rows=int(mask.sum()),
                share=float(mask.mean()),
                score=overall - gap,
                overall=overall,
                gap=-gap,
                low=-gap - 1.96 * error,
                high=-gap + 1.96 * error,
                p=p,
                metric=metric,
                right=right,
                positions=np.flatnonzero(mask),
            )
        )
    return tuple(sorted(made, key=lambda segment: segment.high)[:most])


def _losses(evidence: Evidence) -> tuple[Values, str]:
    """What is lost on each of the m rows, and the metric whose negative mean it is."""
    y, predictions = evidence.y[evidence.rows], evidence.predictions[evidence.rows]
    if evidence.task.kind == "regression":
        return np.abs(y - predictions), "neg_mean_absolute_error"
    if evidence.metric.needs == "label":
        return (predictions.argmax(axis=1) != y).astype(np.float64), "accuracy"
    # A single row that was thought impossible must not be a segment's whole loss.
    return -np.log(np.clip(predictions[np.arange(len(y)), y], 1e-3, None)), "neg_log_loss"


def _search(masks: NDArray[np.bool_], loss: Values, weight: Values, least: int) -> list[tuple[tuple[int, ...], float]]:
    """Single conditions and pairs whose loss is surely higher, those that explain most of it first.

    A pair is worth its words only where it is surely worse than each of its conditions alone.

    Returns:
        Numbers of conditions, and by how much the loss is higher, times the root of the rows: the smallest slice that
        holds all of a trouble has the most.
    """
    counts = masks.sum(axis=1)
    usable = np.flatnonzero((counts >= least) & (counts < masks.shape[1]))
    if not len(usable):
        return []
    kept = masks[usable].astype(np.float32)
    sums = _Sums(kept, loss, weight)
    gaps, errors = sums.gaps(kept)
    sizes = kept.sum(axis=1)
    sure = gaps - 1.96 * errors
    found: list[tuple[tuple[int, ...], float]] = []
    found += [((int(usable[i]),), float(gaps[i] * np.sqrt(sizes[i]))) for i in np.flatnonzero(sure > 0)]
    for i in np.argsort(-gaps * np.sqrt(sizes), kind="stable")[:BEAM]:
        both = kept * kept[i]
        rows = both.sum(axis=1)
        gap, error = sums.gaps(both)
        low = gap - 1.96 * error
        better = (rows >= least) & (rows < sizes[i]) & (rows < sizes)
        better &= (low > gaps[i]) & (low > gaps) & (low > 0)
        rank = gap * np.sqrt(rows)
        found += [(_pair(usable, int(i), int(j)), float(rank[j])) for j in np.flatnonzero(better)]
    return sorted(dict(found).items(), key=lambda item: (-item[1], item[0]))


def _all(masks: NDArray[np.bool_], numbers: tuple[int, ...]) -> NDArray[np.bool_]:
    """The rows that meet all of these conditions."""
    met: NDArray[np.bool_] = np.logical_and.reduce(masks[list(numbers)])
    return met


def _pair(usable: NDArray[np.intp], i: int, j: int) -> tuple[int, ...]:
    return tuple(sorted((int(usable[i]), int(usable[j]))))


class _Sums:
    """The sums that gaps and their errors are made of, for many slices at once."""

    def __init__(self, masks: NDArray[np.float32], loss: Values, weight: Values) -> None:
        self.n = masks.shape[1]
        weight = weight / max(weight.mean(), 1e-300)
        mean = float(np.average(loss, weights=weight))
        off = loss - mean
        self.columns = np.column_stack([weight, weight * off, weight**2, weight**2 * off, weight**2 * off**2])
        self.total = self.columns.sum(axis=0)

    def gaps(self, masks: NDArray[np.float32]) -> tuple[Values, Values]:
        """(a,) mean loss of each slice over that of all rows, and its standard error."""
        inside = (masks @ self.columns.astype(np.float32)).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, other = inside[:, 1] / inside[:, 0], (self.total - inside)[:, 1] / (self.total - inside)[:, 0]
            share = inside[:, 0] / self.total[0]
            variance = _variance(inside, mean) + _variance(self.total - inside, other)
            gap, error = mean, (1 - share) * np.sqrt(np.maximum(variance, 0.0))
        known = np.isfinite(gap) & np.isfinite(error)
        return np.where(known, gap, 0.0), np.where(known, error, np.inf)


def _variance(sums: Values, mean: Values) -> Values:
    """Of a weighted mean, from the sums of w, w x, w², w² x, w² x²."""
    spread = sums[:, 4] - 2 * mean * sums[:, 3] + mean**2 * sums[:, 2]
    found: Values = spread / sums[:, 0] ** 2
    return found


def _gap(loss: Values, weight: Values, mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Of one slice."""
    gaps, errors = _Sums(mask[None].astype(np.float32), loss, weight).gaps(mask[None].astype(np.float32))
    return float(gaps[0]), float(errors[0])


def _distinct(found: list[tuple[tuple[int, ...], float]], masks: NDArray[np.bool_], most: int) -> list[tuple[int, ...]]:
    """The first of those that cover much the same rows."""
    kept: list[tuple[int, ...]] = []
    covered: list[NDArray[np.bool_]] = []
    for numbers, _ in found:
        mask = _all(masks, numbers)
        size = mask.sum()
        if all((mask & other).sum() <= 0.6 * min(size, other.sum()) for other in covered):
            kept.append(numbers)
            covered.append(mask)
            if len(kept) == most:
                break
    return kept


def _tail(gap: float, error: float) -> float:
    """Of a gap as large by chance."""
    from scipy.stats import norm

    return float(norm.sf(gap / error)) if error > 0 else float(gap <= 0)


def _holm(p: list[float]) -> list[float]:
    """Corrected for their number (Holm 1979).

    >>> _holm([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p, kind="stable")
    found = [0.0] * len(p)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        found[i] = largest
    return found
