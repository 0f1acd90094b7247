"""CatBoost's symmetric trees as arrays, for few rows: the library fills a container and starts a pool for every call.

All nodes of one level of a symmetric tree ask the same, so that a tree of depth d is d questions and 2^d leaves, and
the answers are the bits of the leaf's number. Every question is made one of the kind "is this cell above this border",
so that all questions of all trees are one comparison of arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.models.catboost_tables import UnlistedError, asked_statistic, code_of, exported, statistic

# Most numbers in the tables of all statistics together.
MOST_LISTED = 2_000_000


class SymmetricTrees:
    """The trees of one model.

    Args:
        booster: of CatBoost.
        numbers: its columns of numbers.
        levels: categories of each further column; a missing one is one more.

    Raises:
        UnlistedError: it cannot be told in tables of a moderate size.
    """

    def __init__(self, booster: Any, *, numbers: int, levels: list[int]) -> None:
        told, hashes = exported(booster, numbers=numbers, levels=levels)
        info = told["features_info"]
        self._missing_above = np.zeros(numbers, dtype=bool)
        for one in info.get("float_features", []):
            self._missing_above[int(one["feature_index"])] = one["nan_value_treatment"] == "AsTrue"
        signs = _Signs(hashes)
        parts = [[signs.part(element) for element in one["elements"]] for one in info.get("ctrs", [])]
        tables = [
            statistic(one, told["ctr_data"], [part.hashed for part in some])
            for one, some in zip(info.get("ctrs", []), parts, strict=True)
        ]
        sizes = np.array([len(table) for table in tables], dtype=np.int64)
        if sizes.sum() > MOST_LISTED:
            raise UnlistedError("statistics over too many combinations of categories to list")
        self._tables = np.concatenate([np.zeros(0, dtype=np.float32), *tables])
        self._table_at = np.cumsum(sizes) - sizes
        questions: list[tuple[dict[str, Any], tuple[int, float] | None]] = []
        bits, starts, leaves, constant = [], [], [], 0.0
        scale, bias = told["scale_and_bias"]
        for tree in told["oblivious_trees"]:
            values = np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, len(bias))
            splits = tree.get("splits") or []
            if not splits:  # a leaf alone
                constant = constant + values[0]
                continue
            starts.append(len(questions))
            questions += [(split, signs.question(split)) for split in splits]
            bits += [1 << level for level in range(len(splits))]
            leaves.append(values)
        # Beside each other stand the numbers, then the signs of equality, then the statistics.
        before = {"FloatFeature": 0, "OneHotFeature": numbers}
        behind = numbers + len(signs.equal)
        asked = [
            (before[split["split_type"]] + question[0], question[1])
            if question is not None
            else (behind + asked_statistic(info, split), split["border"])
            for split, question in questions
        ]
        self._column = np.array([column for column, _ in asked], dtype=np.intp)
        self._border = np.array([border for _, border in asked], dtype=np.float32)
        self._bit = np.array(bits, dtype=np.intp)
        self._start = np.array(starts, dtype=np.intp)
        ends = np.cumsum([len(values) for values in leaves], dtype=np.intp)
        self._leaf_at = ends - np.array([len(values) for values in leaves], dtype=np.intp)
        self._leaves = np.concatenate([np.zeros((0, len(bias))), *leaves])
        self._scale = float(scale)
        self._bias: NDArray[np.float64] = np.asarray(bias, dtype=np.float64) + scale * constant
        # An index into all tables is a sum of levels, each times its stride.
        self._strides = np.zeros((signs.width(len(levels)), len(tables)), dtype=np.int64)
        for place, some in enumerate(parts):
            stride = 1
            for part in reversed(some):
                self._strides[part.column(len(levels), len(signs.equal)), place] += stride
                stride *= len(part.hashed)
        self._equal_column, self._equal_code = _two(signs.equal, np.int64)
        self._above_column, self._above_border = _two(signs.above, np.float32)

    def raw(self, numbers: NDArray[np.float32], codes: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n, targets) sums of leaves.

        Args:
            numbers: (n, numbers) in the model's order; NaN where missing.
            codes: (n, columns of categories), below their counts; where missing, the count.
        """
        filled = np.where(np.isnan(numbers) & self._missing_above, np.float32(np.inf), numbers)
        equal = codes[:, self._equal_column] == self._equal_code
        above = filled[:, self._above_column] > self._above_border
        levels = np.concatenate([codes, equal, above], axis=1, dtype=np.int64)
        statistics = self._tables[levels @ self._strides + self._table_at]
        cells = np.concatenate([filled, equal, statistics], axis=1, dtype=np.float32)
        if not len(self._start):
            return np.repeat(self._bias[None, :], len(cells), axis=0)
        answers = cells[:, self._column] > self._border
        leaf = np.add.reduceat(answers * self._bit, self._start, axis=1) + self._leaf_at
        # Added up in the trees' order, as the library does, they come to the same sum to the last bit.
        sums: NDArray[np.float64] = np.add.accumulate(self._leaves[leaf], axis=1)
        return sums[:, -1] * self._scale + self._bias


@dataclass(frozen=True)
class _Part:
    """An element of a statistic.

    Attributes:
        kind: a code, a sign of equality or a sign of being above.
        place: among those of its kind.
        hashed: (levels,) the number that is hashed for each level.
    """

    kind: str
    place: int
    hashed: NDArray[np.int64]

    def column(self, codes: int, equal: int) -> int:
        """Where it stands beside the others: codes, then signs of equality, then of being above."""
        return {"code": 0, "equal": codes, "above": codes + equal}[self.kind] + self.place


class _Signs:
    """What is asked of a row besides its own numbers and codes: whether a code is this one, a number above that.

    Args:
        hashes: for each column of categories, (levels,) those of its codes.
    """

    def __init__(self, hashes: list[NDArray[np.int64]]) -> None:
        self._hashes = hashes
        self.equal: dict[tuple[int, float], int] = {}
        self.above: dict[tuple[int, float], int] = {}

    def width(self, codes: int) -> int:
        """Codes and signs together."""
        return codes + len(self.equal) + len(self.above)

    def question(self, split: dict[str, Any]) -> tuple[int, float] | None:
        """Column among its kind, and border, of a split by a number or by a category; None for one by a statistic."""
        if split["split_type"] == "FloatFeature":
            return int(split["float_feature_index"]), float(split["border"])
        if split["split_type"] == "OneHotFeature":
            return self._equal(int(split["cat_feature_index"]), int(split["value"])), 0.5
        return None

    def part(self, element: dict[str, Any]) -> _Part:
        """An element of a statistic as the JSON tells it."""
        kind = element["combination_element"]
        if kind == "cat_feature_value":
            column = int(element["cat_feature_index"])
            return _Part("code", column, self._hashes[column])
        if kind == "cat_feature_exact_value":
            place = self._equal(int(element["cat_feature_index"]), int(element["value"]))
            return _Part("equal", place, np.arange(2))
        key = int(element["float_feature_index"]), float(element["border"])
        return _Part("above", self.above.setdefault(key, len(self.above)), np.arange(2))

    def _equal(self, column: int, value: int) -> int:
        return self.equal.setdefault((column, code_of(self._hashes[column], value)), len(self.equal))


def _two(signs: dict[tuple[int, float], int], dtype: Any) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Columns and bounds, in the signs' order."""
    return np.array([c for c, _ in signs], dtype=np.intp), np.array([bound for _, bound in signs], dtype=dtype)
