"""What was noticed about the data and gone on from: told to the person and kept in the run's report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Note:
    """One thing handled or warned of.

    Attributes:
        code: a stable name for programs: ``"column-constant"``.
        what: what was seen, with a number.
        place: the column or row it is about; "" for the whole table.
        mend: what Hortus did, and how to overrule it.
        warning: whether the person should look at it.
    """

    code: str
    what: str
    place: str = ""
    mend: str = ""
    warning: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)
