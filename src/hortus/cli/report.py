"""``hortus report``: a run explained on one page, for those who have to believe it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hortus.cli.quantities import seconds
from hortus.cli.told import Debug, told


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = Path("report.html"),
    time: Annotated[
        float, typer.Option("--time", parser=seconds, metavar="TIME", help="How long it may take, about.")
    ] = "30",  # type: ignore[assignment]
    sensitive: Annotated[str | None, typer.Option(help="Compare the groups of this column, for fairness.")] = None,
    card: Annotated[Path | None, typer.Option(help="A model card too, as Markdown.")] = None,
    seed: Annotated[int, typer.Option(help="Of samples and shuffles.")] = 0,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    debug: Debug = False,
) -> None:
    """Write what a run's model is worth and why, as one page that loads nothing from anywhere."""
    with told(debug=debug):
        from hortus.engine.terminal import printable
        from hortus.explain.report import build_report, write_card, write_html
        from hortus.run import open_run

        result = open_run(folder)
        found = build_report(result.evidence, seconds=time, sensitive=sensitive, seed=seed, made=result.made)
        write_html(found, out)
        if card is not None:
            write_card(found, card)
        if found.verdict.alarm is not None:
            typer.echo(printable(found.verdict.alarm.headline))
        typer.echo(printable(found.verdict.headline))
        typer.echo(printable(found.verdict.lead))
        typer.echo(f"The report is {out}." + (f" The card is {card}." if card is not None else ""))
        if show:
            typer.launch(out.absolute().as_uri())
