"""What is said below a leaderboard of the candidates that have no score of their own: stopped early, or failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def show_ends(console: Console, rows: Sequence[Mapping[Any, Any]], top: int) -> None:
    """Print how many were stopped early, and why others failed.

    Args:
        console: where.
        rows: of a leaderboard, with ``trial``, ``state``, ``reason`` and, of tables, ``model``.
        top: how many reasons at most; 0 for all.
    """
    from rich.text import Text

    from hortus.engine.terminal import printable

    if stopped := sum(row["state"] == "pruned" for row in rows):
        console.print(f"{stopped} stopped early: others were better by then", highlight=False)
    told = [row for row in rows if row["reason"] and row["state"] != "pruned"]
    for row in told[: top or None]:
        model = f" ({row['model']})" if "model" in row else ""
        console.print(Text(printable(f"trial {row['trial']}{model}: {row['reason']}"), style="yellow"))
