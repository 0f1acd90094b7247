"""A date, or a column that only rises, by which the rows are ordered: a random split may flatter the scores.

Whether it does is measured by the run, which splits both ways. Here stands what can be said without a model: whether
the table is sorted by the column, and how alike the targets of neighbours in time are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, typed_option

LEAST_ROWS = 50
LEAST_DISTINCT = 10
# Rows before each that are its neighbours.
NEIGHBOURS = 20
# Correlation of a target with its neighbours' mean that makes time matter, and how many times what chance makes.
ALIKE = 0.1
SURE = 5.0
_NAME = re.compile(
    r"(?:.*[ _.-])?(?:date|time|timestamp|datetime|day|week|month|year|quarter|step|tick|epoch|period|season)s?", re.I
)


@dataclass(frozen=True)
class Order:
    """A column that orders the rows.

    Attributes:
        name: the column, for ``order=``.
        alike: correlation of each row's target with the mean of the rows just before it.
        lasting: whether that is beyond chance and large enough to matter.
        is_sorted: whether the table is in this order.
    """

    name: str
    alike: float
    lasting: bool
    is_sorted: bool


def check(subject: Subject) -> list[Finding]:
    """Tell of the column that orders the rows most, where no order was given."""
    found = order_column(subject)
    if found is None or (subject.folds is not None and subject.folds.ordered):
        return []
    sorts = ", and the table is sorted by it" if found.is_sorted else ""
    if found.lasting:
        what = f"Rows near in {found.name!r} have like targets{sorts}: a random split may flatter the scores."
    else:
        what = f"{found.name!r} orders the rows{sorts}; the target does not follow it, so a random split may do."
    return [
        Finding(
            code="rows-ordered",
            what=what,
            columns=(found.name,),
            measure=f"correlation of a row's target with the mean of the {NEIGHBOURS} before it (numbers: of ranks)",
            value=found.alike,
            did="Split at random.",
            overrule=f"To judge on what comes later: order={found.name!r} or {typed_option('order', found.name)}.",
            severity="warning" if found.lasting else "info",
        )
    ]


def order_column(subject: Subject) -> Order | None:
    """The column to give as ``order=``: of the dates and the columns of rising numbers, the one that matters most."""
    if len(subject.y) < LEAST_ROWS:
        return None
    found = []
    for name, kind in subject.kinds.items():
        times = _times(subject, name, kind)
        if times is None:
            continue
        known = ~np.isnan(times)
        is_sorted = bool(known.all() and (np.diff(times) >= 0).all())
        if kind != "date" and not (is_sorted and _NAME.fullmatch(name)):
            continue
        alike = neighbours_alike(times[subject.rows], subject.numbers[subject.rows])
        lasting = alike >= max(ALIKE, SURE / np.sqrt(len(subject.rows)))
        found.append(Order(name, alike, lasting, is_sorted))
    return max(found, key=lambda order: (order.lasting, order.is_sorted, order.alike), default=None)


def neighbours_alike(times: NDArray[np.float64], numbers: NDArray[np.float64]) -> float:
    """Correlation of each row's target with the mean of the rows before it in time; the largest over its columns.

    Args:
        times: (m,) NaN where unknown.
        numbers: (m, t) the target as numbers.
    """
    rows = np.flatnonzero(~np.isnan(times))
    rows = rows[np.argsort(times[rows], kind="stable")]
    if len(rows) <= 2 * NEIGHBOURS:
        return 0.0
    best = 0.0
    for column in numbers[rows].T:
        sums = np.concatenate([[0.0], np.cumsum(column)])
        before = sums[NEIGHBOURS:-1] - sums[: -NEIGHBOURS - 1]
        own = column[NEIGHBOURS:]
        if before.std() > 0 and own.std() > 0:
            best = max(best, float(np.corrcoef(before, own)[0, 1]))
    return best


def _times(subject: Subject, name: str, kind: str) -> NDArray[np.float64] | None:
    cells = subject.column(name)
    if kind == "date":
        times = np.where(np.isnat(cells), np.nan, cells.astype("datetime64[us]").astype(np.int64).astype(np.float64))
    elif kind == "numeric":
        times = cells
    else:
        return None
    sample = times[subject.rows]
    return times if len(np.unique(sample[~np.isnan(sample)])) >= LEAST_DISTINCT else None
