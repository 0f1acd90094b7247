"""New columns made of pairs of columns."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from hortus.deploy.code.parts.constants import KIND
from hortus.deploy.code.parts.frames import beside, categorical, levels, numeric, to_category
from hortus.features.arithmetic import SIGNS
from hortus.features.arithmetic import _compute as computed
from hortus.features.arithmetic import _title as title_of
from hortus.features.crosses import CODES
from hortus.features.groups import STATISTICS
from hortus.features.groups import _off as off_by
from hortus.features.layout import distinct
from hortus.features.numbers import LARGEST
from hortus.features.relevance import best, bins, information, sample, target_bins


def most_telling(told: dict[str, float], names: list[str], most: int) -> list[str]:
    """The ``most`` names that say most of the target, in the order of ``names``."""
    chosen = sorted(names, key=lambda name: -told[name])[:most]
    return [name for name in names if name in chosen]


class Arithmetic(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Sums, differences, products and ratios of two numbers that say more of the target than either alone.

    Args:
        seed: of the rows they are judged on.
        n_new: most columns appended.
        without: beginnings of the names of columns that are not combined.
    """

    def __init__(self, seed: int, n_new: int = 10, without: tuple[str, ...] = ()) -> None:
        self.seed = seed
        self.n_new = n_new
        self.without = without

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Choose the pairs."""
        rows = sample(len(X), 3_000, self.seed)
        target = target_bins(y[rows], KIND)
        able = {name: X[name].to_numpy()[rows] for name in numeric(X) if not name.startswith(self.without)}
        told = {name: information(bins(column), target) for name, column in able.items()}
        found = []
        for left, right in combinations(most_telling(told, list(able), 10), 2):
            for sign in SIGNS:
                cells = bins(computed(able[left], able[right], sign))
                gain = information(cells, target) - max(told[left], told[right], 0.0)
                found.append((gain, (left, right, sign), cells))
        self.pairs = best(found, self.n_new)
        self.names = distinct([title_of(left, sign, right) for left, right, sign in self.pairs], X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """All columns, and the new ones."""
        new = [computed(X[left].to_numpy(), X[right].to_numpy(), sign) for left, right, sign in self.pairs]
        return beside(X, dict(zip(self.names, new, strict=True)))


class Groups(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A number's mean and spread among the rows of one category, and how far a row is off that mean.

    Args:
        seed: of the rows they are judged on.
        n_new: most columns appended.
        without: beginnings of the names of columns that are not used.
    """

    def __init__(self, seed: int, n_new: int = 6, without: tuple[str, ...] = ()) -> None:
        self.seed = seed
        self.n_new = n_new
        self.without = without

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Choose the statistics."""
        rows = sample(len(X), 3_000, self.seed)
        target = target_bins(y[rows], KIND)
        level = {name: levels(X[name])[rows] for name in categorical(X)}
        able = {name: X[name].to_numpy()[rows] for name in numeric(X) if not name.startswith(self.without)}
        told = {name: information(cells, target) for name, cells in level.items()}
        told_by = {name: information(bins(column), target) for name, column in able.items()}
        found = []
        for group in most_telling(told, list(level), 5):
            for value in most_telling(told_by, list(able), 6):
                mean, spread = (table[level[group]] for table in statistics(X[group], X[value]))
                for statistic in STATISTICS:
                    new = {"mean": mean, "spread": spread, "deviation": off_by(able[value], mean)}[statistic]
                    cells = bins(new)
                    found.append((information(cells, target), (group, value, statistic), cells))
        chosen = best(found, self.n_new)
        tables = [statistics(X[group], X[value])[statistic == "spread"] for group, value, statistic in chosen]
        self.chosen = [(*one, table) for one, table in zip(chosen, tables, strict=True)]
        self.names = distinct([f"{value} {statistic} by {group}" for group, value, statistic in chosen], X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """All columns, and the new ones."""
        new = []
        for group, value, statistic, table in self.chosen:
            found = table[levels(X[group])]
            new.append(off_by(X[value].to_numpy(), found) if statistic == "deviation" else found)
        return beside(X, dict(zip(self.names, new, strict=True)))


def statistics(group: pd.Series, value: pd.Series) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of a number for each category; the last is for a missing one."""
    size = len(group.cat.categories) + 1
    numbers = value.to_numpy().astype(np.float64)
    known = ~np.isnan(numbers)
    numbers, level = numbers[known], levels(group)[known]
    middle = numbers.mean() if len(numbers) else 0.0
    numbers = numbers - middle
    counts = np.bincount(level, minlength=size)
    n = np.maximum(counts, 1)
    mean = np.bincount(level, numbers, minlength=size) / n
    spread = np.sqrt(np.maximum(np.bincount(level, numbers * numbers, minlength=size) / n - mean * mean, 0.0))
    spread[counts == 0] = numbers.std() if len(numbers) else 0.0
    limit = (-LARGEST, LARGEST)
    return np.clip(mean + middle, *limit).astype(np.float32), np.clip(spread, *limit).astype(np.float32)


class Crosses(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Pairs of categories as new categories, where they say more of the target than either alone.

    Pairs seen once, and unseen ones, share the last code.
    """

    def __init__(self, seed: int, n_new: int = 4) -> None:
        self.seed = seed
        self.n_new = n_new

    def fit(self, X: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Choose the pairs and number them."""
        rows = sample(len(X), 10_000, self.seed)
        target = target_bins(y[rows], KIND)
        level = {name: levels(X[name])[rows] for name in categorical(X)}
        told = {name: information(cells, target) for name, cells in level.items()}
        found = []
        for left, right in combinations(most_telling(told, list(level), 10), 2):
            pair = level[left] * (len(X[right].cat.categories) + 1) + level[right]
            gain = information(pair, target) - max(told[left], told[right], 0.0)
            if gain > 0:
                found.append((gain, left, right))
        found.sort(key=lambda one: -one[0])
        self.pairs: list[tuple[str, str, dict[int, int]]] = []
        for _, left, right in found[: self.n_new]:
            keys, counts = np.unique(self._keys(X, left, right), return_counts=True)
            common = np.argsort(-counts, kind="stable")[: min(np.count_nonzero(counts > 1), CODES - 1)]
            self.pairs.append((left, right, {int(keys[i]): code for code, i in enumerate(common)}))
        self.names = distinct([f"{left} x {right}" for left, right, _ in self.pairs], X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """All columns, and the new ones."""
        new = {}
        for name, (left, right, codes) in zip(self.names, self.pairs, strict=True):
            found = [codes.get(key, len(codes)) for key in self._keys(X, left, right).tolist()]
            new[name] = to_category(np.array(found, dtype=np.float64), len(codes) + 1)
        return beside(X, new)

    def _keys(self, X: pd.DataFrame, left: str, right: str) -> NDArray[np.intp]:
        return levels(X[left]) * (len(X[right].cat.categories) + 1) + levels(X[right])
