"""A file of rows, predicted: what came in under a name of the server's, what goes out as csv."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from hortus.deploy.predictions_file import rejects_file, table_file
from hortus.deploy.scoring import Asked, Scored, check_columns, score
from hortus.ensemble.predictor import Predictor
from hortus.errors import ReadError
from hortus.studio.home import AbsentError, Home

PREDICTIONS, REJECTS = "predictions.csv", "rejects.csv"
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".jsonl", ".csv.gz", ".tsv.gz", ".jsonl.gz")
# Rows in memory at a time, rows that are shown, and files whose predictions are kept.
CHUNK, SHOWN, KEPT = 50_000, 8, 20


class Score(BaseModel):
    """What came of a file."""

    id: str
    rows: int
    rejected: int
    columns: list[str]
    first: list[list[str]] = Field(description="The first predictions, as the csv has them.")
    notes: list[str]


async def receive(
    stream: AsyncIterator[bytes], folder: Path, name: str, *, suffixes: Sequence[str] = SUFFIXES, what: str = "a table"
) -> Path:
    """Write what is sent under a name of ours; of its owner's name the suffix alone counts.

    Args:
        stream: of its bytes.
        folder: where it is written.
        name: its owner's.
        suffixes: that it may have.
        what: such a file is.

    Raises:
        ReadError: it has another suffix, or is empty.
    """
    suffix = next((end for end in sorted(suffixes, key=len, reverse=True) if name.lower().endswith(end)), None)
    if suffix is None:
        told = f"{name[:80]!r} is not the name of {what}."
        raise ReadError(told, mend=f"Give one of {', '.join(suffixes)}.", code="score-suffix")
    path = folder / f"rows{suffix}"
    with path.open("wb") as opened:
        async for block in stream:
            opened.write(block)
    if not path.stat().st_size:
        raise ReadError("The file is empty.", mend="Choose one that holds something.", code="file-empty")
    return path


def score_file(predictor: Predictor, path: Path, folder: Path, mark: str) -> Score:
    """Predict all of its rows; those that cannot be read are set apart, with the reason.

    Args:
        predictor: the model.
        path: the file; it is removed, whatever comes of it.
        folder: where predictions and rejects are written.
        mark: of the folder.

    Raises:
        InputError: the file is no table, or lacks columns.
    """
    from hortus.data.chunks import open_chunks

    first: list[list[str]] = []
    columns: list[str] = []
    try:
        chunks = open_chunks(path, CHUNK, faults=True)
        asked = Asked(proba=predictor.task.kind != "regression")
        check_columns(predictor, chunks.columns, asked)
        done = Scored()
        with ExitStack() as files:
            write = files.enter_context(table_file(folder / PREDICTIONS))
            reject = files.enter_context(rejects_file(folder / REJECTS, chunks.columns))

            def add(frame: Any) -> None:
                if not columns:
                    columns.extend(map(str, frame.columns))
                if len(first) < SHOWN:
                    first.extend([shown(cell) for cell in row] for row in frame.head(SHOWN).itertuples(index=False))
                write(frame)

            for done in score(predictor, chunks, asked, write=add, reject=reject):  # noqa: B007 -- the last one counts
                pass
    finally:
        path.unlink(missing_ok=True)
    notes = [f"{note.what} {note.mend}".strip() for note in (*chunks.notes, *done.notes) if note.warning]
    return Score(
        id=mark, rows=done.rows, rejected=done.rejected, columns=columns, first=first[:SHOWN], notes=notes[:20]
    )


def new_place(home: Home) -> tuple[str, Path]:
    """A mark and its folder, which is empty; of the folders before, the newest stay."""
    shelf = home.path / "scored"
    shelf.mkdir(exist_ok=True)
    before = sorted(shelf.iterdir(), key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
    for folder in before[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)
    mark = secrets.token_hex(6)
    (shelf / mark).mkdir()
    return mark, shelf / mark


def scored(home: Home, mark: str, part: str) -> Path:
    """A part of what came of a file.

    Raises:
        AbsentError: there is none.
    """
    path = home.path / "scored" / mark / part
    if not path.is_file():
        raise AbsentError(
            "These predictions are not kept any more.", mend="Score the file again.", code="scored-absent"
        )
    return path


def shown(cell: Any) -> str:
    """A cell of a prediction, for people."""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
