"""What a learner is: fit on encoded rows, predict, and be stored without pickle.

A learner is a scikit-learn style estimator whose constructor takes its hyperparameters and nothing else. What it
is told besides (task, seed, threads, deadline) comes with ``fit`` as a `FitContext`. Its search domain and its
strong default stand beside its code.
"""

# ruff: noqa: ARG003 - a learner has the contract's arguments, whether it needs them or not
from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from optuna.trial import BaseTrial
from sklearn.base import BaseEstimator

from hortus.data.facts import Facts, Kind
from hortus.data.matrix import Matrix
from hortus.data.rows import Rows as Rows
from hortus.data.rows_on_disk import RowsOnDisk

Params = dict[str, Any]
Vector = NDArray[np.float64]
# What several learners predict, each for the same n rows as it takes them, which may be made when asked for.
Together = Callable[[Iterable[Matrix], int], list[Vector]]


@dataclass(frozen=True)
class FitContext:
    """What a learner is told besides the rows.

    Attributes:
        kind: the task.
        classes: number of classes K; targets are codes 0 … K - 1. 0 for regression.
        seed: of this fit alone.
        threads: how many it may use.
        rounds: share of its rounds (trees, epochs) that a learner which grows step by step takes at most; the cheap
            rungs of an evaluation.
        deadline: on ``time.monotonic()``; a learner that grows step by step stops growing there and keeps what it
            has. None: never look at the clock.
    """

    kind: Kind
    classes: int
    seed: int = 0
    threads: int = 1
    rounds: float = 1.0
    deadline: float | None = None

    @property
    def out_of_time(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline


class Model(BaseEstimator, ABC):  # type: ignore[misc]
    """Base of every learner.

    Class attributes say what it can take; a pipeline prepares the rows for what it cannot:

        name        in the table ``hortus.models.MODELS``, in parameters and on the leaderboard
        extra       the extra of ``pip install hortus[extra]`` that brings its library; "" for the core
        tasks       the tasks it can do
        missing     takes NaN as it is
        categories  takes category codes as they are (knows them from ``X.columns``)
        text        reads the sparse block ``X.text``
        wide        reads it where it is a matrix of the user's own (``X.wide``)
        scaled      wants numbers on one scale
        modules     what loading it imports that takes long
    """

    name: ClassVar[str]
    extra: ClassVar[str] = ""
    tasks: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "regression"})
    missing: ClassVar[bool] = False
    categories: ClassVar[bool] = False
    text: ClassVar[bool] = False
    wide: ClassVar[bool] = False
    scaled: ClassVar[bool] = False
    modules: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def domain(cls, trial: BaseTrial, prefix: str, facts: Facts) -> Params:
        """Ask ``trial`` for this learner's hyperparameters, each named ``prefix + its name``.

        The distribution behind a name depends on ``facts`` alone.
        """

    @classmethod
    @abstractmethod
    def default(cls, facts: Facts) -> Params:
        """Strong hyperparameters to start from; each inside ``domain``, under the same keys."""

    @classmethod
    def portfolio(cls, facts: Facts) -> list[Params]:
        """Further strong settings, unlike the default and each other, the best first; each inside ``domain``."""
        return []

    @classmethod
    def fits(cls, facts: Facts) -> bool:
        """Whether it is worth trying on rows of this size and kind."""
        return facts.kind in cls.tasks

    @classmethod
    def seconds(cls, facts: Facts) -> float:
        """Roughly the seconds that one fit of the default needs on one core before it is worth anything.

        0 for a learner that is worth something however early it is stopped.
        """
        return 0.0

    @abstractmethod
    def fit(self, train: Rows, context: FitContext, valid: Rows | None = None) -> Self:
        """Learn from ``train``; with ``valid``, stop growing where its loss is least."""

    @abstractmethod
    def predict(self, X: Matrix) -> Vector:
        """(n, K) probabilities, rows summing to 1, for a classification; (n,) values for a regression."""

    @classmethod
    def together(cls, models: Sequence[Self]) -> Together | None:
        """Several fitted learners as one that answers for all, to the last bit as each of them does.

        None where that is no faster than to ask one after the other.
        """
        return None

    @property
    @abstractmethod
    def work(self) -> float:
        """Cost of the last fit in rows x rounds; the same on every machine."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the fitted learner into ``folder`` (which exists and is empty); JSON, npy and native formats only."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote. Its digest was checked before; still, no pickle is read."""


@runtime_checkable
class Streams(Protocol):
    """What a learner has besides that can learn from rows which are never in memory at once."""

    def fit_stream(self, train: RowsOnDisk, context: FitContext, valid: Rows | None = None) -> Self:
        """As `Model.fit`, of rows on disk that are read some at a time."""

    def stream_bytes(self, columns: int, classes: int) -> float:
        """Bytes that each row holds in memory meanwhile, about.

        Args:
            columns: dense columns of a row.
            classes: K of a classification; 0 for a regression.
        """
