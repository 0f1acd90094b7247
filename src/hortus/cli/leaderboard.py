"""``hortus leaderboard``: what a run tried, and what came of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hortus.cli import images, scenes
from hortus.cli.ends import show_ends
from hortus.cli.told import Debug, told
from hortus.cli.tune import show as show_trials
from hortus.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from hortus.run import Result

Row = dict[Hashable, Any]
# A column's head on the screen -> how a row of the leaderboard is written there.
SHOWN: dict[str, Callable[[Row], str]] = {
    "#": lambda row: f"{row['rank']}",
    "trial": lambda row: f"{row['trial']}",
    "model": lambda row: f"{row['model']}",
    "score": lambda row: (written(row["score"], "{:.4f}") or str(row["state"])) + ("=" if row["tied"] else " "),
    "95 %": lambda row: written(row["low"], f"{{:.4f}} to {row['high']:.4f}"),
    "weight": lambda row: written(row["weight"] or None, "{:.2f}"),
    "fit s": lambda row: written(row["fit_seconds"], "{:.2f}"),
    "ms/row": lambda row: written(row["predict_ms"], "{:.3f}"),
    "MB": lambda row: written(row["size_mb"], "{:.2f}"),
}
WORDS = ("model", "95 %")


def leaderboard(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.", show_default=False)],
    top: Annotated[int, typer.Option(help="How many to show; 0 for all.", min=0)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print every row as JSON.")] = False,
    budgets: Annotated[
        bool, typer.Option("--budgets", help="Show whether small budgets rank the candidates as large ones do.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Show every candidate of a run, the best first."""
    with told(debug=debug):
        from hortus.engine.events_file import finite
        from hortus.run import open_run
        from hortus.run.images.result import ImageResult, is_image_run, open_image_run
        from hortus.run.tuned import is_tuned, open_tuned

        if budgets and (is_tuned(folder) or scenes.holds_scenes(folder)):
            raise SettingError(
                f"The run in {str(folder)!r} is one of a function or of scenes, which have no rungs in common.",
                mend="Leave out --budgets; it is for runs of tables and of images.",
                code="no-budgets",
            )
        if is_tuned(folder):
            show_trials(open_tuned(folder), top, as_json=as_json)
            return
        if scenes.holds_scenes(folder):
            from hortus.run.scenes.result import open_scene_run

            scenes.show(open_scene_run(folder), top, as_json=as_json)
            return
        found = open_image_run(folder) if is_image_run(folder) else open_run(folder)
        if budgets:
            _show_budgets(found.budgets(), as_json=as_json)
        elif isinstance(found, ImageResult):
            images.show(found, top, as_json=as_json)
        elif as_json:
            rows: list[Row] = found.leaderboard().to_dict(orient="records")
            typer.echo(json.dumps(finite(rows), ensure_ascii=False, indent=1))
        else:
            _show(found, top)


def _show_budgets(table: pd.DataFrame, *, as_json: bool) -> None:
    """The table of Zela et al. (2018): of the candidates that two budgets both have seen."""
    from hortus.engine.events_file import finite

    if as_json:
        typer.echo(json.dumps(finite(table.to_dict(orient="index")), ensure_ascii=False, indent=1))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title="Spearman's correlation", title_justify="left")
    shown.add_column("")
    for name in table.columns:
        shown.add_column(str(name), justify="right")
    for place, (budget, row) in enumerate(table.iterrows()):
        cells = [written(value, "{:.2f}") or ("?" if other > place else "") for other, value in enumerate(row)]
        shown.add_row(str(budget), *cells)
    Console().print(shown)
    typer.echo("?: fewer than eight candidates have both")


def _show(result: Result, top: int) -> None:
    from rich.console import Console

    from hortus.engine.row import BASELINE
    from hortus.engine.terminal import printable

    console = Console()
    board = result.leaderboard()
    task = result.model.task
    told = result.estimate
    members = sum(weight > 0 for number, weight in result.chosen["weights"].items() if int(number) != BASELINE)
    within = f" ({told.low:.4f} to {told.high:.4f}, 95 %)" if math.isfinite(told.low + told.high) else ""
    made = f"{members} of {len(result.rows)} candidates make the model"
    if result.model.apart:
        found = result.model.facts["streamed"]
        made += f", which has learned from {found['rows']:,} of {found['of']:,} rows; "
        made += f"on the {found['judged']:,} rows kept aside the sample's model has {found['before']:.4f}"
    else:
        made += f"; the best alone had {told.naive:.4f} out of fold"
    lines = [
        f"{task.target} ({task.kind}): expect {task.metric} {told.score:.4f} on new rows{within}",
        made if members else "no candidate makes the model: the baseline, a small tree, is what there is",
        "=: as good as the best, as far as can be told",
    ]
    rows = board.to_dict(orient="records")
    shown = rows[:top] if top else rows
    for line in lines:
        console.print(printable(line), markup=False, highlight=False)
    console.print(_table(shown))
    show_ends(console, rows, top)
    if len(shown) < len(rows):
        console.print(f"{len(rows) - len(shown)} more: --top 0", highlight=False)


def _table(rows: list[Row]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from hortus.engine.terminal import printable

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    for head in SHOWN:
        table.add_column(head, justify="left" if head in WORDS else "right", no_wrap=True, overflow="ellipsis")
    for row in rows:
        cells = (Text(printable(write(row))) for write in SHOWN.values())
        table.add_row(*cells, style="bold" if row["weight"] else "")
    return table


def written(value: Any, form: str) -> str:
    """A value in its form; nothing at all for what is not known.

    >>> written(0.51234, "{:.2f}"), written(float("nan"), "{:.2f}"), written(None, "{}")
    ('0.51', '', '')
    """
    return "" if value is None or value != value else form.format(value)
