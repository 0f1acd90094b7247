"""Which rows judge: folds or a holdout, made once and shared by every trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data import dates
from hortus.data.facts import Kind
from hortus.data.notes import Note
from hortus.errors import InputError, SettingError
from hortus.seeds import stream

# Up to this many rows, this many folds; beyond the last, a holdout.
FOLDS_BY_ROWS = ((1_000, 8), (30_000, 5), (100_000, 3))
# A table with fewer seconds per cell than this gets that many folds at most. Boosting grows a tree for each class,
# so a cell of a table of K > 2 classes counts K times; a narrow table costs as if it had LEAST_COLUMNS.
FOLDS_BY_SECONDS_PER_CELL = ((3e-5, 1), (2e-4, 3))
LEAST_COLUMNS = 10
# A holdout judges by a single split: below this many rows that is too noisy, whatever the time.
HOLDOUT_MIN_ROWS = 1_000
HOLDOUT_SHARE = 0.2
HOLDOUT_MAX_ROWS = 20_000

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Folds:
    """A division of the rows, by one number a row.

    Attributes:
        assignment: (n,) the fold in which a row is validated; -1 for a row that is only ever trained on.
        count: number of folds; 1 is a holdout.
        ordered: time order: a fold trains on the rows of earlier folds only (and on those with -1).
    """

    assignment: NDArray[np.int8]
    count: int
    ordered: bool = False

    def train_rows(self, fold: int) -> Index:
        """Indices of the rows that fold number ``fold`` trains on, ascending."""
        return np.flatnonzero(self.assignment < fold if self.ordered else self.assignment != fold)

    def valid_rows(self, fold: int) -> Index:
        """Indices of the rows that fold number ``fold`` validates, ascending."""
        return np.flatnonzero(self.assignment == fold)

    @property
    def judged_rows(self) -> Index:
        """Indices of the rows validated in any fold, ascending."""
        return np.flatnonzero(self.assignment >= 0)


def make_folds(
    y: NDArray[Any],
    kind: Kind,
    *,
    rows: int,
    columns: int,
    seconds: float | None,
    seed: int,
    groups: Any = None,
    time: Any = None,
    folds: int | None = None,
) -> tuple[Folds, list[Note]]:
    """Divide the rows into folds, or into training and validation rows.

    Args:
        y: (n,) class codes or target values.
        kind: the task; classes are spread evenly over the folds, and so are a regression's values.
        rows: n, as a check.
        columns: number of features; with ``rows`` and ``seconds`` it decides the number of folds.
        seconds: the time budget, or None.
        seed: of the run.
        groups: (n,) rows of one group are never on both sides of a split.
        time: (n,) numbers, dates or ISO text; every fold trains on what came before the rows it validates.
        folds: number of folds; 1 for a holdout, None to let the size of the table decide.

    Raises:
        SettingError: ``folds`` is not a number of folds, or both groups and time are given.
        InputError: groups or times that cannot divide the rows.
    """
    if rows != len(y):
        raise SettingError(f"The target has {len(y)} rows and the table {rows}.", code="rows-differ")
    if folds is not None and (isinstance(folds, bool) or not isinstance(folds, (int, np.integer)) or folds < 1):
        raise SettingError(
            f"folds is {folds!r}, which is not a number of folds.",
            mend="Give a whole number from 1 (a holdout) to 100.",
            code="folds-not-positive",
        )
    if groups is not None and time is not None:
        raise SettingError(
            "Both groups and time were given, and rows can be kept together by one of them only.",
            mend="Give groups or time.",
            code="groups-and-time",
        )
    cells = rows * max(columns, LEAST_COLUMNS) * _outputs(y, kind)
    count = int(min(folds, 100)) if folds else _default_count(cells, rows, seconds)
    rng = stream(seed, "folds")
    if time is not None:
        return _by_time(_as_order(time, rows), count)
    limit = max(2, rows // 2)
    if kind != "regression":
        sizes = np.sort(np.bincount(y.astype(np.int64)))
        if len(sizes) > 1:
            limit = min(limit, max(2, int(sizes[-2])))
    notes: list[Note] = []
    if count > limit:
        if folds:
            notes.append(_fewer(folds, limit, "there are too few rows"))
        count = limit
    if groups is not None:
        made, more = _by_group(y, kind, groups, count, rng)
        return made, notes + more
    if kind == "regression":
        return Folds(_spread_values(y, count, rows, rng), count), notes
    return Folds(_spread_classes(y.astype(np.int64), count, rows, rng), count), notes


def holdout_share(rows: int) -> float:
    """Share of the rows that a holdout validates.

    >>> holdout_share(1000), holdout_share(1_000_000)
    (0.2, 0.02)
    """
    return min(HOLDOUT_SHARE, HOLDOUT_MAX_ROWS / max(rows, 1))


def _outputs(y: NDArray[Any], kind: Kind) -> int:
    return int(y.max()) + 1 if kind == "multiclass" else 1


def _default_count(cells: int, rows: int, seconds: float | None) -> int:
    count = next((folds for most, folds in FOLDS_BY_ROWS if rows <= most), 1)
    if seconds is not None:
        pace = seconds / max(cells, 1)
        allowed = next((folds for least, folds in FOLDS_BY_SECONDS_PER_CELL if pace < least), count)
        if rows < HOLDOUT_MIN_ROWS:
            allowed = max(allowed, 3)
        count = min(count, allowed)
    return count


def _fewer(asked: int, made: int, why: str) -> Note:
    return Note(
        code="folds-fewer",
        what=f"{asked} folds were asked for and {made} made, because {why}.",
        mend="Nothing to do, unless more rows can be had.",
        warning=True,
    )


def _spread_classes(y: NDArray[np.int64], count: int, rows: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Deal each class's rows out over the folds; a class of one row is always trained on."""
    shuffled = rng.permutation(rows)
    order = shuffled[np.argsort(y[shuffled], kind="stable")]
    sizes = np.bincount(y)
    alone = sizes[y] < 2
    assignment = np.full(rows, -1, dtype=np.int8)
    if count > 1:
        order = order[~alone[order]]
        # Going on dealing where the last class ended keeps the folds equally large.
        assignment[order] = np.arange(len(order)) % count
        return assignment
    share = holdout_share(rows)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    wanted = np.minimum(np.floor(sizes * share + rng.random(len(sizes))), np.maximum(sizes - 1, 0)).astype(int)
    if not wanted.any():
        wanted[np.argmax(sizes)] = 1
    place = np.arange(rows) - starts[y[order]]
    assignment[order[place < wanted[y[order]]]] = 0
    return assignment


