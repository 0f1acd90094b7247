"""Greedy ensemble selection (Caruana et al. 2004): add, with replacement, whichever model helps most."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.ensemble.reduced import reduce
from hortus.seeds import stream

Predictions = NDArray[np.floating[Any]]

# More rows than this change which model is added rarely, and cost every round; so do more numbers, of many classes,
# and metrics that sort.
ROWS = 20_000
NUMBERS = 60_000
SORTED = 10_000
# In most rounds, only so many candidates are tried: those that were best when all were.
POOL = 12
FULL_ROUNDS = 2
FULL_EVERY = 16
# A smaller gain is rounding.
GAIN = 1e-9
# Up to this many rows, five blocks of them are held out in turn; more are overfitted little, and are halved.
SMALL = 5_000


@dataclass(frozen=True)
class Path:
    """What greedy selection chose, size after size.

    Attributes:
        counts: (R, M) how often each model is in the ensemble of size 1 … R.
        scores: (R,) of each ensemble, on the rows it was chosen by.
        alone: (M,) score of each model alone, on the same rows.
    """

    counts: NDArray[np.float64]
    scores: NDArray[np.float64]
    alone: NDArray[np.float64]

    def weights(self, size: int) -> NDArray[np.float64]:
        """(M,) weights of the ensemble of ``size``, or of the largest there is; they sum to 1."""
        counts = self.counts[min(size, len(self.counts)) - 1]
        shares: NDArray[np.float64] = counts / counts.sum()
        return shares

    def best_size(self) -> int:
        """The smallest size that no other beats on the rows it was chosen by."""
        return int(np.flatnonzero(self.scores >= np.nanmax(self.scores) - GAIN)[0]) + 1


@dataclass(frozen=True)
class Selection:
    """Weights, and what they are worth on rows that did not choose them.

    Attributes:
        weights: (M,) that sum to 1.
        path: on all rows.
        block_paths: on all rows but one block's, block after block.
        size: of the ensemble, chosen by the blocks held out; equal to the weights' common denominator.
    """

    weights: NDArray[np.float64]
    path: Path
    block_paths: tuple[Path, ...]
    size: int


def select(
    predictions: Sequence[Predictions],
    y: NDArray[Any],
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    rounds: int = 40,
    seed: int = 0,
    deadline: float | None = None,
) -> NDArray[np.float64]:
    """Weights of the average that scores best, of a size that pays on rows not chosen by.

    Args:
        predictions: one array a model, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        weight: (n,) sample weights.
        rounds: how many times a model is added.
        seed: for the rows that are looked at, and for the blocks held out.
        deadline: on ``time.monotonic()``; what has been added by then is taken.

    Returns:
        (number of models,) weights that sum to 1; 0 for a model that is left out.
    """
    blocks = make_blocks(y, seed=seed)
    return select_in_blocks(
        predictions, y, metric, blocks=blocks, weight=weight, rounds=rounds, seed=seed, deadline=deadline
    ).weights


def select_in_blocks(
    predictions: Sequence[Predictions],
    y: NDArray[Any],
    metric: Metric,
    *,
    blocks: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    rounds: int = 40,
    seed: int = 0,
    deadline: float | None = None,
) -> Selection:
    """As `select`, with each block of rows held out in turn to choose the ensemble's size.

    Args:
        predictions: one array a model, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        blocks: (n,) numbers 0 … B - 1 of the block that each row is in.
        weight: (n,) sample weights.
        rounds: how many times a model is added.
        seed: for the rows that are looked at, where there are too many.
        deadline: on ``time.monotonic()``; what has been added by then is taken.

    Returns:
        The weights, and the paths that led to them; without ``block_paths`` where there was no time for all of them.
    """
    path = greedy(predictions, y, metric, weight=weight, rounds=rounds, seed=seed, deadline=deadline)
    block_paths: list[Path] = []
    held_out = np.zeros(len(path.counts))
    for block in range(int(blocks.max()) + 1):
        rows = np.flatnonzero(blocks != block)
        out = np.flatnonzero(blocks == block)
        if _passed(deadline) or not len(rows) or not len(out):
            break
        found = greedy(
            [p[rows] for p in predictions],
            y[rows],
            metric,
            weight=None if weight is None else weight[rows],
            rounds=rounds,
            seed=seed,
            deadline=deadline,
        )
        if len(found.counts) < len(path.counts):
            break
        block_paths.append(found)
        judged = y[out], None if weight is None else weight[out]
        held_out += _walk(found, [p[out] for p in predictions], *judged, metric) * len(out)
    if len(block_paths) <= blocks.max():
        size = path.best_size()
        return Selection(path.weights(size), path, (), size)
    size = int(np.flatnonzero(held_out >= held_out.max() - GAIN * len(y))[0]) + 1
    return Selection(path.weights(size), path, tuple(block_paths), size)


def greedy(
    predictions: Sequence[Predictions],
    y: NDArray[Any],
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    rounds: int = 40,
    seed: int = 0,
    deadline: float | None = None,
) -> Path:
    """Add a model ``rounds`` times, or until ``deadline``; the first is always added."""
    keep = _sample(predictions[0], y, metric, seed)
    if keep is not None:
        predictions = [p[keep] for p in predictions]
        y, weight = y[keep], None if weight is None else weight[keep]
    stack, score_many = reduce(predictions, y, metric, weight)
    counts, total = np.zeros(len(stack)), np.zeros_like(stack[0])
    pool = np.arange(len(stack))
    walked, scores = [], []
    alone = np.zeros(len(stack))
    for size in range(1, rounds + 1):
        full = size <= FULL_ROUNDS or size % FULL_EVERY == 0
        tried = np.arange(len(stack)) if full else pool
        found = np.nan_to_num(score_many((total + stack[tried]) / size), nan=-np.inf)
        best = int(np.argmax(found))
        if size == 1:
            alone = found
        if full:
            # In the candidates' own order, so that of two equals the better alone is added.
            pool = np.sort(np.argsort(-found, kind="stable")[:POOL])
        counts[tried[best]] += 1
        total += stack[tried[best]]
        walked.append(counts.copy())
        scores.append(found[best])
        if _passed(deadline):
            break
    return Path(np.array(walked), np.array(scores), alone)


def make_blocks(y: NDArray[Any], *, seed: int) -> NDArray[np.int64]:
    """(n,) blocks 0 … B - 1 of equal size, over which the classes, or the values, are spread evenly."""
    order = stream(seed, "blocks").permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    blocks = np.empty(len(y), dtype=np.int64)
    blocks[order] = np.arange(len(y)) % (5 if len(y) <= SMALL else 2)
    return blocks


def _walk(
    path: Path, predictions: Sequence[Predictions], y: NDArray[Any], weight: NDArray[np.float64] | None, metric: Metric
) -> NDArray[np.float64]:
    """(R,) scores of a path's ensembles on other rows."""
    stack, score_many = reduce(predictions, y, metric, weight)
    total = np.zeros_like(stack[0])
    before = np.zeros(len(stack))
    scores = []
    for size, counts in enumerate(path.counts, start=1):
        total += stack[int(np.argmax(counts - before))]
        before = counts
        scores.append(score_many(total[None] / size)[0])
    # A block on which the metric is undefined says nothing of any size.
    known: NDArray[np.float64] = np.nan_to_num(np.array(scores), nan=0.0, neginf=-1e100)
    return known


def _sample(prediction: Predictions, y: NDArray[Any], metric: Metric, seed: int) -> NDArray[np.int64] | None:
    """Positions of the rows to look at, spread evenly over the target; None for all."""
    classes = 1 if prediction.ndim == 1 or metric.name == "neg_log_loss" else prediction.shape[1]
    sorts = metric.name.startswith(("roc_auc", "average_precision"))
    most = max(2_000, SORTED // max(1, classes - 1) if sorts else min(ROWS, NUMBERS // classes))
    if len(y) <= most:
        return None
    order = stream(seed, "selection").permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    return np.sort(order[np.linspace(0, len(y) - 1, most).astype(np.int64)])


def _passed(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline
