"""How the prediction goes with one column: partial dependence (Friedman 2001) and each row's own curve (ICE,
Goldstein et al. 2015).

The column takes one value after another in every row while the others stay, and each row is predicted by the pipelines
that did not learn from it. Where columns go together, some of these rows are such as never occur.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hortus.errors import SettingError
from hortus.explain.columns import SHAPELESS, class_code, kind_of
from hortus.explain.evidence import Evidence
from hortus.explain.variants import predict_variants
from hortus.seeds import stream

LEAST_ROWS = 20


@dataclass(frozen=True)
class Dependence:
    """The mean prediction, and each row's, over the values of a column.

    Attributes:
        column: its name.
        kind: how the grid is to be read; booleans are the numbers 0 and 1.
        grid: (g,) values: numbers ascending (float64), dates ascending (datetime64[us]), or categories (objects),
            the most frequent first and None, for missing, last.
        mean: (g,) of a regression or of the class that was asked for; (g, K) of all classes.
        ice: (r, g) or (r, g, K), the curve of each row.
        histogram: (g,) how many rows of the table have the category, or a value nearest to this number or date.
        rows: r.
        class_: the class that was asked for, or None.
    """

    column: str
    kind: Literal["number", "category", "date"]
    grid: NDArray[Any]
    mean: NDArray[np.float64]
    ice: NDArray[np.float64]
    histogram: NDArray[np.intp]
    rows: int
    class_: Any


def partial_dependence(
    evidence: Evidence,
    column: str,
    *,
    points: int = 20,
    rows: int = 200,
    class_: Any = None,
    seed: int = 0,
    seconds: float | None = None,
) -> Dependence:
    """Let a column take one value after another.

    Args:
        evidence: the model and its rows.
        column: of numbers, booleans, categories or dates.
        points: most values: quantiles of numbers, the most frequent categories, dates evenly apart.
        rows: how many rows' curves are averaged.
        class_: the class whose probability is wanted; None for all.
        seed: of the rows.
        seconds: about how long it may take; fewer rows are used to keep to it.

    Raises:
        SettingError: the model has no such column, it holds free text, or there is no such class.
    """
    kind = kind_of(evidence, column)
    if kind in SHAPELESS:
        raise SettingError(
            f"The column {column!r} holds {SHAPELESS[kind]}, which has no values to go through.",
            mend="Choose a column of numbers, categories or dates.",
            code="dependence-of-text",
        )
    code = None if class_ is None else class_code(evidence, class_)
    values = evidence.frame[column].to_numpy()
    grid, histogram = _categories(values, points) if kind == "categorical" else _line(values, points)
    chosen = stream(seed, "dependence").permutation(len(values))[:rows]
    if seconds is not None and len(grid):
        started = time.monotonic()
        predict_variants(evidence, chosen, [{}])
        passed = max(time.monotonic() - started, 1e-9)
        chosen = chosen[: max(LEAST_ROWS, int(len(chosen) * (seconds - passed) / (passed * len(grid))))]
    chosen = np.sort(chosen)
    made = [{column: np.full(len(chosen), value, dtype=values.dtype)} for value in grid]
    found = predict_variants(evidence, chosen, made) if made else predict_variants(evidence, chosen, [{}])[:0]
    ice = np.swapaxes(found, 0, 1)
    if code is not None:
        ice = ice[..., code]
    return Dependence(
        column=column,
        kind="category" if kind == "categorical" else "date" if kind == "date" else "number",
        grid=grid,
        mean=ice.mean(axis=0),
        ice=ice,
        histogram=histogram,
        rows=len(chosen),
        class_=class_,
    )


def _categories(values: NDArray[Any], points: int) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The most frequent values, and missing where there is any; how many rows have each."""
    missing = pd.isna(values)
    codes, found = pd.factorize(values[~missing])
    counts = np.bincount(codes, minlength=len(found))
    order = np.argsort(-counts, kind="stable")[: points - bool(missing.any())]
    grid = np.array([found[i] for i in order] + [None] * bool(missing.any()), dtype=object)
    return grid, np.append(counts[order], [int(missing.sum())] * bool(missing.any())).astype(np.intp)


def _line(values: NDArray[Any], points: int) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """All values where they are few, else quantiles of numbers and dates evenly apart; rows nearest to each."""
    present = values[~pd.isna(values)]
    moments = present.dtype.kind == "M"
    numbers = present.astype("datetime64[us]").astype(np.int64) if moments else present
    grid = np.unique(numbers)
    if len(grid) > points:
        # The outer hundredths would stretch the picture to where hardly a row is.
        if moments:
            first, last = np.quantile(numbers, [0.01, 0.99])
            grid = np.unique(np.linspace(float(first), float(last), points).astype(np.int64))
        else:
            grid = np.unique(np.quantile(numbers, np.linspace(0.01, 0.99, points)))
    between = grid[:-1] + (grid[1:] - grid[:-1]) / 2
    histogram = np.bincount(np.searchsorted(between, numbers), minlength=len(grid)).astype(np.intp)
    return grid.astype("datetime64[us]") if moments else grid, histogram
