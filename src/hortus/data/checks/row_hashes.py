"""Rows as single numbers, equal where all cells are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def row_hashes(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """(n,) 64 bits a row of a canonical frame, each column mixed in as splitmix64 does (Steele et al. 2014).

    They can be compared within one frame only: words go by their place among the frame's own.
    """
    made = np.zeros(len(frame), dtype=np.uint64)
    for position in range(frame.shape[1]):
        made = _mixed(made + _STEP + _bits(frame.iloc[:, position].to_numpy()))
    return made


def _bits(cells: NDArray[Any]) -> NDArray[np.uint64]:
    if cells.dtype == object:
        import pandas as pd

        return pd.factorize(cells)[0].astype(np.int64).view(np.uint64)
    if cells.dtype.kind == "M":
        return np.ascontiguousarray(cells).view(np.uint64)
    # Minus zero equals zero, and there are many NaNs.
    plain = np.where(np.isnan(cells), np.nan, cells + 0.0)
    return plain.view(np.uint64)


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    found: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return found
