"""What a CatBoost model holds, told by its own exports, and its statistics of categories as tables.

A statistic (ctr) is looked up by a hash of category values and of comparisons (Prokhorenkova et al. 2018, section 5;
the hashes and formulas are those of CatBoost's own JSON and Python exports). The codes being few, all their
combinations are hashed here, so that whoever asks the trees looks up a number of the combination instead.
"""

from __future__ import annotations

import ast
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.libraries import require

# Most combinations of one statistic's codes.
MOST_COMBINATIONS = 1_000_000
_MAGIC = np.uint64(0x4906BA494954CB65)


class UnlistedError(Exception):
    """A model that cannot be told in tables; says what of it, as the end of "not exported: …"."""


def exported(booster: Any, *, numbers: int, levels: Sequence[int]) -> tuple[dict[str, Any], list[NDArray[np.int64]]]:
    """CatBoost's own JSON, and for each column of categories the hashes of its codes.

    Args:
        booster: whose trees are symmetric.
        numbers: columns of numbers.
        levels: categories of each other column; a missing one is one more.

    Raises:
        UnlistedError: its trees are not symmetric, or the library does not tell the hashes.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "exported"
        booster.save_model(str(file), format="json")
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if "oblivious_trees" not in told:
            raise UnlistedError("trees that are not symmetric")
        if not levels:
            return told, []
        cb = require("catboost", "boost")
        codes = np.array([b"%d" % code for code in range(max(levels) + 1)], dtype=object)
        data = cb.FeaturesData(
            num_feature_data=np.zeros((len(codes), numbers), dtype=np.float32) if numbers else None,
            cat_feature_data=np.repeat(codes[:, None], len(levels), axis=1),
        )
        booster.save_model(str(file), format="python", pool=cb.Pool(data))
        found = re.search(r"cat_features_hashes = (\{.*?\})", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    if found is None:
        raise UnlistedError("this version of the library does not tell how it hashes categories")
    table = ast.literal_eval(found[1])
    every = np.array([table[code.decode()] for code in codes], dtype=np.int64)
    return told, [every[: count + 1] for count in levels]


def code_of(hashes: NDArray[np.int64], value: int) -> int:
    """The code with a hash; -1 where none has it."""
    found = np.flatnonzero(hashes == value)
    return int(found[0]) if len(found) else -1


def asked_statistic(info: dict[str, Any], split: dict[str, Any]) -> int:
    """The position of the statistic that a split asks: its number counts the borders of all features in turn.

    Args:
        info: ``features_info`` of the JSON.
        split: of a tree.

    Raises:
        UnlistedError: it asks something else.
    """
    number = int(split["split_index"])
    at = sum(len(one.get("borders") or []) for one in info.get("float_features", []))
    at += sum(len(one.get("values") or []) for one in info.get("categorical_features", []))
    for place, one in enumerate(info.get("ctrs", [])):
        at += len(one["borders"])
        if number < at:
            return place
    raise UnlistedError(f"a split of the kind {split['split_type']!r} without its feature")


def statistic(told: dict[str, Any], tables: dict[str, Any], parts: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """(m,) the statistic for every combination of its parts' levels, the last part's changing fastest.

    Args:
        told: one of ``ctrs`` of the JSON's ``features_info``.
        tables: the JSON's ``ctr_data``.
        parts: for each of its elements, (levels,) the numbers that are hashed.

    Raises:
        UnlistedError: there are too many combinations.
    """
    hashes = np.zeros(1, dtype=np.uint64)
    for part in parts:
        if len(hashes) * len(part) > MOST_COMBINATIONS:
            raise UnlistedError("statistics over too many combinations of categories to list")
        with np.errstate(over="ignore"):
            hashes = _MAGIC * (hashes[:, None] + _MAGIC * part.astype(np.uint64)[None, :])
        hashes = hashes.reshape(-1)
    return _looked_up(told, tables[told["identifier"]], hashes)


def _looked_up(told: dict[str, Any], table: dict[str, Any], hashes: NDArray[np.uint64]) -> NDArray[np.float32]:
    """(m,) the statistic of each hash, computed in single precision as CatBoost does."""
    stride = int(table["hash_stride"])
    rows = np.asarray(table["hash_map"], dtype=object).reshape(-1, stride)
    where = {int(row[0]): number for number, row in enumerate(rows)}
    counts = np.vstack([rows[:, 1:].astype(np.float64), np.zeros((1, stride - 1))])  # the last for what is not there
    found = counts[[where.get(value, len(rows)) for value in hashes.tolist()]]
    kind = told["ctr_type"]
    if kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        good, total = found[:, 0], found[:, 1]
    elif kind in ("Counter", "FeatureFreq"):
        good, total = found[:, 0], np.full(len(found), float(table["counter_denominator"]))
    elif kind == "Buckets":
        good, total = found[:, int(told["target_border_idx"])], found.sum(axis=1)
    else:
        good, total = found[:, int(told["target_border_idx"]) + 1 :].sum(axis=1), found.sum(axis=1)
    top = good.astype(np.float32) + np.float32(told["prior_numerator"])
    share = top / (total.astype(np.float32) + np.float32(told["prior_denomerator"]))
    scaled: NDArray[np.float32] = (share + np.float32(told["shift"])) * np.float32(told["scale"])
    return scaled
