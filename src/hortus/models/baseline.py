"""The baseline: what can be said of a row without looking at it."""

# ruff: noqa: ARG002 - a learner has the contract's arguments, whether it needs them or not
from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from optuna.trial import BaseTrial

from hortus.data.facts import Facts
from hortus.data.matrix import Matrix
from hortus.data.store import load_state, save_state
from hortus.models.base import FitContext, Model, Params, Rows, Vector


class Baseline(Model):
    """The classes' frequencies, or the mean or median of the target.

    Args:
        value: what a regression predicts, ``"mean"`` or ``"median"``.
    """

    name: ClassVar[str] = "baseline"
    missing: ClassVar[bool] = True
    categories: ClassVar[bool] = True

    def __init__(self, *, value: str = "mean") -> None:
        self.value = value

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Mean or median, for a regression."""
        if facts.kind != "regression":
            return {}
        return {"value": trial.suggest_categorical(f"{prefix}value", ("mean", "median"))}

    @classmethod
    def default(cls, facts: Facts) -> Params:
        """The mean."""
        return {"value": "mean"} if facts.kind == "regression" else {}

    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Count the classes, or average the target."""
        weight = np.ones(len(train.y)) if train.weight is None else train.weight
        if context.kind != "regression":
            counts = np.bincount(train.y, weights=weight, minlength=context.classes)
            self._found = counts / counts.sum()
        elif self.value == "mean":
            self._found = np.array([np.average(train.y, weights=weight)])
        else:
            order = np.argsort(train.y, kind="stable")
            reached = np.cumsum(weight[order])
            self._found = np.array([train.y[order][np.searchsorted(reached, reached[-1] / 2)]], dtype=np.float64)
        self._regression = context.kind == "regression"
        self._work = float(len(train.y))
        return self

    def predict(self, X: Matrix) -> Vector:
        """The same for every row."""
        return np.full(len(X), self._found[0]) if self._regression else np.tile(self._found, (len(X), 1))

    @property
    def work(self) -> float:
        """Rows."""
        return self._work

    def save(self, folder: Path) -> None:
        """Write the few numbers there are."""
        save_state(
            folder,
            {
                "params": self.get_params(),
                "found": self._found,
                "regression": self._regression,
                "work": self._work,
            },
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = load_state(folder)
        model = cls(**state["params"])
        model._found, model._regression, model._work = state["found"], state["regression"], state["work"]
        return model
