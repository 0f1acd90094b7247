"""What a step of a pipeline is: it turns one matrix into another, and can be stored without pickle."""

# ruff: noqa: ARG003 - a step has the contract's arguments, whether it needs them or not
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial
from sklearn.base import BaseEstimator

from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix

Params = dict[str, Any]
State = dict[str, Any]


class Step(BaseEstimator, ABC):
    """Base of every feature step.

    The constructor takes its hyperparameters and nothing else. `fit_transform` sees the training rows of a fold
    with their targets; `transform` sees rows to predict. A step that uses the target (target encoding) gives the
    training rows out-of-fold values, so `fit_transform` need not equal `fit` then `transform`.
    """

    name: ClassVar[str]

    @classmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Ask ``trial`` for this step's hyperparameters, each named ``prefix + its name``."""
        return {}

    @abstractmethod
    def fit_transform(self, X: Matrix, y: NDArray[Any], *, kind: Kind, classes: int, seed: int) -> Matrix:
        """Learn from the training rows and return them transformed."""

    @abstractmethod
    def transform(self, X: Matrix) -> Matrix:
        """Transform rows that were not trained on."""

    @abstractmethod
    def state(self) -> State:
        """What was learned, as JSON values and numpy arrays (no object arrays), nested in dicts and lists."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take back what `state` gave."""


FloatArray = NDArray[np.float32]
