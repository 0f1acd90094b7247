"""What each column of a table holds, at a glance: its kind, its gaps, its histogram, and the question it would be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hortus.data.column import ColumnSchema
from hortus.data.infer import infer_schema
from hortus.data.schema import Schema
from hortus.data.target import prepare_target
from hortus.errors import HortusError
from hortus.explain.figures import number
from hortus.seeds import stream

if TYPE_CHECKING:
    import pandas as pd

# Rows that histograms and questions are taken from, and bars of a histogram.
SAMPLE = 20_000
BINS = 24
SHOWN = 3
DATE = "A moment in time is no class, and not a number either."


@dataclass(frozen=True)
class Question:
    """What predicting a column would be.

    Attributes:
        kind: binary, multiclass or regression; "" where it cannot be predicted.
        told: in words: "yes or no, 27 % yes"; or why it cannot be.
    """

    kind: Literal["", "binary", "multiclass", "regression"]
    told: str


@dataclass(frozen=True)
class ColumnProfile:
    """One column at a glance.

    Attributes:
        column: how it is read, and whether it is left out.
        missing: the share of cells without a value.
        distinct: how many different values the sampled rows have.
        counts: rows in each bar; empty where there is nothing to draw.
        low: what the first bar is, or the least value, in words.
        high: likewise the last.
        top: the most frequent values, of categories and the like.
        question: what predicting it would be.
    """

    column: ColumnSchema
    missing: float
    distinct: int
    counts: tuple[int, ...]
    low: str
    high: str
    top: tuple[str, ...]
    question: Question


def profiles(frame: pd.DataFrame, text: Iterable[str] = ()) -> tuple[list[ColumnProfile], int]:
    """Look at every column.

    Args:
        frame: as `read_table` gives it.
        text: columns that are read as free text, whatever they look like.

    Returns:
        A profile a column, and how many rows the histograms and questions are taken from.
    """
    schema, _ = infer_schema(frame, text=text)
    rows = len(frame)
    chosen = np.arange(rows) if rows <= SAMPLE else np.sort(stream(0, "profile").choice(rows, SAMPLE, replace=False))
    sample = frame if rows <= SAMPLE else frame.iloc[chosen]
    missing = frame.isna().mean().to_numpy()
    every = Schema(tuple(replace(column, role="feature") for column in schema.columns))
    # A column's own name may be there twice in no table: `read_table` sees to that.
    arrays, _ = every.read(sample)
    found = []
    for place, (column, values) in enumerate(zip(schema.columns, arrays, strict=True)):
        series = sample.iloc[:, place]
        counts, low, high, top, distinct = _drawn(column, values)
        share = float(missing[place])
        if column.kind in ("numeric", "date") and len(values):
            gaps = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)
            # What stands for a gap ("n/a", "?") is one too.
            share = max(share, float(gaps.mean()) if rows <= SAMPLE else share)
        asked = Question("", DATE) if column.kind == "date" else question(series, column.name)
        found.append(ColumnProfile(column, share, distinct, counts, low, high, top, asked))
    return found, len(sample)


def question(values: pd.Series[Any], name: str) -> Question:
    """What predicting a column would be, in words.

    >>> import pandas as pd
    >>> question(pd.Series(["yes", "no", "no", "no", "no", "yes", "no", "no"]), "churn").told
    'yes or no, 25 % yes'
    """
    try:
        found, _ = prepare_target(values, name=name)
    except HortusError as error:
        return Question("", error.what)
    task = found.task
    if task.kind == "regression":
        known = np.asarray(found.y, dtype=np.float64)
        return Question("regression", f"a number, {number(float(known.min()))} to {number(float(known.max()))}")
    labels = [str(label) for label in task.classes]
    if task.kind == "binary":
        # The rarer one is what is asked for: who leaves, what is faulty.
        share = float(np.mean(found.y))
        asked, other = (1, 0) if share <= 0.5 else (0, 1)
        share = share if share <= 0.5 else 1 - share
        return Question("binary", f"{labels[asked]} or {labels[other]}, {_percent(share)} {labels[asked]}")
    shown = ", ".join(labels[:SHOWN])
    more = f", … ({len(labels)} in all)" if len(labels) > SHOWN else ""
    return Question("multiclass", f"one of {shown}{more}")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.2g} %"


def _drawn(column: ColumnSchema, values: NDArray[Any]) -> tuple[tuple[int, ...], str, str, tuple[str, ...], int]:
    """Bars, what the first and the last are, the most frequent values, and how many there are."""
    import pandas as pd

    if column.kind == "date":
        known = values[~np.isnat(values)]
        moments = known.astype("datetime64[s]").astype(np.int64).astype(np.float64)
        # Over years, days would not fit under the bars.
        shown = 7 if len(known) and known.max() - known.min() > np.timedelta64(400, "D") else 10
        low, high = (str(known.min())[:shown], str(known.max())[:shown]) if len(known) else ("", "")
        return _bars(moments), low, high, (), len(np.unique(known))
    if column.kind == "numeric":
        known = values[np.isfinite(values)]
        low, high = (number(float(known.min())), number(float(known.max()))) if len(known) else ("", "")
        return _bars(known), low, high, (), len(np.unique(known))
    if column.kind == "boolean":
        known = values[~np.isnan(values)]
        counts = (int((known == 0).sum()), int((known == 1).sum()))
        return (
            counts,
            "no",
            "yes",
            ("yes", "no") if counts[1] > counts[0] else ("no", "yes"),
            len(np.unique(known)),
        )
    texts = pd.Series(values, dtype=object).dropna()
    if column.kind == "text":
        lengths = texts.map(len).to_numpy(dtype=np.float64)
        ends = (f"{int(lengths.min())}", f"{int(lengths.max())} letters") if len(lengths) else ("", "")
        return _bars(lengths), *ends, (), int(texts.nunique())
    often = texts.value_counts()
    top = tuple(str(label) for label in often.index[:SHOWN])
    first, last = (str(often.index[0]), str(often.index[min(BINS, len(often)) - 1])) if len(often) else ("", "")
    return tuple(int(n) for n in often.to_numpy()[:BINS]), first, last, top, len(often)


def _bars(known: NDArray[np.float64]) -> tuple[int, ...]:
    if not len(known):
        return ()
    distinct = np.unique(known)
    if len(distinct) <= BINS:
        return tuple(int(n) for n in np.unique(known, return_counts=True)[1])
    return tuple(int(n) for n in np.histogram(known, bins=BINS)[0])
