"""A graph as the Python script that it is: one call a node, in the order in which the rows go."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

from hortus.deploy.code.literal import Call, Raw, written
from hortus.errors import InputError
from hortus.run.graph.check import problems
from hortus.run.graph.graph import Graph, Node
from hortus.run.graph.kinds import kind_of
from hortus.run.graph.values import arguments

# Names that the script has for other things.
TAKEN = {"Path", "print", "main", "comparison"}


def to_script(graph: Graph, *, sources: Mapping[str, str] | None = None) -> str:
    """A script that does what the graph does and comes to the same scores.

    Args:
        graph: that could be run.
        sources: what is written for a table, by what the graph calls it.

    Raises:
        InputError: the graph has faults; the first is named.
    """
    faults = problems(graph)
    if faults:
        raise InputError(faults[0].what, mend=faults[0].mend, code=faults[0].code)
    names: dict[str, str] = {}
    lines: list[str] = []
    used = set()
    for node in graph.ordered():
        kind = kind_of(node.kind)
        used.add(kind.function)
        taken = {*names.values(), *used, *(kind_of(one.kind).function for one in graph.nodes), *TAKEN}
        names[node.id] = _name(node, taken)
        inputs: tuple[Any, ...] = tuple(Raw(names[one]) for one in graph.inputs(node.id))
        options = arguments(node, kind, graph)
        if kind.function == "load":
            source = str(options.pop("source"))
            inputs = ((sources or {}).get(source, source),)
        elif kind.function == "search":
            options["folder"] = Raw(f'Path("{_file(names[node.id])}")')
        elif kind.function == "deploy":
            inputs = (*inputs, f"{_file(names[node.id])}.hortus")
        name = names[node.id]
        call = Call(kind.function, inputs, {key: _value(value) for key, value in options.items()})
        lines.append(f"{' ' * 4}{name} = {written(call, indent=4, taken=4 + len(name) + 3)}")
        lines += [f"    {line}" for line in _told(kind.function, name)]
    imports = "from hortus.run.graph import " + ", ".join(sorted(used))
    if len(imports) > 120:
        imports = "from hortus.run.graph import (\n" + "".join(f"    {name},\n" for name in sorted(used)) + ")"
    head = "from pathlib import Path\n\n" if "search" in used else ""
    title = (graph.title or "A graph").replace('"', "'").replace("\\", "/").replace("\n", " ").strip()
    return (
        f'"""{title}: one call for each step of the graph."""\n\n{head}{imports}\n\n\n'
        f'def main() -> None:\n    """Do all of it."""\n'
        + "\n".join(lines)
        + '\n\n\nif __name__ == "__main__":\n    main()\n'
    )


def _told(function: str, name: str) -> list[str]:
    if function == "evaluate":
        return [
            f"for measure in {name}.measures:",
            f'    print(f"{{{name}.trained.name}}: {{measure.label}} {{measure.shown:.6f}}")',
        ]
    if function == "compare":
        return [
            f"for row in {name}.rows:",
            f'    print(f"{{row.name}}: {{{name}.label}} {{row.shown:.6f}}")',
        ]
    return [f'print(f"Model: {{{name}.path}}")'] if function == "deploy" else []


def _name(node: Node, taken: set[str]) -> str:
    """A name for what a node gives: of its title or id, and free."""
    words = re.sub(r"[^a-z0-9]+", "_", (node.title or node.id).lower()).strip("_") or node.kind
    if not words[0].isalpha() or keyword.iskeyword(words) or words in taken or words.isdigit():
        words = f"{kind_of(node.kind).gives}_{words}"
    name, count = words, 2
    while name in taken:
        name, count = f"{words}_{count}", count + 1
    return name


def _file(name: str) -> str:
    return name.replace("_", "-")


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) and not value else value
