"""From a table as it came to a run folder that trials can work from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.checks import gate_seconds, run_gate
from hortus.data.dataset import Dataset
from hortus.data.finding import Finding, said_once
from hortus.data.infer import infer_schema
from hortus.data.metrics import Metric, make_metric
from hortus.data.notes import Note
from hortus.data.ranges import training_ranges
from hortus.data.read import read_table
from hortus.data.sample import draw, write_sample
from hortus.data.schema import Schema
from hortus.data.split import make_folds
from hortus.data.store import load_state, save_state
from hortus.data.target import find_target, prepare_target
from hortus.data.task import Task
from hortus.data.weights import check_weights
from hortus.data.within_memory import Sampled, read_within
from hortus.errors import InputError, SettingError, nearest
from hortus.features.encode import TableEncoder
from hortus.run.sentences import choose_sentences
from hortus.run.settings import Settings


@dataclass(frozen=True)
class Prepared:
    """What every later phase works from.

    Attributes:
        task: what is predicted.
        metric: what is optimized.
        schema: what a table must have.
        encoder: from the schema's frame to the matrix.
        data: the encoded rows.
        notes: what was noticed on the way.
        findings: what the checks of the data say.
        ranges: what each column's training rows held, as `training_ranges` tells it.
        sample: rows of the table as the schema reads them, by their positions; None once they are in the run's folder.
        sampled: of which file the table is a random sample, and which rows; None where it is none, or likewise.
    """

    task: Task
    metric: Metric
    schema: Schema
    encoder: TableEncoder
    data: Dataset
    notes: tuple[Note, ...]
    findings: tuple[Finding, ...]
    ranges: dict[str, dict[str, Any]]
    sample: pd.DataFrame | None = None
    sampled: Sampled | None = None


@dataclass(frozen=True)
class Sides:
    """What stands beside the features, row by row; each a column's name, an array, or None."""

    weight: Any = None
    groups: Any = None
    order: Any = None


def prepare(table: Any, target: Any, settings: Settings, sides: Sides) -> Prepared:
    """Read, type, encode and split a table.

    Args:
        table: a path, a frame, an array: whatever `read_table` takes.
        target: the name of the column to predict, or its (n,) values where the table does not hold it.
        settings: the run's.
        sides: weights, groups, order.

    Raises:
        InputError: the table or its target cannot be used.
        SettingError: a column named in the settings is not there.
    """
    frame, notes, sampled = _read(table, target, settings, sides)
    if isinstance(target, str):
        frame, values, name = *find_target(frame, target), target
    else:
        values, name = target, str(getattr(target, "name", None) or "target")
    if len(values) != len(frame):
        raise InputError(
            f"The target has {len(values)} values for {len(frame)} rows.",
            mend="Give one target value a row.",
            code="target-length",
        )
    frame, beside = _split_sides(frame, settings, sides)
    found, more = prepare_target(values, name=name, kind=settings.kind, metric=settings.metric)
    notes += more
    frame = frame if len(found.kept) == len(frame) else frame.iloc[found.kept]
    weight = check_weights(beside.weight, len(values))
    weight = None if weight is None else weight[found.kept]
    schema, more = infer_schema(frame, ignore=settings.ignore, keep=settings.keep, text=settings.text)
    notes += more
    canonical, more = schema.apply(frame)
    notes += more
    sentences, more = choose_sentences(settings.embeddings, canonical, schema, seconds=settings.budget.time)
    notes += more
    encoder = TableEncoder(sentences=sentences)
    X = encoder.fit_transform(canonical, schema)
    folds, more = make_folds(
        found.y,
        found.task.kind,
        rows=len(found.y),
        columns=len(X.columns),
        seconds=settings.budget.time,
        seed=settings.seed,
        groups=_kept(beside.groups, found.kept),
        time=_kept(beside.order, found.kept),
        folds=settings.folds,
    )
    findings = run_gate(
        canonical,
        found.y,
        found.task,
        schema=schema,
        folds=folds,
        groups=beside.groups,
        seconds=gate_seconds(settings.budget.time),
        seed=settings.seed,
    )
    notes = said_once([*notes, *more], findings)
    metric = make_metric(settings.metric, found.task.kind, found.task.classes)
    own = callable(settings.metric)
    data = Dataset(
        X=X,
        y=found.y,
        folds=folds,
        kind=found.task.kind,
        classes=len(found.task.classes),
        metric_name=None if own else metric.name,
        weight=weight,
        groups=_codes(_kept(beside.groups, found.kept)),
    )
    sample = draw(canonical, folds.judged_rows, seed=settings.seed)
    ranges = training_ranges(canonical, schema)
    return Prepared(found.task, metric, schema, encoder, data, tuple(notes), findings, ranges, sample, sampled)


