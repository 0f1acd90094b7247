"""One column of the user's table: what it holds and how its cells are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from hortus.data.numbers import NumberFormat

ColumnKind = Literal["numeric", "boolean", "categorical", "date", "text", "sparse"]
Role = Literal["feature", "ignored"]


@dataclass(frozen=True)
class ColumnSchema:
    """One column of the user's table.

    Attributes:
        name: as in the table.
        kind: how its cells are read.
        role: whether the model sees it.
        reason: why it has this kind or is ignored, in a few words: ``"empty"``, ``"constant"``, ``"id"``.
        detail: what reading needs besides: ``number`` {decimal, unit}, ``dayfirst``, ``width`` of sparse rows.
    """

    name: str
    kind: ColumnKind
    role: Role = "feature"
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def number(self) -> NumberFormat:
        """How its numbers are written."""
        return NumberFormat(**self.detail.get("number", {}))
