"""The column to predict: found, understood as classes or values, and encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hortus.data import cells, numbers
from hortus.data.facts import Kind
from hortus.data.labels import balance_notes, encode_labels, whole_again
from hortus.data.metrics import make_metric, metric_task
from hortus.data.notes import Note
from hortus.data.task import Task
from hortus.errors import SettingError, TargetError, nearest

if TYPE_CHECKING:
    import pandas as pd

Asked = Literal["binary", "multiclass", "regression", "classification"]

LEAST_ROWS = 4
# A target missing in a larger share of the rows is a mistake.
MISSING_SHARE = 0.5
# Whole numbers with at most so many distinct values are classes; floats that happen to be whole, fewer.
CLASSES_MOST_INTEGERS = 30
CLASSES_MOST_FLOATS = 10
# And they recur: no more distinct values than this share of the rows.
CLASSES_SHARE = 0.2
SHOWN = 5


@dataclass(frozen=True)
class Target:
    """What is to be predicted, row by row.

    Attributes:
        task: the kind, the classes, the metric's name.
        y: (n,) class codes as int64, or values as float64, for the rows in ``kept``.
        kept: (n,) positions, in the table that came, of the rows whose target is known.
    """

    task: Task
    y: NDArray[Any]
    kept: NDArray[np.intp]


def find_target(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Split a table into its features and the column called ``name``.

    Raises:
        TargetError: there is no such column, it is the only one, or there are fewer than 4 rows.
    """
    names = [str(column) for column in frame.columns]
    if str(name) not in names:
        raise TargetError(f"There is no column {name!r}.", mend=nearest(str(name), names), code="target-missing")
    if len(names) < 2:
        raise TargetError(
            f"{name!r} is the only column, so there is nothing to predict it from.",
            mend="Give a table with other columns too.",
            code="no-columns",
        )
    _enough(len(frame))
    position = names.index(str(name))
    return frame.drop(columns=frame.columns[position]), frame.iloc[:, position]


def prepare_target(
    values: Any, *, name: str = "target", kind: Asked | None = None, metric: str | Callable[..., Any] | None = None
) -> tuple[Target, list[Note]]:
    """Understand and encode a target.

    Args:
        values: (n,) labels or numbers: a Series, an array or a list.
        name: what it is called, for messages.
        kind: the task; ``"classification"`` leaves two or more classes open; None to infer it.
        metric: what is optimized; where the task is not given, it says whether classes or values are wanted.

    Raises:
        TargetError: the target cannot be learned.
        SettingError: an unknown task, or a metric that does not fit.
    """
    if kind not in (None, "binary", "multiclass", "regression", "classification"):
        raise SettingError(
            f"There is no task called {kind!r}.",
            mend=nearest(str(kind), ["binary", "multiclass", "regression", "classification"]),
            code="unknown-task",
        )
    series = _as_series(values, name)
    rows = len(series)
    _enough(rows)
    known, notes = _known(series, name)
    series = series.iloc[known]
    if kind is None:
        kind = metric_task(metric) or ("classification" if _recurs(series) else "regression")
    if kind == "regression":
        y, more = _values(series, known, name)
        task = Task("regression", name, (), make_metric(metric, "regression", ()).name)
        return Target(task, y, known), notes + more
    if len(known) < rows and series.dtype.kind == "f":
        series = whole_again(series)
    codes, classes, more = encode_labels(series, name)
    notes += more
    if kind == "binary" and len(classes) != 2:
        raise TargetError(
            f"The target {name!r} has {len(classes)} classes, and a binary task has two.",
            mend="Set the task to 'classification'.",
            code="target-not-binary",
        )
    found: Kind = "multiclass" if kind == "multiclass" or len(classes) > 2 else "binary"
    task = Task(found, name, classes, make_metric(metric, found, classes).name)
    return Target(task, codes, known), notes + balance_notes(codes, classes, name)


def _enough(rows: int) -> None:
    if rows < LEAST_ROWS:
        raise TargetError(
            f"The table has too few rows: n_samples = {rows}, and learning needs at least {LEAST_ROWS}.",
            mend="Give more rows.",
            code="rows-too-few",
        )


def _as_series(values: Any, name: str) -> pd.Series:
    import pandas as pd

    if hasattr(values, "to_pandas"):
        values = values.to_pandas()
    if isinstance(values, pd.DataFrame) or getattr(values, "ndim", 1) == 2:
        if values.shape[1] != 1:
            raise TargetError(
                f"The target has {values.shape[1]} columns, and one is predicted.",
                mend="Fit one model a column.",
                code="target-columns",
            )
        values = values.iloc[:, 0] if isinstance(values, pd.DataFrame) else np.asarray(values)[:, 0]
    if not isinstance(values, pd.Series):
        # Numbers and text in one list would all become text in an array.
        if not isinstance(values, np.ndarray):
            cells = list(values)
            values = np.empty(len(cells), dtype=object)
            values[:] = cells if all(np.ndim(cell) == 0 for cell in cells) else [tuple(cell) for cell in cells]
        values = pd.Series(values) if values.dtype != object else pd.Series(values, dtype=object).infer_objects()
    series: pd.Series = values.reset_index(drop=True)
    kind = getattr(series.dtype, "kind", "O")
    if kind in "cmM":
        what = {"c": "complex numbers", "m": "durations", "M": "dates"}[kind]
        raise TargetError(
            f"The target {name!r} holds {what}.",
            mend="Make it one number (for a date, the days since some day).",
            code="target-type",
        )
    return series


