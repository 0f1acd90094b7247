"""What the model says of the same rows with other values in some of their columns, many such changes at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.explain.evidence import Evidence

# Of one call: enough that its own cost is nothing beside theirs, few enough to be held.
ROWS_A_CALL = 20_000
CELLS_A_CALL = 4_000_000


def predict_variants(
    evidence: Evidence, rows: NDArray[np.intp], variants: Sequence[Mapping[str, NDArray[Any]]]
) -> NDArray[np.float64]:
    """Predict rows once for each way of changing them, by the pipelines that did not learn from them.

    Args:
        evidence: the model and its rows.
        rows: (r,) positions in ``evidence.frame``.
        variants: v mappings of a column to its (r,) new values, of the type that the column has in the frame.

    Returns:
        (v, r, K) probabilities or (v, r) values.
    """
    base = evidence.frame.iloc[rows]
    folds = evidence.folds[evidence.rows[rows]]
    most = min(ROWS_A_CALL, CELLS_A_CALL // max(1, base.shape[1]))
    a_call = max(1, most // max(1, len(rows)))
    made = []
    for start in range(0, len(variants), a_call):
        some = variants[start : start + a_call]
        frame = pd.concat([base] * len(some), ignore_index=True) if len(some) > 1 else base.reset_index(drop=True)
        for column in sorted({column for variant in some for column in variant}):
            kept = base[column].to_numpy()
            values = np.concatenate([variant.get(column, kept) for variant in some])
            # Told nothing, pandas would make strings of its own kind out of objects.
            frame[column] = pd.Series(values, dtype=evidence.frame[column].dtype)
        found = evidence.predictor.out_of_fold(frame, np.tile(folds, len(some)))
        made.append(found.reshape(len(some), len(rows), *found.shape[1:]))
    return np.concatenate(made)
