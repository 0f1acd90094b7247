"""Missing cells that are worth telling of: columns that are almost empty, and gaps that tell the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.one_column import ranks
from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, listed, option

MOSTLY = 0.95
# How differently the target is spread over rows with and without the cell, 0 to 1: to be told, and to be looked at.
TOLD = 0.2
LOOK = 0.5
# So many rows must have the cell, and so many lack it.
LEAST_ROWS = 30
# The difference must be this many times what chance makes.
SURE = 5.0


def check(subject: Subject) -> list[Finding]:
    """Look at each column's gaps on the sampled rows."""
    y = subject.y[subject.rows]
    target = ranks(y) if subject.task.kind == "regression" else y
    mostly, tells = [], {}
    for name in map(str, subject.frame.columns):
        gaps = _missing(subject.column(name)[subject.rows])
        count = int(gaps.sum())
        if count >= MOSTLY * len(y):
            mostly.append(name)
        if min(count, len(y) - count) >= LEAST_ROWS:
            apart = _apart(gaps, target, subject.task.kind == "regression")
            if apart >= max(TOLD, SURE * np.sqrt(1 / count + 1 / (len(y) - count)) / 2):
                tells[name] = apart
    found = [_tells_target(tells)] if tells else []
    return [*found, _mostly_missing(subject, mostly)] if mostly else found


def _missing(cells: NDArray[np.generic]) -> NDArray[np.bool_]:
    import pandas as pd

    found: NDArray[np.bool_] = pd.isna(cells)
    return found


def _apart(gaps: NDArray[np.bool_], target: NDArray[np.generic], regression: bool) -> float:
    """How far apart the target lies with and without the cell: in shares of a class, or in mean ranks, twice."""
    if regression:
        return float(2 * abs(target[gaps].mean() - target[~gaps].mean()))
    width = int(target.max()) + 1
    shares = [np.bincount(target[rows], minlength=width) / rows.sum() for rows in (gaps, ~gaps)]
    return float(np.abs(shares[0] - shares[1]).max())


def _tells_target(tells: dict[str, float]) -> Finding:
    names = sorted(tells, key=lambda name: -tells[name])
    most = tells[names[0]]
    return Finding(
        code="missing-tells-target",
        what=f"Where {listed(names)} {'is' if len(names) == 1 else 'are'} missing, the target is not as elsewhere.",
        columns=tuple(names),
        measure="difference of the target with and without the cell, 0 to 1, the greatest",
        value=most,
        did="Used: the model sees what is missing. It helps only if cells are missing for the same reasons later.",
        overrule=f"To leave out: {option('ignore', names)}.",
        severity="warning" if most >= LOOK else "info",
    )


def _mostly_missing(subject: Subject, names: list[str]) -> Finding:
    shares = [float(_missing(subject.column(name)).mean()) for name in names]
    return Finding(
        code="column-mostly-missing",
        what=f"{listed(names)} {'is' if len(names) == 1 else 'are'} missing in {min(shares):.1%} of the rows or more.",
        columns=tuple(names),
        measure="share of cells that are missing, the least of these columns",
        value=min(shares),
        did="Kept.",
        overrule=f"To leave out: {option('ignore', names)}.",
    )
