"""Tables as delimited text: the encoding and the delimiter are found, and faults are told by line number.

The rows are parsed by pandas, fast; before that one pass over the bytes counts the fields of every line, because
pandas fills short rows up in silence.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hortus.data.encoding import decode
from hortus.data.notes import Note
from hortus.errors import ReadError

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",;\t|"
# Tried only where the usual ones divide nothing, and all lines must agree.
RARE_DELIMITERS = " ^~:"
SNIFF_ROWS = 200
_STEP = 2**24
SHOWN = 5


def read_delimited(data: bytes, name: str, *, empty_ok: bool = False) -> tuple[pd.DataFrame, list[Note]]:
    """Parse a file's bytes.

    Args:
        data: all of them.
        name: the file's name, for messages; ``.tsv`` speaks for tabs.
        empty_ok: a header without rows is a table.

    Raises:
        ReadError: no table, a binary file, a quote that is never closed, or rows of different lengths.
    """
    text, notes = decode(data, name)
    if not text.strip():
        raise empty_file(name)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    blank = len(text) - len(text.lstrip(b"\n"))
    text = text[blank:]
    delimiter, declared = find_delimiter(text, name)
    text, skipped = text[declared:], blank + int(declared > 0)
    if text.count(b'"') % 2:
        _check_quotes(text, delimiter, name, skipped)
    header, bad = _fields(text, delimiter, skipped)
    if bad:
        raise ragged(bad[:SHOWN], len(bad), len(header), name)
    check_one_column(delimiter, header, name)
    frame = _parse(text, delimiter or ",", header)
    if frame.empty and not empty_ok:
        raise ReadError(
            f"{name!r} has a header of {len(header)} columns and no rows.", mend="Give rows too.", code="file-no-rows"
        )
    return frame, notes + header_notes(header, name)


def header_notes(header: list[str], name: str) -> list[Note]:
    """What is said of a header that may be a row."""
    if len(header) < 2 or not all(_is_number(field) for field in header):
        return []
    what = f"The first line of {name!r} is all numbers: {', '.join(header[:SHOWN])}."
    return [Note("header-numbers", what, mend="Taken as column names; put names above if it is a row.", warning=True)]


def find_delimiter(text: bytes, name: str) -> tuple[str, int]:
    """The delimiter, "" for a table of one column, from a text's first MiB; and the length of a line ``sep=;``."""
    declared = re.match(rb"sep=(.)\n", text)
    return (declared[1].decode(), declared.end()) if declared else (_sniff(text, name), 0)


def check_one_column(delimiter: str, header: list[str], name: str) -> None:
    """Raise where there seems to be one column and its name holds a delimiter."""
    if delimiter == "" and (found := re.search(r"[;|\t^~]", header[0])):
        raise _unsure(name, found[0])


def _records(text: bytes, delimiter: str, most: int) -> list[list[str]]:
    """The first records that are not blank, quotes understood."""
    lines = io.StringIO(text[: 2**20].decode("utf-8", "ignore"), newline="")
    with long_fields():
        return list(islice(filter(None, csv.reader(lines, delimiter=delimiter)), most))


class long_fields:  # noqa: N801 - reads as a phrase after "with"
    """Fields of any length, while the block lasts."""

    def __enter__(self) -> None:
        self._before = csv.field_size_limit(2**31 - 1)

    def __exit__(self, *_: object) -> None:
        csv.field_size_limit(self._before)


def _sniff(text: bytes, name: str) -> str:
    """The delimiter; "" for a table of one column."""
    best: tuple[float, int, str] | None = None
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _records(text, delimiter, SNIFF_ROWS)]
        if not widths or widths[0] < 2:
            continue
        agreeing = sum(width == widths[0] for width in widths) / len(widths)
        preferred = delimiter == "\t" and name.lower().endswith((".tsv", ".tab"))
        score = (round(agreeing + preferred, 2), widths[0], delimiter)
        if best is None or score[:2] > best[:2]:
            best = score
    if best is not None:
        return best[2]
    for delimiter in RARE_DELIMITERS:
        widths = [len(row) for row in _records(text, delimiter, SNIFF_ROWS)]
        if len(widths) > 1 and widths[0] > 1 and len(set(widths)) == 1:
            return delimiter
    one = [len(set(re.findall(r"[;,|\t]", row[0]))) for row in _records(text, "\x1f", SNIFF_ROWS)]
    if len(one) > 1 and sum(map(bool, one[1:])) > 0.5 * (len(one) - 1) and b'"' not in text[:1000]:
        raise _unsure(name, "a comma, semicolon, bar or tab")
    return ""


def _unsure(name: str, seen: str) -> ReadError:
    return ReadError(
        f"{name!r} seems to have one column, yet its lines hold {seen}: the delimiter is not clear.",
        mend="Use the same delimiter in the header and all rows: a comma, semicolon, tab or bar.",
        code="file-delimiter",
    )


def _check_quotes(text: bytes, delimiter: str, name: str, skipped: int) -> None:
    """Raise where a quote is opened and never closed; a lone one inside a field, as in 5", is none."""
    reader = csv.reader(
        io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter or ",", strict=True
    )  # fmt: skip
    begins = 1
    with long_fields():
        try:
            for _ in reader:
                begins = reader.line_num + 1
        except csv.Error as error:
            if "unexpected end" not in str(error):
                return
            raise open_quote(name, begins + skipped) from error


