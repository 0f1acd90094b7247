"""Records in JSON, one a line, some at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hortus.data.chunks import Chunk, Chunks, Fault
from hortus.data.notes import Note
from hortus.data.plain import named
from hortus.data.read import no_json, no_records
from hortus.data.text_lines import text_lines
from hortus.errors import ReadError

if TYPE_CHECKING:
    import pandas as pd

_INT64 = range(-(2**63), 2**63)


class JsonChunks(Chunks):
    """The lines of a file."""

    def __init__(self, path: Path, name: str, size: int, *, faults: bool) -> None:
        import pandas as pd

        self.name = name
        self._path, self._size, self._faults = path, size, faults
        # Which columns there are, only all lines can tell.
        self._kinds: dict[str, set[str]] = {}
        self._rows = 0
        counts: dict[str, int] = {}
        for _, record in self._records():
            if isinstance(record, dict):
                self._rows += 1
                for key, value in record.items():
                    self._kinds.setdefault(key, set()).add(_kind(value))
                    counts[key] = counts.get(key, 0) + 1
        for key, count in counts.items():
            if count < self._rows:
                self._kinds[key].add("missing")
        if not self._kinds:
            raise ReadError(f"{name!r} is empty.", mend="Give records.", code="file-empty")
        empty, notes = named(pd.DataFrame(columns=list(self._kinds)))
        self.columns = list(empty.columns)
        self.notes: list[Note] = notes

    def survey(self) -> int:
        """How many records there are."""
        return self._rows

    def __iter__(self) -> Iterator[Chunk]:
        lines: list[int] = []
        records: list[dict[str, Any]] = []
        faults: list[Fault] = []
        empty = True
        for line, record in self._records():
            if isinstance(record, dict):
                lines.append(line)
                records.append(record)
            else:
                faults.append(Fault(line, "the line is no record in JSON", [record]))
            if len(lines) + len(faults) == self._size:
                yield self._chunk(lines, records, faults)
                lines, records, faults, empty = [], [], [], False
        if empty or lines or faults:
            yield self._chunk(lines, records, faults)

    def _chunk(self, lines: list[int], records: list[dict[str, Any]], faults: list[Fault]) -> Chunk:
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame(records, columns=list(self._kinds), dtype=object)
        frame = frame.where(frame.notna(), np.nan)
        for position, kinds in enumerate(self._kinds.values()):
            if dtype := _dtype(kinds):
                frame.isetitem(position, frame.iloc[:, position].to_numpy().astype(dtype))
        frame.columns = pd.Index(self.columns, dtype=object)
        keys = list(self._kinds)
        return Chunk(frame, lines, lambda row: [records[row].get(key) for key in keys], faults)

    def _records(self) -> Iterator[tuple[int, Any]]:
        """The number of each line that is not blank, and its record; its text where it is none."""
        for number, line in enumerate(text_lines(self._path, "utf-8-sig", self.name), start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                if not self._faults:
                    raise no_json(number, self.name, error) from error
                record = line
            if not isinstance(record, dict):
                if not self._faults:
                    raise no_records(self.name)
                record = line
            yield number, record


def _kind(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if value in _INT64 else "other"
    return "float" if isinstance(value, float) else "other"


def _dtype(kinds: set[str]) -> np.dtype[Any] | None:
    """What pandas makes of all of a column's values; None for objects."""
    if kinds in ({"bool"}, {"int"}):
        return np.dtype(np.bool_ if kinds == {"bool"} else np.int64)
    return np.dtype(np.float64) if kinds <= {"int", "float", "missing"} else None
