"""A column's cells in their canonical form: numbers, moments or words, whatever they came as."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data import cells, dates
from hortus.data.column import ColumnSchema
from hortus.data.notes import Note
from hortus.data.sparse_rows import SparseRow
from hortus.errors import InputError, SchemaError

# A column may hold this share of cells that are not of its kind; they become missing, with a note.
STRAY_SHARE = 0.1
FLOAT32_MOST = 3.4e38
NESTED = (list, dict, set, tuple, np.ndarray)


def read_column(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], list[Note]]:
    """One column's canonical cells from a pandas Series or an array of objects.

    Raises:
        SchemaError: more than a few of the cells are not of the column's kind.
    """
    if isinstance(values, np.ndarray) and len(values) == 1:
        plain = _plain(column, values[0])
        if plain is not None:
            return plain, []
    found, strays, notes = _read(column, values)
    if not strays.any():
        return found, notes
    row = int(strays.argmax())
    value = values[row] if isinstance(values, np.ndarray) else values.iloc[row]
    return found, [stray_note(column, row, value, int(strays.sum()), len(strays)), *notes]


def _plain(column: ColumnSchema, value: Any) -> NDArray[Any] | None:
    """(1,) a cell that is of the column's own type, so that nothing is to say of it; None for any other.

    It is what `_read` makes of a column of this cell; arrays for its codes, strays and bounds cost ten times as much.
    """
    if column.kind == "numeric":
        if value is None:
            return np.array([np.nan])
        # Infinity and NaN are not below any bound.
        return np.array([float(value)]) if type(value) in (float, int) and abs(value) <= FLOAT32_MOST else None
    if column.kind in ("categorical", "text") and (value is None or type(value) is str):
        found = np.empty(1, dtype=object)
        found[0] = cells.label(value) if column.kind == "categorical" else cells.words(value)
        return found
    if column.kind == "date" and (value is None or type(value) is str):
        found = dates.parse([value or ""], dayfirst=bool(column.detail.get("dayfirst", False)))
        return found if value is None or not np.isnat(found[0]) else None
    return None


def stray_cells(column: ColumnSchema, values: Any) -> NDArray[np.bool_]:
    """(n,) whether a cell is there and cannot be read as the column's kind: ``abc`` among numbers, a list anywhere.

    Args:
        column: what is wanted.
        values: (n,) a pandas Series or an array of objects.
    """
    nested = np.zeros(len(values), dtype=bool)
    if values.dtype == object:
        nested = np.array([isinstance(value, NESTED) for value in values], dtype=bool)
        if nested.any():
            values = np.array(values, dtype=object)
            values[nested] = None
    return nested | _read(column, values)[1]


def _read(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], NDArray[np.bool_], list[Note]]:
    """The cells, missing where they are strays; (n,) which are; and what else there is to say."""
    if column.kind == "date":
        return *_read_dates(column, values), []
    if column.kind == "sparse":
        return _read_sparse(column, values)
    if column.kind in ("categorical", "text"):
        found = _by_distinct(values, cells.label if column.kind == "categorical" else cells.words)
        return found, np.zeros(len(found), dtype=bool), []
    return _read_numbers(column, values)


def _read_sparse(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], NDArray[np.bool_], list[Note]]:
    width = column.detail["width"]
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    other = next((cell.width for cell in found if isinstance(cell, SparseRow) and cell.width != width), None)
    if other is not None:
        raise SchemaError(
            f"The sparse matrix has {other} columns, and the one trained on had {width}.",
            mend="Give the same columns in the same order.",
            code="sparse-width",
        )
    rows = np.array([isinstance(cell, SparseRow) for cell in found], dtype=bool)
    strays = ~rows & ~np.array([cells.is_missing(cell) for cell in found], dtype=bool)
    found[~rows] = None
    return found, strays, []


def _read_numbers(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], NDArray[np.bool_], list[Note]]:
    native = getattr(values.dtype, "numpy_dtype", values.dtype)
    none = np.zeros(len(values), dtype=bool)
    if native.kind in "iufb":
        found = values.to_numpy(dtype=np.float64, na_value=np.nan)
        if column.kind == "numeric":
            found, notes = _within_bounds(column.name, found)
            return found, none, notes
        strays = ~((found == 0) | (found == 1) | np.isnan(found))
        return np.where(strays, np.nan, found), strays, []
    if native.kind == "m":
        return values.dt.total_seconds().to_numpy(), none, []
    if native.kind == "M":
        return np.full(len(values), np.nan), values.notna().to_numpy(), []
    form = column.number

    def read(value: Any) -> float | None:
        return cells.number(value, form) if column.kind == "numeric" else cells.truth(value)

    codes, distinct = _distinct(values)
    table = [read(value) for value in distinct] + [np.nan]
    bad = np.array([cell is None for cell in table], dtype=bool)
    found = np.array([np.nan if cell is None else cell for cell in table], dtype=np.float64)[codes]
    notes = []
    # They were read as missing; say so, for a division by zero is worth knowing of.
    infinite = np.array([isinstance(v, (float, np.floating)) and abs(v) == np.inf for v in distinct] + [False], bool)
    if infinite.any():
        notes.append(infinite_note(column.name, infinite[codes]))
    found, more = _within_bounds(column.name, found)
    return found, bad[codes], notes + more


def _within_bounds(name: str, found: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[Note]]:
    """Infinite numbers as missing, and those beyond float32, in which learners see them, at its end."""
    beyond = np.abs(found) > FLOAT32_MOST
    if not beyond.any():
        return found, []
    notes = []
    infinite = np.isinf(found)
    if infinite.any():
        notes.append(infinite_note(name, infinite))
    finite = beyond & ~infinite
    if finite.any():
        row = int(finite.argmax())
        what = f"Column {name!r} has numbers too large for 32 bits, such as {found[row]:g} in row {row}."
        notes.append(Note("column-beyond-float32", what, name, f"Cut off at {FLOAT32_MOST:g}.", True))
    return np.where(infinite, np.nan, np.clip(found, -FLOAT32_MOST, FLOAT32_MOST)), notes


def _read_dates(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    import pandas as pd

    if isinstance(values, pd.Series) and values.dtype.kind == "M":
        if getattr(values.dtype, "tz", None) is not None:
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return values.to_numpy().astype("datetime64[us]"), np.zeros(len(values), dtype=bool)
    codes, distinct = _distinct(values)
    dayfirst = bool(column.detail.get("dayfirst", False))
    texts = [_date_text(value) for value in distinct]
    found = np.append(dates.parse([text or "" for text in texts], dayfirst=dayfirst), np.datetime64("NaT", "us"))
    failed = np.append(
        np.isnat(found[:-1]) & np.array([t is None or t.lower() not in cells.MISSING_NUMBERS for t in texts], bool),
        False,
    )
    return found[codes], failed[codes]


def _date_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value.astype("datetime64[us]")) if isinstance(value, np.datetime64) else None


def _distinct(values: Any) -> tuple[NDArray[np.intp], list[Any]]:
    """(n,) position of each cell's value among the distinct ones; -1, the last, for a missing one."""
    if isinstance(values, np.ndarray):
        positions: dict[Any, int] = {}
        codes = np.empty(len(values), dtype=np.intp)
        try:
            for row, value in enumerate(values):
                # 1, 1.0 and True are equal to a dict.
                codes[row] = (
                    -1 if cells.is_missing(value) else positions.setdefault((type(value), value), len(positions))
                )
        except TypeError as error:
            raise nested_cells("", values) from error
        return codes, [value for _, value in positions]
    import pandas as pd

    try:
        found, distinct = pd.factorize(values)
    except TypeError as error:
        raise nested_cells(str(values.name), values) from error
    return found, list(distinct)


