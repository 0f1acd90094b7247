"""``hortus compare``: every family of models at its default, in one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hortus.cli.options import Memory, Quiet, default_folder
from hortus.cli.quantities import seconds
from hortus.cli.told import Debug, told

if TYPE_CHECKING:
    from hortus.run.compare import Comparison


def compare(
    table: Annotated[Path, typer.Argument(help="csv, tsv, parquet, xlsx or jsonl.", show_default=False)],
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict.", show_default=False)],
    models: Annotated[list[str] | None, typer.Option("--model", help="Only this model; may be repeated.")] = None,
    metric: Annotated[str | None, typer.Option(help="What is compared: a metric of scikit-learn's by name.")] = None,
    time: Annotated[
        float | None, typer.Option("--time", parser=seconds, metavar="TIME", help="Leave out what has no time.")
    ] = None,
    memory: Memory = None,
    folds: Annotated[int | None, typer.Option(help="Of the cross-validation; 1 for a holdout.")] = None,
    group: Annotated[str | None, typer.Option(help="Rows equal here are never on both sides of a split.")] = None,
    weight: Annotated[str | None, typer.Option(help="The column of sample weights.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Models at once; one a core if not said.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same table.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The run's folder, for `hortus predict` with the best.")] = None,
    quiet: Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Fit every family of models once, at its default and on the same folds, and put them side by side."""
    folder = out or default_folder(table)
    with told(debug=debug):
        from hortus.engine.events_file import finite
        from hortus.engine.terminal import listening
        from hortus.run.compare import compare_models
        from hortus.run.settings import Settings

        settings = Settings(
            metric=metric,
            time=time,
            trials=1,
            memory=memory,
            folds=folds,
            ensemble=False,
            models=tuple(models) if models else None,
            slots=jobs,
            seed=seed,
            group=group,
            weight=weight,
        )
        with listening(0 if quiet or as_json else 1) as listeners:
            found = compare_models(table, target, settings, folder=folder, listeners=listeners)
        if as_json:
            rows: list[Any] = found.table.reset_index().to_dict(orient="records")
            typer.echo(json.dumps(finite(rows), ensure_ascii=False, indent=1))
        else:
            _show(found)
            typer.echo(f"The run is in {folder}; its model is {found.best} alone.")


def _show(found: Comparison) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hortus.cli.leaderboard import written
    from hortus.engine.terminal import printable

    console = Console()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    for head in ("model", found.metric, "95 %", "fit s", "ms/row", "MB"):
        table.add_column(head, justify="left" if head in ("model", "95 %") else "right", no_wrap=True)
    rows = found.table.to_dict(orient="records")
    for row in rows:
        cells = (
            row["model"],
            (written(row["score"], "{:.4f}") or row["state"]) + ("=" if row["tied"] else " "),
            written(row["low"], f"{{:.4f}} to {row['high']:.4f}"),
            written(row["fit_seconds"], "{:.2f}"),
            written(row["predict_ms"], "{:.3f}"),
            written(row["size_mb"], "{:.2f}"),
        )
        table.add_row(*(Text(printable(str(cell))) for cell in cells))
    console.print(table)
    console.print("=: as good as the best, as far as can be told", highlight=False)
    for row in rows:
        if row["reason"]:
            console.print(Text(printable(f"{row['model']}: {row['reason']}"), style="yellow"))
