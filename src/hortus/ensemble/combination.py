"""How the candidates are brought together: averaged, or stacked where that pays; then calibrated where that pays.

Each step is fitted again with every block of rows left out, and judged on that block. It is kept only if what it
gains on rows it has not seen exceeds one standard error of the gain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.ensemble.calibration import Calibration, calibrate
from hortus.ensemble.gain import gain
from hortus.ensemble.selection import ROUNDS, SMALL, Path, Selection, make_blocks, select_in_blocks
from hortus.ensemble.stacking import Stacking, fit_classes, fit_values

Array = NDArray[np.float64]
Fit = Callable[..., Stacking]

# Models that a stack is made of: more make the model slower to use and rarely better.
STACKED = 10
# Standard errors by which the best model alone must be better than a blend, which nearly always wins on new rows: on
# soybean and digits, where it had been worse by one or two, its log loss was 10 to 21 % lower on rows held out.
ALONE = 2.0
# A weight below this is a rounding of zero.
SLIGHT = 1e-4


@dataclass(frozen=True)
class Combination:
    """What was chosen, over all candidates.

    Attributes:
        weights: (M,) shares that sum to 1; 0 for a candidate that is left out.
        stacking: over the candidates whose weight is not 0, in their order; None for the weighted average.
        calibration: applied last; None for none.
        predictions: (n, K) or (n,) as rows that the combination was not fitted on would be predicted, where there
            was time for that; else the combination's own.
    """

    weights: Array
    stacking: Stacking | None
    calibration: Calibration | None
    predictions: Array


def combine(
    predictions: Sequence[Array],
    y: NDArray[Any],
    metric: Metric,
    *,
    weight: Array | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    seed: int = 0,
    deadline: float | None = None,
) -> Combination:
    """Bring candidates together.

    Args:
        predictions: one array a candidate, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        weight: (n,) sample weights.
        folds: (n,) the fold each row was validated in, so that rows kept together stay so; None for random blocks.
        seed: of the run.
        deadline: on ``time.monotonic()``; a step that is not done by then is left out.
    """
    blocks = _blocks(folds, y, seed)
    chosen = select_in_blocks(
        predictions, y, metric, blocks=blocks, weight=weight, folds=folds, seed=seed, deadline=deadline
    )
    if not chosen.block_paths:
        return Combination(chosen.weights, None, None, average(predictions, chosen.weights))
    seen = average(predictions, chosen.weights)
    unseen = _crossed(
        predictions, blocks, lambda block: _averaging(chosen.block_paths[block].weights(ROUNDS), predictions)
    )
    weights, stacking = chosen.weights, None
    # Among very many poor models a blend finds chance: the best alone may then do better on rows it was not chosen by.
    alone = _crossed(predictions, blocks, lambda block: _averaging(_only(chosen.block_paths[block]), predictions))
    if _pays(metric, y, alone, unseen, weight, folds, seed, errors=ALONE):
        weights, unseen = _only(chosen.path), alone
        seen = average(predictions, weights)
    found = _stacked(predictions, y, weight, blocks, chosen, deadline)
    if found is not None and _pays(metric, y, found[2], unseen, weight, folds, seed):
        weights, stacking, unseen = found
        seen = stacking.combine([predictions[i] for i in np.flatnonzero(weights).tolist()])
    elif np.count_nonzero(weights) == 1:
        unseen = seen
    calibration = None
    if unseen.ndim == 2 and not _passed(deadline):
        calibration, unseen = calibrate(unseen, seen, y, metric, blocks, weight=weight, folds=folds, seed=seed)
    return Combination(weights, stacking, calibration, unseen)


def average(predictions: Sequence[Array], weights: Array) -> Array:
    """The weighted mean of (n, K) or (n,) arrays."""
    used = np.flatnonzero(weights).tolist()
    total = weights[used[0]] * predictions[used[0]]
    for i in used[1:]:
        total = total + weights[i] * predictions[i]
    return np.asarray(total)


def _blocks(folds: NDArray[np.integer[Any]] | None, y: NDArray[Any], seed: int) -> NDArray[np.int64]:
    if folds is None:
        return make_blocks(y, seed=seed)
    there = np.unique(folds)
    if len(there) < 3:
        return make_blocks(y, seed=seed)
    return np.searchsorted(there, folds).astype(np.int64) % (min(len(there), 5) if len(y) <= SMALL else 2)


def _stacked(
    predictions: Sequence[Array],
    y: NDArray[Any],
    weight: Array | None,
    blocks: NDArray[np.int64],
    chosen: Selection,
    deadline: float | None,
) -> tuple[Array, Stacking, Array] | None:
    """Weights, the stack over those that are not 0, and what it predicts of rows it has not seen."""
    fit: Fit = fit_classes if predictions[0].ndim == 2 else fit_values
    fitted: list[tuple[NDArray[np.intp], Stacking]] = []
    everything = [*chosen.block_paths, chosen.path]
    for block, path in enumerate(everything):
        if _passed(deadline):
            return None
        rows = np.flatnonzero(blocks != block)
        members, start = _level_one(path, ROUNDS)
        w = None if weight is None else weight[rows]
        fitted.append((members, fit([predictions[i][rows] for i in members], y[rows], start=start, weight=w)))
    members, stack = fitted[-1]
    kept = np.asarray(stack.weights) > SLIGHT
    if not kept.any() or any(not np.isfinite([*s.weights, *s.bias]).all() for _, s in fitted):
        return None

    def predict(block: int) -> Callable[[NDArray[np.intp]], Array]:
        who, how = fitted[block]
        return lambda rows: how.combine([predictions[i][rows] for i in who])

    unseen = _crossed(predictions, blocks, predict)
    order = np.sort(members[kept])
    values = dict(zip(members.tolist(), stack.weights, strict=True))
    weights = np.zeros(len(predictions))
    weights[order] = [values[i] for i in order.tolist()]
    return weights / weights.sum(), Stacking(tuple(values[i] for i in order.tolist()), stack.bias), unseen


def _only(path: Path) -> Array:
    """Weights of the best model alone."""
    return np.asarray(np.eye(len(path.alone))[int(np.argmax(path.alone))])


def _level_one(path: Path, size: int) -> tuple[NDArray[np.intp], Array]:
    """The models of a stack, the heaviest of the greedy ensemble and then the best alone, and its weights."""
    weights = path.weights(size)
    members = np.lexsort((-path.alone, -weights))[: min(STACKED, len(weights))]
    start = weights[members]
    return members, start / start.sum()


def _averaging(weights: Array, predictions: Sequence[Array]) -> Callable[[NDArray[np.intp]], Array]:
    used = np.flatnonzero(weights).tolist()
    return lambda rows: average([predictions[i][rows] for i in used], weights[used])


def _crossed(
    predictions: Sequence[Array],
    blocks: NDArray[np.int64],
    of_block: Callable[[int], Callable[[NDArray[np.intp]], Array]],
) -> Array:
    """Every row predicted by what was fitted on the other blocks."""
    found = np.empty(predictions[0].shape, dtype=np.float64)
    for block in range(int(blocks.max()) + 1):
        rows = np.flatnonzero(blocks == block)
        found[rows] = of_block(block)(rows)
    return found


def _pays(
    metric: Metric,
    y: NDArray[Any],
    new: Array,
    old: Array,
    weight: Array | None,
    folds: NDArray[np.integer[Any]] | None,
    seed: int,
    errors: float = 1.0,
) -> bool:
    """Whether ``new`` is better than ``old`` by more than so many standard errors of the difference."""
    more, error = gain(metric, y, new, old, weight, folds=folds, seed=seed)
    return bool(more > max(errors * error, 1e-9))


def _passed(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline
