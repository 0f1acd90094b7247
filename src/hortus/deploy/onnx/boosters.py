"""LightGBM's and XGBoost's trees, from the files that they are stored in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hortus.deploy.onnx.forest import AT_MOST, BELOW, MEMBER, Tree, grow
from hortus.deploy.onnx.graph import Graph, Refused, Sheet
from hortus.deploy.onnx.outputs import logistic
from hortus.deploy.onnx.stored import Stored

# LightGBM's decision_type: the lowest bit for categories, the next for where a missing value goes, then what counts
# as missing: nothing (NaN is 0), zero, or NaN.
CATEGORICAL, DEFAULT_LEFT = 1, 2
NONE_MISSING, ZERO_MISSING = 0, 1


def lightgbm(graph: Graph, X: Sheet, model: Stored) -> str:
    """The trees of ``booster.txt``."""
    text = (model.folder / "booster.txt").read_text(encoding="utf-8")
    head, *parts = text.split("\nTree=")
    told = _told(head)
    per_round = int(told["num_tree_per_iteration"])
    trees = [_lightgbm_tree(_told(part), number % per_round) for number, part in enumerate(parts)]
    rows = graph.double(X.name)
    raw = grow(graph, rows, trees, per_round) if trees else graph.repeated(np.zeros(per_round), X.name)
    if model.outputs.regression:
        return raw
    return logistic(graph, raw, model.outputs)


def _told(text: str) -> dict[str, str]:
    """Lines of ``name=value``; a tree's end at the first empty one, as the file's last is followed by others."""
    lines = text.split("\n\n")[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _lightgbm_tree(told: dict[str, str], target: int) -> Tree:
    def numbers(name: str, kind: type[Any]) -> NDArray[Any]:
        return np.asarray(told.get(name, "").split(), dtype=kind)

    leaves = numbers("leaf_value", np.float64)
    if told.get("is_linear", "0") != "0":
        raise Refused("lightgbm", "leaves that are linear models")
    if int(told["num_leaves"]) == 1:
        return Tree.leaf(float(leaves[0]), target)
    kinds = numbers("decision_type", np.int64)
    threshold = numbers("threshold", np.float64)
    categorical = (kinds & CATEGORICAL) > 0
    missing = (kinds >> 2) & 3
    if (missing[~categorical] == ZERO_MISSING).any():
        raise Refused("lightgbm", "trees that take zero for missing")
    # Where nothing counts as missing, a NaN is taken for 0; a category's NaN is in no set.
    left = np.where(missing == NONE_MISSING, threshold >= 0, (kinds & DEFAULT_LEFT) > 0) & ~categorical
    bounds, words = numbers("cat_boundaries", np.int64), numbers("cat_threshold", np.uint32)
    sets = [_set_bits(words[bounds[i] : bounds[i + 1]]) for i in threshold[categorical].astype(np.int64)]
    return Tree(
        feature=numbers("split_feature", np.int64),
        mode=np.where(categorical, MEMBER, AT_MOST).astype(np.uint8),
        threshold=np.where(categorical, 0.0, threshold),
        missing=left,
        yes=numbers("left_child", np.int64),
        no=numbers("right_child", np.int64),
        leaves=leaves,
        target=target,
        members=sets,
    )


def _set_bits(words: NDArray[np.uint32]) -> NDArray[np.float64]:
    bits = np.unpackbits(words.view(np.uint8), bitorder="little")
    return np.flatnonzero(bits).astype(np.float64)


def xgboost(graph: Graph, X: Sheet, model: Stored) -> str:
    """The trees of ``booster.json``."""
    learner = _learner(model.folder / "booster.json")
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise Refused("xgboost", f"a booster of the kind {booster['name']!r}")
    outputs = model.outputs
    targets = outputs.count if outputs.count > 2 else 1
    grown = booster["model"]
    trees = [_xgboost_tree(tree, int(t)) for tree, t in zip(grown["trees"], grown["tree_info"], strict=True)]
    base = np.asarray(json.loads(learner["learner_model_param"]["base_score"]), dtype=np.float64).reshape(-1)
    if not outputs.regression and targets == 1:
        base = np.log(base) - np.log1p(-base)
    raw = grow(graph, graph.double(X.name), trees, targets)
    raw = graph.op("Add", raw, graph.doubles(base.reshape(1, -1)))
    return raw if outputs.regression else logistic(graph, raw, outputs)


def _learner(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["learner"]
    return found


def _xgboost_tree(tree: dict[str, Any], target: int) -> Tree:
    left, right = (np.asarray(tree[f"{side}_children"], dtype=np.int64) for side in ("left", "right"))
    inner = left >= 0
    condition = np.asarray(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    leaves = condition[~inner]
    if not inner.any():
        return Tree.leaf(float(leaves[0]), target)
    # Numbers among inner nodes, and among leaves.
    number = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(~inner) - 1))
    categorical = np.asarray(tree["split_type"])[inner] == 1
    default_left = np.asarray(tree["default_left"])[inner] == 1
    sets = _xgboost_sets(tree)
    # A number below its threshold goes left; a category in the node's set goes right.
    yes = number[np.where(categorical, right[inner], left[inner])]
    no = number[np.where(categorical, left[inner], right[inner])]
    return Tree(
        feature=np.asarray(tree["split_indices"], dtype=np.int64)[inner],
        mode=np.where(categorical, MEMBER, BELOW).astype(np.uint8),
        threshold=np.where(categorical, 0.0, condition[inner]),
        missing=default_left ^ categorical,
        yes=yes,
        no=no,
        leaves=leaves,
        target=target,
        members=[sets[node] for node in np.flatnonzero(inner)[categorical].tolist()],
    )


def _xgboost_sets(tree: dict[str, Any]) -> dict[int, NDArray[np.float64]]:
    codes = np.asarray(tree["categories"], dtype=np.float64)
    segments = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    return {int(node): codes[begin : begin + size] for node, begin, size in segments}
