"""What each column of a table means: its kind, and whether it can tell anything.

Everything is decided on a column's distinct values (a sample of them where there are many), never cell by cell.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hortus.data import cells, numbers
from hortus.data.canonical import nested_cells
from hortus.data.column import ColumnSchema
from hortus.data.infer_numbers import Found, finish, infer_numbers
from hortus.data.infer_text import infer_text, nan_for_none
from hortus.data.notes import Note
from hortus.data.schema import Schema
from hortus.data.sparse_rows import SparseRow
from hortus.errors import InputError, SettingError, nearest

if TYPE_CHECKING:
    import pandas as pd


def infer_schema(
    frame: pd.DataFrame, *, ignore: Iterable[str] = (), keep: Iterable[str] = (), text: Iterable[str] = ()
) -> tuple[Schema, list[Note]]:
    """Tell the kind of every column, and which of them cannot help.

    Args:
        frame: the features, without the target.
        ignore: columns that the model must not see.
        keep: columns that it sees even if they look like ids, are constant or empty.
        text: columns that are read as free text, whatever they look like.

    Raises:
        InputError: no columns, or cells that are lists, dicts or complex numbers.
        SettingError: ``ignore``, ``keep`` or ``text`` name a column that is not there.
    """
    names = [str(name) for name in frame.columns]
    ignored, kept, told = set(ignore), set(keep), set(text)
    for name in [*ignored, *kept, *told]:
        if name not in names:
            raise SettingError(f"There is no column {name!r}.", mend=nearest(name, names), code="unknown-column")
    if not names:
        raise InputError("The table has no columns to learn from.", mend="Give at least one.", code="no-columns")
    columns: list[ColumnSchema] = []
    notes: list[Note] = []
    prints: dict[int, int] = {}
    for position, name in enumerate(names):
        if name in ignored:
            columns.append(ColumnSchema(name, "text", "ignored", "asked"))
            continue
        found = _infer(name, frame.iloc[:, position])
        column = found.column
        if name in told:
            column = replace(column, kind="text", role="feature", reason="told")
        elif column.role == "ignored" and name in kept:
            column = replace(column, role="feature", reason="kept")
        elif column.role == "ignored":
            notes += found.notes
        else:
            first = prints.setdefault(found.fingerprint, position)
            notes += [*found.notes, *_equal(frame, first, position)]
        columns.append(column)
    if not any(column.role == "feature" for column in columns):
        columns, more = _better_than_nothing(columns)
        notes += more
    return Schema(tuple(columns)), notes


def _infer(name: str, values: pd.Series) -> Found:
    dtype = values.dtype
    first = values.iloc[0] if len(values) else None
    if isinstance(first, SparseRow):
        return Found(ColumnSchema(name, "sparse", detail={"width": int(first.width)}), (), hash(first))
    native = getattr(dtype, "numpy_dtype", dtype)
    kind = native.kind if native.kind != "O" or type(dtype).__name__ != "ArrowDtype" else "O"
    if kind == "c":
        raise InputError(
            f"Column {name!r} holds complex numbers.",
            mend="Give its real and imaginary part as two columns.",
            code="column-complex",
        )
    if kind == "b":
        return finish(name, "boolean", values.to_numpy(dtype=np.float64, na_value=np.nan))
    if kind in "iuf":
        return infer_numbers(name, values.to_numpy(dtype=np.float64, na_value=np.nan), native.kind)
    if kind == "m":
        return finish(name, "numeric", values.dt.total_seconds().to_numpy())
    if kind == "M":
        moments = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(dtype, "tz", None) else values
        codes = moments.to_numpy().astype("datetime64[us]").astype(np.int64).astype(np.float64)
        codes[values.isna().to_numpy()] = np.nan
        return finish(name, "date", codes)
    return _infer_objects(name, values)


def _infer_objects(name: str, values: pd.Series) -> Found:
    import pandas as pd

    try:
        codes, found = pd.factorize(values)
    except TypeError as error:
        raise nested_cells(name, values) from error
    distinct = list(found)
    kinds = {_type_of(value) for value in distinct}
    if "nested" in kinds:
        raise nested_cells(name, values)
    if "complex" in kinds:
        raise InputError(f"Column {name!r} holds complex numbers.", mend="Split it in two.", code="column-complex")
    whole = np.append(np.arange(len(distinct), dtype=np.float64), np.nan)[codes]
    if not distinct:
        return finish(name, "numeric", whole)
    notes: list[Note] = []
    if isinstance(values.dtype, pd.CategoricalDtype):
        return finish(name, "categorical", whole)
    if kinds == {"bool"}:
        return finish(name, "boolean", whole)
    if kinds <= {"number", "bool"}:
        as_numbers = np.array([nan_for_none(cells.number(v, numbers.NumberFormat())) for v in distinct] + [np.nan])
        if any(isinstance(value, int) and abs(value) > 2**63 for value in distinct):
            notes.append(
                Note("column-huge", f"Column {name!r} has whole numbers beyond 2^63.", name, "Read as floats.", True)
            )
        return infer_numbers(name, as_numbers[codes], "f").noted(notes)
    if kinds == {"date"}:
        return finish(name, "date", whole)
    if len(kinds) > 1:
        notes.append(
            Note(
                code="column-mixed",
                what=f"Column {name!r} mixes {' and '.join(sorted(kinds))} cells, such as {_examples(distinct)}.",
                place=name,
                mend="Read as one kind; see the schema.",
            )
        )
    return infer_text(name, codes, distinct, mixed=len(kinds) > 1).noted(notes)


def _type_of(value: Any) -> str:
    if isinstance(value, (str, bytes)):
        return "text"
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, (complex, np.complexfloating)):
        return "complex"
    if isinstance(value, (int, float, np.number, decimal.Decimal, datetime.timedelta)):
        return "number"
    if isinstance(value, (datetime.date, np.datetime64)):
        return "date"
    return "nested" if isinstance(value, (list, dict, set, tuple, np.ndarray)) else "text"


def _better_than_nothing(columns: list[ColumnSchema]) -> tuple[list[ColumnSchema], list[Note]]:
    """With nothing else to learn from, ids are looked at after all, and then constants."""
    for reasons in (("id",), ("constant", "empty")):
        if any(column.reason in reasons for column in columns):
            back = [replace(c, role="feature") if c.reason in reasons else c for c in columns]
            note = Note(
                code="columns-useless",
                what="No column seems to tell anything: all are ids, constant or empty.",
                mend="Learned from them all the same; give better ones.",
                warning=True,
            )
            return back, [note]
    raise InputError("All columns are ignored.", mend="Leave at least one to learn from.", code="no-columns")


def _equal(frame: pd.DataFrame, first: int, second: int) -> list[Note]:
    if first == second or not frame.iloc[:, first].equals(frame.iloc[:, second]):
        return []
    names = str(frame.columns[first]), str(frame.columns[second])
    what = f"Columns {names[0]!r} and {names[1]!r} are equal."
    return [Note("columns-equal", what, names[1], "Both kept.")]


def _examples(distinct: list[Any]) -> str:
    chosen = {_type_of(value): value for value in reversed(distinct)}
    return ", ".join(repr(value) for value in chosen.values())
