"""Rows on disk as boosting libraries ask for them; neither is told more than a part at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.rows_on_disk import RowsOnDisk
from hortus.models.outputs import Outputs


def as_sequence(lgb: Any, rows: RowsOnDisk) -> Any:
    """Rows for LightGBM: it asks for single ones to find the bins by, and for some after each other to fill them."""

    class Sequence(lgb.Sequence):  # type: ignore[misc]
        batch_size = 20_000

        def __len__(self) -> int:
            return len(rows)

        def __getitem__(self, index: Any) -> NDArray[np.float64]:
            return np.asarray(rows.dense[index], dtype=np.float64)

    return Sequence()


def as_parts(xgb: Any, rows: RowsOnDisk, outputs: Outputs, kinds: list[str]) -> Any:
    """Rows for XGBoost: it goes through them a few times, to find the bins and to fill them.

    Args:
        xgb: the library.
        rows: to learn from.
        outputs: which classes they hold.
        kinds: of the columns, as XGBoost names them.
    """

    class Parts(xgb.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(release_data=True)
            self.reset()

        def next(self, input_data: Any) -> bool:
            part = next(self._left, None)
            if part is None:
                return False
            input_data(data=part.X.dense, label=outputs.targets(part), weight=part.weight, feature_types=kinds)
            return True

        def reset(self) -> None:
            self._left = rows.parts()

    return Parts()
