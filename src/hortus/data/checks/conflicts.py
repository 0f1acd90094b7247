"""Rows whose features are equal and whose target is not: no model can be right on all of them."""

from __future__ import annotations

import numpy as np

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding

# From this share of rows that any model must get wrong on, it is worth telling; from the second, worth a look.
TOLD = 0.005
LOOK = 0.05
# For a regression, share of the target's variance that lies between rows of equal features.
SPREAD = 0.05


def check(subject: Subject) -> list[Finding]:
    """Put a number on what the features leave open, by rows that they do not tell apart."""
    if subject.frame.empty:
        return []
    groups = subject.row_groups
    sizes = np.bincount(groups)
    if len(sizes) == len(groups):
        return []
    return _values(subject, sizes) if subject.task.kind == "regression" else _classes(subject, len(sizes))


def _classes(subject: Subject, count: int) -> list[Finding]:
    width = int(subject.y.max()) + 1
    cells, often = np.unique(subject.row_groups.astype(np.int64) * width + subject.y, return_counts=True)
    most = np.zeros(count, dtype=np.int64)
    np.maximum.at(most, cells // width, often)
    wrong = len(subject.y) - int(most.sum())
    share = wrong / len(subject.y)
    if share < TOLD:
        return []
    return [
        Finding(
            code="rows-conflict",
            what=f"Rows with equal features have different targets: the best possible model is wrong on {wrong:,} of "
            f"{len(subject.y):,} of these rows.",
            measure="share of rows on which any model must be wrong",
            value=share,
            did="All kept.",
            overrule="Add a column that tells them apart, or correct the targets, if they are faults.",
            severity="warning" if share >= LOOK else "info",
        )
    ]


def _values(subject: Subject, sizes: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[Finding]:
    groups = subject.row_groups
    y = np.asarray(subject.y, dtype=np.float64) / max(float(np.abs(subject.y).max()), 1e-300)
    means = np.bincount(groups, weights=y) / sizes
    within = float(((y - means[groups]) ** 2).sum())
    total = float(((y - y.mean()) ** 2).sum())
    share = within / total if total else 0.0
    if share < SPREAD:
        return []
    return [
        Finding(
            code="rows-conflict",
            what=f"Rows with equal features have different targets: {share:.1%} of the target's variance lies between "
            "such rows, and no model can explain it.",
            measure="share of the target's variance between rows of equal features",
            value=share,
            did="All kept.",
            overrule="Add a column that tells them apart, or correct the targets, if they are faults.",
        )
    ]
