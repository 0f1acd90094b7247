"""What a column of text holds: truths, numbers, dates, free text, categories or an id.

Everything is decided on the distinct values (a sample of them where there are many), never cell by cell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data import cells, dates, numbers
from hortus.data.column import ColumnSchema
from hortus.data.infer_numbers import ID_ROWS, Found, finish, infer_numbers
from hortus.data.notes import Note

# Distinct values looked at to tell what a column of text holds.
SAMPLE = 2_000
# Share of the cells that must be numbers, or of the distinct values that must be dates, for a column to be so.
NUMBERS_SHARE = 0.95
DATES_SHARE = 0.9
# Text of whole numbers with at most so many distinct values is codes: its maker kept it as text.
CODES_MOST = 20
# So are whole numbers of five or more digits, nearly all equally long.
POSTAL_SHARE = 0.9
# Free text: at least so many words, or characters, on average, and so large a share of distinct values.
TEXT_WORDS = 2.0
TEXT_LENGTH = 40.0
# The same for scripts that put no spaces between words.
UNSPACED_LENGTH = 8.0
TEXT_DISTINCT_SHARE = 0.3
TEXT_DISTINCT_LEAST = 50


def nan_for_none(value: float | None) -> float:
    """The number, or NaN where there is none."""
    return cells.NAN if value is None else value


def infer_text(name: str, codes: NDArray[np.intp], distinct: list[Any], *, mixed: bool) -> Found:
    """What a column is, by its distinct values and each cell's position among them (-1 where it is missing).

    ``mixed`` says that some of the values came as numbers, not as text.
    """
    texts = [cells.label(value) or "" if not isinstance(value, str) else value.strip() for value in distinct]
    lowered = [text.lower() for text in texts]
    sentinel = np.array([text in cells.MISSING_NUMBERS for text in lowered])
    plain = [text for text, is_sentinel in zip(texts, sentinel, strict=True) if not is_sentinel]
    words = {text for text, is_sentinel in zip(lowered, sentinel, strict=True) if not is_sentinel}
    sample = plain if len(plain) <= SAMPLE else plain[:: -(-len(plain) // SAMPLE)]
    whole = np.append(np.where(sentinel, np.nan, np.arange(len(distinct))), np.nan)[codes]
    if words and words <= cells.TRUE | cells.FALSE and not words <= {"0", "1", "0.0", "1.0"}:
        truths = np.array([nan_for_none(cells.truth(text)) for text in texts] + [np.nan])
        if words & cells.TRUE and words & cells.FALSE:
            return finish(name, "boolean", truths[codes], notes=_sentinel_note(name, texts, sentinel))
    found = numbers.guess(sample) if sample else None
    read_so = None if found is None else found.format.parse(texts)
    if found is not None and read_so is not None and _cell_share(read_so, codes, sentinel) >= NUMBERS_SHARE:
        if _all_dates(sample):
            return finish(name, "date", whole, notes=_sentinel_note(name, texts, sentinel))
        numeric = [text for text, value in zip(texts, read_so, strict=True) if value == value]
        if mixed or not _looks_like_codes(numeric, all_whole=len(numeric) == len(texts)):
            detail = {"number": found.format.to_json()}
            notes = _sentinel_note(name, texts, sentinel) + _number_notes(name, found, sample)
            as_numbers = np.append(read_so, np.nan)
            read = infer_numbers(name, as_numbers[codes], "f").noted(notes)
            return replace(read, column=replace(read.column, detail=detail))
    elif any(any(c.isdigit() for c in text) for text in sample[:50]):
        guessed = dates.guess(sample)
        if guessed.share >= DATES_SHARE:
            return finish(
                name,
                "date",
                whole,
                detail={"dayfirst": guessed.dayfirst},
                notes=_sentinel_note(name, texts, sentinel) + _date_notes(name, guessed, sample),
            )
    return _infer_words(name, codes, texts).noted(_unit_notes(name, sample) if found is None and sample else ())


def _infer_words(name: str, codes: NDArray[np.intp], texts: list[str]) -> Found:
    """Free text, an id or a category: columns that are neither numbers, dates nor truths."""
    missing = np.array([text.lower() in cells.MISSING for text in texts])
    whole = np.append(np.where(missing, np.nan, np.arange(len(texts))), np.nan)[codes]
    rows = int((~np.isnan(whole)).sum())
    notes = _sentinel_note(name, texts, missing & np.array([bool(text) for text in texts]))
    there = [text for text, gone in zip(texts, missing, strict=True) if not gone]
    sample = there if len(there) <= SAMPLE else there[:: -(-len(there) // SAMPLE)]
    if not sample:
        return finish(name, "categorical", whole, notes=notes)
    length = float(np.mean([len(text) for text in sample]))
    count = float(np.mean([text.count(" ") + 1 for text in sample]))
    share = len(there) / max(rows, 1)
    many = len(there) >= TEXT_DISTINCT_LEAST
    wordy = length >= TEXT_LENGTH or (count >= TEXT_WORDS and share >= TEXT_DISTINCT_SHARE)
    unspaced = length >= UNSPACED_LENGTH and share >= TEXT_DISTINCT_SHARE and _unspaced(sample)
    if many and ((wordy and count >= 1.5) or unspaced):
        return finish(name, "text", whole, reason=f"{count:.1f} words on average", notes=notes)
    if rows >= ID_ROWS and len(there) == rows and count < 1.2 and not _unspaced(sample):
        note = Note(
            code="column-id",
            what=f"Column {name!r} looks like an id: {rows} different values in {rows} rows.",
            place=name,
            mend=f"Ignored; keep it with keep=[{name!r}].",
            warning=True,
        )
        return Found(ColumnSchema(name, "categorical", "ignored", "id"), (note,))
    return finish(name, "categorical", whole, notes=notes)


def _unspaced(sample: list[str]) -> bool:
    """Whether words are written without spaces between them, as in Chinese, Japanese or Thai."""
    return sum(any("\u0e00" <= c <= "\u0eff" or "\u3040" <= c <= "\u9fff" for c in text) for text in sample) * 2 > len(
        sample
    )


def _looks_like_codes(numeric: list[str], *, all_whole: bool) -> bool:
    """Whether whole numbers kept as text are names: leading zeros, postal codes, a few levels and nothing else."""
    if not all(text.isdigit() for text in numeric):
        return False
    if any(len(text) > 1 and text[0] == "0" for text in numeric):
        return True
    lengths = np.bincount([len(text) for text in numeric])
    if len(numeric) > 1 and lengths.argmax() >= 5 and lengths.max() >= POSTAL_SHARE * len(numeric):
        return True
    return all_whole and len(numeric) <= CODES_MOST


def _cell_share(read: NDArray[np.float64], codes: NDArray[np.intp], sentinel: NDArray[np.bool_]) -> float:
    """Share of the cells with a value that are numbers; the distinct values say how often each comes."""
    often = np.bincount(codes[codes >= 0], minlength=len(read))[~sentinel]
    return float(often[~np.isnan(read[~sentinel])].sum() / max(often.sum(), 1))


def _all_dates(sample: list[str]) -> bool:
    """Whether all are dates written as eight digits, such as 20240131."""
    if not all(len(text) == 8 and text.isdigit() and "1900" <= text[:4] <= "2100" for text in sample):
        return False
    return dates.guess(sample).share == 1.0


def _sentinel_note(name: str, texts: list[str], sentinel: NDArray[np.bool_]) -> list[Note]:
    found = sorted({text for text, is_sentinel in zip(texts, sentinel, strict=True) if is_sentinel and text})
    if not found:
        return []
    what = f"Column {name!r} says {', '.join(repr(text) for text in found)} where it has no value."
    return [Note("column-sentinel", what, name, "Taken as missing.", True)]


def _unit_notes(name: str, sample: list[str]) -> list[Note]:
    found = sorted(numbers.units(sample))
    if not 2 <= len(found) <= 5:
        return []
    what = f"Column {name!r} holds numbers in several units: {', '.join(repr(unit) for unit in found)}."
    return [Note("column-units-mixed", what, name, "Taken as words; use one unit to have numbers.", True)]


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
        notes.append(
            Note("column-no-date", f"In column {name!r} {share} are no dates.", name, "Taken as missing.", True)
        )
    return notes
