"""Delimited text, some records at a time, cut where records end: a newline inside quotes ends none."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hortus.data.chunks import Chunk, Chunks, Fault
from hortus.data.delimited import (
    SHOWN,
    check_one_column,
    empty_file,
    find_delimiter,
    header_notes,
    long_fields,
    open_quote,
    parse_rows,
    ragged,
    zero_led,
)
from hortus.data.encoding import find_encoding
from hortus.data.plain import named
from hortus.data.text_lines import text_lines, text_pieces
from hortus.data.unpack import read_blocks
from hortus.errors import ReadError

if TYPE_CHECKING:
    import pandas as pd

_HEAD = 2**20
# Characters of one record; beyond, a quote was opened that no one closed.
LONGEST = 2**26


@dataclass
class _Block:
    """Records, and the lines they begin in; those of another length with their number of fields."""

    lines: list[int] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    bad: list[tuple[int, str, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines) + len(self.bad)


class DelimitedChunks(Chunks):
    """The records of a text."""

    def __init__(self, path: Path, name: str, size: int, *, faults: bool) -> None:
        import pandas as pd

        self.name = name
        self._path, self._size, self._faults = path, size, faults
        self._encoding, self.notes = find_encoding(lambda: read_blocks(path), name)
        head = self._head()
        self._delimiter, declared = find_delimiter(head, name) if head.strip() else ("", 0)
        self._skipped = int(declared > 0)
        first = next((raw for _, raw, _ in self._records() if raw), None)
        if first is None:
            raise empty_file(name)
        header = self._fields(first, self._delimiter or "\x1f")
        if not self._delimiter:
            header = [header[0].strip('"')]
        check_one_column(self._delimiter, header, name)
        self._places = [str(i) for i in range(len(header))]
        empty, notes = named(pd.DataFrame(columns=header))
        self.notes += [*header_notes(header, name), *notes]
        self.columns = list(empty.columns)
        self._types: dict[str, str] | None = None
        self._rows = 0

    def survey(self) -> int:
        """How many records there are, and what each column is, as pandas would find if it had all at once."""
        if self._types is not None:
            return self._rows
        found: dict[str, set[str]] = {place: set() for place in self._places}
        shown: list[tuple[int, int]] = []
        faulty = 0
        for block in self._blocks():
            self._rows += len(block)
            faulty += len(block.bad)
            shown += [(line, count) for line, _, count in block.bad[: SHOWN - len(shown)]]
            if not block.lines:
                continue
            text = self._text(block)
            frame = self._parse(text)
            codes = zero_led(text, self._delimiter or ",", self._places, frame)
            for place in self._places:
                found[place].add(_type(frame[place]))
                found[place] |= {"zeros"} if place in codes else set()
        if faulty and not self._faults:
            raise ragged(shown, faulty, len(self._places), self.name)
        self._types = {place: _together(types) for place, types in found.items()}
        return self._rows

    def surveyed(self) -> Any:
        """How many records there are, and the columns' types; None before a survey."""
        return None if self._types is None else {"rows": self._rows, "types": [self._types[p] for p in self._places]}

    def take(self, found: Any) -> None:
        """Take over what the same file's ``surveyed`` said."""
        if found is not None and len(found["types"]) == len(self._places):
            self._rows, self._types = int(found["rows"]), dict(zip(self._places, found["types"], strict=True))

    def __iter__(self) -> Iterator[Chunk]:
        import pandas as pd

        self.survey()
        types = self._types or {}
        dtypes = {place: dtype for place, dtype in types.items() if dtype != "object"}
        for block in self._blocks():
            frame = self._parse(self._text(block), dtype=dtypes)
            if len(frame) != len(block.lines):
                raise ReadError(
                    f"The rows of {self.name!r} from line {block.lines[0]} on cannot be told apart.",
                    mend="Export the table again.",
                    code="file-rows",
                )
            for place in types.keys() - dtypes.keys():
                frame[place] = frame[place].astype(object)
            frame.columns = pd.Index(self.columns, dtype=object)
            yield Chunk(frame, block.lines, self._cells(block.records), [self._fault(*bad) for bad in block.bad])

    def _cells(self, records: list[str]) -> Callable[[int], list[str]]:
        return lambda row: self._fields(records[row], self._delimiter or ",")

    def _fault(self, line: int, raw: str, count: int) -> Fault:
        fields = "1 field" if count == 1 else f"{count} fields"
        reason = f"{fields} where {len(self._places)} are wanted"
        return Fault(line, reason, self._fields(raw, self._delimiter))

    def _head(self) -> bytes:
        head: list[str] = []
        for piece in text_pieces(self._path, self._encoding, self.name):
            head.append(piece)
            if sum(map(len, head)) >= _HEAD:
                break
        return "".join(head).encode()

    def _blocks(self) -> Iterator[_Block]:
        """One at least."""
        records = self._records()
        next(raw for _, raw, _ in records if raw)
        wide = len(self._places) > 1
        block = _Block()
        full = held = 0
        for line, raw, count in records:
            if not raw and wide:
                continue
            held += 1
            if count == len(self._places):
                block.lines.append(line)
                block.records.append(raw)
            else:
                block.bad.append((line, raw, count))
            if held == self._size:
                yield block
                block = _Block()
                full, held = full + 1, 0
        if len(block) or not full:
            yield block

    def _records(self) -> Iterator[tuple[int, str, int]]:
        """The line each record begins in, its text, and its number of fields."""
        lines = enumerate(text_lines(self._path, self._encoding, self.name), start=1)
        if self._skipped:
            next(lines)
        for number, line in lines:
            if '"' in line:
                yield number, *self._quoted(number, line, lines)
            else:
                yield number, line, line.count(self._delimiter) + 1 if self._delimiter else 1

    def _quoted(self, number: int, line: str, lines: Iterator[tuple[int, str]]) -> tuple[str, int]:
        """A record that begins in a line with a quote, and may take more lines."""
        taken = [line]

        def feed() -> Iterator[str]:
            length = len(line)
            yield line + "\n"
            for _, more in lines:
                taken.append(more)
                length += len(more)
                if length > LONGEST:
                    break
                yield more + "\n"
            # The reader asks for a further line only while a quote is open.
            raise open_quote(self.name, number)

        with long_fields():
            fields = next(csv.reader(feed(), delimiter=self._delimiter or ","))
        return "\n".join(taken), len(fields) if self._delimiter else 1

    @staticmethod
    def _fields(raw: str, delimiter: str) -> list[str]:
        with long_fields():
            return next(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter), [""])

    def _text(self, block: _Block) -> bytes:
        return "\n".join([(self._delimiter or ",").join(self._places), *block.records, ""]).encode()

    def _parse(self, text: bytes, **options: object) -> pd.DataFrame:
        return parse_rows(text, self._delimiter or ",", self._places, **options)


def _type(values: pd.Series[Any]) -> str:
    """What pandas made of some of a column's cells."""
    kind = values.dtype.kind
    if kind in "iub":
        return kind
    if kind == "f":
        return "empty" if values.isna().all() else "f"
    truths = values.dtype == object and all(isinstance(value, bool) for value in values.dropna())
    return "gaps" if truths else "text"


def _together(types: set[str]) -> str:
    """What it would have made of all of them."""
    truths = types & {"b", "gaps"}
    if "text" in types or (truths and types - truths - {"empty"}):
        return "str"
    if truths:
        return "bool" if types == {"b"} else "object"
    if types & {"f", "empty"} or not types:
        return "float64" if types else "object"
    if "zeros" in types or types == {"i", "u"}:
        return "str"
    return "uint64" if "u" in types else "int64"
