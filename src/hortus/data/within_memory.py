"""A file that holds more than the memory budget: it is read some rows at a time, and a random sample is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hortus.data.chunks import open_chunks
from hortus.data.notes import Note
from hortus.data.read import read_table
from hortus.data.unpack import PACKED
from hortus.errors import ReadError
from hortus.seeds import stream

if TYPE_CHECKING:
    import pandas as pd

# Of the budget, what the frame of the table may take: it is checked, encoded, mapped by every slot and copied by folds.
SHARE = 1 / 12
# A file of so many times fewer bytes than the budget is read at once: no cell takes that much more in memory.
CLEAR = 40
# With room for fewer rows than this, a sample says nothing.
LEAST_ROWS = 500
CHUNK_ROWS = 20_000


def read_within(path: Path, memory: int, *, seed: int) -> tuple[pd.DataFrame, list[Note]]:
    """Read a table of which no more is in memory at once than the budget allows.

    Args:
        path: of the file.
        memory: bytes resident at once, over all processes of the run.
        seed: of the sample.

    Returns:
        The frame, and what was noticed: that it is a sample, where it is one. Rows stand in the file's order.

    Raises:
        ReadError: a file that is no table, or so large a row that the budget holds next to none.
        InputError: columns that cannot be used.
    """
    import pandas as pd

    if path.suffix.lower() not in PACKED and path.is_file() and path.stat().st_size * CLEAR < memory:
        return read_table(path)
    chunks = open_chunks(path, CHUNK_ROWS)
    rows = chunks.survey()
    first = next(iter(chunks)).frame
    wide = float(first.memory_usage(deep=True, index=False).sum()) / max(1, len(first))
    room = int(SHARE * memory / max(1.0, wide))
    if rows <= room:
        return read_table(path)
    if room < LEAST_ROWS:
        least = _size(int(LEAST_ROWS * wide / SHARE) + 1)
        raise ReadError(
            f"{path.name!r} has {rows:,} rows of about {wide:,.0f} bytes, and a memory budget of {_size(memory)} has "
            f"room for {room:,} of them.",
            mend=f"Give at least --memory {least}, or leave columns out of the file.",
            code="memory-too-small",
        )
    kept = np.sort(stream(seed, "within memory").choice(rows, size=room, replace=False))
    taken, start = [], 0
    for chunk in chunks:
        here = kept[(kept >= start) & (kept < start + len(chunk.frame))] - start
        taken.append(chunk.frame.iloc[here])
        start += len(chunk.frame)
    note = Note(
        code="table-sampled",
        what=f"{path.name!r} has {rows:,} rows, more than a memory budget of {_size(memory)} holds at once: "
        f"a random {room:,} of them are learnt from.",
        mend=f"All of them want about --memory {_size(int(rows * wide / SHARE))}.",
        warning=True,
    )
    return pd.concat(taken, ignore_index=True), [*chunks.notes, note]


def _size(count: int) -> str:
    """Bytes as the command line takes them.

    >>> _size(1_500_000_000)
    '1500MB'
    """
    return f"{-(-count // 1_000_000)}MB"
