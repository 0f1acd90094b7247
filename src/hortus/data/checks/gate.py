"""The gate: every check in turn, cheap ones first, within the time it is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks import (
    classes,
    conflicts,
    copies,
    entities,
    leaks,
    left_out,
    missing,
    order,
    repeated_rows,
    same_columns,
    target_values,
)
from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, ranked
from hortus.data.schema import Schema
from hortus.data.split import Folds
from hortus.data.task import Task

if TYPE_CHECKING:
    import pandas as pd

# A check's name in plain words -> what it does. In the order in which they run.
CHECKS: dict[str, Callable[[Subject], list[Finding]]] = {
    "columns left out": left_out.check,
    "classes": classes.check,
    "target values": target_values.check,
    "copies of the target": copies.check,
    "leaks": leaks.check,
    "missing cells": missing.check,
    "equal columns": same_columns.check,
    "repeated rows": repeated_rows.check,
    "conflicting rows": conflicts.check,
    "order in time": order.check,
    "repeated entities": entities.check,
}

# Those that look at every cell of every row, and what that takes: they are not begun where it would be too long.
ALL_CELLS = ("repeated rows", "conflicting rows")
SECONDS_A_CELL = 5e-8
# Share of a run's time that the gate may take, and what it may take of any.
SHARE = 0.02
LEAST_SECONDS = 0.2


def gate_seconds(budget: float | None) -> float | None:
    """What of a run's seconds the gate may take; None, for all it needs, where there is no limit.

    >>> gate_seconds(60), gate_seconds(1), gate_seconds(None)
    (1.2, 0.2, None)
    """
    return None if budget is None else max(LEAST_SECONDS, SHARE * budget)


def run_gate(
    frame: pd.DataFrame,
    y: NDArray[Any],
    task: Task,
    *,
    schema: Schema,
    folds: Folds | None = None,
    groups: Any = None,
    seconds: float | None = None,
    seed: int = 0,
) -> tuple[Finding, ...]:
    """Look a table over before anything is trained on it.

    Args:
        frame: (n, p) the canonical frame of the features, as `Schema.apply` makes it, of the rows with a known target.
        y: (n,) class codes or values.
        task: what is predicted.
        schema: all columns, those left out too.
        folds: which rows judge: the findings then count what crosses a split.
        groups: (n,) what keeps rows together, where that is given.
        seconds: after which no further check begins; None for all of them, whatever they cost.
        seed: of the run. The same table and seed give the same findings, unless time runs out.

    Returns:
        The findings, serious ones first.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    subject = Subject(frame, np.asarray(y), task, schema, folds, groups, seed, deadline)
    found: list[Finding] = []
    skipped = []
    # Numbers as large as they get are squared here and there; what overflows is no evidence.
    with np.errstate(all="ignore"):
        for name, check in CHECKS.items():
            needed = SECONDS_A_CELL * frame.size if name in ALL_CELLS else 0.0
            if not subject.time_for(needed):
                skipped.append(name)
            else:
                found += check(subject)
    unscored = [] if subject.alone_complete else ["some columns' scores"]
    if skipped or unscored:
        found.append(
            Finding(
                code="checks-skipped",
                what=f"There was no time for {len(skipped) + len(unscored)} of the checks: "
                f"{', '.join([*unscored, *skipped])}.",
                measure="checks without time",
                value=float(len(skipped) + len(unscored)),
                did="Skipped.",
                overrule="`hortus check` makes them all; so does a longer run.",
            )
        )
    return ranked(found)
