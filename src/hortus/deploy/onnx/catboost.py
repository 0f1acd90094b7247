"""CatBoost's symmetric trees, and its statistics of categories as tables of every combination of codes.

The tables are `hortus.models.catboost_tables`'s; the graph looks up a number of the combination in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.forest import ABOVE, EQUAL, Tree, grow
from hortus.deploy.onnx.graph import Graph, Refused, Sheet
from hortus.deploy.onnx.outputs import logistic
from hortus.deploy.onnx.stored import Stored
from hortus.libraries import require
from hortus.models.catboost_tables import UnlistedError, asked_statistic, code_of, exported, statistic


def catboost(graph: Graph, X: Sheet, model: Stored) -> str:
    """The trees of ``booster.cbm``.

    Raises:
        Refused: they cannot be told in tables.
    """
    try:
        return _graph(graph, X, model)
    except UnlistedError as error:
        raise Refused("learner 'catboost'", str(error)) from error


def _graph(graph: Graph, X: Sheet, model: Stored) -> str:
    booster = require("catboost", "boost").CatBoost()
    booster.load_model(str(model.folder / "booster.cbm"), format="cbm")
    levels = [int(count) for count in model.state["levels"]]
    told, hashes = exported(booster, numbers=len(model.state["numbers"]), levels=levels)
    features = _Features(graph, X, model.state, told["features_info"], hashes)
    statistics = [features.statistic(one, told["ctr_data"]) for one in features.info.get("ctrs", [])]
    columns = graph.beside([*features.parts, *statistics])
    outputs = model.outputs
    targets = outputs.count if outputs.count > 2 else 1
    scale, bias = told["scale_and_bias"]
    raw = _sums(graph, columns, [_tree(one, features, targets) for one in told["oblivious_trees"]], targets)
    raw = graph.op("Add", graph.op("Mul", raw, graph.doubles(scale)), graph.doubles(np.reshape(bias, (1, -1))))
    return raw if outputs.regression else logistic(graph, raw, outputs)


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

    def question(self, split: dict[str, Any]) -> _Question:
        """A split as a question of one column; statistics are counted in the order of their splits' numbers."""
        kind = split["split_type"]
        if kind == "FloatFeature":
            column = int(split["float_feature_index"])
            missing = self.floats[column]["nan_value_treatment"] == "AsTrue"
            return _Question(column, ABOVE, float(np.float32(split["border"])), missing)
        if kind == "OneHotFeature":
            column = int(split["cat_feature_index"])
            code = code_of(self.hashes[column], int(split["value"]))
            return _Question(len(self.numbers) + column, EQUAL, float(code), missing=False)
        column = len(self.numbers) + len(self.codes) + asked_statistic(self.info, split)
        return _Question(column, ABOVE, float(np.float32(split["border"])), missing=False)

    def statistic(self, told: dict[str, Any], tables: dict[str, Any]) -> str:
        """(n, 1) float64, looked up by the combination that a row has."""
        graph = self.graph
        parts, where = [], ""
        for element in told["elements"]:
            levels, each = self._element(element)
            parts.append(levels)
            where = graph.op("Add", graph.op("Mul", where, graph.integers(len(levels))), each) if where else each
        values = statistic(told, tables, parts).astype(np.float64)
        return graph.op("Gather", graph.doubles(values), where, axis=0)

    def _element(self, element: dict[str, Any]) -> tuple[NDArray[np.int64], str]:
        """The numbers hashed for each of a part's levels, and the level that a row has."""
        graph, kind = self.graph, element["combination_element"]
        if kind == "cat_feature_value":
            column = int(element["cat_feature_index"])
            return self.hashes[column], self.codes[column]
        if kind == "cat_feature_exact_value":
            column = int(element["cat_feature_index"])
            code = code_of(self.hashes[column], int(element["value"]))
            return np.arange(2), graph.integer(graph.op("Equal", self.codes[column], graph.integers(code)))
        column = int(element["float_feature_index"])
        above = graph.op("Greater", self.numbers[column], graph.doubles(float(np.float32(element["border"]))))
        if self.floats[column]["nan_value_treatment"] == "AsTrue":
            above = graph.op("Or", above, graph.op("IsNaN", self.numbers[column]))
        return np.arange(2), graph.integer(above)


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
