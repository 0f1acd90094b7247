"""A table looked over on its own, from the file to the findings: what ``hortus check`` does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hortus.data.checks.drift import check_drift
from hortus.data.checks.gate import run_gate
from hortus.data.finding import Finding, ranked, said_once
from hortus.data.infer import infer_schema
from hortus.data.notes import Note
from hortus.data.read import read_table
from hortus.data.schema import Schema
from hortus.data.split import make_folds
from hortus.data.target import Asked, find_target, prepare_target
from hortus.data.task import Task
from hortus.errors import SettingError, nearest


@dataclass(frozen=True)
class Examined:
    """What was found.

    Attributes:
        task: what would be predicted.
        schema: how the columns are read.
        rows: with a known target.
        findings: serious ones first.
        notes: what was noticed on the way that is no finding.
    """

    task: Task
    schema: Schema
    rows: int
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]


def examine(
    table: Any,
    target: str,
    *,
    test: Any = None,
    kind: Asked | None = None,
    group: str | None = None,
    order: str | None = None,
    ignore: Iterable[str] = (),
    keep: Iterable[str] = (),
    text: Iterable[str] = (),
    seconds: float | None = None,
    seed: int = 0,
) -> Examined:
    """Read a table and make every check.

    Args:
        table: whatever `read_table` takes.
        target: the column to predict.
        test: new rows to compare the table with; None for none.
        kind: the task; None to infer it.
        group: the column of what keeps rows together.
        order: the column of what orders them.
        ignore: columns to leave out.
        keep: columns to keep whatever they look like.
        text: columns that are read as free text, whatever they look like.
        seconds: after which no further check begins; None for all of them.
        seed: of the samples.

    Raises:
        InputError: a table or its target cannot be used.
        SettingError: a column is not there.
    """
    frame, notes = read_table(table)
    frame, values = find_target(frame, target)
    sides = {}
    for side, name in (("group", group), ("order", order)):
        if name is not None and name not in frame.columns:
            raise SettingError(
                f"There is no column {name!r} for the {side}.",
                mend=nearest(name, map(str, frame.columns)),
                code="column-missing",
            )
        sides[side] = None if name is None else frame[name]
    frame = frame.drop(columns=[name for name in {group, order} if name is not None])
    found, more = prepare_target(values, name=target, kind=kind)
    notes += more
    if len(found.kept) < len(frame):
        frame = frame.iloc[found.kept]
    groups, time = (None if side is None else side.to_numpy()[found.kept] for side in sides.values())
    schema, more = infer_schema(frame, ignore=ignore, keep=keep, text=text)
    notes += more
    canonical, more = schema.apply(frame)
    notes += more
    folds, more = make_folds(
        found.y,
        found.task.kind,
        rows=len(found.y),
        columns=len(schema.features),
        seconds=None,
        seed=seed,
        groups=groups,
        time=time,
    )
    notes += more
    findings = run_gate(
        canonical, found.y, found.task, schema=schema, folds=folds, groups=groups, seconds=seconds, seed=seed
    )
    if test is not None:
        new, more = read_table(test)
        notes += more
        new = new.drop(columns=[name for name in (target, group, order) if name in new.columns])
        canonical_new, more = schema.apply(new)
        notes += more
        findings = ranked([*findings, *check_drift(canonical, canonical_new, schema, seed=seed)])
    # The findings stand for themselves; what is left of the notes is what none of them says.
    left = said_once(notes, findings)[: -len(findings) or None]
    return Examined(found.task, schema, len(found.y), findings, tuple(left))
