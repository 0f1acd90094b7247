"""A file that holds more than the memory budget: it is read some rows at a time, and a random sample is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.artifacts import write_artifact
from hortus.data.chunks import Chunks, open_chunks
from hortus.data.notes import Note
from hortus.data.read import read_table
from hortus.data.unpack import PACKED
from hortus.errors import ArtifactError, ReadError
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
FILE, KEPT = "sampled.json", "sampled.npy"


@dataclass(frozen=True)
class Sampled:
    """A file of which a random sample was kept.

    Attributes:
        path: of the file, absolute.
        size: of it, in bytes, when it was read.
        changed: when it was last changed before, in nanoseconds.
        rows: that it has.
        surveyed: what its chunks were found to be; see `Chunks.surveyed`.
        kept: (m,) positions of the rows of the sample, ascending.
    """

    path: Path
    size: int
    changed: int
    rows: int
    surveyed: Any
    kept: NDArray[np.int64]

    @property
    def gone(self) -> str:
        """Why the file cannot be read again as it was; "" where it can."""
        try:
            found = self.path.stat()
        except OSError:
            return f"{str(self.path)!r} is not there any more"
        same = (found.st_size, found.st_mtime_ns) == (self.size, self.changed)
        return "" if same else f"{str(self.path)!r} has changed since it was read"

    def chunks(self) -> Chunks:
        """The file's rows, `CHUNK_ROWS` at a time, as they were read.

        Raises:
            ReadError: it is no table any more.
        """
        chunks = open_chunks(self.path, CHUNK_ROWS)
        chunks.take(self.surveyed)
        return chunks

    def save(self, folder: Path) -> None:
        """Write it into a run's folder."""
        plain = {"path": str(self.path), "size": self.size, "changed": self.changed, "rows": self.rows}

        def describe(path: Path) -> None:
            path.write_text(json.dumps({**plain, "surveyed": self.surveyed}), encoding="utf-8")

        write_artifact(folder, KEPT, lambda path: np.save(path, self.kept, allow_pickle=False))
        write_artifact(folder, FILE, describe)

    @classmethod
    def load(cls, folder: Path) -> Sampled | None:
        """What `save` wrote; None where the run's table was no sample.

        Raises:
            ArtifactError: it is damaged.
        """
        if not (folder / FILE).exists():
            return None
        try:
            found = json.loads((folder / FILE).read_text(encoding="utf-8"))
            kept = np.load(folder / KEPT, allow_pickle=False).astype(np.int64)
            return cls(**{**found, "path": Path(found["path"])}, kept=kept)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ArtifactError(
                f"Which rows the run in {str(folder)!r} learned from cannot be read: {error}.",
                mend="Start the run again, in a new folder.",
                code="sampled-damaged",
            ) from error


def read_within(path: Path, memory: int, *, seed: int) -> tuple[pd.DataFrame, list[Note], Sampled | None]:
    """Read a table of which no more is in memory at once than the budget allows.

    Args:
        path: of the file.
        memory: bytes resident at once, over all processes of the run.
        seed: of the sample.

    Returns:
        The frame; what was noticed: that it is a sample, where it is one; and of what. Rows stand in the file's order.

    Raises:
        ReadError: a file that is no table, or so large a row that the budget holds next to none.
        InputError: columns that cannot be used.
    """
    import pandas as pd

    if path.suffix.lower() not in PACKED and path.is_file() and path.stat().st_size * CLEAR < memory:
        return *read_table(path), None
    chunks = open_chunks(path, CHUNK_ROWS)
    before = path.stat()
    rows = chunks.survey()
    first = next(iter(chunks)).frame
    wide = float(first.memory_usage(deep=True, index=False).sum()) / max(1, len(first))
    room = int(SHARE * memory / max(1.0, wide))
    if rows <= room:
        return *read_table(path), None
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
    found = Sampled(path.resolve(), before.st_size, before.st_mtime_ns, rows, chunks.surveyed(), kept)
    # What comes through a pipe comes once.
    again = found if path.is_file() else None
    return pd.concat(taken, ignore_index=True), [*chunks.notes, note], again


def _size(count: int) -> str:
    """Bytes as the command line takes them.

    >>> _size(1_500_000_000)
    '1500MB'
    """
    return f"{-(-count // 1_000_000)}MB"
