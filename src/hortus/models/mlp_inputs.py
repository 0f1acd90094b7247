"""What the network of `hortus.models.mlp` is fed: numbers on one scale, indicators, and codes to look up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.columns import categorical, numeric
from hortus.data.matrix import Matrix

# Categories up to which each has an indicator; above, an embedding is looked up.
INDICATED = 9


@dataclass
class Inputs:
    """Learned from the training rows.

    Attributes:
        numbers: positions of the numbers that vary.
        center, factor: their median, and 1 / spread.
        gaps: positions of the columns that had missing cells; each is marked.
        short, short_levels: positions of small categories, and their sizes.
        long, long_levels: of large ones; the last place of a table is for missing.
    """

    numbers: NDArray[np.int64]
    center: NDArray[np.float64]
    factor: NDArray[np.float64]
    gaps: NDArray[np.int64]
    short: NDArray[np.int64]
    short_levels: NDArray[np.int64]
    long: NDArray[np.int64]
    long_levels: NDArray[np.int64]

    @classmethod
    def learn(cls, X: Matrix) -> Inputs:
        """Robust scale: median, and the quartiles' distance (half the range where they meet)."""
        kept, center, factor = [], [], []
        for i in numeric(X.columns):
            values = X.dense[:, i]
            values = values[~np.isnan(values)].astype(np.float64)
            if not len(values) or values.min() == values.max():
                continue
            low, first, median, third, high = np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0))
            kept.append(i)
            center.append(median)
            factor.append(1.0 / ((third - first) or (high - low) / 2))
        codes = categorical(X.columns)
        levels = {i: X.columns[i].categories for i in codes}
        short = [i for i in codes if levels[i] <= INDICATED]
        long = [i for i in codes if levels[i] > INDICATED]
        numbers = set(numeric(X.columns))
        gaps = [i for i in np.flatnonzero(np.isnan(X.dense).any(axis=0)).tolist() if i in numbers]
        whole = [np.asarray(found, dtype=np.int64) for found in (kept, gaps, short, long)]
        return cls(
            numbers=whole[0],
            center=np.asarray(center, dtype=np.float64),
            factor=np.asarray(factor, dtype=np.float64),
            gaps=whole[1],
            short=whole[2],
            short_levels=np.asarray([levels[i] for i in short], dtype=np.int64),
            long=whole[3],
            long_levels=np.asarray([levels[i] for i in long], dtype=np.int64),
        )

    @property
    def plain(self) -> int:
        """Width of the indicators."""
        return len(self.gaps) + int(self.short_levels.sum())

    def __call__(self, X: Matrix) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        """(n, numbers) scaled and bent into (-3, 3), (n, plain) indicators, (n, long) codes."""
        z = (X.dense[:, self.numbers] - self.center) * self.factor
        z = np.nan_to_num(z / np.sqrt(1.0 + (z / 3.0) ** 2))
        plain = np.zeros((len(X), self.plain), dtype=np.float32)
        plain[:, : len(self.gaps)] = np.isnan(X.dense[:, self.gaps])
        at = len(self.gaps)
        for i, count in zip(self.short.tolist(), self.short_levels.tolist(), strict=True):
            plain[:, at : at + count] = X.dense[:, i, None] == np.arange(count)
            at += count
        codes = np.where(np.isnan(X.dense[:, self.long]), self.long_levels, X.dense[:, self.long])
        return z.astype(np.float32), plain, codes.astype(np.int64)

    def state(self) -> dict[str, Any]:
        """As arrays by name."""
        return dict(vars(self))
