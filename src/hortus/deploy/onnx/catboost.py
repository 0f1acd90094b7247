"""CatBoost's symmetric trees, and its statistics of categories as tables of every combination of codes.

A statistic (ctr) is looked up by a hash of category values and of comparisons (Prokhorenkova et al. 2018, section 5;
the hashes and formulas are those of CatBoost's own JSON and Python exports). The codes being few, all their
combinations are hashed here, and the graph looks up a number of the combination instead.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.forest import ABOVE, EQUAL, Tree, grow
from hortus.deploy.onnx.graph import Graph, Refused, Sheet
from hortus.deploy.onnx.outputs import logistic
from hortus.deploy.onnx.stored import Stored
from hortus.models.libraries import require

# Most combinations of one statistic's codes.
MOST_COMBINATIONS = 1_000_000
MAGIC = np.uint64(0x4906BA494954CB65)


def catboost(graph: Graph, X: Sheet, model: Stored) -> str:
    """The trees of ``booster.cbm``."""
    told, hashes = _told(model)
    if "oblivious_trees" not in told:
        raise Refused("learner 'catboost'", "trees that are not symmetric")
    features = _Features(graph, X, model.state, told["features_info"], hashes)
    statistics = [features.statistic(one, told["ctr_data"]) for one in features.info.get("ctrs", [])]
    columns = graph.beside([*features.parts, *statistics])
    outputs = model.outputs
    targets = outputs.count if outputs.count > 2 else 1
    scale, bias = told["scale_and_bias"]
    raw = _sums(graph, columns, [_tree(one, features, targets) for one in told["oblivious_trees"]], targets)
    raw = graph.op("Add", graph.op("Mul", raw, graph.doubles(scale)), graph.doubles(np.reshape(bias, (1, -1))))
    return raw if outputs.regression else logistic(graph, raw, outputs)


def _told(model: Stored) -> tuple[dict[str, Any], list[NDArray[np.int64]]]:
    """CatBoost's own JSON, and for each column of categories the hashes of its codes."""
    cb = require("catboost", "boost")
    booster = cb.CatBoost()
    booster.load_model(str(model.folder / "booster.cbm"), format="cbm")
    exported = model.folder / "exported"
    booster.save_model(str(exported), format="json")
    told: dict[str, Any] = json.loads(exported.read_text(encoding="utf-8"))
    levels = [int(count) for count in model.state["levels"]]
    if not levels:
        return told, []
    codes = np.array([b"%d" % code for code in range(max(levels) + 1)], dtype=object)
    numbers = np.zeros((len(codes), len(model.state["numbers"])), dtype=np.float32)
    data = cb.FeaturesData(
        num_feature_data=numbers if numbers.shape[1] else None,
        cat_feature_data=np.repeat(codes[:, None], len(levels), axis=1),
    )
    booster.save_model(str(exported), format="python", pool=cb.Pool(data))
    found = re.search(r"cat_features_hashes = (\{.*?\})", exported.read_text(encoding="utf-8"), flags=re.DOTALL)
    if found is None:
        raise Refused("learner 'catboost'", "this version of the library does not tell how it hashes categories")
    table = ast.literal_eval(found[1])
    every = np.array([table[code.decode()] for code in codes], dtype=np.int64)
    return told, [every[: count + 1] for count in levels]


@dataclass(frozen=True)
class _Question:
    """What one level of a tree asks of the columns that trees see."""

    column: int
    mode: int
    threshold: float
    missing: bool


