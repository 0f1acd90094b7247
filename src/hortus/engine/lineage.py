"""From whose weights a candidate begins: those of its nearest ancestor that was trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hortus.data.artifacts import Stored
from hortus.evaluation.base import Evaluation
from hortus.spaces.base import Space

# Under which the journal keeps, with a trial, what it begins from.
HERITAGE = "hortus:heritage"


@dataclass(frozen=True)
class Heritage:
    """What a trial begins from.

    Attributes:
        number: of the trial whose weights they are.
        params: of that trial.
        weights: their file in the run's folder, by digest.
    """

    number: int
    params: dict[str, Any]
    weights: Stored

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Heritage:
        """The inverse of ``to_json``."""
        return cls(int(found["number"]), dict(found["params"]), Stored(**found["weights"]))


class Lineage:
    """The trained candidates of a space that has parents.

    Args:
        space: with ``parent(params)``: the params of a candidate's parent, None for one that has none.
    """

    def __init__(self, space: Space) -> None:
        self._space: Any = space
        self._known: dict[str, list[Heritage]] = {}

    def put(self, number: int, params: Mapping[str, Any], evaluation: Evaluation) -> None:
        """Take in a candidate whose training has ended."""
        weights = evaluation.left("models")
        if weights is not None:
            self._known.setdefault(_key(params), []).append(Heritage(number, dict(params), weights))

    def of(self, params: Mapping[str, Any], *, before: int | None = None) -> Heritage | None:
        """What a candidate begins from; None where no ancestor was trained.

        Args:
            params: the candidate's.
            before: only trials of lower numbers count, so that the same ones do whichever ended first.
        """
        parent = self._space.parent(params)
        while parent is not None:
            found = [one for one in self._known.get(_key(parent), ()) if before is None or one.number < before]
            if found:
                return min(found, key=lambda one: one.number)
            parent = self._space.parent(parent)
        return None


def _key(params: Mapping[str, Any]) -> str:
    return json.dumps(dict(params), sort_keys=True)
