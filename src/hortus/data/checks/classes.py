"""Classes that are rare, and labels that seem to mean the same."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from hortus.data.checks.subject import Subject
from hortus.data.finding import Finding, listed
from hortus.data.labels import RARE_SHARE

# From this many rows of the largest class for one of the smallest, accuracy says little.
IMBALANCE = 10.0
_SPACE = re.compile(r"[\s_\-]+")


def check(subject: Subject) -> list[Finding]:
    """Count each class's rows, and compare the labels' spelling."""
    if subject.task.kind == "regression":
        return []
    classes = subject.task.classes
    counts = np.bincount(subject.y, minlength=len(classes))
    return [*_alike(classes, counts), *_rare(subject, counts)]


def _rare(subject: Subject, counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[Finding]:
    task, rows = subject.task, int(counts.sum())
    found = []
    alone = [str(task.classes[k]) for k in np.flatnonzero(counts == 1)]
    if alone:
        found.append(
            Finding(
                code="target-class-once",
                what=f"{len(alone)} of {len(task.classes)} classes have a single row: {listed(alone)}.",
                measure="classes with a single row",
                value=float(len(alone)),
                did="Those rows are trained on and never judged.",
                overrule="Give more rows of them, or join them with other classes.",
                severity="warning",
            )
        )
    least, most = int(counts.min()), int(counts.max())
    if least < RARE_SHARE * rows or most > IMBALANCE * max(least, 1):
        label = task.classes[int(counts.argmin())]
        metric = "average_precision" if len(counts) == 2 else "balanced_accuracy"
        found.append(
            Finding(
                code="target-imbalanced",
                what=f"Class {label!r} of the target {task.target!r} has {least:,} of {rows:,} rows, the largest class "
                f"{most:,}.",
                measure="share of rows in the rarest class",
                value=least / rows,
                did="Every fold gets its share of each class.",
                overrule=f"metric={metric!r} minds them more.",
                severity="warning" if least < RARE_SHARE * rows else "info",
            )
        )
    return found


def _alike(classes: tuple[Any, ...], counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[Finding]:
    kin: dict[str, list[int]] = {}
    for code, label in enumerate(classes):
        if isinstance(label, str):
            kin.setdefault(_SPACE.sub(" ", label.strip().casefold()).rstrip("."), []).append(code)
    found = []
    for codes in kin.values():
        if len(codes) > 1:
            names = [str(classes[code]) for code in codes]
            found.append(
                Finding(
                    code="target-labels-alike",
                    what=f"Classes {listed(names)} seem to be one, written differently; "
                    f"they have {', '.join(f'{counts[code]:,}' for code in codes)} rows.",
                    measure="rows under the less usual spellings",
                    value=float(counts[codes].sum() - counts[codes].max()),
                    did="Taken as different classes.",
                    overrule="Write them alike in the table if they are the same.",
                    severity="serious",
                )
            )
    return found
