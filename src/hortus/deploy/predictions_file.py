"""Tables written for other programs. A cell of text that a spreadsheet would run as a formula is defused."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hortus.data.cells import is_missing
from hortus.errors import InputError, SettingError

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defused(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers, also those written as text, stay as they are.

    >>> defused("=1+1"), defused("-5"), defused("no")
    ("'=1+1", '-5', 'no')
    """
    if not isinstance(cell, str) or not cell.startswith(FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell


def write_csv(frame: pd.DataFrame, separator: str = ",", *, header: bool = True) -> str:
    """``frame`` as delimited text, header first, without its index."""
    safe = frame.rename(columns=defused)
    for column in safe.columns:
        if safe[column].dtype.kind == "M":
            # pandas drops the time where all are midnight, which another chunk may not share.
            safe[column] = safe[column].map(lambda moment: moment.isoformat(), na_action="ignore")
        elif safe[column].dtype.kind not in "biuf":
            safe[column] = safe[column].map(defused)
    return safe.to_csv(index=False, sep=separator, lineterminator="\n", header=header)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write ``frame`` as `table_file` does."""
    with table_file(path) as add:
        add(frame)


@contextmanager
def table_file(path: Path) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Write frames of the same columns, one below the other, as csv, tsv or parquet, by the path's suffix.

    The file appears at the end of the block, whole; where something is raised in it, not at all.

    Raises:
        SettingError: the suffix is another one.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".parquet"):
        raise SettingError(
            f"Predictions cannot be written as {path.suffix or 'a file without a suffix'!r}.",
            mend="Give a path that ends in .csv, .tsv or .parquet.",
            code="unknown-format",
        )
    with whole_or_not(path) as written:
        form = _parquet(written) if suffix == ".parquet" else _delimited(written, "\t" if suffix == ".tsv" else ",")
        with form as add:
            yield add


@contextmanager
def rejects_file(path: Path, columns: Sequence[str]) -> Iterator[Callable[[int, str, Sequence[Any]], None]]:
    """Write rejected rows: the line, the reason, the cells under the columns' names, and cells beyond these in one.

    The file appears as with `table_file`.

    Raises:
        SettingError: the path ends in neither .csv nor .tsv.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv"):
        raise SettingError(
            f"Rejected rows cannot be written as {path.suffix or 'a file without a suffix'!r}.",
            mend="Give a path that ends in .csv or .tsv.",
            code="unknown-format",
        )
    separator = "\t" if suffix == ".tsv" else ","
    width = len(columns)
    own = [_free(name, columns) for name in ("line", "reason", "surplus")]
    with whole_or_not(path) as written, written.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, delimiter=separator, lineterminator="\n")
        writer.writerow([own[0], own[1], *map(defused, columns), own[2]])

        def add(line: int, reason: str, cells: Sequence[Any]) -> None:
            shown = [defused(_plain(cell)) for cell in cells[:width]]
            surplus = defused(separator.join(map(str, cells[width:])))
            writer.writerow([line, reason, *shown, *[None] * (width - len(shown)), surplus])

        yield add


@contextmanager
def whole_or_not(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write, which takes its place at the end of the block unless something is raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    written = Path(name)
    try:
        yield written
        written.chmod(0o666 & ~_umask())
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


@contextmanager
def _delimited(path: Path, separator: str) -> Iterator[Callable[[pd.DataFrame], None]]:
    with path.open("w", encoding="utf-8", newline="") as opened:

        def add(frame: pd.DataFrame) -> None:
            opened.write(write_csv(frame, separator, header=not opened.tell()))

        yield add


@contextmanager
def _parquet(path: Path) -> Iterator[Callable[[pd.DataFrame], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None

    def add(frame: pd.DataFrame) -> None:
        nonlocal writer
        try:
            if writer is None:
                schema = pa.Schema.from_pandas(frame, preserve_index=False)
                for position, column in enumerate(schema):
                    if pa.types.is_null(column.type):
                        # Nothing there yet: what comes is text, for numbers have a type without any.
                        schema = schema.set(position, column.with_type(pa.string()))
                writer = pq.ParquetWriter(path, schema)
            writer.write_table(pa.Table.from_pandas(frame, schema=writer.schema, preserve_index=False))
        except (pa.ArrowException, TypeError) as error:
            raise InputError(
                f"The rows cannot be written as Parquet: {str(error).splitlines()[0]}.",
                mend="Write them as .csv.",
                code="parquet-types",
            ) from error

    try:
        yield add
    finally:
        if writer is not None:
            writer.close()


def _free(name: str, columns: Sequence[str]) -> str:
    while name in columns:
        name += "_"
    return name


def _plain(cell: Any) -> Any:
    """A cell as the file has it: nothing where it is missing, collections and moments as text."""
    if is_missing(cell):
        return None
    return cell if isinstance(cell, (str, int, float)) else str(cell)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
