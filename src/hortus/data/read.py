"""Whatever holds a table, to a pandas frame with good column names: files, frames, arrays and records."""

from __future__ import annotations

import io
import json
import warnings
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from hortus.data.delimited import read_delimited
from hortus.data.notes import Note
from hortus.data.plain import named, plain_types
from hortus.data.sparse_rows import sparse_frame, stays_sparse
from hortus.data.unpack import read_bytes
from hortus.errors import InputError, ReadError

if TYPE_CHECKING:
    import pandas as pd

    from hortus.data.schema import Schema

# A matrix of more cells than this is not spread out (4 GB as float64).
MOST_DENSE_CELLS = 500_000_000
TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat", "")


def read_table(source: Any, *, empty_ok: bool = False, spread: bool = False) -> tuple[pd.DataFrame, list[Note]]:
    """Read a table.

    Args:
        source: a path (csv, tsv, txt, also packed as gz, xz, bz2 or zip; parquet, xlsx, json, jsonl), a pandas or
            polars frame, a pyarrow table, a 2-D array, a sparse matrix, a list of dicts or a dict of lists.
        empty_ok: a file with a header and no rows is a table, as for predictions.
        spread: a sparse matrix is spread out however large it is, as for a model that was trained on such a one.

    Returns:
        A frame with distinct, non-empty text names (never the caller's own object), and what was noticed.

    Raises:
        ReadError: a file that is no table.
        InputError: columns that cannot be used.
    """
    import pandas as pd

    if isinstance(source, (str, PathLike)):
        frame, notes = _from_file(Path(source), empty_ok)
    elif isinstance(source, pd.DataFrame):
        frame, notes = source.copy(deep=False), []
    elif isinstance(source, pd.Series):
        frame, notes = source.to_frame(), []
    else:
        frame, notes = _from_memory(source, spread=spread)
    frame, more = named(frame)
    return plain_types(frame), notes + more


def read_rows(source: Any, schema: Schema) -> pd.DataFrame:
    """Rows to predict, read as the table was that the model was trained on.

    Args:
        source: as for `read_table`; of a model trained on a sparse matrix, a matrix or an array of as many columns.
        schema: of that table.

    Raises:
        ReadError, InputError: as for `read_table`.
    """
    if schema.of_matrix and (sparse.issparse(source) or isinstance(source, np.ndarray)):
        return sparse_frame(source)[0]
    return read_table(source, spread=True)[0]


def _from_file(path: Path, empty_ok: bool) -> tuple[pd.DataFrame, list[Note]]:
    data, name = read_bytes(path)
    suffix = Path(name).suffix.lower()
    if suffix in (".parquet", ".pq"):
        return _from_parquet(data, name), []
    if suffix in (".xlsx", ".xlsm"):
        return _from_excel(data, name)
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _from_json(data, name, lines=suffix != ".json"), []
    if suffix not in TEXT and not mostly_text(data):
        raise unknown_kind(name)
    return read_delimited(data, name, empty_ok=empty_ok)


def unknown_kind(name: str) -> ReadError:
    """The error for a file that is no table by its name and its bytes."""
    return ReadError(
        f"{name!r} is of a kind that is not read.",
        mend="Give csv, tsv, parquet, xlsx, json or jsonl.",
        code="file-kind",
    )


def mostly_text(data: bytes) -> bool:
    """Whether a file's first bytes may be text."""
    return b"\0" not in data[:4096]


def _from_parquet(data: bytes, name: str) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
        index = [column for column in table.column_names if column.startswith("__index_level_")]
        found: pd.DataFrame = table.drop_columns(index).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged_parquet(name, error) from error
    return found


