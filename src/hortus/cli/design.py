"""``hortus design``: a graph of steps run from its file, or written as the script that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hortus.cli.told import Debug, told


def design(
    graph: Annotated[
        Path, typer.Argument(metavar="GRAPH", help="The graph's JSON file, or a run's folder.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where results are kept.", show_default=False)],
    table: Annotated[Path | None, typer.Option(help="For a run: the table that it was made from.")] = None,
    ensemble: Annotated[bool, typer.Option(help="For a run: draw its whole ensemble.")] = False,
    script: Annotated[Path | None, typer.Option(help="Write the graph as a Python script here; run nothing.")] = None,
    debug: Debug = False,
) -> None:
    """Run a graph of steps: what did not change since the last time is not run again."""
    with told(debug=debug, stopped="What was done is kept: the same command goes on."):
        import json

        from hortus.errors import SettingError
        from hortus.run import open_run
        from hortus.run.graph import Graph, run_graph
        from hortus.run.graph.from_run import from_run
        from hortus.run.graph.script import to_script
        from hortus.run.graph.stored import read_json, write_json

        if graph.is_dir():
            if table is None:
                raise SettingError(
                    "A run does not keep its table.", mend="Name it: --table data.csv.", code="design-no-table"
                )
            made = from_run(open_run(graph), source=str(table), which="ensemble" if ensemble else "best")
        else:
            try:
                made = Graph.from_json(read_json(graph))
            except json.JSONDecodeError as error:
                raise SettingError(
                    f"{graph} holds no JSON: {error}.", mend="Give a graph's file.", code="graph-no-json"
                ) from error
        if script is not None:
            script.write_text(to_script(made), encoding="utf-8")
            typer.echo(f"The script is in {script}.")
            return
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "graph.json", made.to_json())
        names = {node.id: node.title or node.id for node in made.nodes}
        found = run_graph(made, out, tell=lambda event: _say(event, names))
        for name, one in found.items():
            _result(names[name], one, out)
        if any(one["state"] not in ("done", "kept") for one in found.values()):
            raise typer.Exit(1)


def _say(event: dict[str, Any], names: dict[str, str]) -> None:
    if event["event"] != "node" or event["state"] not in ("done", "kept", "failed", "waiting"):
        return
    typer.echo(
        f"{event['state']:>8}  {names[event['node']]}" + (f"  {event['seconds']:.2f} s" if "seconds" in event else "")
    )


def _result(name: str, one: dict[str, Any], out: Path) -> None:
    if "error" in one:
        typer.echo(f"{name}: {one['error']['what']} {one['error']['mend']}", err=True)
        return
    found = one.get("summary") or {}
    if found.get("kind") == "scores":
        first = found["scores"]["measures"][0]
        typer.echo(f"{name}: {first['label']} {first['shown']:.4f}, guessing {first['guessing']:.4f}.")
    elif found.get("kind") == "deployment":
        typer.echo(f"{name}: the model is in {out / 'results' / one['digest'] / 'model.hortus'}.")
