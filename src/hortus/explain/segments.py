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
from hortus.explain.gaps import SliceSums, chance, holm, slice_gap
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
    candidates = _distinct(found, masks, search, loss, weight, most * TESTED, least)
    tested = []
    for atom_numbers in candidates:
        mask = _all(masks, atom_numbers)
        there = mask[confirm]
        if least <= there.sum() < len(confirm):
            gap, error = slice_gap(loss[confirm], weight[confirm], there)
            tested.append((atom_numbers, mask, gap, error))
    corrected = holm([chance(gap, error) for _, _, gap, error in tested])
    task = evidence.task
    made = []
    for (atom_numbers, mask, gap, error), p in zip(tested, corrected, strict=True):
        if p > LEVEL or gap - 1.96 * error <= 0:
            continue
        held = confirm[mask[confirm]]
        overall = best - float(np.average(loss[confirm], weights=weight[confirm]))
        right = None
        if task.kind != "regression":
            called = evidence.called(evidence.predictions[evidence.rows[held]])
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
        return (evidence.called(predictions) != y).astype(np.float64), "accuracy"
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
    sums = SliceSums(loss, weight)
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


def _distinct(
    found: list[tuple[tuple[int, ...], float]],
    masks: NDArray[np.bool_],
    search: NDArray[np.intp],
    loss: Values,
    weight: Values,
    most: int,
    least: int,
) -> list[tuple[int, ...]]:
    """The first of those that tell something new: half of their rows are in none before, and these are surely worse."""
    kept: list[tuple[int, ...]] = []
    told = np.zeros(masks.shape[1], dtype=bool)
    for numbers, _ in found:
        mask = _all(masks, numbers)
        fresh = (mask & ~told)[search]
        if fresh.sum() < max(least, 0.5 * mask[search].sum()):
            continue
        gap, error = slice_gap(loss[search], weight[search], fresh)
        if gap > 1.96 * error:
            kept.append(numbers)
            told |= mask
            if len(kept) == most:
                break
    return kept
