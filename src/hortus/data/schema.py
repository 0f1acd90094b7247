"""What the columns mean, fixed when the model is trained, and how later rows are read by it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hortus.data import cells, dates
from hortus.data.notes import Note
from hortus.data.numbers import NumberFormat
from hortus.errors import InputError, SchemaError

if TYPE_CHECKING:
    import pandas as pd

ColumnKind = Literal["numeric", "boolean", "categorical", "date", "text"]
Role = Literal["feature", "ignored"]

# A column may hold this share of cells that are not of its kind; they become missing, with a note.
STRAY_SHARE = 0.1
# Up to this many rows, cells are read one by one: what pandas does a column costs more than they do.
FEW_ROWS = 64


@dataclass(frozen=True)
class ColumnSchema:
    """One column of the user's table.

    Attributes:
        name: as in the table.
        kind: how its cells are read.
        role: whether the model sees it.
        reason: why it has this kind or is ignored, in a few words: ``"empty"``, ``"constant"``, ``"id"``.
        detail: what reading needs besides: ``number`` {decimal, unit}, ``dayfirst``.
    """

    name: str
    kind: ColumnKind
    role: Role = "feature"
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def number(self) -> NumberFormat:
        """How its numbers are written."""
        return NumberFormat(**self.detail.get("number", {}))


@dataclass(frozen=True)
class Schema:
    """The columns in the table's order."""

    columns: tuple[ColumnSchema, ...]

    @cached_property
    def features(self) -> tuple[ColumnSchema, ...]:
        """The columns that the model sees, in order."""
        return tuple(column for column in self.columns if column.role == "feature")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(column.name for column in self.features)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Schema:
        """The inverse of ``to_json``."""
        return cls(tuple(ColumnSchema(**column) for column in found["columns"]))

    def apply(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
        """Read a table by this schema.

        Args:
            frame: the rows; further columns and any order of columns will do.

        Returns:
            The canonical frame: the features in schema order, a numeric or boolean column as float64 with NaN, a
            categorical or text column as objects (str or None), a date as datetime64[us] in UTC; and notes.

        Raises:
            SchemaError: a column is missing, or its cells are of another kind.
        """
        positions, notes = self._locate(frame)
        few = len(frame) <= FEW_ROWS
        table = frame.to_numpy(dtype=object) if few and positions else None
        made: dict[str, list[NDArray[Any]]] = {"number": [], "moment": [], "word": []}
        order: list[tuple[str, int]] = []
        for column, position in zip(self.features, positions, strict=True):
            values = table[:, position] if table is not None else frame.iloc[:, position]
            block = _BLOCKS[column.kind]
            read, more = read_column(column, values)
            order.append((block, len(made[block])))
            made[block].append(read)
            notes += more
        return _assemble(frame.index, self.names, made, order), notes

    def _locate(self, frame: pd.DataFrame) -> tuple[list[int], list[Note]]:
        """Where each feature stands in ``frame``."""
        came = [name if isinstance(name, str) else str(name) for name in frame.columns]
        where = {name: position for position, name in enumerate(came)}
        missing = [name for name in self.names if name not in where]
        if missing:
            raise SchemaError(_missing_columns(missing, came), mend=_MISSING_MEND, code="columns-missing")
        if len(where) != len(came):
            twice = sorted({name for name in came if came.count(name) > 1} & set(self.names))
            if twice:
                raise SchemaError(
                    f"{_several('Column', twice)} in the rows more than once.",
                    mend="Rename or drop one of each.",
                    code="columns-duplicate",
                )
        known = {column.name for column in self.columns}
        extra = [name for name in came if name not in known]
        notes = []
        if extra:
            notes.append(
                Note(
                    code="columns-extra",
                    what=f"{_several('Column', extra)} in the rows and not in the training table.",
                    place=extra[0],
                    mend="Ignored.",
                    warning=True,
                )
            )
        return [where[name] for name in self.names], notes


_BLOCKS = {"numeric": "number", "boolean": "number", "date": "moment", "categorical": "word", "text": "word"}
_MISSING_MEND = "Add them (empty cells will do) or rename the columns as they were in the training table."


def read_column(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], list[Note]]:
    """One column's canonical cells from a pandas Series or an array of objects.

    Raises:
        SchemaError: more than a few of the cells are not of the column's kind.
    """
    if column.kind == "date":
        return _read_dates(column, values)
    if column.kind in ("categorical", "text"):
        return _by_distinct(values, cells.label if column.kind == "categorical" else cells.words), []
    return _read_numbers(column, values)


