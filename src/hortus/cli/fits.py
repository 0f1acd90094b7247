"""What ``hortus search --list`` shows: which space, strategy and evaluator fit each other, and why not where not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from hortus.run.combinations import Combination


def show(*, space: str | None, strategy: str | None, evaluator: str | None, as_json: bool) -> None:
    """Print what can be combined by name.

    Args:
        space: of this space alone; None for all of them.
        strategy: likewise.
        evaluator: likewise.
        as_json: every combination, for programs.

    Raises:
        SettingError: one of them is misspelt.
        MissingExtraError: PyTorch is not there.
    """
    from hortus.evaluation import EVALUATORS
    from hortus.libraries import require
    from hortus.run.combinations import combinations
    from hortus.spaces import SPACES
    from hortus.strategies import STRATEGIES

    # What an evaluator of networks needs is said by its class, and some of these are written in PyTorch.
    require("torch", "nets")
    for name, table in ((space, SPACES), (strategy, STRATEGIES), (evaluator, EVALUATORS)):
        if name is not None:
            # Misspelt, it is refused with what was meant.
            _ = table[name]
    wanted = [
        one
        for one in combinations()
        if space in (None, one.space) and strategy in (None, one.strategy) and evaluator in (None, one.evaluator)
    ]
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in wanted], ensure_ascii=False, indent=1))
    else:
        _show(wanted)


def _show(found: list[Combination]) -> None:
    """A row for each space: the strategies and the evaluators that fit it, and what does not, with the reason.

    Strategies and evaluators know nothing of each other, so that any of one column goes with any of the other.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hortus.run.combinations import needs

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_lines=True)
    table.add_column("space", no_wrap=True)
    for head in ("strategies", "evaluators", "what does not fit, since it needs"):
        table.add_column(head, ratio=1)
    for space in dict.fromkeys(one.space for one in found):
        rows = [one for one in found if one.space == space]
        strategies, evaluators = (list(dict.fromkeys(names)) for names in zip(*map(_pair, rows), strict=True))
        lacks = needs(space)
        fits = (", ".join(name for name in names if name not in lacks) or "none" for names in (strategies, evaluators))
        unfit = (f"{name}: {lacks[name]}" for name in (*strategies, *evaluators) if name in lacks)
        table.add_row(*map(Text, (space, *fits, "\n".join(unfit))))
    console = Console()
    console.print(table)
    console.print(f"{sum(one.fits for one in found)} of {len(found)} combinations fit.", highlight=False)


def _pair(one: Combination) -> tuple[str, str]:
    return one.strategy, one.evaluator
