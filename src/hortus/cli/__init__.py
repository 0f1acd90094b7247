"""The command line: ``hortus check | compare | fit | tune | predict | resume | leaderboard | report | export | faster |
design | serve | studio | search``.

Each command translates what was typed and hands it to `hortus.run`. What is heavy is imported inside the commands,
so that ``hortus --help`` answers at once.
"""

from __future__ import annotations

import typer

from hortus.cli.begun import Begun
from hortus.cli.check import check
from hortus.cli.compare import compare
from hortus.cli.design import design
from hortus.cli.export import export
from hortus.cli.faster import faster
from hortus.cli.fit import fit, resume
from hortus.cli.leaderboard import leaderboard
from hortus.cli.predict import predict
from hortus.cli.report import report
from hortus.cli.search import search
from hortus.cli.serve import serve
from hortus.cli.studio import studio
from hortus.cli.tune import tune

app = typer.Typer(
    name="hortus",
    help="A table in, a model out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    check,
    compare,
    fit,
    tune,
    predict,
    resume,
    leaderboard,
    report,
    export,
    faster,
    design,
    serve,
    studio,
    search,
):
    app.command()(command)


@app.callback(invoke_without_command=True)
def hortus(version: bool = typer.Option(False, "--version", help="Show the version and end.")) -> None:
    """A table in, a model out."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"hortus {installed('hortus')}")
        raise typer.Exit


def main() -> None:
    """Run the command line; what the ``hortus`` script calls."""
    app(obj=Begun.now())
