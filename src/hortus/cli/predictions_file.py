"""Tables written for other programs. A cell of text that a spreadsheet would run as a formula is defused."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hortus.errors import SettingError

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


def write_csv(frame: pd.DataFrame, separator: str = ",") -> str:
    """``frame`` as delimited text, header first, without its index."""
    safe = frame.rename(columns=defused)
    for column in safe.columns:
        if not _numeric(safe[column]):
            safe[column] = safe[column].map(defused)
    return safe.to_csv(index=False, sep=separator, lineterminator="\n")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write ``frame`` as csv, tsv or parquet, by the path's suffix; the file appears whole or not at all.

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
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    written = Path(name)
    try:
        if suffix == ".parquet":
            frame.to_parquet(written, index=False)
        else:
            written.write_text(write_csv(frame, "\t" if suffix == ".tsv" else ","), encoding="utf-8", newline="")
        written.chmod(0o666 & ~_umask())
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


def _numeric(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "biufM"


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
