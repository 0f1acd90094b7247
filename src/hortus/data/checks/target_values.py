"""Faults of a target of numbers: outliers, values cut off at a bound, heavy rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding

# Median absolute deviations (in standard deviations of a normal) from the median that make an outlier, measured on the
# values or, where it is nearer, on their logarithms; and what share of the rows can be outliers.
OUTLYING = 10.0
OUTLIERS_SHARE = 0.01
# A bound: this share of the rows at the end of a range, and so many times what an ordinary value has.
BOUND_SHARE = 0.01
BOUND_TIMES = 10.0
DISTINCT_LEAST = 50
# Heaping: this share of the rows are multiples of a step, and so many times what would be by chance.
HEAPED_SHARE = 0.3
HEAPED_TIMES = 3.0
STEPS = (1000.0, 500.0, 100.0, 50.0, 10.0, 5.0)
LEAST_ROWS = 50


def check(subject: Subject) -> list[Finding]:
    """Look at the values alone; what the features say is not asked."""
    y = np.asarray(subject.y, dtype=np.float64)
    if subject.task.kind != "regression" or len(y) < LEAST_ROWS:
        return []
    name = subject.task.target
    return [*_outliers(y, name), *_bounds(y, name), *_heaps(y, name)]


def _outliers(y: NDArray[np.float64], name: str) -> list[Finding]:
    far = distance(y)
    out = far > OUTLYING
    count = int(out.sum())
    if not 0 < count <= max(1, OUTLIERS_SHARE * len(y)):
        return []
    worst = int(far.argmax())
    low, high = y[~out].min(), y[~out].max()
    repeated = np.unique(y[out])
    marks = f", always {repeated[0]:g}: it may stand for missing" if count > 1 and len(repeated) == 1 else ""
    return [
        Finding(
            code="target-outliers",
            what=f"{count:,} of {len(y):,} values of the target {name!r} lie far from the rest ({low:g} to {high:g}), "
            f"such as {y[worst]:g}{marks}.",
            measure="distance of the farthest from the median, in robust standard deviations",
            value=float(far[worst]),
            did="Kept.",
            overrule="Correct or remove the rows if they are faults; metric='mae' minds them less.",
            severity="warning",
        )
    ]


def distance(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) how far each lies from the median, in robust standard deviations; of values above 0 also of logarithms.

    Args:
        y: (n,) values, none missing.
    """
    far = _robust_z(y)
    return np.minimum(far, _robust_z(np.log(y))) if (y > 0).all() else far


def _robust_z(y: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = np.median(y)
    spread = 1.4826 * float(np.median(np.abs(y - middle)))
    return np.abs(y - middle) / spread if spread > 0 else np.zeros(len(y))


def _bounds(y: NDArray[np.float64], name: str) -> list[Finding]:
    distinct, counts = np.unique(y, return_counts=True)
    if len(distinct) < DISTINCT_LEAST:
        return []
    found = []
    for end, word in ((-1, "highest"), (0, "lowest")):
        # Rounded values recur; those beside the bound say how often an ordinary value does.
        beside = np.sort(counts[-11:-1] if end else counts[1:11])
        ordinary = max(1.0, float(np.median(beside)), float(np.median(counts)))
        if counts[end] >= max(10.0, BOUND_SHARE * len(y)) and counts[end] >= BOUND_TIMES * ordinary:
            share = counts[end] / len(y)
            found.append(
                Finding(
                    code="target-capped",
                    what=f"{counts[end]:,} of {len(y):,} rows have the {word} value of the target {name!r}, "
                    f"{distinct[end]:g}: it seems to be cut off there.",
                    measure=f"share of rows at the {word} value",
                    value=float(share),
                    did="Kept: the model can't tell what lies beyond.",
                    overrule="Give the values as they were, or leave those rows out of the table.",
                    severity="info" if distinct[end] == 0 else "warning",
                )
            )
    return found


def _heaps(y: NDArray[np.float64], name: str) -> list[Finding]:
    whole = y == np.floor(y)
    if whole.mean() < 0.9 or np.ptp(y) < 20:
        return []
    for step in STEPS:
        share = float((y % step == 0).mean())
        if np.ptp(y) >= 10 * step and share >= max(HEAPED_SHARE, HEAPED_TIMES / step):
            if share > 1 - 1e-9:
                what = f"All values of the target {name!r} are multiples of {step:g}."
            else:
                what = f"{share:.0%} of the values of the target {name!r} are multiples of {step:g}: they seem rounded."
            return [
                Finding(
                    code="target-rounded",
                    what=what,
                    measure=f"share of values that are multiples of {step:g}",
                    value=share,
                    did=f"Kept: errors below {step / 2:g} mean little.",
                    overrule="Give the values as they were measured, if there are such.",
                )
            ]
    return []
