"""The feature steps as parts of the graph: from what each has learned, as it is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hortus.deploy.onnx.graph import LARGEST, Graph, Sheet
from hortus.deploy.onnx.quantiles import normal_ranks
from hortus.features.layout import columns_from_state

State = dict[str, Any]
Convert = Callable[[Graph, Sheet, State, dict[str, Any]], Sheet]


def step(graph: Graph, name: str, X: Sheet, state: State, params: dict[str, Any]) -> Sheet:
    """A fitted step.

    Args:
        graph: to add to.
        name: in the table of steps.
        X: what it transforms.
        state: what it has learned.
        params: all its constructor's arguments.
    """
    return CONVERT[name](graph, X, state, params)


def _impute(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    gaps = graph.op("IsNaN", X.name)
    filled = graph.op("Where", gaps, graph.floats(state["fill"]), X.name)
    marked = state["marked"]
    if not len(marked):
        return Sheet(filled, X.width)
    flags = graph.op("IsNaN", graph.columns(X.name, marked))
    return Sheet(graph.beside([filled, graph.single(flags)]), X.width + len(marked))


def _onehot(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    width = len(columns_from_state(state["columns"]))
    parts = [graph.columns(X.name, state["numeric"])] if len(state["numeric"]) else []
    for i, slots in zip(state["categorical"].tolist(), state["slots"], strict=True):
        used = slots[slots >= 0]
        if len(used):
            level = graph.levels(graph.column(X.name, i), len(slots) - 1)
            slot = graph.op("Gather", graph.integers(slots[:, None]), level, axis=0)
            own = graph.integers(np.arange(used.min(), used.max() + 1)[None, :])
            parts.append(graph.single(graph.op("Equal", slot, own)))
    if not parts:
        return Sheet(graph.repeated(np.zeros(width, dtype=np.float32), X.name), width)
    return Sheet(graph.beside(parts), width)


def _looked_up(graph: Graph, X: Sheet, column: int, table: Any) -> str:
    """(n, t) rows of the (levels + 1, t) float32 ``table``, by a column's codes; the last for missing."""
    level = graph.levels(graph.column(X.name, column), len(table) - 1)
    return graph.op("Gather", graph.floats(table.reshape(len(table), -1)), level, axis=0)


