"""Rows that come more than once, target and all: their copies may stand on both sides of a split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.subject import SAMPLE_ROWS, Subject
from hortus.data.finding import Finding, Severity
from hortus.data.split import Folds

# From these shares of judged rows with a copy among those trained on, scores may be, or are, too good.
SOME = 0.01
MANY = 0.3
# Repeats are to be expected where independent columns would make one for so many that there are.
CHANCE = 100.0


def check(subject: Subject) -> list[Finding]:
    """Count rows that repeat another, and those judged by a model that was trained on their copy."""
    if subject.frame.empty:
        return []
    import pandas as pd

    targets, distinct = pd.factorize(subject.y)
    groups = pd.factorize(subject.row_groups * len(distinct) + targets)[0]
    sizes = np.bincount(groups)
    rows = len(groups)
    count = rows - len(sizes)
    if not count:
        return []
    across = _across(groups, subject.folds)
    judged = rows if subject.folds is None else max(1, len(subject.folds.judged_rows))
    share = across / judged
    twins = float((sizes * (sizes - 1.0)).sum() / 2)
    by_chance = twins < CHANCE * _expected_pairs(subject)
    severity: Severity = "info" if by_chance or share < SOME else "serious" if share >= MANY else "warning"
    what = f"{count:,} of {rows:,} rows repeat another, target and all"
    if subject.folds is not None:
        what += f"; {across:,} rows are judged by a model trained on their copy"
    else:
        what += "; both sides of a split may hold them"
    what += ", as is to be expected with so few distinct values." if by_chance else "."
    return [
        Finding(
            code="rows-repeated",
            what=what,
            measure="share of judged rows with a copy among those trained on",
            value=share,
            did="All kept.",
            overrule="Take them out of the table, or keep together what belongs together: groups=… or --group COLUMN.",
            severity=severity,
        )
    ]


def _across(groups: NDArray[np.intp], folds: Folds | None) -> int:
    """Judged rows with an equal row on the training side; without folds, all that have an equal row."""
    if folds is None:
        return int((np.bincount(groups)[groups] > 1).sum())
    fold = folds.assignment.astype(np.int64)
    first = np.full(int(groups.max()) + 1, 127, dtype=np.int64)
    np.minimum.at(first, groups, fold)
    if folds.ordered:
        return int(((fold >= 0) & (first[groups] < fold)).sum())
    last = np.full(len(first), -1, dtype=np.int64)
    np.maximum.at(last, groups, fold)
    return int(((fold >= 0) & (first != last)[groups]).sum())


def _expected_pairs(subject: Subject) -> float:
    """Pairs of equal rows that there would be if the columns were independent of each other."""
    import pandas as pd

    rows = len(subject.y)
    logarithm = np.log(rows) + np.log(max(rows - 1, 1)) - np.log(2.0)
    # Each different row once: copies would make their own values look frequent.
    sample = np.flatnonzero(~pd.Series(subject.row_groups).duplicated().to_numpy())
    sample = sample[:: -(-len(sample) // SAMPLE_ROWS)]
    for name in map(str, subject.frame.columns):
        counts = np.bincount(pd.factorize(subject.column(name)[sample])[0] + 1)
        size = counts.sum()
        # Each pair of different rows once, so that a column of all different values never agrees.
        agree = float((counts * (counts - 1.0)).sum() / max(size * (size - 1.0), 1.0))
        if agree == 0:
            return 0.0
        logarithm += np.log(agree)
    return float(np.exp(logarithm))
