"""``hortus serve``: a model over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hortus.cli.told import Debug, told
from hortus.errors import SettingError


def serve(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A .hortus file or a run's folder.", show_default=False)],
    host: Annotated[
        str, typer.Option("--host", help="The address to bind; another than this machine's asks for a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="The port to bind.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="HORTUS_TOKEN", help="What requests must bear; rather by its variable."),
    ] = None,
    token_file: Annotated[Path | None, typer.Option("--token-file", help="A file that holds the token.")] = None,
    debug: Debug = False,
) -> None:
    """Answer predictions over HTTP, with a page to try them at /."""
    with told(debug=debug):
        from hortus.deploy.serve.door import check

        if token_file is not None:
            token = _from_file(token_file)
        check(host, token or None)
        from hortus.cli.export import model_file
        from hortus.deploy.serve.server import serve as run_server

        run_server(model_file(model), host=host, port=port, token=token or None, told=_say)


def _from_file(path: Path) -> str:
    """The token that a file holds.

    Raises:
        SettingError: the file is not there, or is empty.
    """
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"The token's file {str(path)!r} cannot be read: {error}.", mend="Check the path.", code="token-file"
        ) from error
    if not found:
        raise SettingError(f"The token's file {str(path)!r} is empty.", mend="Write a token to it.", code="token-file")
    return found


def _say(line: str) -> None:
    from hortus.engine.terminal import printable

    typer.echo(printable(line), err=True)