def _count(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    positions = state["categorical"]
    found = [_looked_up(graph, X, i, t) for i, t in zip(positions.tolist(), state["shares"], strict=True)]
    return graph.replaced(X, positions, graph.beside(found)) if found else X


def _target(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    parts = [graph.columns(X.name, state["kept"])] if len(state["kept"]) else []
    for i, means in zip(state["chosen"].tolist(), state["means"], strict=True):
        parts.append(_looked_up(graph, X, i, means))
    return Sheet(graph.beside(parts), len(columns_from_state(state["columns"])))


def _ordinal(_graph: Graph, X: Sheet, _state: State, _: dict[str, Any]) -> Sheet:
    return X


def _scale(graph: Graph, X: Sheet, state: State, params: dict[str, Any]) -> Sheet:
    positions = state["numeric"]
    if not len(positions):
        return X
    values = graph.columns(X.name, positions)
    if params["method"] == "quantile":
        return graph.replaced(X, positions, normal_ranks(graph, values, state["grids"]))
    scaled = _centered(graph, values, state["centers"], state["factors"])
    if params["method"] == "robust":
        scaled = bent(graph, scaled)
    return graph.replaced(X, positions, graph.single(scaled))


def _common_scale(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    positions = state["numeric"]
    if not len(positions):
        return X
    scaled = _centered(graph, graph.columns(X.name, positions), state["centers"], state["factor"])
    return graph.replaced(X, positions, graph.single(scaled))


def _centered(graph: Graph, values: str, centers: Any, factors: Any) -> str:
    shifted = graph.op("Sub", graph.double(values), graph.doubles(centers))
    return graph.op("Mul", shifted, graph.doubles(factors))


def bent(graph: Graph, z: str) -> str:
    """Float64 numbers as z / sqrt(1 + (z / 3)^2)."""
    third = graph.op("Div", z, graph.doubles(3.0))
    squared = graph.op("Mul", third, third)
    return graph.op("Div", z, graph.op("Sqrt", graph.op("Add", graph.doubles(1.0), squared)))


def _arithmetic(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    signs = np.asarray(state["signs"])
    parts, order = [X.name], [np.arange(X.width)]
    for sign in sorted(set(state["signs"])):
        chosen = np.flatnonzero(signs == sign)
        left, right = (graph.double(graph.columns(X.name, state[side][chosen])) for side in ("left", "right"))
        parts.append(graph.single(_computed(graph, left, right, sign)))
        order.append(X.width + chosen)
    place = np.argsort(np.concatenate(order), kind="stable")
    return Sheet(graph.columns(graph.beside(parts), place), X.width + len(signs))


def _computed(graph: Graph, a: str, b: str, sign: str) -> str:
    if sign == "\\":
        a, b = b, a
    if sign in "+-*":
        found = graph.op({"+": "Add", "-": "Sub", "*": "Mul"}[sign], a, b)
    else:
        zero = graph.op("Equal", b, graph.doubles(0.0))
        nothing = graph.op("Where", graph.op("IsNaN", a), graph.doubles(np.nan), graph.doubles(0.0))
        found = graph.op("Where", zero, nothing, graph.op("Div", a, b))
    return graph.bounded(found, -LARGEST, LARGEST)


def _crosses(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    parts = [X.name]
    pairs = zip(state["left"].tolist(), state["right"].tolist(), state["sizes"].tolist(), strict=True)
    for (left, right, (first, second)), keys, codes in zip(pairs, state["keys"], state["codes"], strict=True):
        one = graph.levels(graph.columns(X.name, [left]), first)
        two = graph.levels(graph.columns(X.name, [right]), second)
        pair = graph.op("Add", graph.op("Mul", one, graph.integers(second + 1)), two)
        if len(keys):
            parts.append(graph.looked_up(pair, keys.astype(np.int64), codes[:-1].astype(np.float32), codes[-1]))
        else:
            parts.append(graph.repeated(codes.astype(np.float32), X.name))
    return Sheet(graph.beside(parts), X.width + len(parts) - 1)


def _groups(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    parts = [X.name]
    for group, value, statistic, table in zip(
        state["group"].tolist(), state["value"].tolist(), state["statistics"], state["tables"], strict=True
    ):
        found = _looked_up(graph, X, group, table)
        if statistic == "deviation":
            number = graph.double(graph.columns(X.name, [value]))
            off = graph.op("Sub", number, graph.double(found))
            found = graph.single(graph.bounded(off, -LARGEST, LARGEST))
        parts.append(found)
    return Sheet(graph.beside(parts), X.width + len(parts) - 1)


def _subset(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    kept = state["kept"]
    return X if len(kept) == X.width else Sheet(graph.columns(X.name, kept), len(kept))


def _pca(graph: Graph, X: Sheet, state: State, _: dict[str, Any]) -> Sheet:
    axes = state["axes"]
    parts = [graph.columns(X.name, state["kept"])] if len(state["kept"]) else []
    if axes.shape[1]:
        values = _centered(graph, graph.columns(X.name, state["numeric"]), state["centers"], state["factors"])
        values = graph.op("Where", graph.op("IsNaN", values), graph.doubles(0.0), values)
        parts.append(graph.single(graph.op("MatMul", values, graph.doubles(axes))))
    return Sheet(graph.beside(parts), len(state["kept"]) + axes.shape[1])


CONVERT: dict[str, Convert] = {
    "impute": _impute,
    "onehot": _onehot,
    "target": _target,
    "count": _count,
    "ordinal": _ordinal,
    "scale": _scale,
    "common_scale": _common_scale,
    "arithmetic": _arithmetic,
    "crosses": _crosses,
    "groups": _groups,
    "select": _subset,
    "variance": _subset,
    "pca": _pca,
}
