"""Categories as codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Values seen fewer times than this share one code with all that was never seen.
COMMON = 2
# Rows up to which looking each value up beats finding the distinct ones first.
FEW = 64


class Codes:
    """One column of categories: codes by falling frequency, NaN where missing.

    A value seen once tells a learner nothing that carries over, but how such values behave together does: they share
    the last code, which unseen values get too, so that learners have met it.
    """

    values: list[str]

    def fit_transform(self, values: NDArray[np.object_]) -> NDArray[np.float32]:
        """(n,) str or None to (n,) codes as float32."""
        codes, found = pd.factorize(values)
        counts = np.bincount(codes[codes >= 0], minlength=len(found))
        order = np.argsort(-counts, kind="stable")
        common = order[: np.count_nonzero(counts >= COMMON)]
        self._learn([found[i] for i in common])
        slots = np.full(len(found) + 1, len(common), dtype=np.float32)
        slots[common] = np.arange(len(common), dtype=np.float32)
        slots[-1] = np.nan
        return slots[codes]

    @property
    def count(self) -> int:
        """Number of codes, the shared last one included."""
        return len(self.values) + 1

    def _learn(self, values: list[str]) -> None:
        self.values = values
        self._code: dict[Any, float] = {value: float(code) for code, value in enumerate(values)}

    def transform(self, values: NDArray[np.object_]) -> NDArray[np.float32]:
        """(n,) str or None to (n,) codes as float32."""
        if len(values) <= FEW:
            return np.asarray([self._look_up(value) for value in values], dtype=np.float32)
        codes, found = pd.factorize(values)
        slots = np.asarray([*(self._look_up(value) for value in found), np.nan], dtype=np.float32)
        return slots[codes]

    def _look_up(self, value: Any) -> float:
        return self._code.get(value, float(len(self.values))) if isinstance(value, str) else float("nan")

    def state(self) -> dict[str, Any]:
        """The values in the order of their codes."""
        return {"values": self.values}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self._learn(list(state["values"]))
