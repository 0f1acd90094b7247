"""``hortus search``: a search space of one's own, by its function's name; and with ``--list``, what fits what.

`search` takes more than eight arguments: each is one of `hortus.search` under its own name.
"""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hortus.cli import fits
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
from hortus.cli.told import STOPPED, Debug, told
from hortus.errors import SettingError

if TYPE_CHECKING:
    from hortus.searching import Found


def search(
    net: Annotated[
        str | None,
        typer.Argument(metavar="MODULE:FUNCTION", help="A function of a trial that returns a network; or script.py:…"),
    ] = None,
    images: Annotated[Path | None, typer.Argument(metavar="IMAGES", help="A folder of class folders.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show what fits what, and search nothing.")] = False,
    space: Annotated[str | None, typer.Option(help="With --list: of this space alone.")] = None,
    strategy: Annotated[str | None, typer.Option(help="How the space is searched; with --list, of it alone.")] = None,
    strategy_option: StrategyOption = None,
    evaluator: Annotated[
        str | None, typer.Option(help="By what networks are judged; with --list, of it alone.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="What is optimized: a metric of scikit-learn's by name.")] = None,
    objective: Annotated[
        list[str] | None, typer.Option(help="A cost too: latency, params, macs; latency=0.002 as a target.")
    ] = None,
    time: Time = None,
    trials: Trials = None,
    memory: Memory = None,
    epochs: Annotated[float | None, typer.Option(help="Of a candidate's training.")] = None,
    pruner: Annotated[str, typer.Option(help="none, median, halving, hyperband or extrapolation.")] = "none",
    jobs: Jobs = None,
    seed: Annotated[int, typer.Option(help="Same seed, same trials, same leaderboard.")] = 0,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Search a space of your own: the networks that a function makes. Without --time or --trials it takes 5 minutes."""
    folder = out or Path("runs") / f"{(net or '').rpartition(':')[2]}-{datetime.now():%Y%m%d-%H%M%S}"
    with told(debug=debug, stopped=f"To go on: the same command with --out {shlex.quote(str(folder))}"):
        if listed:
            fits.show(space=space, strategy=strategy, evaluator=evaluator, as_json=as_json)
            return
        if net is None or images is None or space is not None:
            raise SettingError(
                "--space means something with --list alone."
                if space is not None
                else "A search takes a function that makes networks, and images.",
                mend="Write `hortus search script.py:net photos/`; for a space by name, `hortus fit photos/ --task "
                "image --space NAME`; --list shows what can be combined.",
                code="search-nothing",
            )
        from hortus.libraries import require

        require("torch", "nets")
        from hortus.searching import search as begin

        find_in_this_folder()
        found = begin(
            net,
            images,
            strategy=strategy or "auto",
            strategy_options=options(strategy_option or ()),
            evaluator=evaluator or "train",
            objectives=(metric or "accuracy", *objective) if objective else None,
            time_budget=time,
            trials=trials,
            memory_budget=memory,
            metric=metric,
            pruner=pruner,
            epochs=epochs,
            workers=jobs,
            executor="local",
            cluster=cluster,
            random_state=seed,
            verbosity=0 if quiet or as_json else 2 if verbose else 1,
            run_folder=folder,
        )
        _conclude(found, as_json=as_json)
        if found.result.why == "interrupted":
            raise typer.Exit(STOPPED)


def _conclude(found: Found, *, as_json: bool) -> None:
    """Print what was found, and how to go on."""
    result = found.result
    costs = list(result.settings.goal.costs)
    if as_json:
        said: dict[str, Any] = {
            "folder": str(found.folder),
            "metric": result.task.metric,
            "score": found.score,
            "params": found.params,
            "trials": len(result.rows),
            "why": result.why,
        }
        fronts = {cost: found.pareto(cost)[["trial", "score", cost]].to_dict(orient="records") for cost in costs}
        typer.echo(json.dumps(said | ({"pareto": fronts} if costs else {}), ensure_ascii=False))
        return
    for name, value in found.params.items():
        typer.echo(f"  {name} = {value!r}")
    place = shlex.quote(str(found.folder))
    front = " and the Pareto front" if costs else ""
    typer.echo(f"The run is in {found.folder}. All trials{front}: hortus leaderboard {place}")
    typer.echo(f"New images: hortus predict {place} IMAGES --net {shlex.quote(found.name)}")
    typer.echo(f"In Python: hortus.searching.open_search({str(found.folder)!r}, {found.name!r}).predict(...)")
