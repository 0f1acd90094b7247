"""Cells of a table as text for a page: short, and the same for what looks the same in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Characters of a cell that are shown.
LONGEST = 200


def written(frame: pd.DataFrame) -> list[list[str | None]]:
    """Rows as text; None where a cell is missing.

    >>> import pandas as pd
    >>> written(pd.DataFrame({"n": [1.0, 2.5], "t": ["a", None]}))
    [['1', 'a'], ['2.5', None]]
    """
    columns = [_column(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(values: pd.Series[Any]) -> list[str | None]:
    missing = values.isna().to_numpy()
    return [None if gap else _cell(value) for gap, value in zip(missing, values, strict=True)]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = value.isoformat(sep=" ").removesuffix(" 00:00:00") if hasattr(value, "isoformat") else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