def open_quote(name: str, line: int) -> ReadError:
    """The error for a quote that is opened in a line and never closed."""
    return ReadError(
        f'{name!r} has a quote (") in line {line} that is never closed.',
        mend='Close it, or double the quote ("") if it is part of the text.',
        code="file-quote",
    )


def _fields(text: bytes, delimiter: str, skipped: int) -> tuple[list[str], list[tuple[int, int]]]:
    """The header, and (line, fields) of each row that has another number of fields than the header."""
    header = next(iter(_records(text, delimiter or "\x1f", 20)))
    if delimiter == "":
        return [header[0].strip('"')], []
    lines, counts = _count_fields(text, delimiter.encode())
    wrong = counts != len(header)
    if not wrong.any():
        return header, []
    if b'"' not in text:
        return header, [(int(line) + skipped, int(n)) for line, n in zip(lines[wrong], counts[wrong], strict=True)]
    # A quote in the middle of a field confuses the count; the slow way is sure.
    bad = []
    reader = csv.reader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter)
    begins = 1
    with long_fields():
        for row in reader:
            if row and len(row) != len(header):
                bad.append((begins + skipped, len(row)))
            begins = reader.line_num + 1
    return header, bad


def _count_fields(text: bytes, delimiter: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each record that is not blank, the line it begins in and its number of fields."""
    whole = np.frombuffer(text, dtype=np.uint8)
    quoted = b'"' in text
    inside = 0
    ends: list[NDArray[np.int64]] = []
    marks: list[NDArray[np.int64]] = []
    breaks: list[NDArray[np.int64]] = []
    for start in range(0, len(whole), _STEP):
        block = whole[start : start + _STEP]
        newline = block == 10
        mark = block == delimiter[0]
        if quoted:
            parity = (np.cumsum(block == 34, dtype=np.int32) + inside) & 1
            inside = int(parity[-1])
            breaks.append(np.flatnonzero(newline) + start)
            outside = parity == 0
            newline &= outside
            mark &= outside
        ends.append(np.flatnonzero(newline) + start)
        marks.append(np.flatnonzero(mark) + start)
    end = np.concatenate([*ends, [len(whole)]]) if text[-1:] != b"\n" else np.concatenate(ends)
    begin = np.concatenate([[0], end[:-1] + 1])
    counts = np.diff(np.searchsorted(np.concatenate(marks), np.concatenate([[0], end]))) + 1
    line = np.searchsorted(np.concatenate(breaks), begin) + 1 if quoted else np.arange(1, len(end) + 1)
    there = end > begin
    return line[there], counts[there]


def ragged(shown: list[tuple[int, int]], count: int, wanted: int, name: str) -> ReadError:
    """The error for rows of other lengths: the first of them as (line, fields), and how many there are."""
    lines = ", ".join(f"line {line} has {fields}" for line, fields in shown)
    return ReadError(
        f"{name!r} has {wanted} columns in its header and other numbers of fields in {count} rows: {lines}"
        f"{' …' if count > len(shown) else ''}.",
        mend="Correct those lines; a field that holds the delimiter must stand in quotes.",
        code="file-ragged",
    )


def empty_file(name: str) -> ReadError:
    """The error for a file without a header."""
    return ReadError(f"{name!r} is empty.", mend="Give a file with a header and rows.", code="file-empty")


def _parse(text: bytes, delimiter: str, header: list[str]) -> pd.DataFrame:
    import pandas as pd

    # Blank and repeated names are dealt with later; here every column has one of its own.
    places = [str(i) for i in range(len(header))]
    frame = parse_rows(text, delimiter, places)
    if codes := zero_led(text, delimiter, places, frame):
        # 01234 is a code, not the number 1234.
        frame[codes] = parse_rows(text, delimiter, places, usecols=codes, dtype=str)
    frame.columns = pd.Index(header, dtype=object)
    return frame


def parse_rows(text: bytes, delimiter: str, places: list[str], **options: object) -> pd.DataFrame:
    """The rows below the first line, by pandas, which finds the types of the columns that ``dtype`` does not name."""
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: pd.DataFrame = pd.read_csv(  # type: ignore[call-overload]
                io.BytesIO(text), sep=delimiter, header=0, names=places, index_col=False, keep_default_na=False,
                na_values=[""], low_memory=False, skip_blank_lines=len(places) > 1, **options,
            )  # fmt: skip
            return found
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        raise ReadError(f"The rows cannot be parsed: {error}.", mend="Export the table again.") from error


def zero_led(text: bytes, delimiter: str, places: list[str], frame: pd.DataFrame) -> list[str]:
    """The columns of whole numbers that are written with zeros before them, so are codes."""
    whole = [place for place in places if frame[place].dtype.kind in "iu"]
    if not whole or not _leading_zeros(text):
        return []
    written = parse_rows(text, delimiter, places, usecols=whole, dtype=str)
    return [place for place in whole if written[place].str.match(r"[+-]?0\d").any()]


def _leading_zeros(text: bytes) -> bool:
    """Whether anywhere in the text a field may begin with a zero and another digit."""
    whole = np.frombuffer(text, dtype=np.uint8)
    for start in range(0, len(whole), _STEP):
        block = whole[start : start + _STEP + 2]
        zero = np.flatnonzero(block[:-1] == 48)
        zero = zero[(block[zero + 1] >= 48) & (block[zero + 1] <= 57)]
        before = block[np.maximum(zero - 1, 0)]
        # Digits and the decimal mark go on with a number; after anything else one begins.
        if (((before < 48) | (before > 57)) & (before != 46)).any():
            return True
    return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
