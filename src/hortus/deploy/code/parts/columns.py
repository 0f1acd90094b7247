"""Columns of the table as numbers; what was seen in training is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.data.canonical import FLOAT32_MOST
from hortus.data.canonical import _date_text as date_text
from hortus.data.cells import FALSE, MISSING, TRUE
from hortus.data.dates import _to_iso as to_iso
from hortus.data.numbers import NumberFormat
from hortus.deploy.code.parts.frames import to_category
from hortus.features.categories import COMMON
from hortus.features.dates import _parts as date_parts
from hortus.features.dates import _varies as varies
from hortus.features.numbers import LARGEST


class Number:
    """A column of numbers, as float32. What is no number counts as missing."""

    def read(self, cells: pd.Series) -> NDArray[np.float64]:
        """The cells as numbers; infinite ones count as missing."""
        if cells.dtype.kind == "m":
            cells = cells.dt.total_seconds()
        found = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isinf(found), np.nan, np.clip(found, -FLOAT32_MOST, FLOAT32_MOST))

    def fit_transform(self, cells: pd.Series) -> dict[str, Any]:
        """Where float32 would blur what sets the numbers apart, their middle is taken off."""
        self.offset = 0.0
        known = self.read(cells)
        known = known[~np.isnan(known)]
        if len(known):
            lost = np.abs(known - known.astype(np.float32)).max()
            low, middle, high = np.quantile(known, (0.25, 0.5, 0.75))
            spread = (high - low) or known.std()
            if lost > 0 and lost > 1e-3 * spread:
                self.offset = float(middle)
        return self.transform(cells)

    def transform(self, cells: pd.Series) -> dict[str, Any]:
        """One column."""
        return {"": np.clip(self.read(cells) - self.offset, -LARGEST, LARGEST).astype(np.float32)}


class WrittenNumber(Number):
    """A column of numbers that are written with separators, units or signs: 1.234,5 or 12 kg or $3."""

    def __init__(self, decimal: Any = ".", unit: str = "") -> None:
        self.form = NumberFormat(decimal, unit)

    def read(self, cells: pd.Series) -> NDArray[np.float64]:
        """The cells as numbers; what is none counts as missing."""
        if cells.dtype.kind in "iufb":
            return super().read(cells)
        positions, distinct = pd.factorize(cells)
        found = [self.form.parse_one(cell) if isinstance(cell, str) else float(cell) for cell in distinct]
        read = np.array([*found, np.nan], dtype=np.float64)[positions]
        return np.where(np.isinf(read), np.nan, np.clip(read, -FLOAT32_MOST, FLOAT32_MOST))


class YesNo(Number):
    """A column of truths: yes and no, true and false, 1 and 0. What is neither counts as missing."""

    def read(self, cells: pd.Series) -> NDArray[np.float64]:
        """1 for true, 0 for false."""
        positions, distinct = pd.factorize(cells)
        words = [str(cell).strip().lower() for cell in distinct]
        found = [1.0 if word in TRUE else 0.0 if word in FALSE else np.nan for word in words]
        return np.array([*found, np.nan], dtype=np.float64)[positions]


def label(cell: Any) -> str | None:
    """The name of a category: 5, 5.0 and "5" are one; None for a word that says that there is none."""
    if isinstance(cell, (float, np.floating)) and abs(float(cell)) < 1e15 and float(cell).is_integer():
        return str(int(cell))
    text = str(cell)
    if not isinstance(cell, str):
        return text
    return None if text.strip().lower() in MISSING else text.strip()


class Category:
    """A column of categories, the commonest first. Those seen once, and unseen ones, share the last code.

    Args:
        as_text: whether 0123 in a file is a name, not the number 123.
    """

    def __init__(self, *, as_text: bool = False) -> None:
        self.as_text = as_text

    def read(self, cells: pd.Series) -> NDArray[Any]:
        """The cells' names; None where missing."""
        positions, distinct = pd.factorize(cells)
        names = np.empty(len(distinct) + 1, dtype=object)
        names[:] = [*(label(cell) for cell in distinct), None]
        return np.asarray(names[positions])

    def fit_transform(self, cells: pd.Series) -> dict[str, Any]:
        """Learn the categories."""
        codes, found = pd.factorize(self.read(cells))
        counts = np.bincount(codes[codes >= 0], minlength=len(found))
        order = np.argsort(-counts, kind="stable")
        common = order[: np.count_nonzero(counts >= COMMON)]
        self.codes = {found[i]: code for code, i in enumerate(common)}
        return self.transform(cells)

    def transform(self, cells: pd.Series) -> dict[str, Any]:
        """One column."""
        positions, found = pd.factorize(self.read(cells))
        last = len(self.codes)
        codes = np.array([*(self.codes.get(name, last) for name in found), np.nan], dtype=np.float64)
        return {"": to_category(codes[positions], last + 1)}


class Date:
    """A column of dates: year, month, day, weekday, day of the year, hour and days since the first; those that vary.

    Args:
        dayfirst: whether 03/04/2020 is the third of April.
    """

    def __init__(self, *, dayfirst: bool = False) -> None:
        self.dayfirst = dayfirst

    def read(self, cells: pd.Series) -> NDArray[np.datetime64]:
        """The cells as moments in UTC; what is no date counts as missing."""
        if cells.dtype.kind == "M":
            naive = (
                cells if getattr(cells.dtype, "tz", None) is None else cells.dt.tz_convert("UTC").dt.tz_localize(None)
            )
            return naive.to_numpy().astype("datetime64[us]")
        positions, distinct = pd.factorize(cells)
        texts = [to_iso((date_text(cell) or "").strip(), self.dayfirst) for cell in distinct]
        moments = pd.to_datetime(pd.Series([*texts, None], dtype=object), format="ISO8601", utc=True, errors="coerce")
        return moments.dt.tz_localize(None).to_numpy().astype("datetime64[us]")[positions]

    def fit_transform(self, cells: pd.Series) -> dict[str, Any]:
        """Learn the first date and which parts vary."""
        moments = self.read(cells)
        known = moments[~np.isnat(moments)]
        self.first = int(known.min().astype(np.int64)) if len(known) else 0
        self.parts = [name for name, part in date_parts(moments, self.first).items() if varies(part)]
        return self.transform(cells)

    def transform(self, cells: pd.Series) -> dict[str, Any]:
        """A column for each part."""
        parts = date_parts(self.read(cells), self.first)
        return {f" {name}": parts[name] for name in self.parts}
