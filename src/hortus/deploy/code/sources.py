"""Definitions copied out of this package with all that they use: a script's general part, made of checked code."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# The writer gives what is in here itself.
GIVEN = "hortus.deploy.code.parts.constants"
# Where ruff breaks a line of imports when it is told nothing.
WIDTH = 88
# What only this package's own checks read.
_MARKS = re.compile(r"[ \t]*#[ \t]*(?:noqa|type: ignore)\b.*$", re.MULTILINE)


@dataclass(frozen=True)
class Import:
    """``from module import name``, or with no name ``import module``; ``alias`` is what it is called."""

    module: str
    name: str
    alias: str


@dataclass(frozen=True)
class _Definition:
    """One statement at a module's top level, with the comment above it.

    Attributes:
        lines: its text.
        names: what it defines.
        places: (line, byte, name) of each name in it, its own included.
        block: whether it is a function or a class.
    """

    lines: tuple[str, ...]
    names: tuple[str, ...]
    places: tuple[tuple[int, int, str], ...]
    block: bool

    def written(self, called: dict[str, str]) -> str:
        """Its text, where a name in ``called`` is another."""
        lines = [line.encode() for line in self.lines]
        for line, byte, name in sorted(self.places, reverse=True):
            if called.get(name, name) != name:
                text = lines[line]
                lines[line] = text[:byte] + called[name].encode() + text[byte + len(name.encode()) :]
        return _MARKS.sub("", b"\n".join(lines).decode())


@dataclass(frozen=True)
class _Module:
    definitions: dict[str, _Definition]
    imports: dict[str, Import]


class Gathering:
    """Definitions in an order in which they can stand in one file, and the imports they need.

    A name that is imported as another is called so here too. Where two modules define the same name, the one that comes
    later gets its module's name at its end.
    """

    def __init__(self) -> None:
        self.imports: set[Import] = set()
        self._called: dict[tuple[str, str], str] = {}
        self._texts: list[tuple[str, bool]] = []

    def take(self, module: str, name: str, alias: str = "") -> str:
        """Take a definition after all those that it uses, and say what it is called here: ``alias`` if that is free."""
        if (module, name) in self._called:
            return self._called[module, name]
        found = _read(module)
        definition = found.definitions[name]
        for own in definition.names:
            self._called[module, own] = self._free(alias if alias and own == name else own, module)
        called = {own: self._called[module, own] for own in definition.names}
        for used in dict.fromkeys(used for _, _, used in sorted(definition.places) if used not in called):
            if used in found.definitions:
                called[used] = self.take(module, used)
            elif used in found.imports:
                called[used] = self._take_imported(found.imports[used])
        self._texts.append((definition.written(called), definition.block))
        return self._called[module, name]

    def _take_imported(self, found: Import) -> str:
        if found.module.startswith("hortus."):
            return found.name if found.module == GIVEN else self.take(found.module, found.name, found.alias)
        self.imports.add(found)
        return found.alias

    def _free(self, name: str, module: str) -> str:
        if name not in self._called.values():
            return name
        end = module.rpartition(".")[2]
        return f"{name}_{end.upper() if name.isupper() else end}"

    @property
    def text(self) -> str:
        """The definitions: two blank lines around functions and classes, none between constants."""
        whole, after_block = "", True
        for text, block in self._texts:
            if whole:
                whole += "\n\n\n" if block or after_block else "\n"
            whole += text
            after_block = block
        return whole


def import_lines(imports: set[Import]) -> str:
    """Import statements: the standard library's, a blank line, all others'."""
    sections: list[str] = []
    for standard in (True, False):
        some = [one for one in imports if (one.module.split(".")[0] in sys.stdlib_module_names) == standard]
        whole = sorted(
            one.module + (f" as {one.alias}" if one.alias != one.module else "") for one in some if not one.name
        )
        lines = [f"import {one}" for one in whole]
        for module in sorted({one.module for one in some if one.name}):
            names = sorted((one.name for one in some if one.module == module and one.name), key=_by_type)
            line = f"from {module} import {', '.join(names)}"
            if len(line) > WIDTH:
                line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
            lines.append(line)
        if lines:
            sections.append("\n".join(lines))
    return "\n\n".join(sections)


def _by_type(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@cache
def _read(module: str) -> _Module:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"there is no module {module}")
    source = Path(spec.origin).read_text(encoding="utf-8")
    lines = source.splitlines()
    definitions: dict[str, _Definition] = {}
    imports: dict[str, Import] = {}
    for node in ast.parse(source).body:
        inner = node.body if isinstance(node, ast.If) and _named(node.test) == ["TYPE_CHECKING"] else [node]
        for one in inner:
            if isinstance(one, ast.Import):
                imports |= {a.asname or a.name: Import(a.name, "", a.asname or a.name) for a in one.names}
            elif isinstance(one, ast.ImportFrom):
                imports |= {a.asname or a.name: Import(one.module or "", a.name, a.asname or a.name) for a in one.names}
        names = _defined(node)
        if names:
            definition = _definition(node, lines, names)
            definitions |= dict.fromkeys(names, definition)
    return _Module(definitions, imports)


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [name for target in node.targets for name in _named(target)]
    return _named(node.target) if isinstance(node, ast.AnnAssign) else []


def _definition(node: ast.stmt, lines: list[str], names: list[str]) -> _Definition:
    begin = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]) - 1
    while begin and lines[begin - 1].startswith("#"):
        begin -= 1
    places = [(one.lineno - 1 - begin, one.col_offset, one.id) for one in ast.walk(node) if isinstance(one, ast.Name)]
    block = isinstance(node, ast.FunctionDef | ast.ClassDef)
    if block:
        places.append(
            (node.lineno - 1 - begin, len("def " if isinstance(node, ast.FunctionDef) else "class "), names[0])
        )
    return _Definition(tuple(lines[begin : node.end_lineno]), tuple(names), tuple(places), block)


def _named(node: ast.AST) -> list[str]:
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
