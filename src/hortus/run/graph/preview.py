"""What a person is shown after every node: the first rows, what the columns hold, and how much is missing."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd

from hortus.data.infer import infer_schema
from hortus.errors import HortusError
from hortus.explain.metric_words import words
from hortus.run.graph.deploying import Deployment
from hortus.run.graph.features import Features, features_of
from hortus.run.graph.learners import Trained
from hortus.run.graph.scores import Comparison, Scores
from hortus.run.graph.splits import Split
from hortus.run.graph.tables import Table

ROWS = 50
# Columns that are shown one by one.
COLUMNS = 200
LONG = 120
Preview = dict[str, Any]


@singledispatch
def preview(value: Any) -> Preview:
    """A value of a graph as JSON.

    Returns:
        ``kind``, ``facts`` (pairs of a word and a value), and for rows ``columns`` ({name, type, missing}), ``rows``
        (lists of cells) and ``more`` (how many columns are not shown).

    Raises:
        TypeError: it is no value of a graph.
    """
    raise TypeError(f"A {type(value).__name__} has no preview.")


@preview.register
def _(value: Table) -> Preview:
    frame = value.frame
    types = _types(value)
    shown = frame.iloc[:ROWS, :COLUMNS]
    columns = [
        {"name": name, "type": types.get(name, "text"), "missing": int(frame.iloc[:, i].isna().sum())}
        for i, name in enumerate(value.names[:COLUMNS])
    ]
    facts: list[list[Any]] = [["Rows", len(frame)], ["Columns", frame.shape[1]], ["To predict", value.target]]
    if value.ignore:
        facts.append(["Left out", ", ".join(value.ignore)])
    return _rows("table", facts, columns, shown, frame.shape[1], len(frame))


@preview.register
def _(value: Split) -> Preview:
    found: Preview = preview(features_of(value))
    data = value.data
    learned = len(data.train_rows(0))
    facts: list[list[Any]] = [["To predict", value.task.target], ["Kind", _KINDS[value.task.kind]]]
    if value.folds == 1:
        facts += [["Rows to learn from", learned], ["Rows to judge by", len(value.test)]]
    else:
        facts += [["Folds", value.folds], ["Rows", len(data)]]
    facts.append(["Judged by", words(value.task.metric).name])
    return {**found, "kind": "split", "facts": facts}


@preview.register
def _(value: Features) -> Preview:
    X = value.train[0]
    rows = value.split.data.train_rows(0)[:ROWS]
    names = _category_names(value)
    columns = []
    cells: dict[str, Any] = {}
    for i, column in enumerate(X.columns[:COLUMNS]):
        values = X.dense[:ROWS, i]
        known = names.get(column.name) if column.categories else None
        if known is not None:
            cells[column.name] = [_named(code, known) for code in values]
        else:
            cells[column.name] = values
        columns.append(
            {
                "name": column.name,
                "type": "category" if column.categories else "number",
                "missing": int(np.isnan(X.dense[:, i]).sum()),
            }
        )
    shown = pd.DataFrame(cells)
    target = value.split.task.decode(value.split.data.y[rows])
    found = _rows(
        "features",
        [["Columns", len(X.columns)], ["Rows to learn from", len(X)], ["Words", _width(X.text)]],
        columns,
        shown,
        len(X.columns),
        len(X),
    )
    found["target"] = {"name": value.split.task.target, "cells": [_cell(one) for one in target]}
    return found


@preview.register
def _(value: Trained) -> Preview:
    task, data = value.split.task, value.split.data
    rows = value.split.test[:ROWS]
    said = value.predictions[rows].astype(np.float64)
    cells: dict[str, Any] = {f"true {task.target}": task.decode(data.y[rows])}
    if task.kind == "regression":
        cells["predicted"] = said
        cells["off by"] = said - data.y[rows]
    else:
        cells["predicted"] = task.decode(said.argmax(axis=1))
        cells |= {f"chance of {label}": said[:, k].round(4) for k, label in enumerate(task.classes[:COLUMNS])}
    shown = pd.DataFrame(cells)
    columns = [
        {"name": str(name), "type": "number" if shown[name].dtype.kind == "f" else "category", "missing": 0}
        for name in shown.columns
    ]
    facts: list[list[Any]] = [
        [words(task.metric).name, _shown(task.metric, value.score)],
        ["Seconds to learn", round(value.seconds, 2)],
    ]
    if value.added:
        facts.append(["Prepared by itself", ", ".join(value.added)])
    if "trials" in value.facts:
        facts.append(["Candidates tried", value.facts["trials"]])
    return _rows("model", facts, columns, shown, len(columns), len(value.split.test))


@preview.register
def _(value: Scores) -> Preview:
    first = value.measures[0]
    facts = [["Rows that judged", value.rows], [first.label, first.shown], ["Guessing", first.guessing]]
    return {"kind": "scores", "facts": facts, "scores": value.to_json()}


@preview.register
def _(value: Comparison) -> Preview:
    facts = [["Models", len(value.rows)], ["Best", value.rows[0].name], ["Judged by", value.label]]
    return {"kind": "comparison", "facts": facts, "comparison": value.to_json()}


@preview.register
def _(value: Deployment) -> Preview:
    facts = [["Model", value.name], ["File", value.path.name], ["Kilobytes", round(value.size / 1024)]]
    return {"kind": "deployment", "facts": facts}


_KINDS = {"binary": "yes or no (two classes)", "multiclass": "one of several classes", "regression": "a number"}
_TYPES = {"numeric": "number", "boolean": "yes or no", "categorical": "category", "date": "date", "text": "text"}


def _types(value: Table) -> dict[str, str]:
    features = value.frame.iloc[:, :COLUMNS]
    try:
        schema, _ = infer_schema(features, keep=[str(name) for name in features.columns])
    except HortusError:
        # Cells that cannot be learned from can still be looked at.
        return {}
    return {column.name: _TYPES[value.kinds.get(column.name, column.kind)] for column in schema.columns}


def _rows(kind: str, facts: list[list[Any]], columns: list[Any], shown: pd.DataFrame, width: int, rows: int) -> Preview:
    table = [[_cell(cell) for cell in row] for row in shown.itertuples(index=False, name=None)]
    facts = [fact for fact in facts if fact[1] is not None]
    return {"kind": kind, "facts": facts, "columns": columns, "rows": table, "more": width - len(columns), "of": rows}


def _cell(value: Any) -> Any:
    """A cell as JSON: None where it is missing, numbers with the digits that tell."""
    if value is None or value is pd.NaT or (isinstance(value, (float, np.floating)) and not np.isfinite(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.5g}")
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    text = str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}…"


def _category_names(value: Features) -> dict[str, list[str]]:
    """What the codes of encoded columns stand for, as far as no step has made others of them."""
    state = value.split.encoder.state()
    encoders = zip(state["names"], state["kinds"], state["encoders"], strict=True)
    return {name: list(kept["values"]) for name, kind, kept in encoders if kind == "categorical"}


def _named(code: float, names: list[str]) -> Any:
    if np.isnan(code):
        return None
    return names[int(code)] if int(code) < len(names) else "(rare or missing)"


def _width(text: Any) -> int | None:
    return None if text is None else int(text.shape[1])


def _shown(metric: str, score: float) -> float:
    return -score if metric.startswith("neg_") else score
