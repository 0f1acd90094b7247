"""Numbers as float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = float(np.finfo(np.float32).max)


class Numbers:
    """One column of numbers, held inside float32's range; gaps are NaN.

    Float32 keeps 24 bits. Where that would blur what sets the values apart (time stamps, codes such as 20240131), the
    column's middle is taken off first.
    """

    offset: float = 0.0

    def fit_transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """(n,) float64 to (n,) float32."""
        known = values[np.isfinite(values)]
        if len(known) and np.abs(known).max() < LARGEST:
            lost = np.abs(known - known.astype(np.float32)).max()
            if lost > 0:
                low, middle, high = np.quantile(known, (0.25, 0.5, 0.75))
                spread = (high - low) or float(known.std())
                if lost > 1e-3 * spread:
                    self.offset = float(middle)
        return self.transform(values)

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """(n,) float64 to (n,) float32."""
        if self.offset:
            values = values - self.offset
        return np.clip(values, -LARGEST, LARGEST).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """What is taken off."""
        return {"offset": self.offset}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self.offset = state["offset"]
