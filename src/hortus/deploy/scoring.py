"""A table of any size predicted chunk by chunk, and the rows that cannot be read set apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hortus.data.canonical import stray_cells, stray_note
from hortus.data.chunks import Chunk, Chunks, Fault
from hortus.data.column import ColumnSchema
from hortus.data.notes import Note
from hortus.errors import InputError, SettingError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hortus.ensemble.predictor import Predictor

_WANTED = {"numeric": "a number", "boolean": "true or false", "date": "a date"}


@dataclass(frozen=True)
class Asked:
    """What is to stand beside the predictions.

    Attributes:
        proba: the classes' probabilities.
        id_column: a column of the rows, copied.
        level: of intervals or sets; None for none.
    """

    proba: bool = False
    id_column: str | None = None
    level: float | None = None


@dataclass
class Scored:
    """What came of it so far.

    Attributes:
        rows: predicted.
        rejected: records set apart.
        notes: what was noticed about the rows, once a column.
    """

    rows: int = 0
    rejected: int = 0
    notes: list[Note] = field(default_factory=list)


def check_columns(predictor: Predictor, columns: Sequence[str], asked: Asked) -> None:
    """Raise for what no row can mend.

    Raises:
        InputError: there is no such id column.
        SchemaError: columns are missing.
        SettingError: probabilities of a regression; a level that cannot be vouched for.
    """
    import pandas as pd

    if asked.id_column is not None and asked.id_column not in columns:
        raise InputError(
            f"There is no column {asked.id_column!r} in the rows to predict.",
            mend=nearest(asked.id_column, columns),
            code="column-missing",
        )
    if asked.proba and predictor.task.kind == "regression":
        raise SettingError(
            "A regression has no probabilities.", mend="Leave --proba out.", code="probabilities-of-regression"
        )
    empty = _without(predictor, pd.DataFrame(columns=list(columns), dtype=object), asked)
    predictor.raw(empty)
    if asked.level is not None and predictor.task.kind == "regression":
        predictor.predict_interval(empty, asked.level)
    elif asked.level is not None:
        predictor.predict_set(empty, asked.level)


def score(
    predictor: Predictor,
    chunks: Chunks,
    asked: Asked,
    *,
    write: Callable[[pd.DataFrame], None],
    reject: Callable[[int, str, Sequence[Any]], None] | None = None,
) -> Iterator[Scored]:
    """Predict chunk after chunk.

    Args:
        predictor: the model.
        chunks: the rows.
        asked: what to write beside the predictions.
        write: takes each chunk's predictions, in the rows' order.
        reject: takes the line, the reason and the cells of each row that cannot be read; None to take such cells as
            missing, as `Predictor.raw` does.

    Yields:
        After each chunk the same record of what came of it so far.

    Raises:
        SchemaError: too many of a column's cells are not of its kind, and they are not rejected.
    """
    scored = Scored()
    strays: dict[str, tuple[int, Any, int]] = {}
    told: set[tuple[str, str]] = set()
    for chunk in chunks:
        frame = chunk.frame.copy(deep=False)
        masks = stray_masks(predictor, frame)
        if reject is not None:
            faults = sorted([*chunk.faults, *_faults(chunk, frame, masks)], key=lambda fault: fault.line)
            for fault in faults:
                reject(fault.line, fault.reason, fault.cells)
            scored.rejected += len(faults)
            if masks:
                frame = frame[~np.logical_or.reduce([mask for _, mask in masks])].reset_index(drop=True)
        else:
            for column, mask in masks:
                row, value, count = strays.get(column.name, (0, None, 0))
                if not count:
                    row = int(mask.argmax())
                    row, value = scored.rows + row, frame[column.name].iloc[row]
                strays[column.name] = row, value, count + int(mask.sum())
                frame[column.name] = frame[column.name].mask(mask)
        write(predictions(predictor, frame, asked))
        for note in predictor.notes:
            if (note.code, note.place) not in told:
                told.add((note.code, note.place))
                scored.notes.append(_placed(note, scored.rows))
        scored.rows += len(frame)
        yield scored
    for column in predictor.schema.features:
        if column.name in strays:
            scored.notes.append(stray_note(column, *strays[column.name], scored.rows))


def predictions(predictor: Predictor, frame: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """One row a row of ``frame``: the id where asked for, the prediction under the target's name, and what else is."""
    import pandas as pd

    columns: dict[str, Any] = {}
    if asked.id_column is not None:
        columns[asked.id_column] = frame[asked.id_column].array
    task = predictor.task
    raw = predictor.raw(_without(predictor, frame, asked))
    columns[task.target] = predictor.decide(raw)
    if asked.level is not None and predictor.conformal is not None:
        if task.kind == "regression":
            bounds = predictor.conformal.interval(raw, asked.level)
            columns |= {f"{task.target}_low": bounds[:, 0], f"{task.target}_high": bounds[:, 1]}
        else:
            columns[f"{task.target}_set"] = _sets(predictor.conformal.sets(raw, asked.level), task.classes)
    if asked.proba:
        columns |= {f"proba_{label}": raw[:, code] for code, label in enumerate(task.classes)}
    return pd.DataFrame(columns)


def _without(predictor: Predictor, frame: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """The rows without the answer and the id, which the model need not be told of."""
    names = {predictor.task.target, asked.id_column} - set(predictor.schema.names)
    return frame.drop(columns=[name for name in frame.columns if name in names])


def stray_masks(predictor: Predictor, frame: pd.DataFrame) -> list[tuple[ColumnSchema, NDArray[np.bool_]]]:
    """The features in which cells cannot be read as what was trained on, and (n,) which."""
    masks = ((column, stray_cells(column, frame[column.name])) for column in predictor.schema.features)
    return [(column, mask) for column, mask in masks if mask.any()]


def _faults(chunk: Chunk, frame: pd.DataFrame, masks: list[tuple[ColumnSchema, NDArray[np.bool_]]]) -> Iterator[Fault]:
    for row in np.flatnonzero(np.logical_or.reduce([mask for _, mask in masks])) if masks else ():
        reasons = [
            f"column {column.name!r} has {_short(frame[column.name].iloc[row])}, not {_WANTED.get(column.kind, 'text')}"
            for column, mask in masks
            if mask[row]
        ]
        yield Fault(chunk.lines[int(row)], "; ".join(reasons), chunk.cells(int(row)))


def _short(value: Any) -> str:
    shown = repr(value.item() if isinstance(value, np.generic) else value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def _placed(note: Note, start: int) -> Note:
    """A note of one chunk, with the rows it counts from."""
    if not start or note.code == "columns-extra":
        return note
    return Note(note.code, f"Counted from row {start}: {note.what}", note.place, note.mend, note.warning)


def _sets(held: NDArray[np.bool_], classes: tuple[Any, ...]) -> NDArray[Any]:
    """(n,) the labels of (n, K) classes that are held, with a bar between."""
    labels = [str(label) for label in classes]
    kinds, which = np.unique(held, axis=0, return_inverse=True)
    texts = np.empty(len(kinds), dtype=object)
    texts[:] = ["|".join(label for label, there in zip(labels, kind, strict=True) if there) for kind in kinds]
    found: NDArray[Any] = texts[which.reshape(-1)]
    return found
