"""Columns that are the target itself, under another name or in other words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, option

# A number that follows the target more closely than this is the target.
COPY_CORRELATION = 1 - 1e-9
# A glance at so many rows spares most columns the rest.
GLANCE = 200


def check(subject: Subject) -> list[Finding]:
    """Columns that tell the target exactly: linear in it, or its classes one to one."""
    return [
        Finding(
            code="column-is-target",
            what=f"Column {name!r} tells the target {subject.task.target!r} exactly.",
            columns=(name,),
            measure="share of rows in which it tells the target",
            value=1.0,
            did="Kept: if it is not known when predicting, the scores are worthless.",
            overrule=f"To leave it out: {option('ignore', [name])}.",
            severity="serious",
        )
        for name in copies(subject)
    ]


def copies(subject: Subject) -> list[str]:
    """The names of those columns."""
    tells = _linear if subject.task.kind == "regression" else _one_to_one
    return [name for name in map(str, subject.frame.columns) if tells(subject, name)]


def _linear(subject: Subject, name: str) -> bool:
    values: NDArray[Any] = subject.column(name)
    if values.dtype.kind != "f":
        return False
    there = ~np.isnan(values)
    if there.sum() < max(10, 0.5 * len(values)):
        return False
    x, z = values[there] - values[there].mean(), subject.y[there] - subject.y[there].mean()
    with np.errstate(over="ignore", invalid="ignore"):
        scale = float(np.sqrt((x @ x) * (z @ z)))
        return 0 < scale < np.inf and abs(float(x @ z)) > COPY_CORRELATION * scale


def _one_to_one(subject: Subject, name: str) -> bool:
    import pandas as pd

    y = subject.y
    head = pd.factorize(subject.column(name)[:GLANCE])[0]
    if len(set(zip(head.tolist(), y[:GLANCE].tolist(), strict=True))) > len(set(head.tolist())):
        return False
    codes = subject.codes(name)
    classes = int(y.max()) + 1
    known = codes >= 0
    if int(codes.max(initial=-1)) + 1 != classes or len(y) < 5 * classes or known.mean() < 0.5:
        return False
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (codes[known], y[known]), 1)
    return bool(((table > 0).sum(axis=0) == 1).all() and ((table > 0).sum(axis=1) == 1).all())
