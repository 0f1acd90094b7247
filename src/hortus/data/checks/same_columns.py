"""Columns that say the same: equal cell by cell, or one the other in other words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, listed, option

# Rows that are compared first; most columns differ there.
GLANCE = 1_000
# Columns with a larger share of distinct values are the same only if they are equal: of two columns that never
# repeat, each is the other in other words.
DISTINCT_SHARE = 0.1
# With more distinct values than this among the first rows, columns are not compared in other words at all.
MANY_DISTINCT = 0.5


def check(subject: Subject) -> list[Finding]:
    """Groups of columns that are equal, and of categories that are equal but for their names."""
    groups: dict[bytes, list[str]] = {}
    for name in map(str, subject.frame.columns):
        groups.setdefault(_pattern(subject.column(name)[:GLANCE]), []).append(name)
    found = []
    for names in groups.values():
        alike: list[list[str]] = []
        for name in names if len(names) > 1 else []:
            home = next((group for group in alike if _same(subject, group[0], name)), None)
            if home is None:
                alike.append([name])
            else:
                home.append(name)
        found += [_finding(subject, group) for group in alike if len(group) > 1]
    return found


def _pattern(cells: NDArray[np.generic]) -> bytes:
    """Which cells are equal to which; and the cells themselves, where hardly any are."""
    import pandas as pd

    codes, distinct = pd.factorize(cells)
    if len(distinct) <= MANY_DISTINCT * len(cells):
        return codes.tobytes()
    return codes.tobytes() + (repr(cells.tolist()).encode() if cells.dtype == object else cells.tobytes())


def _same(subject: Subject, first: str, second: str) -> bool:
    codes, others = subject.codes(first), subject.codes(second)
    if not np.array_equal(codes, others):
        return False
    if int(codes.max(initial=-1)) + 1 <= DISTINCT_SHARE * len(codes):
        return True
    return _equal(subject, first, second)


def _equal(subject: Subject, first: str, second: str) -> bool:
    a, b = subject.column(first), subject.column(second)
    if a.dtype != b.dtype:
        return False
    there = subject.codes(first) >= 0
    return bool((a[there] == b[there]).all())


def _finding(subject: Subject, names: list[str]) -> Finding:
    equal = all(_equal(subject, names[0], name) for name in names[1:])
    return Finding(
        code="columns-equal",
        what=f"Columns {listed(names)} {'are equal' if equal else 'say the same in other words'}.",
        columns=tuple(names),
        measure="share of rows in which they agree",
        value=1.0,
        did="All kept.",
        overrule=f"To leave out what is not needed: {option('ignore', names[1:])}.",
    )
