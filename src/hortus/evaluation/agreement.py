"""Do cheap scores rank candidates as full training does? Spearman's and Kendall's correlations, with intervals.

For the candidates of the user's own run that two fidelities or evaluators have both seen. Parameters and multiply-adds
are columns like any other: a score that ranks no better than they do is worth nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

# With fewer candidates than this a correlation says nothing.
LEAST = 8
# Below this a cheap fidelity misleads.
LOW = 0.5
AGREEMENT = (
    "cheap",
    "count",
    "spearman",
    "spearman_low",
    "spearman_high",
    "kendall",
    "kendall_low",
    "kendall_high",
)
# The 97.5 % quantile of the normal distribution.
NORMAL = 1.959963984540054


@dataclass(frozen=True)
class Correlation:
    """A rank correlation and its 95 % interval; all NaN where it is not known.

    Attributes:
        value: from -1 to 1.
        low: of the interval.
        high: of the interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """How alike two columns of scores rank the candidates that both have seen.

    Attributes:
        first: name of one column.
        second: name of the other.
        count: how many candidates both have seen.
        spearman: Spearman's rho.
        kendall: Kendall's tau-b.
    """

    first: str
    second: str
    count: int
    spearman: Correlation
    kendall: Correlation

    @property
    def known(self) -> bool:
        """Whether there are candidates enough, and differences among them."""
        return math.isfinite(self.spearman.value)

    @property
    def misleads(self) -> bool:
        """Whether one ranks worse by the other than is of use."""
        return self.known and self.spearman.value < LOW

    def describe(self) -> str:
        """One line for a person.

        >>> agreement("a", range(8), "b", range(8)).describe()
        'a and b, 8 candidates: Spearman 1.00 (0.90 to 1.00), Kendall 1.00 (0.88 to 1.00)'
        """
        said = f"{self.first} and {self.second}, {self.count} candidates: "
        if not self.known:
            return said + f"unknown (fewer than {LEAST}, or all alike)"
        parts = [
            f"{name} {found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
            for name, found in (("Spearman", self.spearman), ("Kendall", self.kendall))
        ]
        return said + ", ".join(parts)


def agreement(first: str, a: ArrayLike, second: str, b: ArrayLike) -> Agreement:
    """Compare two columns of scores.

    The intervals are Fisher's z with the variances of Bonett and Wright (2000, Psychometrika 65): (1 + rho^2 / 2) /
    (n - 3) for Spearman's, 0.437 / (n - 4) for Kendall's. Perfect agreement is taken as half a step short of it, since
    n candidates cannot tell the two apart.

    Args:
        first: name of one column.
        a: (n,) scores; NaN for a candidate that it has not seen.
        second: name of the other.
        b: (n,) likewise.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    n = len(x)
    unknown = Correlation(math.nan, math.nan, math.nan)
    if n < LEAST or len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return Agreement(first, second, n, unknown, unknown)
    from scipy.stats import kendalltau, spearmanr

    rho, tau = float(spearmanr(x, y).statistic), float(kendalltau(x, y).statistic)
    return Agreement(
        first,
        second,
        n,
        _bounded(rho, math.sqrt((1.0 + rho**2 / 2.0) / (n - 3)), 6.0 / (n * (n**2 - 1.0))),
        _bounded(tau, math.sqrt(0.437 / (n - 4)), 2.0 / (n * (n - 1.0))),
    )


def agreements(columns: Mapping[str, ArrayLike], *, against: str | None = None) -> list[Agreement]:
    """Every pair of columns; or all of them with one.

    Args:
        columns: (n,) scores of the same candidates, by name.
        against: the column that all others are compared with; None for all pairs.
    """
    names = list(columns)
    if against is not None:
        return [agreement(name, columns[name], against, columns[against]) for name in names if name != against]
    return [
        agreement(first, columns[first], second, columns[second])
        for place, first in enumerate(names)
        for second in names[place + 1 :]
    ]


def agreement_frame(found: Sequence[Agreement]) -> pd.DataFrame:
    """A row for each pair: ``cheap`` (the first of both), ``count``, ``spearman``, ``kendall`` with their intervals."""
    rows = [
        (one.first, one.count, *(end for c in (one.spearman, one.kendall) for end in (c.value, c.low, c.high)))
        for one in found
    ]
    return pd.DataFrame(rows, columns=list(AGREEMENT))


def spearman_table(columns: Mapping[str, ArrayLike]) -> pd.DataFrame:
    """Spearman's correlation between every two budgets, laid out as in Zela et al. (2018, table 2).

    Args:
        columns: (n,) scores of the same candidates, by the name of the budget, the smallest budget first; NaN for a
            candidate that did not come so far.

    Returns:
        A square frame: above the diagonal the correlations of those candidates that both budgets have seen, NaN where
        these are too few; 1 on the diagonal; NaN below it.

    >>> spearman_table({"1 epoch": range(8), "3 epochs": range(8)})
              1 epoch  3 epochs
    1 epoch       1.0       1.0
    3 epochs      NaN       1.0
    """
    names = list(columns)
    table = pd.DataFrame(np.where(np.eye(len(names)), 1.0, np.nan), index=names, columns=names)
    for one in agreements(columns):
        table.loc[one.first, one.second] = one.spearman.value
    return table


def stratified(scores: Sequence[float], count: int) -> NDArray[np.intp]:
    """Positions of ``count`` candidates from all over the ranking, the best first; the best and the worst among them.

    Winners alone would agree less than candidates do: what was chosen for being alike differs by noise.

    >>> stratified([0.1, 0.9, 0.5, 0.7, 0.3], 3)
    array([1, 2, 0])
    """
    known = np.flatnonzero(np.isfinite(np.asarray(scores, dtype=np.float64)))
    order = known[np.argsort(-np.asarray(scores, dtype=np.float64)[known], kind="stable")]
    if count >= len(order):
        return order
    places = np.unique(np.round(np.linspace(0, len(order) - 1, count)).astype(np.intp))
    found: NDArray[np.intp] = order[places]
    return found


def _bounded(value: float, error: float, step: float) -> Correlation:
    z = math.atanh(max(-1.0 + step, min(1.0 - step, value)))
    return Correlation(value, math.tanh(z - NORMAL * error), min(1.0, max(value, math.tanh(z + NORMAL * error))))
