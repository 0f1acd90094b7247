"""Dates as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY = np.timedelta64(1, "D")


class DateParts:
    """Year, month, day, weekday, day of the year, hour and days since the first date; those that vary.

    Days since the first keeps a trend; the cyclic parts stay plain numbers, which trees split as they are.
    """

    def fit_transform(self, values: NDArray[np.datetime64]) -> NDArray[np.float32]:
        """(n,) dates to (n, k) parts."""
        known = values[~np.isnat(values)]
        self.first = int(known.min().astype("datetime64[us]").astype(np.int64)) if len(known) else 0
        parts = _parts(values, self.first)
        self.names = [name for name, part in parts.items() if _varies(part)]
        return self._stack(parts, len(values))

    def transform(self, values: NDArray[np.datetime64]) -> NDArray[np.float32]:
        """(n,) dates to (n, k) parts; NaN where there is none."""
        return self._stack(_parts(values, self.first), len(values))

    def _stack(self, parts: dict[str, NDArray[np.float32]], rows: int) -> NDArray[np.float32]:
        stacked = np.empty((rows, len(self.names)), dtype=np.float32)
        for j, name in enumerate(self.names):
            stacked[:, j] = parts[name]
        return stacked

    def state(self) -> dict[str, Any]:
        """The first date in microseconds since 1970, and the parts kept."""
        return {"first": self.first, "names": self.names}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self.first, self.names = state["first"], state["names"]


def _parts(values: NDArray[np.datetime64], first: int) -> dict[str, NDArray[np.float32]]:
    gaps = np.isnat(values)
    values = np.where(gaps, np.datetime64(first, "us"), values.astype("datetime64[us]"))
    days, months, years = (values.astype(f"datetime64[{unit}]") for unit in "DMY")
    parts: dict[str, NDArray[Any]] = {
        "year": years.astype(np.int64) + 1970,
        "month": (months - years).astype(np.int64) + 1,
        "day": (days - months).astype(np.int64) + 1,
        "weekday": (days.astype(np.int64) + 3) % 7,  # 1970-01-01 was a Thursday; Monday is 0
        "day of year": (days - years).astype(np.int64) + 1,
        "hour": (values - days) / np.timedelta64(1, "h"),
        "days": (values - np.datetime64(first, "us")) / DAY,
    }
    return {name: np.where(gaps, np.float32(np.nan), part.astype(np.float32)) for name, part in parts.items()}


def _varies(part: NDArray[np.float32]) -> bool:
    gaps = np.isnan(part)
    known = part[~gaps]
    return bool(len(known)) and bool(gaps.any() or known.min() < known.max())
