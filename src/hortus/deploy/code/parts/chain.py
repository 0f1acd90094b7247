"""Steps and a learner, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.deploy.code.parts.learner import Learner
from hortus.deploy.code.parts.prepare import Rows


class Chain:
    """Steps, and the learner at their end."""

    def __init__(self, *parts: Any) -> None:
        self.steps = parts[:-1]
        self.learner: Learner = parts[-1]

    def fit(self, train: Rows, valid: Rows) -> Self:
        """Fit each on what those before it make of the rows."""
        for step in self.steps:
            train = fit_step(step, train)
            valid = apply_step(step, valid)
        self.learner.fit(train, valid)
        return self

    def predict(self, rows: Rows) -> NDArray[np.float64]:
        """(n, K) probabilities, or (n,) values."""
        for step in self.steps:
            rows = apply_step(step, rows)
        return self.learner.predict(rows)


def fit_step(step: Any, rows: Rows) -> Rows:
    """Fit one step and transform the rows it was fitted on."""
    fit: Callable[[Rows], pd.DataFrame] | None = getattr(step, "fit_rows", None)
    return rows.of(fit(rows) if fit is not None else step.fit_transform(rows.X, rows.y))


def apply_step(step: Any, rows: Rows) -> Rows:
    """Transform other rows."""
    apply: Callable[[Rows], pd.DataFrame] | None = getattr(step, "transform_rows", None)
    return rows.of(apply(rows) if apply is not None else step.transform(rows.X))
