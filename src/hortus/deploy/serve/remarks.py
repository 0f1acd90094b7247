"""What is odd about rows that are predicted all the same: values that the training table never had.

Columns of one type are looked at together, for the sake of a single row: asking them one by one costs more than the
rest of its way through the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.schema import Schema
from hortus.deploy.serve.replies import Remark

# A request that is odd throughout is told so often, and no more.
MOST_REMARKS = 1000
_KINDS = {"number": ("numeric", "boolean"), "moment": ("date",), "word": ("categorical", "text")}

Flags = NDArray[np.bool_]


class Watch:
    """Looks out for what the training table never had.

    Args:
        schema: of the training table.
        ranges: `hortus.data.ranges.read_ranges` of the model's; columns it does not name pass.
    """

    def __init__(self, schema: Schema, ranges: Mapping[str, Mapping[str, Any]]) -> None:
        self._groups = []
        for group, kinds in _KINDS.items():
            places = [i for i, c in enumerate(schema.features) if c.kind in kinds and c.name in ranges]
            names = [schema.names[i] for i in places]
            if places:
                self._groups.append(_Group(group, places, names, [ranges[name] for name in names]))

    def remarks(self, arrays: Sequence[NDArray[Any]]) -> dict[int, list[Remark]]:
        """By the row's position, what is odd about it.

        Args:
            arrays: one (n,) array a feature, as `Schema.read` gives them.
        """
        found: dict[int, list[Remark]] = {}
        left = MOST_REMARKS
        for group in self._groups:
            for code, row, column, what in group.odd(arrays):
                found.setdefault(row, []).append(Remark(code=code, column=column, what=what))
                left -= 1
                if not left:
                    return found
        return found


class _Group:
    """The columns of one type."""

    def __init__(self, kind: str, places: list[int], names: list[str], known: Sequence[Mapping[str, Any]]) -> None:
        self.kind, self.places, self.names = kind, places, names
        self.complete = np.array([not one.get("missing", True) for one in known])
        text = kind == "moment"
        bounds = [
            (one.get("low"), one.get("high")) if _both(one.get("low"), one.get("high"), text=text) else (None, None)
            for one in known
        ]
        if kind == "moment":
            self.low, self.high = (np.array([pair[i] for pair in bounds], dtype="datetime64[s]") for i in (0, 1))
        elif kind == "number":
            # Where there is no bound, NaN is neither greater nor less than anything.
            self.low, self.high = (np.array([pair[i] for pair in bounds], dtype=np.float64) for i in (0, 1))
        self.categories = [
            frozenset(one["categories"]) if one.get("complete") and one.get("categories") else None for one in known
        ]

    def odd(self, arrays: Sequence[NDArray[Any]]) -> Iterator[tuple[str, int, str, str]]:
        """Code, row, column and what is said."""
        cells = np.array([arrays[place] for place in self.places]).T
        never = "{!r} is missing here and was never missing in the training table."
        if self.kind == "word":
            missing = np.array([[c is None for c in row] for row in cells], dtype=bool).reshape(cells.shape)
            seen = "{!r} is {!r}, which the training table never had."
            yield from self._said("category-unseen", self._unseen(cells), cells, seen)
        else:
            # The ends of dates were cut to whole seconds.
            cells = cells.astype("datetime64[s]") if self.kind == "moment" else cells
            missing = np.isnat(cells) if self.kind == "moment" else np.isnan(cells)
            below, above = (
                "{!r} is {}, below the least of the training table, {}.",
                "{!r} is {}, above the greatest of ",
            )
            yield from self._said("below-range", cells < self.low, cells, below, self.low)
            yield from self._said("above-range", cells > self.high, cells, above + "the training table, {}.", self.high)
        yield from self._said("null-unseen", missing & self.complete, cells, never)

    def _unseen(self, cells: NDArray[Any]) -> Flags:
        known = self.categories
        return np.array(
            [
                [c is not None and k is not None and c not in k for c, k in zip(row, known, strict=True)]
                for row in cells
            ],
            dtype=bool,
        ).reshape(cells.shape)

    def _said(
        self, code: str, odd: Flags, cells: NDArray[Any], words: str, bounds: NDArray[Any] | None = None
    ) -> Iterator[tuple[str, int, str, str]]:
        for row, place in np.argwhere(odd).tolist() if odd.any() else ():
            name, cell = self.names[place], cells[row, place]
            what = words.format(name, cell) if bounds is None else words.format(name, _said(cell), _said(bounds[place]))
            yield code, row, name, what


def _both(low: Any, high: Any, *, text: bool) -> bool:
    """Whether these are the two ends of a range of such cells."""
    return all(end is not None and isinstance(end, str) == text for end in (low, high))


def _said(value: Any) -> str:
    """A number, or a moment that is a day alone where it is midnight."""
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[s]")).removesuffix("T00:00:00")
    return f"{value:.6g}"
