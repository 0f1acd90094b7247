"""A table's columns as a script names them."""

from __future__ import annotations

import re
from typing import Any

from hortus.data.column import ColumnSchema
from hortus.deploy.code.literal import Call
from hortus.deploy.code.names import COLUMNS
from hortus.ensemble.predictor import Predictor

# What a file's reader would take for the number 123.
_LEADING_ZERO = re.compile(r"[+-]?0\d")


def column_calls(predictor: Predictor) -> dict[str, Call]:
    """For each column that the model sees, by name, the call that makes its reader."""
    states = predictor.encoder.state()["encoders"]
    pairs = zip(predictor.schema.features, states, strict=True)
    return {column.name: _call(column, state) for column, state in pairs}


def _call(column: ColumnSchema, state: dict[str, Any]) -> Call:
    if column.kind == "numeric" and "number" in column.detail:
        return Call("WrittenNumber", options={"decimal": column.number.decimal, "unit": column.number.unit})
    options: dict[str, Any] = {}
    if column.kind == "categorical" and any(map(_LEADING_ZERO.match, state["values"])):
        options = {"as_text": True}
    elif column.kind == "date" and column.detail.get("dayfirst"):
        options = {"dayfirst": True}
    elif column.kind == "text":
        options = {"width": int(state["width"])} | ({"seed": int(state["seed"])} if state["seed"] else {})
    return Call(COLUMNS[column.kind], options=options)