def _spread_values(y: NDArray[Any], count: int, rows: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Walk up the target's values in blocks, one row of each block to each fold."""
    shuffled = rng.permutation(rows)
    order = shuffled[np.argsort(y[shuffled], kind="stable")]
    size = count if count > 1 else max(2, round(1 / holdout_share(rows)))
    blocks = -(-rows // size)
    lots = rng.permuted(np.tile(np.arange(size), (blocks, 1)), axis=1).ravel()[:rows]
    if count == 1:
        lots = np.where(lots == 0, 0, -1)
        if not (lots == 0).any():
            lots[0] = 0
    assignment = np.empty(rows, dtype=np.int8)
    assignment[order] = lots
    return assignment


def _by_group(
    y: NDArray[Any], kind: Kind, groups: Any, count: int, rng: np.random.Generator
) -> tuple[Folds, list[Note]]:
    import pandas as pd

    codes, names = pd.factorize(np.asarray(groups, dtype=object) if isinstance(groups, (list, tuple)) else groups)
    if len(codes) != len(y):
        raise InputError(
            f"groups has {len(codes)} values for {len(y)} rows.", mend="Give one group a row.", code="groups-length"
        )
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        raise InputError(
            f"groups is missing in {int((codes < 0).sum())} rows, first in row {row}.",
            mend="Fill it in, or give such rows a group of their own.",
            code="groups-missing",
        )
    if len(names) < 2 or len(names) == len(y):
        seen = "the same for all rows" if len(names) < 2 else "different in every row"
        raise InputError(
            f"groups is {seen}, so it cannot divide them.",
            mend="Leave groups out, or name the column in which rows that belong together are equal.",
            code="groups-useless",
        )
    notes = []
    if count > len(names):
        notes.append(_fewer(count, len(names), f"there are {len(names)} groups"))
        count = len(names)
    parts = count if count > 1 else max(2, min(len(names), round(1 / holdout_share(len(y)))))
    classes = y.astype(np.int64) if kind != "regression" else np.zeros(len(y), dtype=np.int64)
    dealt = _deal_groups(codes, classes, parts, rng)
    if count == 1:
        # Of the parts, the one nearest to the wanted share.
        share = np.bincount(dealt, minlength=parts) / len(y)
        dealt = np.where(dealt == np.argmin(np.abs(share - holdout_share(len(y)))), 0, -1)
    return Folds(dealt.astype(np.int8), count), notes


def _deal_groups(codes: Index, classes: NDArray[np.int64], parts: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Large groups first, each to the part where it keeps the classes most even.

    scikit-learn's StratifiedGroupKFold does the same in time rows x parts in Python: minutes for 100,000 groups.
    """
    width = int(classes.max()) + 1
    counts = np.zeros((int(codes.max()) + 1, width))
    np.add.at(counts, (codes, classes), 1)
    counts /= np.maximum(counts.sum(axis=0), 1)
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order].max(axis=1), kind="stable")]
    load = np.zeros((parts, width))
    part = np.empty(len(counts), dtype=np.int64)
    for group in order:
        part[group] = chosen = int(((load + counts[group]) ** 2 - load**2).sum(axis=1).argmin())
        load[chosen] += counts[group]
    return part[codes]


def _as_order(time: Any, rows: int) -> NDArray[np.int64]:
    """(n,) rank of each row's time; equal times, equal ranks; missing times first."""
    import pandas as pd

    values = pd.Series(time).reset_index(drop=True)
    if len(values) != rows:
        raise InputError(f"time has {len(values)} values for {rows} rows.", mend="Give one a row.", code="time-length")
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)):
        there = values.notna().to_numpy(dtype=bool)
        texts = [str(value) for value in values[there]]
        moments = np.full(rows, "NaT", dtype="datetime64[us]")
        moments[there] = dates.parse(texts, dayfirst=dates.guess(texts).dayfirst)
        unread = np.flatnonzero(np.isnat(moments) & there)
        if len(unread):
            raise InputError(
                f"time cannot be read as dates in {len(unread)} rows: {values.iloc[unread[0]]!r} in row {unread[0]}.",
                mend="Give numbers, dates, or dates as text like 2024-01-31.",
                code="time-unreadable",
            )
        values = pd.Series(moments)
    codes, names = pd.factorize(values, sort=True)
    if len(names) < 2:
        raise InputError(
            "time is the same in all rows, so it cannot order them.", mend="Leave time out.", code="time-useless"
        )
    return codes.astype(np.int64)


def _by_time(rank: NDArray[np.int64], count: int) -> tuple[Folds, list[Note]]:
    """The last ``count`` blocks are validated, each after training on all that came before it."""
    rows = len(rank)
    ordered = np.sort(rank)
    # Five folds over time are six blocks, so that the first has something to train on.
    shares = np.linspace(1 / (count + 1), 1, count, endpoint=False) if count > 1 else [1 - holdout_share(rows)]
    wanted = {int(ordered[min(int(share * rows), rows - 1)]) for share in shares}
    # A block begins where the time changes: equal times are never on both sides.
    starts = sorted(start for start in wanted if start > ordered[0]) or [int(np.unique(ordered)[1])]
    assignment = np.searchsorted(np.array(starts), rank, side="right") - 1
    made = len(starts)
    notes = [_fewer(count, made, "many rows have the same time")] if made < count else []
    return Folds(assignment.astype(np.int8), made, ordered=True), notes
