"""Values and calls as Python text, laid out as ruff does it.

What came with a table, such as the name of a column, is only ever written by this file, as a literal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WIDTH = 120


@dataclass(frozen=True)
class Raw:
    """Python text of the writer's own."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call of one of the script's functions."""

    name: str
    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def written(value: Any, *, indent: int = 0, taken: int = 0) -> str:
    """Python text for a value.

    Args:
        value: None, a truth, number or text, a tuple, list or dict of values, a `Call` or `Raw` text.
        indent: spaces before the line that it begins in.
        taken: characters of that line that are taken by others, the indent included.

    Raises:
        TypeError: it is something else.

    >>> print(written({"a": 1.0, "b": None, "c": Call("f", (1,), {"x": (2,)})}))
    {"a": 1.0, "b": None, "c": f(1, x=(2,))}
    """
    plain = _plain(value)
    if plain is not None:
        return plain
    flat = _flat(value)
    opening, parts, closing = _parts(value)
    if not parts or len(flat) + taken <= WIDTH:
        return flat
    inner = indent + 4
    lines = [
        f"{' ' * inner}{lead}{written(part, indent=inner, taken=inner + len(lead) + 1)},\n" for lead, part in parts
    ]
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def quoted(text: str) -> str:
    """Text as a literal, in double quotes unless it holds more of them than of single ones.

    >>> print(quoted("it's"), quoted('say "x"'))
    "it's" 'say "x"'
    """
    # Both quotes at the end make Python choose single ones and escape those within.
    body = repr(text + "'\"")[1:-4]
    if text.count('"') > text.count("'"):
        return f"'{body}'"
    return '"' + body.replace("\\'", "'").replace('"', '\\"') + '"'


def _plain(value: Any) -> str | None:
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, (bool, int, float)):
        return f'float("{value}")' if value != value or value in (float("inf"), float("-inf")) else repr(value)
    return None


def _flat(value: Any) -> str:
    plain = _plain(value)
    if plain is not None:
        return plain
    opening, parts, closing = _parts(value)
    inside = ", ".join(lead + _flat(part) for lead, part in parts)
    return f"{opening}{inside}{',' if isinstance(value, tuple) and len(value) == 1 else ''}{closing}"


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """What opens a value, its parts, each with what stands before it, and what closes it."""
    if isinstance(value, Call):
        named = [(f"{name}=", option) for name, option in value.options.items()]
        return f"{value.name}(", [*(("", arg) for arg in value.args), *named], ")"
    if isinstance(value, dict):
        return "{", [(f"{_flat(key)}: ", inner) for key, inner in value.items()], "}"
    if isinstance(value, (list, tuple)):
        opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
        return opening, [("", inner) for inner in value], closing
    raise TypeError(f"A {type(value).__name__} cannot be written into a script.")
