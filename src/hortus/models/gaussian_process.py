"""Scores from encoded candidates: a Gaussian process over their answers, with its scales at their likeliest.

The kernel is k(x, x') = exp(-|x - x'|_1 / l): two answers that differ count 1 for a category and their distance for a
number; over categories alone it is Hamming distance's kernel, which Ru et al. 2021 show to be strong on spaces of
networks. The strategy ``predictor`` searches by it, and the evaluator ``surrogate`` judges by it. What it learns from
are ranks as normal quantiles: scores of networks have a long tail of failures that would drown the differences among
the best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

# Length scales as shares of the mean distance between candidates, and noise as a share of the signal's variance.
SCALES = (0.25, 0.5, 1.0, 2.0)
NOISES = (0.01, 0.1, 0.3)
# Scales are compared on at most so many candidates, and all is learned from at most so many, half of them the best.
COMPARED = 96
LEARNED = 256


@dataclass(frozen=True)
class GaussianProcess:
    """A Gaussian process of unit prior mean-square over distances, with its scales at their likeliest.

    Attributes:
        points: (n, D) what was learned from.
        length: l of the kernel.
        variance: of the signal.
        weights: (n,) K^-1 t.
        factor: (n, n) the kernel's lower triangular factor.
    """

    points: Vectors
    length: float
    variance: float
    weights: Vectors
    factor: Vectors

    @classmethod
    def learned(cls, points: Vectors, targets: Vectors, unknown: Vectors | None = None) -> GaussianProcess:
        """Learn from ``points``, of very many from a part; those under way are taken to turn out as expected.

        Args:
            points: (n, D).
            targets: (n,) of mean near 0 and variance near 1.
            unknown: (m, D) points whose targets are yet to come; they make their surroundings certain, no better.
        """
        kept = _telling(targets, LEARNED)
        points, targets = points[kept], targets[kept]
        length, noise, variance = _likeliest(points, targets)
        weights, factor = _solved(points, targets, length, noise)
        if unknown is not None and len(unknown):
            expected = np.exp(-distances(unknown, points) / length) @ weights
            points, targets = np.vstack([points, unknown]), np.concatenate([targets, expected])
            weights, factor = _solved(points, targets, length, noise)
        return cls(points, length, variance, weights, factor)

    def predict(self, points: Vectors) -> tuple[Vectors, Vectors]:
        """The expected targets (m,) at ``points`` (m, D), and their standard deviations (m,), noise left out."""
        from scipy.linalg import solve_triangular

        kernel = np.exp(-distances(points, self.points) / self.length)
        explained = np.square(solve_triangular(self.factor, kernel.T, lower=True, check_finite=False)).sum(axis=0)
        return kernel @ self.weights, np.sqrt(self.variance * np.maximum(1e-12, 1.0 - explained))


def _solved(points: Vectors, targets: Vectors, length: float, noise: float) -> tuple[Vectors, Vectors]:
    from scipy.linalg import cho_solve

    kernel = np.exp(-distances(points, points) / length)
    factor = np.linalg.cholesky(kernel + noise * np.eye(len(points))).astype(np.float64)
    weights: Vectors = cho_solve((factor, True), targets, check_finite=False)
    return weights, factor


def distances(a: Vectors, b: Vectors) -> Vectors:
    """(n, m) sums of absolute differences."""
    from scipy.spatial.distance import cdist

    found: Vectors = cdist(a, b, "cityblock")
    return found


def _likeliest(points: Vectors, targets: Vectors) -> tuple[float, float, float]:
    """The length scale, the noise's share and the signal's variance of greatest marginal likelihood."""
    from scipy.linalg import solve_triangular

    kept = _telling(targets, COMPARED)
    points, targets, n = points[kept], targets[kept], len(kept)
    apart = distances(points, points)
    mean = float(apart.sum() / max(1, n * (n - 1))) or 1.0
    found = []
    for scale in SCALES:
        kernel = np.exp(-apart / (scale * mean))
        for noise in NOISES:
            factor = np.linalg.cholesky(kernel + noise * np.eye(n))
            along = solve_triangular(factor, targets, lower=True, check_finite=False)
            variance = float(np.mean(np.square(along)))
            unlikely = n * math.log(variance + 1e-12) + 2.0 * float(np.log(np.diag(factor)).sum())
            found.append((unlikely, scale * mean, noise, variance))
    _, length, noise, variance = min(found)
    return length, noise, variance


def _telling(targets: Vectors, most: int) -> NDArray[np.int64]:
    """The places of at most ``most`` targets: the best half, and the rest evenly spread from better to worse."""
    order = np.argsort(-targets, kind="stable").astype(np.int64)
    if len(order) <= most:
        return np.arange(len(order), dtype=np.int64)
    rest = order[most // 2 :]
    # Drawn without chance, so that a choice hangs on no random number.
    spread = rest[np.linspace(0, len(rest) - 1, most - most // 2).astype(np.int64)]
    return np.concatenate([order[: most // 2], spread])


def quantiles(scores: Sequence[float]) -> Vectors:
    """(n,) the normal quantile of each score's rank; equal scores share theirs.

    >>> quantiles([float("-inf"), 0.5, 0.9]).round(2).tolist()
    [-0.97, 0.0, 0.97]
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    found: Vectors = ndtri((rankdata(scores) - 0.5) / len(scores))
    return found
