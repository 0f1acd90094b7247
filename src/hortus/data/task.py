"""What is asked: the kind of task, its classes and its metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hortus.data.facts import Kind


@dataclass(frozen=True)
class Task:
    """The question a table is to answer.

    Attributes:
        kind: binary, multiclass or regression.
        target: the column to predict.
        classes: the labels in the order of their codes, as they came (numbers, booleans or text); empty for a
            regression.
        metric: the metric's name; greater is always better (scikit-learn's ``neg_`` names for losses).
    """

    kind: Kind
    target: str
    classes: tuple[Any, ...]
    metric: str