class _Features:
    """The columns that trees see: numbers, codes (a missing one past the last), then statistics."""

    def __init__(
        self, graph: Graph, X: Sheet, state: dict[str, Any], info: dict[str, Any], hashes: list[NDArray[np.int64]]
    ) -> None:
        self.graph, self.info, self.hashes = graph, info, hashes
        numbers, codes = list(state["numbers"]), list(state["codes"])
        self.numbers = [graph.double(graph.columns(X.name, [i])) for i in numbers]
        self.codes = [
            graph.levels(graph.columns(X.name, [i]), int(count))
            for i, count in zip(codes, state["levels"], strict=True)
        ]
        self.parts = [*self.numbers, *(graph.double(code) for code in self.codes)]
        if not self.parts:
            self.parts = [graph.repeated(np.zeros(1), X.name)]
        self.floats = {int(one["feature_index"]): one for one in info.get("float_features", [])}

    def _code(self, column: int, value: int) -> int:
        """The code with a hash; -1 where none has it."""
        found = np.flatnonzero(self.hashes[column] == value)
        return int(found[0]) if len(found) else -1

    def question(self, split: dict[str, Any]) -> _Question:
        """A split as a question of one column; statistics are counted in the order of their splits' numbers."""
        kind = split["split_type"]
        if kind == "FloatFeature":
            column = int(split["float_feature_index"])
            missing = self.floats[column]["nan_value_treatment"] == "AsTrue"
            return _Question(column, ABOVE, float(np.float32(split["border"])), missing)
        if kind == "OneHotFeature":
            column = int(split["cat_feature_index"])
            code = self._code(column, int(split["value"]))
            return _Question(len(self.numbers) + column, EQUAL, float(code), missing=False)
        return _Question(self._place(split), ABOVE, float(np.float32(split["border"])), missing=False)

    def _place(self, split: dict[str, Any]) -> int:
        """The column of the statistic that a split asks: its number counts the borders of all features in turn."""
        number = int(split["split_index"])
        at = sum(len(one.get("borders") or []) for one in self.info.get("float_features", []))
        at += sum(len(one.get("values") or []) for one in self.info.get("categorical_features", []))
        for place, one in enumerate(self.info["ctrs"]):
            at += len(one["borders"])
            if number < at:
                return len(self.numbers) + len(self.codes) + place
        raise Refused("learner 'catboost'", f"a split of the kind {split['split_type']!r} without its feature")

    def statistic(self, told: dict[str, Any], tables: dict[str, Any]) -> str:
        """(n, 1) float64, looked up by the combination that a row has."""
        graph = self.graph
        hashes = np.zeros(1, dtype=np.uint64)
        where = ""
        for element in told["elements"]:
            levels, each = self._element(element)
            if len(hashes) * len(levels) > MOST_COMBINATIONS:
                raise Refused("learner 'catboost'", "statistics over too many combinations of categories to list")
            with np.errstate(over="ignore"):
                hashes = MAGIC * (hashes[:, None] + MAGIC * levels.astype(np.uint64)[None, :])
            hashes = hashes.reshape(-1)
            where = graph.op("Add", graph.op("Mul", where, graph.integers(len(levels))), each) if where else each
        values = _statistics(told, tables[told["identifier"]], hashes)
        return graph.op("Gather", graph.doubles(values), where, axis=0)

    def _element(self, element: dict[str, Any]) -> tuple[NDArray[np.int64], str]:
        """The numbers hashed for each of a part's levels, and the level that a row has."""
        graph, kind = self.graph, element["combination_element"]
        if kind == "cat_feature_value":
            column = int(element["cat_feature_index"])
            return self.hashes[column], self.codes[column]
        if kind == "cat_feature_exact_value":
            column = int(element["cat_feature_index"])
            code = self._code(column, int(element["value"]))
            return np.arange(2), graph.integer(graph.op("Equal", self.codes[column], graph.integers(code)))
        column = int(element["float_feature_index"])
        above = graph.op("Greater", self.numbers[column], graph.doubles(float(np.float32(element["border"]))))
        if self.floats[column]["nan_value_treatment"] == "AsTrue":
            above = graph.op("Or", above, graph.op("IsNaN", self.numbers[column]))
        return np.arange(2), graph.integer(above)


def _statistics(told: dict[str, Any], table: dict[str, Any], hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
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
    return ((share + np.float32(told["shift"])) * np.float32(told["scale"])).astype(np.float64)


@dataclass(frozen=True)
class _Symmetric:
    """One tree: a question a level, and (2^levels, targets) leaves; the first question is the lowest bit."""

    questions: list[_Question]
    leaves: NDArray[np.float64]

    def tree(self, leaves: NDArray[np.float64], target: int) -> Tree:
        """As any tree, every level's question asked by all its nodes."""
        depth = len(self.questions)
        if not depth:
            return Tree.leaf(float(leaves[0]), target)
        level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
        first = 2**level - 1
        prefix = np.arange(2**depth - 1) - first  # answers so far, the first question's the lowest bit
        node = np.arange(2**depth - 1)
        below = [2 ** (level + 1) - 1 + prefix + answer * 2**level for answer in (0, 1)]
        no, yes = (np.where(level == depth - 1, ~(prefix + a * 2**level), below[a]) for a in (0, 1))
        asked = [self.questions[k] for k in level[node]]
        return Tree(
            feature=np.array([one.column for one in asked], dtype=np.int64),
            mode=np.array([one.mode for one in asked], dtype=np.uint8),
            threshold=np.array([one.threshold for one in asked]),
            missing=np.array([one.missing for one in asked]),
            yes=yes,
            no=no,
            leaves=leaves,
            target=target,
        )


def _tree(told: dict[str, Any], features: _Features, targets: int) -> _Symmetric:
    leaves = np.asarray(told["leaf_values"], dtype=np.float64).reshape(-1, targets)
    return _Symmetric([features.question(split) for split in told.get("splits") or []], leaves)


def _sums(graph: Graph, columns: str, trees: list[_Symmetric], targets: int) -> str:
    if targets == 1:
        return grow(graph, columns, [tree.tree(tree.leaves[:, 0], 0) for tree in trees], 1)
    # A leaf of the operator has one number: here that of its row in a table, one output a tree.
    ends = np.cumsum([0, *(len(tree.leaves) for tree in trees)])
    numbered = [tree.tree(ends[t] + np.arange(len(tree.leaves), dtype=float), t) for t, tree in enumerate(trees)]
    where = graph.integer(grow(graph, columns, numbered, len(trees)))
    table = graph.doubles(np.concatenate([tree.leaves for tree in trees]))
    return graph.op("ReduceSum", graph.op("Gather", table, where, axis=0), graph.integers([1]), keepdims=0)
