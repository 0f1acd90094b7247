"""Rows of the user's table that a run keeps, as the schema reads them: what explanations are made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.sparse_rows import SparseRow
from hortus.errors import ArtifactError
from hortus.seeds import stream

if TYPE_CHECKING:
    import pandas as pd

FILE = "sample.parquet"
MOST_ROWS = 10_000
MOST_CELLS = 2_000_000
LEAST_ROWS = 200


def most_rows(columns: int) -> int:
    """How many rows of a table with so many columns are kept at most.

    >>> most_rows(10), most_rows(1_000), most_rows(100_000)
    (10000, 2000, 200)
    """
    return min(MOST_ROWS, max(LEAST_ROWS, MOST_CELLS // max(1, columns)))


def draw(canonical: pd.DataFrame, judged: NDArray[np.intp], *, seed: int) -> pd.DataFrame:
    """At most `most_rows` rows that some fold validates.

    Args:
        canonical: (n, p) the table as `Schema.apply` reads it.
        judged: positions of the rows that some fold validates.
        seed: of the run.

    Returns:
        Those rows, in their order; the index holds their positions among the n.
    """
    import pandas as pd

    most = min(most_rows(canonical.shape[1]), len(judged))
    rows = np.sort(stream(seed, "sample").choice(judged, size=most, replace=False))
    return canonical.iloc[rows].set_axis(pd.Index(rows, name="row"), axis=0)


def write_sample(sample: pd.DataFrame, folder: Path) -> None:
    """Write what `draw` gave; categories and text keep their missing cells."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {f"c{i}": sample.iloc[:, i].to_numpy() for i in range(sample.shape[1])}
    # By position: a parquet file cannot hold every name that a table can.
    arrays = {name: _stored(values) for name, values in columns.items()}
    parquet.write_table(pa.table({"row": pa.array(sample.index.to_numpy()), **arrays}), folder / FILE)


def read_sample(folder: Path, names: tuple[str, ...]) -> pd.DataFrame:
    """What `write_sample` wrote.

    Args:
        folder: the run's.
        names: of the p columns, in the schema's order.

    Raises:
        ArtifactError: there is no sample, or it is damaged.
    """
    import pandas as pd
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(folder / FILE)
        if table.num_columns != len(names) + 1:
            raise ValueError(f"it has {table.num_columns - 1} columns, not {len(names)}")
        arrays = [_restored(column) for column in table.columns]
    except (OSError, ValueError, ArrowException) as error:
        raise ArtifactError(
            f"The rows that the run in {str(folder)!r} kept cannot be read: {error}.",
            mend="Start the run again, in a new folder.",
            code="sample-damaged",
        ) from error
    columns = {i: pd.Series(array, index=arrays[0], dtype=array.dtype) for i, array in enumerate(arrays[1:])}
    frame = pd.DataFrame(columns, index=pd.Index(arrays[0], name="row"))
    return frame.set_axis(pd.Index(names, dtype=object), axis=1)


def _stored(values: NDArray[Any]) -> Any:
    import pyarrow as pa

    if values.dtype != object:
        return pa.array(values)
    if any(isinstance(value, SparseRow) for value in values):
        return pa.array([None if value is None else value.to_bytes() for value in values], type=pa.binary())
    return pa.array(values, type=pa.string(), from_pandas=True)


def _restored(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    found: NDArray[Any] = column.to_numpy()
    if column.type != pa.binary():
        return found
    rows = np.empty(len(found), dtype=object)
    rows[:] = [None if blob is None else SparseRow.from_bytes(blob) for blob in found]
    return rows
