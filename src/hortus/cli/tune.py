"""``hortus tune``: any function of one's own, by its name; and how its run is shown."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hortus.cli.ends import show_ends
from hortus.cli.options import (
    AsJson,
    Cluster,
    Jobs,
    Memory,
    Out,
    Quiet,
    StrategyOption,
    Time,
    Trials,
    Verbose,
    options,
)
from hortus.cli.own_code import find_in_this_folder
from hortus.cli.quantities import seconds
from hortus.cli.told import STOPPED, Debug, told
from hortus.errors import SettingError

if TYPE_CHECKING:
    from hortus.run.tuned import Tuned


def tune(
    objective: Annotated[
        str, typer.Argument(metavar="MODULE:FUNCTION", help="Or script.py:function.", show_default=False)
    ],
    space: Annotated[str | None, typer.Option(help="A name in the same module; none where the function asks.")] = None,
    minimize: Annotated[bool, typer.Option("--minimize", help="Smaller values are better.")] = False,
    time: Time = None,
    trials: Trials = None,
    memory: Memory = None,
    trial_time: Annotated[
        float | None, typer.Option("--trial-time", parser=seconds, metavar="TIME", help="A trial is killed after it.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="How the space is searched.")] = "auto",
    strategy_option: StrategyOption = None,
    pruner: Annotated[str, typer.Option(help="none, median, percentile, halving or hyperband.")] = "none",
    jobs: Jobs = None,
    seed: Annotated[int, typer.Option(help="Same seed, trials and jobs, same result.")] = 0,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Search for the arguments at which a function is best. Without --time or --trials it takes a minute."""
    name = objective.rpartition(":")[2]
    folder = out or Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    with told(debug=debug, stopped=f"To go on: the same command with --out {shlex.quote(str(folder))}"):
        from hortus.engine.terminal import listening
        from hortus.run.tune import TuneSettings, tune_function

        settings = TuneSettings(
            direction="minimize" if minimize else "maximize",
            time=time,
            trials=trials,
            memory=memory,
            trial_time=trial_time,
            strategy=strategy,
            strategy_options=options(strategy_option or ()),
            pruner=pruner,
            workers=jobs,
            executor="local",
            cluster=cluster,
            seed=seed,
        )
        named = _named(objective)
        with listening(0 if quiet or as_json else 2 if verbose else 1) as listeners:
            found = tune_function(named, settings, folder=folder, space=_space(named, space), listeners=listeners)
        if as_json:
            typer.echo(json.dumps(_described(found), ensure_ascii=False))
        else:
            for param, value in found.best_params.items():
                typer.echo(f"  {param} = {value!r}")
            typer.echo(f"The run is in {found.folder}. All trials: hortus leaderboard {shlex.quote(str(found.folder))}")
        if found.why == "interrupted":
            raise typer.Exit(STOPPED)


def _named(objective: str) -> str:
    """The objective's name as a worker takes it: a script by its whole path, a module from this folder."""
    place, colon, name = objective.rpartition(":")
    if not (place and colon and name):
        raise SettingError(
            f"{objective!r} names no function.", mend="Write module:function or script.py:function.", code="objective"
        )
    find_in_this_folder()
    return f"{Path(place).resolve()}:{name}" if place.endswith(".py") else objective


def _space(objective: str, name: str | None) -> Any:
    if name is None:
        return None
    from hortus.evaluation.function import load_object

    return load_object(f"{objective.rpartition(':')[0]}:{name}")


def _described(found: Tuned) -> dict[str, Any]:
    return {
        "folder": str(found.folder),
        "direction": found.direction,
        "value": found.best_value,
        "params": found.best_params,
        "trials": len(found.rows),
        "why": found.why,
    }


def show(found: Tuned, top: int, *, as_json: bool) -> None:
    """Print the trials of a run over a function, the best first.

    Args:
        found: the run.
        top: how many; 0 for all.
        as_json: as JSON, all of them.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hortus.engine.events_file import finite
    from hortus.engine.terminal import printable

    board = found.leaderboard()
    rows: list[dict[Any, Any]] = board.to_dict(orient="records")
    if as_json:
        typer.echo(json.dumps(finite(rows), ensure_ascii=False, indent=1))
        return
    console = Console()
    console.print(Text(printable(f"{found.objective}: {found.direction}, {len(rows)} trials by {found.strategy}")))
    params = [name for name in board.columns if name not in ("rank", "trial", "value", "state", "seconds", "reason")]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    for head in ("#", "trial", "value", "s", *params):
        table.add_column(Text(printable(head)), justify="right", overflow="ellipsis")
    shown = rows[:top] if top else rows
    for row in shown:
        value = f"{row['value']:.6g}" if row["value"] == row["value"] else row["state"]
        cells = (row["rank"], row["trial"], value, f"{row['seconds']:.2f}", *(_short(row[name]) for name in params))
        table.add_row(*(Text(printable(str(cell))) for cell in cells))
    console.print(table)
    show_ends(console, rows, top)
    if len(shown) < len(rows):
        console.print(f"{len(rows) - len(shown)} more: --top 0", highlight=False)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.5g}"
    return str(value)
