"""Something that comes in several rows, such as a customer: rows of one may stand on both sides of a split.

A category that repeats is no entity. It is one where its name says so, or where other columns hardly ever change
within it though they do between; and it only matters where its rows' targets are more alike than those of others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, typed_option

LEAST_ENTITIES = 20
# Rows of one on average, from and to; more is a category.
LEAST_REPEATS = 1.5
MOST_SHARE = 0.02
# Share of the rows that have another of the same.
REPEATED_SHARE = 0.5
# Intraclass correlation of the target that matters.
ALIKE = 0.05
# Another column belongs to the entity if it is equal in so many pairs of its rows, and in at most so many pairs of any.
WITHIN = 0.95
BETWEEN = 0.7
BELONGING_SHARE = 1 / 3
# Columns looked at for that, and pairs of rows.
MOST_COLUMNS = 200
PAIRS = 20_000
_NAME = re.compile(
    r"(?:.*[ _.-])?(?:id|ids|uuid|guid|patient|customer|client|user|person|subject|participant"
    r"|account|member|household|session|device|player|driver|employee|student|store|shop|site|hospital|vendor)"
    r"|(?-i:.*[a-z]I[Dd])",
    re.I,
)


@dataclass(frozen=True)
class Entity:
    """A column whose values are things that come in several rows.

    Attributes:
        name: the column, for ``groups=``.
        count: how many there are.
        alike: intraclass correlation of the target: 0 where rows of one are like any others, 1 where they are equal.
        belonging: columns that hardly ever change within one.
    """

    name: str
    count: int
    alike: float
    belonging: tuple[str, ...]


def check(subject: Subject) -> list[Finding]:
    """Tell of the entity whose rows are most alike, where no groups were given."""
    if subject.groups is not None:
        return []
    found = max(entities(subject), key=lambda entity: (len(entity.belonging), entity.alike), default=None)
    if found is None:
        return []
    belonging = "column hardly ever changes" if len(found.belonging) == 1 else "columns hardly ever change"
    more = f" and {len(found.belonging)} other {belonging} within one" if found.belonging else ""
    return [
        Finding(
            code="rows-grouped",
            what=f"Column {found.name!r} has {found.count:,} values in {len(subject.y):,} rows, and rows of one have "
            f"like targets{more}: if later rows are of new ones, a random split flatters the scores.",
            columns=(found.name,),
            measure="intraclass correlation of the target (of ranks, for numbers)",
            value=found.alike,
            did="Split at random.",
            overrule=f"To keep rows of one together: groups={found.name!r} or {typed_option('group', found.name)}.",
            severity="warning",
        )
    ]


def entities(subject: Subject) -> list[Entity]:
    """All columns that are such things."""
    found = []
    for name, kind in subject.kinds.items():
        named = _NAME.fullmatch(name) is not None
        if kind not in ("categorical", "text", "numeric") or (kind == "numeric" and not named):
            continue
        if kind == "numeric" and not _whole(subject.column(name)[subject.rows]):
            continue
        codes = subject.codes(name)
        sizes = np.bincount(codes[codes >= 0])
        if not _repeats(sizes, len(codes)):
            continue
        alike, sure = intraclass(codes, subject.numbers)
        if alike < ALIKE or not sure:
            continue
        belonging = _belonging(subject, name)
        others = min(subject.frame.shape[1] - 1, MOST_COLUMNS)
        if named or len(belonging) >= max(1, BELONGING_SHARE * others):
            found.append(Entity(name, len(sizes), alike, tuple(belonging)))
    return found


def _whole(cells: NDArray[np.float64]) -> bool:
    there = cells[~np.isnan(cells)]
    return bool((there == np.floor(there)).all())


def _repeats(sizes: NDArray[np.intp], rows: int) -> bool:
    known = int(sizes.sum())
    return (
        len(sizes) >= LEAST_ENTITIES
        and known >= 0.5 * rows
        and LEAST_REPEATS <= known / len(sizes) <= MOST_SHARE * rows
        and int(sizes[sizes > 1].sum()) >= REPEATED_SHARE * known
    )


def intraclass(codes: NDArray[np.intp], numbers: NDArray[np.float64]) -> tuple[float, bool]:
    """(ICC(1), whether it is beyond chance) of a target in groups, after Shrout and Fleiss (1979), equation 1.

    Args:
        codes: (n,) each row's group; rows with -1 are left out.
        numbers: (n, t) the target; of several columns the most alike counts.
    """
    known = codes >= 0
    codes, numbers = codes[known], numbers[known]
    sizes = np.bincount(codes)
    groups, rows = len(sizes), len(codes)
    if groups < 2 or rows <= groups:
        return 0.0, False
    ordinary = (rows - float((sizes.astype(np.float64) ** 2).sum()) / rows) / (groups - 1)
    best, sure = 0.0, False
    for column in numbers.T:
        means = np.bincount(codes, weights=column) / sizes
        between = float((sizes * (means - column.mean()) ** 2).sum()) / (groups - 1)
        within = float(((column - means[codes]) ** 2).sum()) / (rows - groups)
        alike = (between - within) / max(between + (ordinary - 1) * within, 1e-12)
        # Of two mean squares of so many degrees of freedom, the ratio's standard deviation under chance.
        chance = 1 + 5 * np.sqrt(2 / (groups - 1) + 2 / (rows - groups))
        if alike > best:
            best, sure = alike, between > chance * within
    return best, sure


def _belonging(subject: Subject, name: str) -> list[str]:
    """Columns that are equal in nearly all pairs of rows of one entity, and not in as many pairs of any rows."""
    codes = subject.codes(name)
    order = np.argsort(codes, kind="stable")
    places = np.flatnonzero((codes[order][1:] == codes[order][:-1]) & (codes[order][1:] >= 0))
    places = places[:: max(1, len(places) // PAIRS)]
    first, second = order[places], order[places + 1]
    found = []
    for other in [column for column in map(str, subject.frame.columns) if column != name][:MOST_COLUMNS]:
        cells = subject.codes(other)
        if (cells[first] == cells[second]).mean() < WITHIN:
            continue
        shares = np.bincount(cells[subject.rows] + 1) / len(subject.rows)
        if float((shares**2).sum()) <= BETWEEN:
            found.append(other)
    return found
