"""The name by which worker processes can import a function, or why they cannot; no code is ever pickled."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple


class Named(NamedTuple):
    """How a function is reached from another process.

    Attributes:
        name: ``"module:function"`` or ``"/path/script.py:function"``; None where it cannot be imported.
        why: why it cannot; "" where it can.
        shown: for a person.
    """

    name: str | None
    why: str
    shown: str


def name_of(function: Callable[..., Any]) -> Named:
    """Name a function.

    >>> from shutil import which
    >>> name_of(which).name, name_of(lambda trial: 0.0).why
    ('shutil:which', 'it has no name of its own')
    """
    module = getattr(function, "__module__", None)
    path = getattr(function, "__qualname__", "")
    shown = path.replace("<lambda>", "lambda").split(".<locals>.")[-1] or type(function).__name__
    if not path or not module:
        return Named(None, "it is an object that is called, and no function", shown)
    if "<lambda>" in path:
        return Named(None, "it has no name of its own", shown)
    if "<locals>" in path:
        return Named(None, "it stands inside another function", shown)
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, type | ModuleType):
        return Named(None, "it is a method of an object", shown)
    if module == "__main__":
        return _of_script(path, shown)
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if found != function:
        return Named(None, f"{module}.{path} is something else by now", shown)
    if not _importable(module):
        return Named(None, f"there is no file of the module {module!r}", shown)
    return Named(f"{module}:{path}", "", shown)


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _of_script(path: str, shown: str) -> Named:
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    spec = getattr(main, "__spec__", None)
    if spec is not None and file is not None:
        # python -m package.module: its own name is importable.
        name = spec.name if not spec.name.endswith(".__main__") else None
        if name is not None:
            return Named(f"{name}:{path}", "", shown) if _guarded(Path(file)) else _unguarded(file, shown)
    if file is None or not Path(file).is_file() or Path(file).suffix != ".py":
        return Named(None, "it was typed into a notebook or a prompt", shown)
    if not _guarded(Path(file)):
        return _unguarded(file, shown)
    return Named(f"{Path(file).resolve()}:{path}", "", shown)


def _unguarded(file: str, shown: str) -> Named:
    why = f"{Path(file).name} would run as a whole when imported: it has no `if __name__ == '__main__':`"
    return Named(None, why, shown)


def _guarded(file: Path) -> bool:
    """Whether a script keeps what it does from those who import it."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError, OSError):
        return False
    return any(
        isinstance(node, ast.If)
        and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))
        for node in body
    )
