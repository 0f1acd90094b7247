"""What flows along the edges of a graph, and how it is called in front of a person."""

from __future__ import annotations

from typing import Literal

Port = Literal["table", "split", "features", "model", "scores", "comparison", "deployment"]

WORDS: dict[Port, str] = {
    "table": "a table",
    "split": "a divided table",
    "features": "prepared columns",
    "model": "a model",
    "scores": "scores",
    "comparison": "a comparison",
    "deployment": "a model at work",
}
# Where a person finds what gives it.
FROM: dict[Port, str] = {
    "table": "Load data",
    "split": "Split",
    "features": "a step that prepares",
    "model": "a model or a search",
    "scores": "Evaluate",
    "comparison": "Compare",
    "deployment": "Deploy",
}


def either(words: list[str]) -> str:
    """Words as a choice.

    >>> either(["a table", "a model", "scores"])
    'a table, a model or scores'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
