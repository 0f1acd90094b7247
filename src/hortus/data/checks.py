"""What should be looked at before the scores are believed: copies of the target, and rows that come twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.facts import Kind
from hortus.data.notes import Note

if TYPE_CHECKING:
    import pandas as pd

# A number that follows the target more closely than this is the target.
COPY_CORRELATION = 1 - 1e-9
# From this share of repeated rows on, scores may be too good.
REPEATED_SHARE = 0.01
# Repeated rows are not looked for in tables of more cells; it would take seconds.
REPEATED_MOST_CELLS = 20_000_000


def check_table(frame: pd.DataFrame, y: NDArray[Any], kind: Kind) -> list[Note]:
    """Look for columns that give the target away, and for repeated rows.

    Args:
        frame: (n, p) the canonical frame, as `Schema.apply` makes it, of the rows whose target is known.
        y: (n,) class codes or values.
        kind: the task.
    """
    notes = [_copy_note(str(name)) for i, name in enumerate(frame.columns) if _gives_away(frame.iloc[:, i], y, kind)]
    return notes + _repeated(frame, y)


def _copy_note(name: str) -> Note:
    return Note(
        code="column-is-target",
        what=f"Column {name!r} tells the target exactly.",
        place=name,
        mend="Kept; leave it out with ignore=[…] if it is not known when predicting.",
        warning=True,
    )


def _gives_away(column: pd.Series, y: NDArray[Any], kind: Kind) -> bool:
    if kind == "regression":
        if column.dtype.kind != "f":
            return False
        values = column.to_numpy()
        there = ~np.isnan(values)
        if there.sum() < max(10, 0.5 * len(y)):
            return False
        x, z = values[there] - values[there].mean(), y[there] - y[there].mean()
        scale = float(np.sqrt((x @ x) * (z @ z)))
        return scale > 0 and abs(float(x @ z)) > COPY_CORRELATION * scale
    import pandas as pd

    # A glance at the first rows spares most columns the rest.
    head = pd.factorize(column.iloc[:200])[0]
    if len(set(zip(head.tolist(), y[:200].tolist(), strict=True))) > len(set(head.tolist())):
        return False
    codes, distinct = pd.factorize(column)
    classes = int(y.max()) + 1
    if len(distinct) != classes or len(y) < 5 * classes:
        return False
    table = np.zeros((classes, classes), dtype=np.int64)
    known = codes >= 0
    if known.mean() < 0.5:
        return False
    np.add.at(table, (codes[known], y[known]), 1)
    return bool(((table > 0).sum(axis=0) == 1).all() and ((table > 0).sum(axis=1) == 1).all())


def _repeated(frame: pd.DataFrame, y: NDArray[Any]) -> list[Note]:
    if frame.empty or frame.size > REPEATED_MOST_CELLS:
        return []
    import pandas as pd

    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    pairs = np.lexsort((y, hashes))
    same = (hashes[pairs][1:] == hashes[pairs][:-1]) & (y[pairs][1:] == y[pairs][:-1])
    count = int(same.sum())
    if not count:
        return []
    return [
        Note(
            code="rows-repeated",
            what=f"{count} of {len(y)} rows repeat another, target and all, so both sides of a split may hold them.",
            mend="Kept; give groups=… to keep together what belongs together.",
            warning=count >= REPEATED_SHARE * len(y),
        )
    ]
