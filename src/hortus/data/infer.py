"""What each column of a table means: its kind, and whether it can tell anything.

Everything is decided on a column's distinct values (a sample of them where there are many), never cell by cell.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data import cells, dates, numbers
from hortus.data.notes import Note
from hortus.data.schema import ColumnKind, ColumnSchema, Schema, infinite_note, nested_cells
from hortus.errors import InputError, SettingError, nearest

if TYPE_CHECKING:
    import pandas as pd

# Distinct values looked at to tell what a column of text holds.
SAMPLE = 2_000
# Share of the distinct values that must be numbers (or dates) for the column to be one of numbers (or dates).
NUMBERS_SHARE = 0.95
DATES_SHARE = 0.9
# Text of whole numbers with at most so many distinct values is codes: its maker kept it as text.
CODES_MOST = 20
# Free text: at least so many words, or characters, on average, and so large a share of distinct values.
TEXT_WORDS = 2.0
TEXT_LENGTH = 40.0
TEXT_DISTINCT_SHARE = 0.3
TEXT_DISTINCT_LEAST = 20
# Fewer rows than this cannot show that a column is an id.
ID_ROWS = 20
SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0)

_ID_NAME = re.compile(
    r"(?:.*[ _.-])?(?:id|uuid|guid|key|index|rownames?|row_?(?:id|number|nr))|unnamed.*|column_?1|.*[a-z]I[Dd]|nr|no"
)
_ORDER_NAME = re.compile(r"(?:.*[ _.-])?(?:t|x|time|date|day|days|week|month|year|step|age|hour|minute|seconds?)", re.I)


def infer_schema(
    frame: pd.DataFrame, *, ignore: Iterable[str] = (), keep: Iterable[str] = ()
) -> tuple[Schema, list[Note]]:
    """Tell the kind of every column, and which of them cannot help.

    Args:
        frame: the features, without the target.
        ignore: columns that the model must not see.
        keep: columns that it sees even if they look like ids, are constant or empty.

    Raises:
        InputError: no columns, or cells that are lists, dicts or complex numbers.
        SettingError: ``ignore`` or ``keep`` name a column that is not there.
    """
    names = [str(name) for name in frame.columns]
    ignored, kept = set(ignore), set(keep)
    for name in [*ignored, *kept]:
        if name not in names:
            raise SettingError(f"There is no column {name!r}.", mend=nearest(name, names), code="unknown-column")
    if not names:
        raise InputError("The table has no columns to learn from.", mend="Give at least one.", code="no-columns")
    columns: list[ColumnSchema] = []
    notes: list[Note] = []
    for position, name in enumerate(names):
        column, more = _infer(name, frame.iloc[:, position])
        if name in ignored:
            column, more = replace(column, role="ignored", reason="asked"), []
        elif name in kept and column.role == "ignored":
            column, more = replace(column, role="feature", reason="kept"), []
        columns.append(column)
        notes += more
    if not any(column.role == "feature" for column in columns):
        columns, more = _better_than_nothing(columns)
        notes += more
    notes += _duplicates(frame, columns)
    return Schema(tuple(columns)), notes


def _infer(name: str, values: pd.Series) -> tuple[ColumnSchema, list[Note]]:
    dtype = values.dtype
    native = getattr(dtype, "numpy_dtype", dtype)
    kind = native.kind if native.kind != "O" or type(dtype).__name__ != "ArrowDtype" else "O"
    if kind == "c":
        raise InputError(
            f"Column {name!r} holds complex numbers.",
            mend="Give its real and imaginary part as two columns.",
            code="column-complex",
        )
    if kind == "b":
        return _finish(name, "boolean", values.to_numpy(dtype=np.float64, na_value=np.nan))
    if kind in "iuf":
        return _infer_numbers(name, values.to_numpy(dtype=np.float64, na_value=np.nan), native.kind)
    if kind == "m":
        return _finish(name, "numeric", values.dt.total_seconds().to_numpy())
    if kind == "M":
        moments = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(dtype, "tz", None) else values
        codes = moments.to_numpy().astype("datetime64[us]").astype(np.int64).astype(np.float64)
        codes[values.isna().to_numpy()] = np.nan
        return _finish(name, "date", codes)
    return _infer_objects(name, values)


def _infer_objects(name: str, values: pd.Series) -> tuple[ColumnSchema, list[Note]]:
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
        return _finish(name, "numeric", whole)
    notes: list[Note] = []
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _finish(name, "categorical", whole)
    if kinds == {"bool"}:
        return _finish(name, "boolean", whole)
    if kinds <= {"number", "bool"}:
        as_numbers = np.array([_nan_for_none(cells.number(v, numbers.NumberFormat())) for v in distinct] + [np.nan])
        if any(isinstance(value, int) and abs(value) > 2**63 for value in distinct):
            notes.append(
                Note("column-huge", f"Column {name!r} has whole numbers beyond 2^63.", name, "Read as floats.", True)
            )
        column, more = _infer_numbers(name, as_numbers[codes], "f")
        return column, notes + more
    if kinds == {"date"}:
        return _finish(name, "date", whole)
    if len(kinds) > 1:
        notes.append(
            Note(
                code="column-mixed",
                what=f"Column {name!r} mixes {' and '.join(sorted(kinds))} cells, such as {_examples(distinct)}.",
                place=name,
                mend="Read as one kind; see the schema.",
            )
        )
    column, more = _infer_text(name, codes, distinct, mixed=len(kinds) > 1)
    return column, notes + more


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


def _nan_for_none(value: float | None) -> float:
    return cells.NAN if value is None else value


def _infer_text(
    name: str, codes: NDArray[np.intp], distinct: list[Any], *, mixed: bool
) -> tuple[ColumnSchema, list[Note]]:
    texts = [cells.label(value) or "" if not isinstance(value, str) else value.strip() for value in distinct]
    lowered = [text.lower() for text in texts]
    sentinel = np.array([text in cells.MISSING_NUMBERS for text in lowered])
    plain = [text for text, is_sentinel in zip(texts, sentinel, strict=True) if not is_sentinel]
    words = {text for text, is_sentinel in zip(lowered, sentinel, strict=True) if not is_sentinel}
    sample = plain if len(plain) <= SAMPLE else plain[:: -(-len(plain) // SAMPLE)]
    whole = np.append(np.where(sentinel, np.nan, np.arange(len(distinct))), np.nan)[codes]
    if words and words <= cells.TRUE | cells.FALSE and not words <= {"0", "1", "0.0", "1.0"}:
        truths = np.array([_nan_for_none(cells.truth(text)) for text in texts] + [np.nan])
        if words & cells.TRUE and words & cells.FALSE:
            return _finish(name, "boolean", truths[codes], notes=_sentinel_note(name, texts, sentinel))
    found = numbers.guess(sample) if sample else None
    if found is not None and found.share >= NUMBERS_SHARE:
        if not _looks_like_codes(sample, sentinel, mixed) and not _all_dates(sample):
            detail = {"number": found.format.to_json()}
            notes = _sentinel_note(name, texts, sentinel) + _number_notes(name, found, sample)
            as_numbers = np.append(found.format.parse(texts), np.nan)
            column, more = _infer_numbers(name, as_numbers[codes], "f")
            return replace(column, detail=detail), notes + more
    elif any(any(c.isdigit() for c in text) for text in sample[:50]):
        guessed = dates.guess(sample)
        if guessed.share >= DATES_SHARE:
            return _finish(
                name,
                "date",
                whole,
                detail={"dayfirst": guessed.dayfirst},
                notes=_sentinel_note(name, texts, sentinel) + _date_notes(name, guessed, sample),
            )
    if found is not None and found.share >= NUMBERS_SHARE and _all_dates(sample):
        return _finish(name, "date", whole, notes=_sentinel_note(name, texts, sentinel))
    return _infer_words(name, codes, texts)


def _infer_words(name: str, codes: NDArray[np.intp], texts: list[str]) -> tuple[ColumnSchema, list[Note]]:
    """Free text, an id or a category: columns that are neither numbers, dates nor truths."""
    missing = np.array([text.lower() in cells.MISSING for text in texts])
    whole = np.append(np.where(missing, np.nan, np.arange(len(texts))), np.nan)[codes]
    rows = int((~np.isnan(whole)).sum())
    notes = _sentinel_note(name, texts, missing & np.array([bool(text) for text in texts]))
    there = [text for text, gone in zip(texts, missing, strict=True) if not gone]
    sample = there if len(there) <= SAMPLE else there[:: -(-len(there) // SAMPLE)]
    if not sample:
        return _finish(name, "categorical", whole, notes=notes)
    length = float(np.mean([len(text) for text in sample]))
    count = float(np.mean([text.count(" ") + 1 for text in sample]))
    share = len(there) / max(rows, 1)
    many = len(there) >= TEXT_DISTINCT_LEAST
    if many and (length >= TEXT_LENGTH or (count >= TEXT_WORDS and share >= TEXT_DISTINCT_SHARE)):
        if count >= 1.5:
            return _finish(name, "text", whole, reason=f"{count:.1f} words on average", notes=notes)
    if rows >= ID_ROWS and len(there) == rows and count < 1.2 and not _other_script(sample):
        note = Note(
            code="column-id",
            what=f"Column {name!r} looks like an id: {rows} different values in {rows} rows.",
            place=name,
            mend=f"Ignored; keep it with keep=[{name!r}].",
            warning=True,
        )
        return ColumnSchema(name, "categorical", "ignored", "id"), [note]
    return _finish(name, "categorical", whole, notes=notes)


def _other_script(sample: list[str]) -> bool:
    """Whether words are written without spaces between them, as in Chinese, Japanese or Thai."""
    return sum(any("\u0e00" <= c <= "\u0eff" or "\u3040" <= c <= "\u9fff" for c in text) for text in sample) * 2 > len(
        sample
    )


def _looks_like_codes(sample: list[str], sentinel: NDArray[np.bool_], mixed: bool) -> bool:
    """Whether whole numbers kept as text are names: leading zeros, postal codes, a few levels."""
    if mixed or not all(text.isdigit() for text in sample):
        return False
    if any(len(text) > 1 and text[0] == "0" for text in sample):
        return True
    lengths = {len(text) for text in sample}
    if len(lengths) == 1 and lengths.pop() >= 5 and len(sample) > 1:
        return True
    return len(sample) <= CODES_MOST and not sentinel.any()


def _all_dates(sample: list[str]) -> bool:
    """Whether all are dates written as eight digits, such as 20240131."""
    if not all(len(text) == 8 and text.isdigit() and "1900" <= text[:4] <= "2100" for text in sample):
        return False
    return dates.guess(sample).share == 1.0


def _infer_numbers(name: str, values: NDArray[np.float64], kind: str) -> tuple[ColumnSchema, list[Note]]:
    notes: list[Note] = []
    infinite = np.isinf(values)
    if infinite.any():
        notes.append(infinite_note(name, infinite))
        values = np.where(infinite, np.nan, values)
    if _looks_like_id(name, values, kind):
        note = Note(
            code="column-id",
            what=f"Column {name!r} looks like an id: a different whole number in each of {len(values)} rows.",
            place=name,
            mend=f"Ignored; keep it with keep=[{name!r}].",
            warning=True,
        )
        return ColumnSchema(name, "numeric", "ignored", "id"), [note]
    least = np.nanmin(values) if len(values) and not np.isnan(values).all() else np.nan
    if least in SENTINELS:
        rest = values[values > least]
        count = int((values == least).sum())
        if count > 1 and len(rest) and rest.min() > least / 2 and (rest.min() >= 0 or least <= -99):
            notes.append(
                Note(
                    code="column-sentinel-number",
                    what=f"Column {name!r} is {least:g} in {count} rows, far below all else: it may stand for missing.",
                    place=name,
                    mend="Kept as a number; make those cells empty if they are missing.",
                    warning=True,
                )
            )
    return _finish(name, "numeric", values, notes=notes)


def _looks_like_id(name: str, values: NDArray[np.float64], kind: str) -> bool:
    if len(values) < ID_ROWS or (kind == "f" and not np.array_equal(values, np.floor(values))):
        return False
    if np.isnan(values).any():
        return False
    consecutive = values.max() - values.min() + 1 == len(values)
    named = _ID_NAME.fullmatch(name) is not None or _ID_NAME.fullmatch(name.lower()) is not None
    if named:
        return len(np.unique(values)) == len(values)
    counting = consecutive and values[0] in (0, 1) and bool((np.diff(values) == 1).all())
    return bool(counting and _ORDER_NAME.fullmatch(name) is None)


def _finish(
    name: str,
    kind: ColumnKind,
    codes: NDArray[np.float64],
    *,
    reason: str = "",
    detail: dict[str, Any] | None = None,
    notes: Iterable[Note] = (),
) -> tuple[ColumnSchema, list[Note]]:
    """The column, ignored where all its cells are missing or the same. ``codes`` is one number a cell, NaN missing."""
    missing = np.isnan(codes)
    if missing.all():
        note = Note("column-empty", f"Column {name!r} has no values.", name, "Ignored.")
        return ColumnSchema(name, kind, "ignored", "empty", detail or {}), [note]
    if len(codes) > 1 and not missing.any() and bool((codes == codes[0]).all()):
        note = Note("column-constant", f"Column {name!r} has one value in all rows.", name, "Ignored.")
        return ColumnSchema(name, kind, "ignored", "constant", detail or {}), [note]
    return ColumnSchema(name, kind, "feature", reason, detail or {}), list(notes)


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


def _duplicates(frame: pd.DataFrame, columns: list[ColumnSchema]) -> list[Note]:
    import pandas as pd

    seen: dict[Any, str] = {}
    notes = []
    for position, column in enumerate(columns):
        if column.role == "ignored":
            continue
        values = frame.iloc[:, position]
        if values.dtype.kind in "iufb" and isinstance(values.dtype, np.dtype):
            key: Any = hash(values.to_numpy(dtype=np.float64).tobytes())
        else:
            key = hash(pd.util.hash_array(values.to_numpy(dtype=object), categorize=True).tobytes())
        first = seen.setdefault(key, column.name)
        if first is not column.name:
            notes.append(
                Note("columns-equal", f"Columns {first!r} and {column.name!r} are equal.", column.name, "Both kept.")
            )
    return notes


def _examples(distinct: list[Any]) -> str:
    chosen = {_type_of(value): value for value in reversed(distinct)}
    return ", ".join(repr(value) for value in chosen.values())


def _sentinel_note(name: str, texts: list[str], sentinel: NDArray[np.bool_]) -> list[Note]:
    found = sorted({text for text, is_sentinel in zip(texts, sentinel, strict=True) if is_sentinel and text})
    if not found:
        return []
    what = f"Column {name!r} says {', '.join(repr(text) for text in found)} where it has no value."
    return [Note("column-sentinel", what, name, "Taken as missing.", True)]


def _number_notes(name: str, found: numbers.Guess, sample: list[str]) -> list[Note]:
    notes = []
    if found.ambiguous:
        shown = next((text for text in sample if "," in text or "." in text), sample[0])
        read = found.format.parse([shown])[0]
        notes.append(
            Note(
                code="column-decimal-mark",
                what=f"Column {name!r} does not tell whether {shown!r} has a decimal mark or a thousands separator.",
                place=name,
                mend=f"Read as {read:g}; give numbers without separators to be sure.",
                warning=True,
            )
        )
    if found.format.unit:
        notes.append(Note("column-unit", f"Column {name!r} is in {found.format.unit!r}.", name, "Read as numbers."))
    return notes


def _date_notes(name: str, guessed: dates.Guess, sample: list[str]) -> list[Note]:
    notes = []
    if guessed.ambiguous:
        order = "day first" if guessed.dayfirst else "month first"
        notes.append(
            Note(
                code="column-day-or-month",
                what=f"Column {name!r} does not tell day from month in dates such as {sample[0]!r}.",
                place=name,
                mend=f"Read {order}; write dates as 2024-01-31 to be sure.",
                warning=True,
            )
        )
    if guessed.share < 1:
        share = f"{100 * (1 - guessed.share):.1f} %"
        notes.append(Note("column-no-date", f"In column {name!r} {share} are no dates.", name, "Taken as missing.", True))
    return notes