def _read_numbers(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], list[Note]]:
    native = getattr(values.dtype, "numpy_dtype", values.dtype)
    if native.kind in "iufb":
        found = values.to_numpy(dtype=np.float64, na_value=np.nan)
        if column.kind == "numeric":
            infinite = np.isinf(found)
            if infinite.any():
                found = np.where(infinite, np.nan, found)
                return found, [infinite_note(column.name, infinite)]
            return found, []
        strays = ~((found == 0) | (found == 1) | np.isnan(found))
        if not strays.any():
            return found, []
        return np.where(strays, np.nan, found), [_strays(column, values, strays)]
    if native.kind in "mM":
        if native.kind == "M" and bool(values.notna().any()):
            raise _cannot(column, 0, values.iloc[0], len(values), len(values))
        return values.dt.total_seconds().to_numpy() if native.kind == "m" else np.full(len(values), np.nan), []
    form = column.number

    def read(value: Any) -> float | None:
        return cells.number(value, form) if column.kind == "numeric" else cells.truth(value)

    codes, distinct = _distinct(values)
    table = [read(value) for value in distinct] + [np.nan]
    bad = np.array([cell is None for cell in table], dtype=bool)
    found = np.array([np.nan if cell is None else cell for cell in table], dtype=np.float64)[codes]
    notes = []
    if bad.any():
        notes.append(_strays(column, values, bad[codes]))
    # They were read as missing; say so, for a division by zero is worth knowing of.
    infinite = np.array([isinstance(v, (float, np.floating)) and abs(v) == np.inf for v in distinct] + [False], bool)
    if infinite.any():
        notes.append(infinite_note(column.name, infinite[codes]))
    return found, notes


def _read_dates(column: ColumnSchema, values: Any) -> tuple[NDArray[Any], list[Note]]:
    import pandas as pd

    if isinstance(values, pd.Series) and values.dtype.kind == "M":
        if getattr(values.dtype, "tz", None) is not None:
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return values.to_numpy().astype("datetime64[us]"), []
    codes, distinct = _distinct(values)
    dayfirst = bool(column.detail.get("dayfirst", False))
    texts = [_date_text(value) for value in distinct]
    found = np.append(dates.parse([text or "" for text in texts], dayfirst=dayfirst), np.datetime64("NaT", "us"))
    failed = np.append(
        np.isnat(found[:-1]) & np.array([t is None or t.lower() not in cells.MISSING_NUMBERS for t in texts], bool),
        False,
    )
    strays = failed[codes]
    return found[codes], [_strays(column, values, strays)] if strays.any() else []


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
                codes[row] = -1 if cells.is_missing(value) else positions.setdefault((type(value), value), len(positions))
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
    seen = next(((i, v) for i, v in enumerate(values) if isinstance(v, (list, dict, set, np.ndarray))), (0, "?"))
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


def _strays(column: ColumnSchema, values: Any, strays: NDArray[np.bool_]) -> Note:
    row = int(strays.argmax())
    value = values[row] if isinstance(values, np.ndarray) else values.iloc[row]
    count = int(strays.sum())
    if count > STRAY_SHARE * len(strays):
        raise _cannot(column, row, value, count, len(strays))
    return Note(
        code="cells-stray",
        what=f"Column {column.name!r} is {column.kind}, and {count} of its cells are not: {value!r} in row {row}.",
        place=column.name,
        mend="Taken as missing.",
        warning=True,
    )


def _cannot(column: ColumnSchema, row: int, value: Any, count: int, rows: int) -> SchemaError:
    return SchemaError(
        f"Column {column.name!r} is {column.kind} in the training table, and {count} of {rows} cells cannot be read "
        f"so: {value!r} in row {row}.",
        mend="Give the column in the form it was trained on.",
        code="column-kind",
    )


def _several(what: str, names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"{what} {shown} is" if len(names) == 1 else f"{what}s {shown} are"


def _missing_columns(missing: list[str], came: list[str]) -> str:
    near = []
    for name in missing[:10]:
        close = difflib.get_close_matches(name, came, n=1, cutoff=0.7)
        near.append(f"{name!r}" + (f" (is it {close[0]!r}?)" if close else ""))
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    return f"The rows lack {len(missing)} of the columns trained on: {', '.join(near)}{more}."


def _assemble(
    index: pd.Index, names: tuple[str, ...], made: dict[str, list[NDArray[Any]]], order: list[tuple[str, int]]
) -> pd.DataFrame:
    """Blocks of one type each, side by side: a tenth of what a frame of single columns costs."""
    import pandas as pd

    offsets: dict[str, int] = {}
    parts: list[pd.DataFrame] = []
    width = 0
    for block, dtype in (("number", np.float64), ("moment", "datetime64[us]"), ("word", object)):
        arrays = made[block]
        if not arrays:
            continue
        offsets[block] = width
        width += len(arrays)
        filled = np.empty((len(index), len(arrays)), dtype=dtype, order="F")
        for i, array in enumerate(arrays):
            filled[:, i] = array
        options = {"dtype": object} if block == "word" else {}
        parts.append(pd.DataFrame(filled, index=index, copy=False, **options))
    if not parts:
        return pd.DataFrame(index=index)
    frame = parts[0] if len(parts) == 1 else pd.concat(parts, axis=1)
    positions = [offsets[block] + i for block, i in order]
    if positions != list(range(width)):
        frame = frame.iloc[:, positions]
    frame.columns = pd.Index(names, dtype=object)
    return frame
