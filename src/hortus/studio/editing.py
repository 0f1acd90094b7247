"""What a person changes in a table before a model is made of it: kinds of columns, and rows that are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hortus.data.cells import truth
from hortus.data.numbers import guess
from hortus.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Edits:
    """All changes of a table; the file as it came stays as it is.

    Attributes:
        kinds: how columns are to be read, by name: numeric, boolean, categorical, date.
        rows: names in `ROWS`, in the order in which they are done.
        target: the column to predict, which some of ``rows`` look at.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[str] = ()
    target: str | None = None

    def __bool__(self) -> bool:
        return bool(self.kinds or self.rows)


def edited(frame: pd.DataFrame, edits: Edits) -> pd.DataFrame:
    """The table with every change made.

    Args:
        frame: as `read_table` gives it; it is not changed.
        edits: the changes. Columns that are not there any more are passed over.

    Raises:
        InputError: a column cannot be read as asked.
    """
    made = {name: read_as(frame[name], kind) for name, kind in edits.kinds.items() if name in frame.columns}
    frame = frame.assign(**made) if made else frame
    if edits.target in frame.columns:
        for name in edits.rows:
            frame = ROWS[name](frame, str(edits.target))
    return frame.reset_index(drop=True)


def read_as(values: pd.Series[Any], kind: str) -> pd.Series[Any]:
    """A column read as another kind than was guessed; cells that cannot be are missing.

    Raises:
        InputError: most of its cells cannot be.
    """
    made = _READERS[kind](values)
    if made.notna().sum() < values.notna().sum() / 2:
        words = {"numeric": "numbers", "date": "dates"}.get(kind, kind)
        raise InputError(
            f"Most cells of column {values.name!r} are no {words}.", mend="Leave it as it was.", code="column-kind"
        )
    made.name = values.name
    return made


def _as_category(values: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(pd.Categorical(values.map(_label, na_action="ignore")), index=values.index)


def _as_number(values: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    made: Any = pd.to_numeric(values, errors="coerce")
    known = values.notna()
    if made.notna().sum() < known.sum():
        # Decimal commas, units, currencies.
        texts = values[known].map(str)
        found = guess(list(texts.unique()))
        if found is not None:
            made = pd.Series(found.format.parse(list(texts)), index=texts.index).reindex(values.index)
    return pd.Series(made.astype("float64"))


def _as_date(values: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    made: Any = pd.to_datetime(values.map(str, na_action="ignore"), errors="coerce", format="mixed", utc=True)
    return pd.Series(made.dt.tz_localize(None))


def _as_truth(values: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    known = values.notna()
    distinct = values[known].unique()
    if len(distinct) != 2:
        raise InputError(
            f"Column {values.name!r} has {len(distinct)} different values, and yes / no has two.",
            mend="Read it as a category.",
            code="column-kind",
        )
    truths = {value: truth(value) for value in distinct}
    if set(truths.values()) != {0.0, 1.0}:
        # Neither is a word for yes: the second one is.
        truths = dict(zip(sorted(distinct, key=str), (0.0, 1.0), strict=True))
    return pd.Series((values.map(truths) == 1.0).astype("boolean").where(known))


# A kind -> how cells are read as it.
_READERS: dict[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
    "categorical": _as_category,
    "numeric": _as_number,
    "date": _as_date,
    "boolean": _as_truth,
}


def _label(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _without_repeats(frame: pd.DataFrame, _target: str) -> pd.DataFrame:
    return frame[~frame.duplicated().to_numpy()]


def _without_conflicts(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Rows with equal features keep the answer that most of them have; the others go."""
    import pandas as pd

    features = [name for name in frame.columns if name != target]
    # Codes, so that missing cells are equal to each other.
    codes = pd.DataFrame({name: pd.factorize(frame[name])[0] for name in features})
    group = codes.groupby(features, sort=False).ngroup().to_numpy()
    answer = pd.factorize(frame[target])[0]
    pairs = pd.DataFrame({"group": group, "answer": answer})
    times = pairs.groupby(["group", "answer"])["answer"].transform("size")
    usual = (
        pairs.assign(times=times)
        .sort_values("times", ascending=False, kind="stable")
        .groupby("group")["answer"]
        .first()
    )
    kept: pd.DataFrame = frame.loc[answer == usual.to_numpy()[usual.index.get_indexer(pd.Index(group))]]
    return kept


def _without_single_classes(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    times = frame[target].map(frame[target].value_counts())
    return frame[(times.isna() | (times > 1)).to_numpy()]


def _labels_alike(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Spellings that differ in case, spaces or a final point become the most frequent of them."""
    texts = frame[target].map(str, na_action="ignore")
    key = texts.map(lambda text: " ".join(text.casefold().strip().rstrip(".").split()), na_action="ignore")
    usual = texts.groupby(key).agg(lambda spelled: spelled.value_counts().index[0])
    return frame.assign(**{target: key.map(usual)})


def _without_far(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    return frame[~_far(frame[target].to_numpy(dtype=np.float64))]


def _far(y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What the check of the target's values calls far from the rest."""
    from hortus.data.checks.target_values import OUTLYING, distance

    known = np.isfinite(y)
    far = np.zeros(len(y), dtype=bool)
    far[known] = distance(y[known]) > OUTLYING
    return far


def _without_limits(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Without the rows at the one value that is far too frequent: the least or the greatest."""
    y: NDArray[np.float64] = frame[target].to_numpy(dtype=np.float64)
    low, high = y == np.nanmin(y), y == np.nanmax(y)
    kept: pd.DataFrame = frame.loc[~(high if high.sum() >= low.sum() else low)]
    return kept


# What can be done with rows -> how.
ROWS: dict[str, Callable[[pd.DataFrame, str], pd.DataFrame]] = {
    "labels-alike": _labels_alike,
    "no-repeats": _without_repeats,
    "no-conflicts": _without_conflicts,
    "no-single-classes": _without_single_classes,
    "no-outliers": _without_far,
    "no-limits": _without_limits,
}
