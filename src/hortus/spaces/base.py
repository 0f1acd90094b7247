"""What can be searched. A space is a function of a trial: it asks questions and returns a candidate.

    space = PipelineSpace(facts)
    candidate = space(study.ask())            # searching
    candidate = space(FixedTrial(params))     # rebuilding: the params are all it takes

A parameter's name says where it stands (``"lightgbm.learning_rate"``; in a tree, its path), and the distribution
behind a name never changes within a run.
"""

# ruff: noqa: ARG002 - a space whose candidates are all alike looks at none of the arguments
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from optuna.trial import BaseTrial


class Candidate(Protocol):
    """One thing that can be evaluated; equal candidates have equal descriptions."""

    def describe(self) -> str:
        """One line for a person, as on the leaderboard."""


class Space(ABC):
    """Base of every search space.

    Class attributes:
        name: in the table ``hortus.spaces.SPACES``.
        provides: what it has, in the words that strategies and evaluators ask for it by: ``"network"`` or
            ``"pipeline"`` for what its candidates are, ``"numbers"`` where every candidate is asked for one, and what
            some need beside (``"supernet"``, ``"morphs"``). A space that says nothing has networks, without more.
    """

    name: ClassVar[str]
    provides: ClassVar[frozenset[str]] = frozenset({"sample", "mutate", "encode", "numbers", "network"})

    @abstractmethod
    def __call__(self, trial: BaseTrial) -> Candidate:
        """Ask ``trial`` every question a candidate is made of, and return it."""

    def family(self, params: Mapping[str, Any]) -> str:
        """The kind of candidate that ``params`` make; those of one kind take about as long. "" where all are alike."""
        return ""

    @property
    def families(self) -> tuple[str, ...]:
        """All kinds there are."""
        return ()

    def seconds(self, family: str) -> float:
        """Roughly the seconds that one fit of the kind needs on one core before it is worth anything."""
        return 0.0

    def confined(self, family: str) -> dict[str, Any]:
        """The answers that make a candidate one of ``family``."""
        return {}

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Its settings, so that a worker can build the same space."""