def damaged_parquet(name: str, error: Exception) -> ReadError:
    """The error for a file that pyarrow cannot read."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ReadError(
        f"{name!r} is truncated, damaged or no Parquet file: {first}",
        mend="Write or fetch it again.",
        code="file-damaged",
    )


def _from_excel(data: bytes, name: str) -> tuple[pd.DataFrame, list[Note]]:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pd.ExcelFile(io.BytesIO(data), engine="openpyxl") as book:
                sheets = [str(sheet) for sheet in book.sheet_names]
                frame = book.parse(book.sheet_names[0], keep_default_na=False, na_values=[""])
                header = book.parse(book.sheet_names[0], header=None, nrows=1)
    except Exception as error:  # openpyxl and the XML below it raise whatever they like
        raise ReadError(
            f"{name!r} is damaged or no Excel workbook: {error}", mend="Save it again as xlsx.", code="file-damaged"
        ) from error
    if frame.empty:
        raise ReadError(
            f"The first sheet of {name!r}, {sheets[0]!r}, has no rows.",
            mend="Put the table, with its header, on the first sheet.",
            code="file-no-rows",
        )
    # pandas renames repeated and blank names; take what stands in the sheet.
    frame.columns = pd.Index(["" if pd.isna(value) else value for value in header.iloc[0]], dtype=object)
    if len(sheets) == 1:
        return frame, []
    what = f"{name!r} has {len(sheets)} sheets; {sheets[0]!r} was read."
    return frame, [Note("file-sheets", what, mend="Move the table that is meant to the first place.", warning=True)]


def _from_json(data: bytes, name: str, *, lines: bool) -> pd.DataFrame:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{name!r} is not in UTF-8: {error}", mend="Write it again.", code="file-encoding") from error
    if not text.strip():
        raise ReadError(f"{name!r} is empty.", mend="Give records.", code="file-empty")
    if not lines:
        try:
            found = json.loads(text)
        except ValueError as error:
            raise ReadError(f"{name!r} is no JSON: {error}.", mend="Correct it.", code="file-json") from error
    else:
        found = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            try:
                found.append(json.loads(line))
            except ValueError as error:
                raise no_json(number, name, error) from error
    if not isinstance(found, (list, dict)) or not found or (isinstance(found, list) and not _records(found)):
        raise no_records(name)
    return _from_memory(found)[0]


def no_json(line: int, name: str, error: Exception) -> ReadError:
    """The error for a line that is no JSON."""
    return ReadError(f"Line {line} of {name!r} is no JSON: {error}.", mend="Correct it.", code="file-json")


def no_records(name: str) -> ReadError:
    """The error for JSON that is no table."""
    return ReadError(
        f"{name!r} holds no list of records.",
        mend='Write a table as [{"a": 1, "b": 2}, …], or one such record a line.',
        code="file-json",
    )


def _records(found: list[Any]) -> bool:
    return all(isinstance(record, dict) for record in found)


def _from_memory(source: Any, *, spread: bool = False) -> tuple[pd.DataFrame, list[Note]]:
    import pandas as pd

    if sparse.issparse(source):
        return _from_sparse(source, spread)
    module = type(source).__module__.split(".")[0]
    if module == "polars" and hasattr(source, "collect"):
        source = source.collect()
    if module in ("polars", "pyarrow") and hasattr(source, "to_pandas"):
        frame = source.to_pandas()
        return (frame if isinstance(frame, pd.DataFrame) else frame.to_frame()), []
    if isinstance(source, dict) or (isinstance(source, (list, tuple)) and source and _records(list(source))):
        try:
            return pd.DataFrame(source), []
        except ValueError as error:
            raise InputError(
                f"The columns cannot be put side by side: {error}.",
                mend="Give lists of one length.",
                code="columns-length",
            ) from error
    try:
        array = np.asarray(source)
    except ValueError as error:
        raise InputError(
            "The rows have different lengths.", mend="Give rows of one length.", code="rows-ragged"
        ) from error
    return _from_array(array), []


def _from_array(array: np.ndarray[Any, Any]) -> pd.DataFrame:
    import pandas as pd

    if array.dtype.names:
        return pd.DataFrame.from_records(array)
    if array.ndim != 2:
        # The words before the colon are scikit-learn's own.
        raise InputError(
            f"Expected 2D array, got {array.ndim}D array instead: a table has rows and columns.",
            mend="Reshape your data: reshape(-1, 1) for one column, reshape(1, -1) for one row.",
            code="array-not-2d",
        )
    if array.shape[1] == 0:
        raise InputError(
            f"0 feature(s) (shape={array.shape}) while a minimum of 1 is required.",
            mend="Give at least one column.",
            code="no-columns",
        )
    if array.dtype.kind not in "biufcOUSmM":
        raise InputError(f"An array of {array.dtype} holds no table.", mend="Give numbers or text.", code="array-type")
    frame = pd.DataFrame(array, copy=False)
    frame.columns = pd.Index([f"x{i}" for i in range(array.shape[1])], dtype=object)
    return frame.infer_objects() if array.dtype.kind == "O" else frame


def _from_sparse(matrix: Any, spread: bool) -> tuple[pd.DataFrame, list[Note]]:
    if matrix.ndim != 2:
        return _from_array(matrix.toarray()), []
    cells = int(matrix.shape[0]) * int(matrix.shape[1])
    filled = matrix.nnz / max(cells, 1)
    what = f"The matrix is sparse: {100 * filled:.2g} % of its cells are not zero."
    if not spread and stays_sparse(matrix):
        frame, notes = sparse_frame(matrix)
        mend = "Kept sparse: linear models read all of it, others its fullest columns and main directions."
        return frame, [Note("sparse-kept", what, mend=mend), *notes]
    if cells > MOST_DENSE_CELLS:
        raise InputError(
            f"The matrix has {matrix.shape[0]} x {matrix.shape[1]} cells, {100 * filled:.2g} % of them filled: too "
            "many to spread out.",
            mend="Give fewer rows at once, or fewer columns (sklearn.decomposition.TruncatedSVD).",
            code="sparse-too-large",
        )
    return _from_array(matrix.toarray()), [Note("sparse-spread", what, mend="Spread out; empty cells are zero.")]