def _read(table: Any, target: Any, settings: Settings, sides: Sides) -> tuple[pd.DataFrame, list[Note], Sampled | None]:
    """The table, or as much of a file as the memory budget holds; arrays beside a table want all of its rows."""
    beside = (target, sides.weight, sides.groups, sides.order)
    alone = all(value is None or isinstance(value, str) for value in beside)
    if settings.memory is None or not alone or not isinstance(table, (str, PathLike)):
        return *read_table(table), None
    return read_within(Path(table), settings.memory, seed=settings.seed)


def recall(folder: Path, settings: Settings) -> Prepared:
    """What `keep` left in a run folder.

    Raises:
        ArtifactError: the folder is incomplete or damaged.
    """
    described = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
    task = Task.from_json(described["task"])
    encoder = TableEncoder()
    encoder.restore(load_state(folder / "encoder"))
    return Prepared(
        task=task,
        metric=make_metric(settings.metric or described["metric"], task.kind, task.classes),
        schema=Schema.from_json(described["schema"]),
        encoder=encoder,
        data=Dataset.load(folder / "data"),
        notes=tuple(Note(**note) for note in described["notes"]),
        findings=tuple(Finding.from_json(finding) for finding in described["findings"]),
        ranges=described["ranges"],
    )


def keep(prepared: Prepared, folder: Path) -> None:
    """Write what later phases need into a run folder."""
    prepared.data.save(folder / "data")
    if prepared.sample is not None:
        write_sample(prepared.sample, folder)
    if prepared.sampled is not None:
        prepared.sampled.save(folder)
    (folder / "encoder").mkdir(exist_ok=True)
    save_state(folder / "encoder", prepared.encoder.state())
    described = {
        "task": prepared.task.to_json(),
        "schema": prepared.schema.to_json(),
        "metric": prepared.data.metric_name,
        "notes": [note.to_json() for note in prepared.notes],
        "findings": [finding.to_json() for finding in prepared.findings],
        "ranges": prepared.ranges,
    }
    (folder / "prepared.json").write_text(json.dumps(described), encoding="utf-8")


def _split_sides(frame: pd.DataFrame, settings: Settings, sides: Sides) -> tuple[pd.DataFrame, Sides]:
    """Take the columns that hold weights, groups and order out of the features."""
    named = {"weight": settings.weight, "groups": settings.group, "order": settings.order}
    taken: dict[str, Any] = {}
    for side, column in named.items():
        if column is None:
            taken[side] = getattr(sides, side)
            continue
        if column not in frame.columns:
            raise SettingError(
                f"There is no column {column!r} for the {side}.",
                mend=nearest(column, map(str, frame.columns)),
                code="column-missing",
            )
        taken[side] = frame[column]
    return frame.drop(columns=[column for column in named.values() if column is not None]), Sides(**taken)


def _kept(values: Any, kept: NDArray[np.intp]) -> NDArray[Any] | None:
    return None if values is None else np.asarray(values)[kept]


def _codes(values: NDArray[Any] | None) -> NDArray[np.int64] | None:
    """The same number for equal values."""
    return None if values is None else pd.factorize(values, use_na_sentinel=False)[0].astype(np.int64)
