"""How well masks overlap: counts of pixels by true and predicted class, and intersection over union."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.data.mask_classes import VOID

Counts = NDArray[np.int64]


def confusion(truth: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> Counts:
    """(K, K) pixels by true class (rows) and predicted class (columns). True `VOID` counts for nothing.

    Args:
        truth: codes 0 to K - 1, and `VOID`.
        predicted: codes 0 to K - 1, of the same shape.
        classes: K.

    >>> confusion(np.array([0, 0, 1, 255]), np.array([0, 1, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    counts = truth.ravel() != VOID
    # 64 bits: a product of codes and classes overflows those of the codes, and sums over many scenes 32.
    pairs = truth.ravel()[counts].astype(np.int64) * classes + predicted.ravel()[counts].astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def overlaps(counts: Counts) -> NDArray[np.float64]:
    """(K,) intersection over union of each class; nan for one that is neither there nor predicted.

    >>> overlaps(np.array([[1, 1], [0, 1]])).tolist()
    [0.5, 0.5]
    """
    hit = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    union = counts.sum(axis=-1) + counts.sum(axis=-2) - hit
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(union > 0, hit / union, np.nan)


def mean_overlap(counts: Counts) -> float:
    """The mean of `overlaps` over the classes that are there or predicted; nan where none is.

    >>> mean_overlap(np.array([[2, 0, 0], [0, 0, 2], [0, 0, 0]]))
    0.3333333333333333
    """
    found = overlaps(counts)
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def interval(counts: Counts, *, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """The 95 % interval of the mean overlap: scenes drawn anew, with replacement.

    Args:
        counts: (n, K, K), one for each scene.
        draws: how often.
        rng: of the draws.
    """
    found = [mean_overlap(counts[rng.integers(0, len(counts), len(counts))].sum(axis=0)) for _ in range(draws)]
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)
