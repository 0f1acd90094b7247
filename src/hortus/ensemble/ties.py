"""Which candidates may be the best for all that the validated rows can say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.ensemble.replicates import Replicates
from hortus.seeds import stream

DRAWS = 400
LEVEL = 0.95


def tied(replicates: Replicates, *, seed: int = 0) -> NDArray[np.bool_]:
    """The candidates that cannot be told from the best: cross-validation with confidence (Lei 2020, algorithm 2).

    Candidate m is kept unless some other is better beyond noise: T_m, the largest of its studentized differences to
    the others, is held against the 95 % quantile of that same maximum when no other is better, drawn by the Gaussian
    multiplier bootstrap. The truly best candidate is therefore among those kept in 95 of 100 runs, however many there
    are. Differences are taken on the same rows: what makes rows hard for both cancels.

    Args:
        replicates: of M candidates over G groups of rows.
        seed: for the bootstrap.

    Returns:
        (M,) True where tied; always for the best score, and for all where nothing can be told.
    """
    from scipy.special import ndtr, stdtrit

    scores, moves = replicates.scores, replicates.moves
    count, groups = moves.shape
    known = np.isfinite(scores) & np.isfinite(moves).all(axis=1)
    if groups < 3 or not known.any():
        return np.ones(count, dtype=bool)
    draws = stream(seed, "ties").standard_normal((DRAWS, groups))
    # In units of the groups' means, whose spread over draws is the scores' standard error.
    noise = draws @ moves.T / np.sqrt(groups * (groups - 1))
    kept = np.zeros(count, dtype=bool)
    best = int(np.argmax(np.where(known, scores, -np.inf)))
    for m in np.flatnonzero(known).tolist():
        error = replicates.errors_against(m)
        other = known & (error > 0)
        if not other.any():
            kept[m] = bool(scores[m] >= scores[best])
            continue
        statistic = np.max((scores[other] - scores[m]) / error[other])
        largest = np.max((noise[:, other] - noise[:, [m]]) / error[other], axis=1)
        # Errors estimated from few groups make Student's t of what would be normal.
        reach = stdtrit(groups - 1, ndtr(np.quantile(largest, LEVEL)))
        kept[m] = bool(statistic <= reach)
    kept[best] = True
    return kept
