"""Options that several commands share: each is what a setting is called on the command line."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hortus.cli.quantities import seconds, size
from hortus.errors import SettingError

Time = Annotated[float | None, typer.Option("--time", parser=seconds, metavar="TIME", help="60, 90s, 10m, 1h.")]
Trials = Annotated[int | None, typer.Option("--trials", help="How many candidates are evaluated.")]
Memory = Annotated[int | None, typer.Option("--memory", parser=size, metavar="SIZE", help="8GB, 512MB.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every improvement, failure and remark.")]
Executor = Annotated[str | None, typer.Option(help="Where trials run: local, inline or ray.")]
Cluster = Annotated[str | None, typer.Option(metavar="ray://HOST:PORT", help="A Ray cluster that runs the trials.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", help="Trials at once; one a core if not said.")]
Out = Annotated[Path | None, typer.Option(help="The run's folder; one that is there is gone on with.")]
StrategyOption = Annotated[
    list[str] | None, typer.Option("--strategy-option", metavar="NAME=VALUE", help="The strategy's own.")
]


def default_folder(table: Path) -> Path:
    """``runs/<the table's name>-<now>``, a folder that is not there yet."""
    stem = table.name.split(".")[0] or "table"
    wanted = Path("runs") / f"{stem}-{datetime.now():%Y%m%d-%H%M%S}"
    taken = (wanted.with_name(f"{wanted.name}-{number}") for number in range(2, 1000))
    return wanted if not wanted.exists() else next(folder for folder in taken if not folder.exists())


def options(texts: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """``NAME=VALUE`` pairs; a value is read as JSON where it is, and is text otherwise.

    >>> options(["population_size=50", "mode=local"])
    {'population_size': 50, 'mode': 'local'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise SettingError(
                f"The strategy option {text!r} is no NAME=VALUE.",
                mend="Write it as --strategy-option population_size=50.",
                code="strategy-option",
            )
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
