"""The column to predict: found, understood as classes or values, and encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hortus.data import cells, numbers
from hortus.data.facts import Kind
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
RARE_SHARE = 0.01
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
        series = _whole_again(series)
    codes, classes, more = _classes(series, name)
    notes += more
    if kind == "binary" and len(classes) != 2:
        raise TargetError(
            f"The target {name!r} has {len(classes)} classes, and a binary task has two.",
            mend="Set the task to 'classification'.",
            code="target-not-binary",
        )
    found: Kind = "multiclass" if kind == "multiclass" or len(classes) > 2 else "binary"
    task = Task(found, name, classes, make_metric(metric, found, classes).name)
    return Target(task, codes, known), notes + _balance(codes, classes, name)


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


def _classes(series: pd.Series, name: str) -> tuple[NDArray[np.int64], tuple[Any, ...], list[Note]]:
    notes: list[Note] = []
    positions, distinct = _distinct_labels(series)
    families = {family for family, _ in distinct}
    if "other" in families:
        value = next(value for family, value in distinct if family == "other")
        raise TargetError(
            f"The target {name!r} holds a {type(value).__name__}: {value!r}.",
            mend="Labels are numbers, booleans or text.",
            code="target-type",
        )
    mixed = len(families) > 1
    if mixed:
        as_text: dict[str, tuple[str, Any]] = {}
        for family, value in distinct:
            first = as_text.setdefault(str(value).strip(), (family, value))
            if first != (family, value):
                raise TargetError(
                    f"The target {name!r} has both {first[1]!r} and {value!r} among its labels.",
                    mend="Make all labels text or all numbers.",
                    code="target-labels-ambiguous",
                )
        notes.append(
            Note(
                code="target-labels-mixed",
                what=f"The target {name!r} mixes {' and '.join(sorted(families))} labels.",
                place=name,
                mend="All taken as text.",
                warning=True,
            )
        )
    made = [str(value).strip() if mixed else value for _, value in distinct]
    classes = tuple(sorted(set(made)))
    if len(classes) < 2:
        raise TargetError(
            f"The target {name!r} has only one class: {classes[0]!r}.",
            mend="Give rows of at least two classes, or check that it is the right column.",
            code="target-one-class",
        )
    where = {label: code for code, label in enumerate(classes)}
    codes = np.array([where[label] for label in made], dtype=np.int64)[positions]
    rows = len(codes)
    if len(classes) == rows or (isinstance(classes[0], str) and len(classes) > 0.9 * rows):
        # scikit-learn's own words for numbers that are no classes.
        what = f"looks like an id: {len(classes)} different labels in {rows} rows"
        if not isinstance(classes[0], str):
            what += ". Unknown label type: continuous"
        raise TargetError(
            f"The target {name!r} {what}.",
            mend="Choose another column, or for numbers set the task to 'regression'.",
            code="target-id",
        )
    return codes, classes, notes


def _whole_again(series: pd.Series) -> pd.Series:
    """Whole numbers as integers: a missing value beside them made them floats."""
    values = series.to_numpy(dtype=np.float64)
    return series.astype(np.int64) if (values == np.floor(values)).all() and (abs(values) < 2**53).all() else series


def _distinct_labels(series: pd.Series) -> tuple[NDArray[np.intp], list[tuple[str, Any]]]:
    """(n,) position of each row's label among the distinct ones, and those, each with its family."""
    if series.dtype.kind in "iufb" or series.dtype != object:
        import pandas as pd

        positions, found = pd.factorize(series)
        return positions, [(_family(value), _plain(value)) for value in found]
    # To pandas 1, 1.0 and True are equal, and as labels beside each other they are a mistake to be told of.
    places: dict[tuple[str, Any], int] = {}
    codes = [places.setdefault((_family(value), _plain(value)), len(places)) for value in series]
    return np.array(codes, dtype=np.intp), list(places)


def _family(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    if isinstance(value, (int, float, np.integer, np.floating)):
        return "number"
    return "text" if isinstance(value, str) else "other"


def _plain(value: Any) -> Any:
    """A label as Python's own bool, int, float or str."""
    return value.item() if isinstance(value, np.generic) else value


def _balance(codes: NDArray[np.int64], classes: tuple[Any, ...], name: str) -> list[Note]:
    counts = np.bincount(codes, minlength=len(classes))
    notes = []
    alone = [classes[k] for k in np.flatnonzero(counts == 1)]
    if alone:
        notes.append(
            Note(
                code="target-class-once",
                what=f"The target {name!r} has classes with a single row: {', '.join(map(repr, alone[:SHOWN]))}.",
                place=name,
                mend="Those rows are trained on and never judged.",
                warning=True,
            )
        )
    least, rows = int(counts.min()), int(counts.sum())
    if least < RARE_SHARE * rows:
        label = classes[int(counts.argmin())]
        advice = "metric='average_precision' suits it better." if len(classes) == 2 else "Kept as it is."
        what = f"Class {label!r} of the target {name!r} has {least} of {rows} rows."
        notes.append(Note("target-imbalanced", what, name, advice, True))
    elif rows < 10 * len(classes):
        what = f"The target {name!r} has {len(classes)} classes in {rows} rows."
        notes.append(Note("target-few-rows", what, name, "Scores on so few rows are uncertain.", True))
    return notes