def _known(series: pd.Series, name: str) -> tuple[NDArray[np.intp], list[Note]]:
    missing = series.isna().to_numpy(dtype=bool, copy=True)
    if series.dtype.kind == "O":
        blank = [value for value in _unique(series) if isinstance(value, str) and not value.strip()]
        if blank:
            missing |= series.isin(blank).to_numpy(dtype=bool)
    if series.dtype.kind == "f":
        infinite = np.isinf(series.to_numpy(dtype=np.float64, na_value=np.nan))
        if infinite.any():
            raise _infinite(np.flatnonzero(infinite), name)
    count = int(missing.sum())
    if count > MISSING_SHARE * len(series):
        raise TargetError(
            f"The target {name!r} is missing (NaN) in {count} of {len(series)} rows.",
            mend="Check that it is the right column, or drop those rows.",
            code="target-mostly-missing",
        )
    known = np.flatnonzero(~missing)
    _enough(len(known))
    if not count:
        return known, []
    rows = ", ".join(str(row) for row in np.flatnonzero(missing)[:SHOWN]) + (" …" if count > SHOWN else "")
    note = Note(
        code="target-missing-rows",
        what=f"The target {name!r} is missing in {count} of {len(series)} rows: {rows}.",
        place=name,
        mend="Those rows were left out.",
        warning=True,
    )
    return known, [note]


def _unique(series: pd.Series) -> list[Any]:
    try:
        return list(series.unique())
    except TypeError as error:
        raise TargetError(
            "The target holds lists or other collections.",
            mend="Labels are numbers, booleans or text.",
            code="target-type",
        ) from error


def _infinite(rows: NDArray[np.intp], name: str) -> TargetError:
    shown = ", ".join(str(row) for row in rows[:SHOWN]) + (" …" if len(rows) > SHOWN else "")
    return TargetError(
        f"The target {name!r} is infinite (inf) in {len(rows)} rows: {shown}.",
        mend="Correct or drop those rows.",
        code="target-infinite",
    )


def _recurs(series: pd.Series) -> bool:
    """Whether a target of unknown task is one of classes."""
    kind = series.dtype.kind
    if kind not in "iuf":
        if kind == "b" or series.dtype.name == "category":
            return True
        distinct = list(series.unique())
        if all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in distinct):
            return _few_whole(np.array([float(value) for value in distinct]), len(series), CLASSES_MOST_INTEGERS)
        texts = [value for value in distinct if isinstance(value, str)]
        found = numbers.guess(texts) if len(texts) == len(distinct) else None
        if found is None or found.share < 1:
            return True
        return _few_whole(found.format.parse(texts), len(series), CLASSES_MOST_INTEGERS)
    distinct_numbers = series.unique().astype(np.float64)
    return _few_whole(distinct_numbers, len(series), CLASSES_MOST_FLOATS if kind == "f" else CLASSES_MOST_INTEGERS)


def _few_whole(distinct: NDArray[np.float64], rows: int, most: int) -> bool:
    if len(distinct) <= 2:
        return True
    whole = bool((distinct == np.floor(distinct)).all())
    return whole and len(distinct) <= most and len(distinct) <= max(CLASSES_SHARE * rows, 3)


def _values(series: pd.Series, known: NDArray[np.intp], name: str) -> tuple[NDArray[np.float64], list[Note]]:
    notes: list[Note] = []
    if series.dtype.kind in "iufb":
        y = series.to_numpy(dtype=np.float64)
    else:
        texts = [value for value in series.unique() if isinstance(value, str)]
        guessed = numbers.guess(texts)
        form = guessed.format if guessed else numbers.NumberFormat()
        read = {value: cells.number(value, form) for value in series.unique()}
        bad = [row for row, value in enumerate(series) if read[value] is None or read[value] != read[value]]
        if bad:
            raise TargetError(
                f"The target {name!r} is no number in {len(bad)} rows: {series.iloc[bad[0]]!r} in row {known[bad[0]]}.",
                mend="Set the task to 'classification', or make the column numbers.",
                code="target-not-numbers",
            )
        y = np.array([read[value] for value in series], dtype=np.float64)
        if guessed and guessed.ambiguous:
            what = f"The target {name!r} does not tell decimal marks from thousands separators."
            notes.append(Note("column-decimal-mark", what, name, f"Read as {y[0]:g}, {y[1]:g}, …", True))
    infinite = np.flatnonzero(np.isinf(y))
    if len(infinite):
        raise _infinite(known[infinite], name)
    if (y == y[0]).all():
        raise TargetError(
            f"The target {name!r} is {y[0]:g} in all rows, so there is nothing to learn.",
            mend="Check that it is the right column.",
            code="target-constant",
        )
    return y, notes
