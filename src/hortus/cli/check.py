"""``hortus check``: look a table over before anything is trained on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from hortus.cli.told import FAULT, Debug, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from hortus.data.checks import Examined
    from hortus.data.finding import Finding

STYLES = {"serious": "bold red", "warning": "yellow", "info": "cyan"}


def check(
    table: Annotated[Path, typer.Argument(help="csv, tsv, parquet, xlsx or jsonl.", show_default=False)],
    target: Annotated[str, typer.Option("--target", "-t", help="The column to predict.", show_default=False)],
    test: Annotated[Path | None, typer.Option("--test", help="New rows to compare the table with.")] = None,
    task: Annotated[str | None, typer.Option(help="classification, binary, multiclass or regression.")] = None,
    group: Annotated[str | None, typer.Option(help="Rows equal here are never on both sides of a split.")] = None,
    order: Annotated[str | None, typer.Option(help="Splits train on what comes earlier here.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Leave a column out; may be repeated.")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Keep a column that looks useless.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="Read a column as free text; may be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Of the rows that scores are taken on.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="End with code 1 where anything serious is found.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Look for leaks, ids, repeated rows, faults of the target, drift: whatever makes scores lie."""
    with told(debug=debug):
        from hortus.data.checks import examine

        found = examine(
            table,
            target,
            test=test,
            kind=cast("Any", task),
            group=group,
            order=order,
            ignore=ignore or (),
            keep=keep or (),
            text=text or (),
            seed=seed,
        )
        if as_json:
            typer.echo(json.dumps(_described(found), ensure_ascii=False, indent=1))
        else:
            _show(found)
        if strict and any(finding.severity == "serious" for finding in found.findings):
            raise typer.Exit(FAULT)


def _described(found: Examined) -> dict[str, Any]:
    return {
        "task": found.task.to_json(),
        "rows": found.rows,
        "columns": len(found.schema.columns),
        "findings": [finding.to_json() for finding in found.findings],
        "notes": [note.to_json() for note in found.notes],
    }


def _show(found: Examined) -> None:
    from rich.console import Console
    from rich.text import Text

    from hortus.engine.terminal import printable

    console = Console()

    def say(line: str, style: str) -> None:
        # Text, not markup: a column may be called [red].
        console.print(Text(printable(line), style=style), highlight=False)

    rows, columns = f"{found.rows:,} rows", f"{len(found.schema.columns):,} columns"
    say(f"{found.task.target}: {found.task.kind}, {rows}, {columns}", "bold")
    if found.findings:
        console.print(_listed(found.findings))
    for note in found.notes:
        mark, style = ("warning", "yellow") if note.warning else ("note", "dim")
        say(f"{mark}: {note.what} {note.mend}".rstrip(), style)
    counts = {severity: sum(f.severity == severity for f in found.findings) for severity in STYLES}
    say(f"{counts['serious']} serious, {counts['warning']} to look at, {counts['info']} to know", "bold")


def _listed(findings: Sequence[Finding]) -> Table:
    """A row a finding: how bad it is, and beside it what was seen, the evidence, and what was done."""
    from rich.table import Table
    from rich.text import Text

    from hortus.engine.terminal import printable

    table = Table.grid(padding=(0, 1, 1, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in findings:
        told = Text(printable(finding.what))
        for line in (finding.evidence, f"{finding.did} {finding.overrule}".strip()):
            if line:
                told.append(f"\n{printable(line)}", style="dim")
        table.add_row(Text(finding.severity, style=STYLES[finding.severity]), told)
    return table
