"""``hortus studio``: the studio in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hortus.cli.told import Debug, told

HOME = Path("~/.local/share/hortus/studio")


def studio(
    home: Annotated[Path, typer.Option("--home", help="The folder that tables, runs and models are kept in.")] = HOME,
    opened: Annotated[
        list[Path] | None, typer.Option("--open", metavar="RUN", help="Show this run too; may be repeated.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", "-p", min=1, max=65535, help="The first that is free from 7860 on.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="The address to bind.")] = "127.0.0.1",
    network: Annotated[bool, typer.Option("--network", help="Other machines may reach the address.")] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    debug: Debug = False,
) -> None:
    """From a file to a deployed model without code, in a browser."""
    with told(debug=debug):
        from hortus.studio.server import serve

        serve(home, host=host, port=port, network=network, opened=opened or (), browser=browser, told=_say)


def _say(line: str) -> None:
    from hortus.engine.terminal import printable

    typer.echo(printable(line))
