"""What a node says of its result in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def brief(summary: Mapping[str, Any]) -> str:
    """A node's result in one short line.

    >>> brief({"kind": "table", "facts": [["Rows", 1200], ["Columns", 9]]})
    '1,200 rows · 9 columns'
    """
    facts = dict(summary["facts"])
    kind = summary["kind"]
    if kind == "table":
        return f"{facts['Rows']:,} rows · {facts['Columns']} columns"
    if kind == "split":
        if "Folds" in facts:
            return f"{facts['Folds']} folds of {facts['Rows']:,} rows"
        return f"{facts['Rows to learn from']:,} learn · {facts['Rows to judge by']:,} judge"
    if kind == "features":
        return f"{facts['Columns']} columns"
    if kind in ("model", "scores"):
        name, value = summary["facts"][1 if kind == "scores" else 0]
        return name if value is None else f"{name} {value:.4g}"
    if kind == "comparison":
        return f"best: {facts['Best']}"
    return f"one file of {facts['Kilobytes']:,} KB"