def _by_distinct(values: Any, read: Callable[[Any], Any]) -> NDArray[Any]:
    codes, distinct = _distinct(values)
    missing = read(None)
    table = np.empty(len(distinct) + 1, dtype=object)
    table[:] = [read(value) for value in distinct] + [missing]
    return table[codes]


def nested_cells(name: str, values: Iterable[Any]) -> InputError:
    """The error for a column whose cells are lists, dicts or other collections."""
    seen = next(((i, v) for i, v in enumerate(values) if isinstance(v, NESTED)), (0, "?"))
    shown = repr(seen[1])
    return InputError(
        f"Column {name!r} holds a {type(seen[1]).__name__} in row {seen[0]}: {shown[:60]}{'…' * (len(shown) > 60)}.",
        mend="Flatten it into columns of numbers or text first (pandas.json_normalize, DataFrame.explode).",
        code="cells-nested",
    )


def infinite_note(name: str, infinite: NDArray[np.bool_]) -> Note:
    """What is said of infinite numbers."""
    return Note(
        code="column-infinite",
        what=f"Column {name!r} is infinite in {int(infinite.sum())} rows, first in row {int(infinite.argmax())}.",
        place=name,
        mend="Taken as missing.",
        warning=True,
    )


def stray_note(column: ColumnSchema, row: int, value: Any, count: int, rows: int) -> Note:
    """What is said of strays taken as missing: ``count`` of ``rows`` cells, ``value`` in ``row`` the first.

    Raises:
        SchemaError: there are too many for a column of this kind.
    """
    if count > STRAY_SHARE * rows:
        raise SchemaError(
            f"Column {column.name!r} is {column.kind} in the training table, and {count} of {rows} cells cannot be "
            f"read so: {value!r} in row {row}.",
            mend="Give the column in the form it was trained on.",
            code="column-kind",
        )
    return Note(
        code="cells-stray",
        what=f"Column {column.name!r} is {column.kind}, and {count} of its cells are not: {value!r} in row {row}.",
        place=column.name,
        mend="Taken as missing.",
        warning=True,
    )
