"""What is asked: the kind of task, its classes and its metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

    @property
    def labels(self) -> NDArray[Any]:
        """(K,) the classes as an array of their own type; text as objects.

        >>> Task("binary", "y", (0, 1), "roc_auc").labels
        array([0, 1])
        """
        return class_array(self.classes)

    def decode(self, codes: NDArray[Any]) -> NDArray[Any]:
        """(n,) labels for (n,) class codes; a regression's values come back as they are.

        >>> Task("binary", "y", ("no", "yes"), "roc_auc").decode(np.array([1, 0]))
        array(['yes', 'no'], dtype=object)
        """
        if self.kind == "regression":
            return codes
        found: NDArray[Any] = self.labels[codes]
        return found

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"kind": self.kind, "target": self.target, "classes": list(self.classes), "metric": self.metric}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Task:
        """The inverse of ``to_json``."""
        return cls(**{**found, "classes": tuple(found["classes"])})


def class_array(classes: tuple[Any, ...]) -> NDArray[Any]:
    """(K,) labels as an array: whole numbers, numbers, booleans, or objects for text."""
    if classes and all(isinstance(label, str) for label in classes):
        return np.array(classes, dtype=object)
    return np.array(classes)
