"""Questions that nobody knows beforehand: a function asks for what it needs while it runs ("define by run")."""

# ruff: noqa: ARG002 - nothing is asked before the function runs
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from optuna.trial import BaseTrial

from hortus.spaces.base import Space

# What a space provides whose questions come while a candidate is evaluated.
LIVE = "live"


@dataclass(frozen=True)
class Asked:
    """A candidate that is its answers.

    Attributes:
        params: value by name, as the function takes them; empty where it asks for them itself.
    """

    params: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> str:
        """One line for a person.

        >>> Asked({"x": 0.25, "kind": "a"}).describe()
        'x=0.25, kind=a'
        """
        return ", ".join(
            f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in self.params.items()
        )


class LiveSpace(Space):
    """The space of a function that asks its trial.

    Args:
        facts: taken for the sake of one signature for all spaces; there is no table.
    """

    name: ClassVar[str] = "live"
    provides: ClassVar[frozenset[str]] = frozenset({LIVE})

    def __init__(self, facts: object = None) -> None:
        del facts

    def __call__(self, trial: BaseTrial) -> Asked:
        """Ask nothing yet."""
        return Asked()

    def to_json(self) -> dict[str, Any]:
        """Its settings, so that a worker can build the same space."""
        return {"name": self.name}
