"""``hortus faster``: a model that predicts in less time, from a run that is done, without a new search."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hortus.cli.told import Debug, told
from hortus.errors import SettingError, nearest

HOW = ("pick", "refit", "distill")


def faster(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .hortus file to write.", show_default=False)],
    how: Annotated[str, typer.Option(help=f"{', '.join(HOW)}.")] = "pick",
    latency: Annotated[str, typer.Option(help="For pick: what one row may take, such as 1ms.")] = "1ms",
    student: Annotated[str, typer.Option(help="For distill: the model that learns to imitate.")] = "lightgbm",
    debug: Debug = False,
) -> None:
    """Make a faster model from a finished run: picked to a latency, refitted on all rows, or distilled into one."""
    with told(debug=debug):
        from hortus.deploy.bundle import compress
        from hortus.run import open_run
        from hortus.run.distill import distill
        from hortus.run.pick import pick, seconds
        from hortus.run.refit import refit
        from hortus.run.variant import one_row

        if how not in HOW:
            raise SettingError(f"There is no way called {how!r}.", mend=nearest(how, HOW), code="unknown-way")
        wanted = seconds(latency)
        run = open_run(folder)
        before = one_row(run.model, run.folder)
        if how == "pick":
            made = pick(run, latency=wanted)
        else:
            made = refit(run) if how == "refit" else distill(run, student=student)
        compress((made.folder / "model.hortus").read_bytes(), out)
        now, was = made.estimate, run.estimate
        typer.echo(f"One row: {1000 * made.latency:.2f} ms, before {1000 * before:.2f} ms.")
        typer.echo(
            f"{run.model.task.metric} to be expected on new rows: {now.score:.4f} ({now.low:.4f} to {now.high:.4f}, "
            f"95 %), before {was.score:.4f}. The model is in {out}."
        )
