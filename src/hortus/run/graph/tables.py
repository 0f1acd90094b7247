"""The first nodes of a graph: a table, and how its columns are to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hortus.data.column import ColumnKind, ColumnSchema
from hortus.data.dates import guess
from hortus.data.notes import Note
from hortus.data.read import read_table
from hortus.data.target import find_target
from hortus.errors import InputError, SettingError, nearest

if TYPE_CHECKING:
    import pandas as pd

KINDS_OF_TASK = ("", "binary", "multiclass", "regression", "classification")


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it came, and what is known of its columns.

    Attributes:
        frame: the rows, the target among the columns.
        target: the column to predict.
        task: its kind; "" to infer it.
        metric: what models are judged by first; "" for the task's own.
        ignore: columns that no model sees.
        keep: columns that models see although they look useless.
        weight: the column of sample weights; "" for none.
        kinds: columns that are read as another kind than they look like.
        notes: what was noticed when it was read.
    """

    frame: pd.DataFrame
    target: str
    task: str = ""
    metric: str = ""
    ignore: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    weight: str = ""
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def names(self) -> list[str]:
        """All columns, in order."""
        return [str(name) for name in self.frame.columns]

    def column(self, name: str) -> pd.Series:
        """The column called ``name``.

        Raises:
            SettingError: there is none; the nearest is named.
        """
        if name not in self.names:
            raise SettingError(
                f"The table has no column {name!r}.", mend=nearest(name, self.names), code="column-missing"
            )
        return self.frame.iloc[:, self.names.index(name)]


def load(
    source: Any,
    *,
    target: str,
    task: str = "",
    metric: str = "",
    ignore: Sequence[str] = (),
    keep: Sequence[str] = (),
    weight: str = "",
) -> Table:
    """Read a table, and say what is to be predicted.

    Args:
        source: a file (csv, tsv, parquet, xlsx, json) or a frame.
        target: the column to predict.
        task: ``"binary"``, ``"multiclass"``, ``"regression"``, ``"classification"``; "" to infer it.
        metric: what models are judged by first; "" for the task's own.
        ignore: columns that no model sees.
        keep: columns that models see although they look useless.
        weight: the column of sample weights; "" for none.

    Raises:
        ReadError: the file is no table.
        TargetError: there is no such column to predict.
        SettingError: another column that is named is not there, or there is no such task.
    """
    if task not in KINDS_OF_TASK:
        raise SettingError(f"There is no task called {task!r}.", mend=nearest(task, KINDS_OF_TASK), code="unknown-task")
    frame, notes = read_table(Path(source) if isinstance(source, str) else source)
    find_target(frame, target)
    made = Table(frame, target, task, metric, tuple(ignore), tuple(keep), weight, notes=tuple(notes))
    for name in [*ignore, *keep, *([weight] if weight else [])]:
        made.column(name)
    return made


def leave_out(table: Table, columns: Sequence[str]) -> Table:
    """The table without some of its columns; they stay in the file and no model sees them.

    Raises:
        SettingError: one is not there, or is the one to predict.
    """
    for name in columns:
        table.column(name)
        _not_the_target(table, name)
    return replace(table, ignore=(*table.ignore, *(name for name in columns if name not in table.ignore)))


def dates(table: Table, columns: Sequence[str]) -> Table:
    """Read columns as dates: year, month, day, weekday, hour and days since the first are made of each.

    Raises:
        SettingError: a column is not there, or is the one to predict.
    """
    return _read_as(table, columns, "date")


def text(table: Table, columns: Sequence[str]) -> Table:
    """Read columns as text: weights of words, their main directions, and length are made of each.

    Raises:
        SettingError: a column is not there, or is the one to predict.
    """
    return _read_as(table, columns, "text")


def categories(table: Table, columns: Sequence[str]) -> Table:
    """Read columns as categories, though they hold numbers: codes, postcodes, months.

    Raises:
        SettingError: a column is not there, or is the one to predict.
    """
    return _read_as(table, columns, "categorical")


def _read_as(table: Table, columns: Sequence[str], kind: ColumnKind) -> Table:
    for name in columns:
        table.column(name)
        _not_the_target(table, name)
    return replace(table, kinds={**table.kinds, **dict.fromkeys(columns, kind)})


def _not_the_target(table: Table, name: str) -> None:
    if name == table.target:
        raise SettingError(
            f"{name!r} is the column to predict.", mend="Choose other columns here.", code="target-is-no-feature"
        )


def as_told(column: ColumnSchema, table: Table, frame: pd.DataFrame) -> ColumnSchema:
    """The column as a node wants it read.

    Raises:
        InputError: it is to be read as dates and holds none.
    """
    kind = table.kinds.get(column.name)
    if kind is None or column.reason == "asked":
        return column
    detail = dict(column.detail)
    if kind == "date" and column.kind != "date":
        seen = frame[column.name].dropna()
        if seen.dtype.kind != "M":
            guessed = guess([str(value) for value in seen.unique()[:1000]])
            if guessed.share < 0.5:
                raise InputError(
                    f"Only {guessed.share:.0%} of the values of {column.name!r} are dates.",
                    mend="Choose a column of dates.",
                    code="column-no-dates",
                )
            detail = {"dayfirst": guessed.dayfirst}
    return replace(column, kind=kind, role="feature", reason="told", detail=detail)
