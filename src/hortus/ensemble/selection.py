"""Greedy ensemble selection (Caruana et al. 2004): add, with replacement, whichever model helps most."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.metrics import Metric
from hortus.ensemble.reduced import reduce_by_fold
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
# How many times a model is added. A size chosen by held-out blocks was tried, and is too noisy a choice.
ROUNDS = 25
# A smaller share than this makes the model slower to use and no better.
SLIGHT = 0.025
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


@dataclass(frozen=True)
class Selection:
    """Weights, and the paths of selection that led to them.

    Attributes:
        weights: (M,) that sum to 1.
        path: on all rows.
        block_paths: on all rows but one block's, block after block.
    """

    weights: NDArray[np.float64]
    path: Path
    block_paths: tuple[Path, ...]


def select(
    predictions: Sequence[Predictions],
    y: NDArray[Any],
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    rounds: int = ROUNDS,
    seed: int = 0,
    deadline: float | None = None,
) -> NDArray[np.float64]:
    """Weights of the average that scores best.

    Args:
        predictions: one array a model, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row; None for one.
        rounds: how many times a model is added.
        seed: for the rows that are looked at, and for the blocks held out.
        deadline: on ``time.monotonic()``; what has been added by then is taken.

    Returns:
        (number of models,) weights that sum to 1; 0 for a model that is left out.
    """
    blocks = make_blocks(y, seed=seed)
    return select_in_blocks(
        predictions, y, metric, blocks=blocks, weight=weight, folds=folds, rounds=rounds, seed=seed, deadline=deadline
    ).weights


def select_in_blocks(
    predictions: Sequence[Predictions],
    y: NDArray[Any],
    metric: Metric,
    *,
    blocks: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    rounds: int = ROUNDS,
    seed: int = 0,
    deadline: float | None = None,
) -> Selection:
    """As `select`; the selections without each block of rows in turn are averaged (bagged, as the paper has it).

    Args:
        predictions: one array a model, each (n, K) probabilities or (n,) values, out of fold.
        y: (n,) class codes or target values.
        metric: greater is better.
        blocks: (n,) numbers 0 … B - 1 of the block that each row is in.
        weight: (n,) sample weights.
        folds: (n,) the fold that validated each row; None for one.
        rounds: how many times a model is added.
        seed: for the rows that are looked at, where there are too many.
        deadline: on ``time.monotonic()``; what has been added by then is taken.

    Returns:
        The weights, and the paths that led to them; without ``block_paths`` where there was no time for all of them.
    """
    path = greedy(predictions, y, metric, weight=weight, folds=folds, rounds=rounds, seed=seed, deadline=deadline)
    block_paths: list[Path] = []
    for block in range(int(blocks.max()) + 1):
        rows = np.flatnonzero(blocks != block)
        if _passed(deadline) or not 0 < len(rows) < len(y):
            break
        found = greedy(
            [p[rows] for p in predictions],
            y[rows],
            metric,
            weight=None if weight is None else weight[rows],
            folds=None if folds is None else folds[rows],
            rounds=rounds,
            seed=seed,
            deadline=deadline,
        )
        if len(found.counts) < len(path.counts):
            break
        block_paths.append(found)
    if len(block_paths) <= blocks.max():
        return Selection(path.weights(rounds), path, ())
    bagged = np.mean([found.weights(rounds) for found in (path, *block_paths)], axis=0)
    kept = np.where(bagged >= min(SLIGHT, bagged.max()), bagged, 0.0)
    return Selection(kept / kept.sum(), path, tuple(block_paths))


def greedy(
    predictions: Sequence[Predictions],
    y: NDArray[Any],
    metric: Metric,
    *,
    weight: NDArray[np.float64] | None = None,
    folds: NDArray[np.integer[Any]] | None = None,
    rounds: int = ROUNDS,
    seed: int = 0,
    deadline: float | None = None,
) -> Path:
    """Add a model ``rounds`` times, or until ``deadline``; the first is always added."""
    keep = _sample(predictions[0], y, metric, seed)
    if keep is not None:
        predictions = [p[keep] for p in predictions]
        y, weight = y[keep], None if weight is None else weight[keep]
        folds = None if folds is None else folds[keep]
    stack, score_many = reduce_by_fold(predictions, y, metric, weight, folds)
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
