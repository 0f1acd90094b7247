"""A table of any size, some rows at a time: the chunks, put together, are what reading it whole would give.

What a column is may depend on all of its cells: ``007`` is a code, and 1 is 1.0 where a later cell is 1.5 or missing.
So a file is surveyed once, chunk by chunk, before its rows are handed out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hortus.data.notes import Note
from hortus.data.plain import named, plain_types
from hortus.data.read import TEXT, damaged_parquet, mostly_text, read_table, unknown_kind
from hortus.data.unpack import inner_name, read_blocks

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Fault:
    """A record that is no row.

    Attributes:
        line: of the file, from 1; for files without lines the row's number, from 1.
        reason: what came and what was wanted.
        cells: of the record, as many as there are.
    """

    line: int
    reason: str
    cells: Sequence[Any]


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        frame: (n, p) the rows, indexed from 0.
        lines: (n,) the line each begins in; for files without lines the row's number, from 1.
        cells: the cells of one of the n rows as they stand in the file.
        faults: records among them that are no rows.
    """

    frame: pd.DataFrame
    lines: Sequence[int]
    cells: Callable[[int], Sequence[Any]]
    faults: list[Fault] = field(default_factory=list)


class Chunks(ABC):
    """A file's rows in chunks, from the beginning each time they are asked for; one at least, which may be empty.

    Attributes:
        name: of the table.
        columns: its columns' names, as `read_table` gives them.
        notes: what was noticed about the file.
    """

    name: str
    columns: list[str]
    notes: list[Note]

    @abstractmethod
    def survey(self) -> int:
        """How many rows there are. Everything is looked at once, if it has not been.

        Raises:
            ReadError: something in the file is no table; its records' faults, where these are not asked for.
        """

    @abstractmethod
    def __iter__(self) -> Iterator[Chunk]: ...

    def surveyed(self) -> Any:
        """What a survey found, as JSON values, for `take`; None where opening the file finds it."""
        return None

    def take(self, found: Any) -> None:  # noqa: B027 - most kinds have nothing to take
        """Take over what the same file's ``surveyed`` said, so that it is not looked through again."""


def open_chunks(path: Path, size: int, *, faults: bool = False) -> Chunks:
    """Open a table: csv, tsv, txt (also packed) and jsonl by lines, parquet by batches, other kinds whole.

    Args:
        path: of the file.
        size: rows of a chunk.
        faults: records of the wrong length, and lines that are no JSON, are handed out as faults; else they are errors.

    Raises:
        ReadError: no table.
        InputError: columns that cannot be used.
    """
    from hortus.data.chunked_delimited import DelimitedChunks
    from hortus.data.chunked_json import JsonChunks

    if path.exists() and not path.is_file():
        # A pipe can be read once.
        return _Whole(path, size)
    name = inner_name(path)
    suffix = Path(name).suffix.lower()
    if suffix in (".parquet", ".pq") and name == path.name:
        return _Parquet(path, size)
    if suffix in (".jsonl", ".ndjson"):
        return JsonChunks(path, name, size, faults=faults)
    if suffix in (".parquet", ".pq", ".xlsx", ".xlsm", ".json"):
        return _Whole(path, size)
    if suffix not in TEXT and not mostly_text(next(read_blocks(path), b"")):
        raise unknown_kind(name)
    return DelimitedChunks(path, name, size, faults=faults)


class _Whole(Chunks):
    def __init__(self, path: Path, size: int) -> None:
        self.name = path.name
        self._frame, self.notes = read_table(path, empty_ok=True)
        self._frame = self._frame.reset_index(drop=True)
        self.columns = list(self._frame.columns)
        self._size = size

    def survey(self) -> int:
        return len(self._frame)

    def __iter__(self) -> Iterator[Chunk]:
        for start in range(0, max(len(self._frame), 1), self._size):
            yield _numbered(self._frame.iloc[start : start + self._size].reset_index(drop=True), start)


class _Parquet(Chunks):
    def __init__(self, path: Path, size: int) -> None:
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.name = path.name
        self._size = size
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise damaged_parquet(self.name, error) from error
        self._rows = int(self._file.metadata.num_rows)
        self._fields = [f for f in self._file.schema_arrow if not f.name.startswith("__index_level_")]
        empty, self.notes = named(pd.DataFrame(columns=[f.name for f in self._fields]))
        self.columns = list(empty.columns)
        self._gaps: dict[int, Any] | None = None

    def survey(self) -> int:
        import pyarrow as pa

        if self._gaps is None:
            self._gaps = {}
            # pandas has no missing whole numbers and truth values; such a column has another type everywhere.
            kinds = [
                (i, f.name, "float64" if pa.types.is_integer(f.type) else "object")
                for i, f in enumerate(self._fields)
                if pa.types.is_integer(f.type) or pa.types.is_boolean(f.type)
            ]
            for batch in self._batches([name for _, name, _ in kinds]) if kinds else ():
                self._gaps |= {i: kind for i, name, kind in kinds if batch.column(name).null_count}
        return self._rows

    def surveyed(self) -> Any:
        return None if self._gaps is None else [[place, dtype] for place, dtype in self._gaps.items()]

    def take(self, found: Any) -> None:
        self._gaps = None if found is None else {int(place): str(dtype) for place, dtype in found}

    def __iter__(self) -> Iterator[Chunk]:
        import pyarrow as pa

        self.survey()
        start = 0
        for batch in self._batches([f.name for f in self._fields]):
            frame = pa.Table.from_batches([batch]).to_pandas(ignore_metadata=True)
            frame.columns = self.columns
            for position, dtype in (self._gaps or {}).items():
                frame.isetitem(position, frame.iloc[:, position].astype(dtype))
            yield _numbered(plain_types(frame), start)
            start += len(frame)
        if not start:
            empty = self._file.schema_arrow.empty_table().select([f.name for f in self._fields])
            frame = empty.to_pandas(ignore_metadata=True)
            frame.columns = self.columns
            yield _numbered(plain_types(frame), 0)

    def _batches(self, columns: list[str]) -> Iterator[Any]:
        import pyarrow as pa

        try:
            yield from self._file.iter_batches(batch_size=self._size, columns=columns)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise damaged_parquet(self.name, error) from error


def _numbered(frame: pd.DataFrame, start: int) -> Chunk:
    return Chunk(frame, range(start + 1, start + 1 + len(frame)), lambda row: frame.iloc[row].tolist())
