"""The target of further rows, coded as that of the rows that were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.task import Task
from hortus.errors import TargetError

if TYPE_CHECKING:
    import pandas as pd


def code_target(values: pd.Series[Any], task: Task) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Code labels or values as the task has them.

    Args:
        values: (n,) as they stand in the table.
        task: the classes, or that it is a regression.

    Returns:
        (n,) class codes as int64, or values as float64; and (n,) whether the row has a target that is known: it is not
        missing, is finite, and its class is one of the task's. Where it is not, the code says nothing.

    Raises:
        TargetError: the values of a regression are text, of which only the whole column tells how it is to be read.
    """
    import pandas as pd

    if task.kind == "regression":
        if values.dtype.kind not in "iufb":
            raise TargetError(
                f"The target {task.target!r} holds numbers as text.",
                mend="Write it as plain numbers.",
                code="target-not-numbers",
            )
        y = values.to_numpy(dtype=np.float64)
        known = np.isfinite(y)
        return np.where(known, y, 0.0), known
    where = {label: code for code, label in enumerate(task.classes)}
    text = all(isinstance(label, str) for label in task.classes)
    positions, distinct = pd.factorize(values)
    codes = np.empty(len(distinct) + 1, dtype=np.int64)
    # The last stands for missing cells, whose position is -1.
    codes[-1] = -1
    for i, value in enumerate(distinct):
        label = value.item() if isinstance(value, np.generic) else value
        # Labels of several types were all taken as text.
        codes[i] = where.get(label, where.get(str(label).strip(), -1) if text else -1)
    y = codes[positions]
    return np.maximum(y, 0), y >= 0
