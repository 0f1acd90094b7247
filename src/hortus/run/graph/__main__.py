"""A graph run in a process of its own: ``python -m hortus.run.graph GRAPH.json --out FOLDER``.

Whoever started it may die: what is done lies in the folder, and every event is a line of its ``events.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from hortus.engine.events_file import finite
from hortus.errors import HortusError
from hortus.run.graph.execute import run_graph
from hortus.run.graph.graph import Graph
from hortus.run.graph.stored import read_json


def main(argv: list[str] | None = None) -> int:
    """Run the graph that the command line names; 0 where every node ended well, 1 where one failed."""
    asked = argparse.ArgumentParser(prog="python -m hortus.run.graph", description="Run a graph.")
    asked.add_argument("graph", type=Path, help="the graph as JSON")
    asked.add_argument("--out", type=Path, required=True, help="where results are kept")
    asked.add_argument("--sources", type=Path, help="JSON: where tables lie, by what the graph calls them")
    asked.add_argument("--events", type=Path, help="where events go, a line each; OUT/events.jsonl by default")
    asked.add_argument("--only", nargs="*", default=[], help="ids of the nodes that are wanted")
    told = asked.parse_args(argv)
    told.out.mkdir(parents=True, exist_ok=True)
    try:
        graph = Graph.from_json(read_json(told.graph))
        sources = {} if told.sources is None else {name: Path(path) for name, path in read_json(told.sources).items()}
    except (HortusError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with (told.events or told.out / "events.jsonl").open("a", encoding="utf-8") as file:

        def tell(event: dict[str, Any]) -> None:
            file.write(json.dumps(finite(event), ensure_ascii=False) + "\n")
            file.flush()

        try:
            found = run_graph(graph, told.out, sources=sources, only=told.only, tell=tell)
        except KeyboardInterrupt:
            return 130
    return int(any(one["state"] not in ("done", "kept") for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
