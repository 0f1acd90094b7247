"""Conditions on the user's columns, in words: what slices of a table are cut by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.explain.columns import MISSING, cuts, kinds, tell
from hortus.explain.evidence import Evidence

# Parts that numbers and dates are cut into, and most categories of a column.
PARTS = 8
CATEGORIES = 20

Relation = Literal["over", "at most", "is"]


@dataclass(frozen=True)
class Condition:
    """One condition on a column.

    Attributes:
        column: its name.
        relation: "over" and "at most" of numbers and dates, "is" of categories, booleans and missing cells.
        value: a number, a datetime64, a category, True or False, or None for missing.
        words: ``age over 55``.
    """

    column: str
    relation: Relation
    value: Any
    words: str


def every_condition(evidence: Evidence) -> list[tuple[Condition, NDArray[np.bool_]]]:
    """Every single condition that a segment may be made of.

    Returns:
        Each with the (m,) rows of ``evidence.frame`` that meet it.
    """
    found: list[tuple[Condition, NDArray[np.bool_]]] = []
    for column, kind in kinds(evidence).items():
        values = evidence.frame[column].to_numpy()
        missing = np.asarray(pd.isna(values))
        if missing.any():
            found.append((Condition(column, "is", None, f"{column} is {MISSING}"), missing))
        if kind in ("numeric", "date"):
            for cut in cuts(values, PARTS):
                told = tell(cut, kind)
                below = values <= cut
                over, most = ("after", "up to") if kind == "date" else ("over", "at most")
                found.append((Condition(column, "at most", cut, f"{column} {most} {told}"), below))
                found.append((Condition(column, "over", cut, f"{column} {over} {told}"), ~below & ~missing))
        elif kind == "boolean":
            for value in (1.0, 0.0):
                found.append(
                    (Condition(column, "is", bool(value), f"{column} is {tell(value, kind)}"), values == value)
                )
        elif kind == "categorical":
            codes, labels = pd.factorize(values)
            counts = np.bincount(codes[codes >= 0], minlength=len(labels))
            for code in np.argsort(-counts, kind="stable")[:CATEGORIES]:
                found.append((Condition(column, "is", labels[code], f"{column} is {labels[code]}"), codes == code))
    return found


def in_words(conditions: Sequence[Condition]) -> str:
    """All of them, a column that has both ends named once.

    >>> over, most = Condition("age", "over", 30.0, "age over 30"), Condition("age", "at most", 55.0, "age at most 55")
    >>> in_words([most, over]), in_words([over, Condition("region", "is", "north", "region is north")])
    ('age over 30 and at most 55', 'age over 30 and region is north')
    """
    told: dict[str, str] = {}
    for condition in sorted(conditions, key=lambda c: c.relation != "over"):
        before = told.get(condition.column)
        rest = condition.words.removeprefix(condition.column)
        told[condition.column] = condition.words if before is None else f"{before} and{rest}"
    return " and ".join(told.values())
